package ingest

import (
	"crypto/sha1"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
	"github.com/seed-67b27da2/geiger/harness/telemetry"
)

func registryRow(o *observer, e *telemetry.Event) (row, bool) {
	if !isSysmon(e) || e.EventID < 12 || e.EventID > 14 {
		return row{}, false
	}
	return row{table: "DeviceRegistryEvents", event: e, action: registryAction(e), actor: o.actor(e)}, true
}

// registryAction translates Sysmon's EventType. Some exports lost that field: event 13 and 14 have one type each, and
// what an event 12 did cannot be told any more, so that its row has no action, and is kept.
func registryAction(e *telemetry.Event) string {
	switch kind := e.Get("EventType"); {
	case kind == "CreateKey":
		return "RegistryKeyCreated"
	case kind == "DeleteKey":
		return "RegistryKeyDeleted"
	case kind == "DeleteValue":
		return "RegistryValueDeleted"
	case kind == "SetValue" || kind == "" && e.EventID == 13:
		return "RegistryValueSet"
	case kind == "RenameKey" || kind == "RenameValue" || kind == "" && e.EventID == 14:
		return "RegistryKeyRenamed"
	}
	return ""
}

type registryObject struct{ key, name string }

// registryTarget splits TargetObject into key and value name. A value name may itself hold backslashes, and then the
// split at the last one is wrong; Sysmon does not say where the key ends.
func registryTarget(r *row) registryObject {
	object := r.event.Get("TargetObject")
	if r.event.EventID == 14 && r.event.Get("NewName") != "" {
		object = r.event.Get("NewName")
	}
	return splitTarget(object, r.action)
}

func splitTarget(object, action string) registryObject {
	if action != "RegistryValueSet" && action != "RegistryValueDeleted" {
		return registryObject{key: hive(object)}
	}
	cut := strings.LastIndexByte(object, '\\')
	if cut < 0 {
		return registryObject{key: hive(object)}
	}
	name := object[cut+1:]
	if name == "(Default)" {
		name = ""
	}
	return registryObject{key: hive(object[:cut]), name: name}
}

func isDeletion(action string) bool {
	return action == "RegistryKeyDeleted" || action == "RegistryValueDeleted"
}

// unlessDeleted leaves the current key and name of a deleted object empty: Defender reports those as previous.
func unlessDeleted(r *row, text string) value.Value {
	if isDeletion(r.action) {
		text = ""
	}
	return value.NewString(text)
}

func previousKey(r *row) value.Value {
	switch {
	case isDeletion(r.action):
		return value.NewString(registryTarget(r).key)
	case r.event.EventID == 14:
		return value.NewString(hive(r.event.Get("TargetObject")))
	}
	return value.NewString("")
}

func previousName(r *row) value.Value {
	if isDeletion(r.action) || r.action == "RegistryValueSet" {
		return value.NewString(registryTarget(r).name)
	}
	return value.NewString("")
}

// hive writes a key as Defender does: hives in full, SYSTEM in capitals, and the control set by its number. Sysmon
// always shows the current control set as such; on nearly every machine that is number 1.
func hive(key string) string {
	root, rest, _ := strings.Cut(key, `\`)
	switch strings.ToUpper(root) {
	case "HKLM":
		return `HKEY_LOCAL_MACHINE` + below(machine(rest))
	case "HKU":
		return `HKEY_USERS` + below(rest)
	case "HKCR":
		return `HKEY_LOCAL_MACHINE\SOFTWARE\Classes` + below(rest)
	}
	return key
}

func below(rest string) string {
	if rest == "" {
		return ""
	}
	return `\` + rest
}

func machine(rest string) string {
	const current = `System\CurrentControlSet`
	if len(rest) >= len(current) && strings.EqualFold(rest[:len(current)], current) && (len(rest) == len(current) || rest[len(current)] == '\\') {
		return `SYSTEM\ControlSet001` + rest[len(current):]
	}
	if first, more, _ := strings.Cut(rest, `\`); strings.EqualFold(first, "system") || strings.EqualFold(first, "software") {
		return strings.ToUpper(first) + below(more)
	}
	return rest
}

type registryValue struct{ kind, text string }

// registryData reads Sysmon's rendering of a value. Strings come as they are, which also covers a string that looks
// like a number; expandable strings cannot be told from plain ones.
func registryData(e *telemetry.Event) registryValue {
	if e.EventID != 13 {
		return registryValue{}
	}
	details := telemetry.Undouble(e.Get("Details"))
	switch {
	case details == "Binary Data":
		return registryValue{kind: "Binary"}
	case details == "(Empty)" || details == "":
		return registryValue{kind: "String"}
	case strings.HasPrefix(details, "DWORD (0x"):
		if n, err := strconv.ParseUint(strings.TrimSuffix(details[len("DWORD (0x"):], ")"), 16, 32); err == nil {
			return registryValue{"Dword", strconv.FormatUint(n, 10)}
		}
	case strings.HasPrefix(details, "QWORD (0x"):
		high, low, _ := strings.Cut(strings.TrimSuffix(details[len("QWORD (0x"):], ")"), "-0x")
		h, err1 := strconv.ParseUint(high, 16, 32)
		l, err2 := strconv.ParseUint(low, 16, 32)
		if err1 == nil && err2 == nil {
			return registryValue{"QWord", strconv.FormatUint(h<<32|l, 10)}
		}
	}
	return registryValue{"String", details}
}

func deviceID(computer string) string {
	sum := sha1.Sum([]byte(strings.ToLower(computer)))
	return hex.EncodeToString(sum[:])
}
