package powershell

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/iis"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

func systemCmdlets() []*cmdlet {
	const cim = "ClassName|Class:s@0 Filter:s Property:s* Query:s Namespace:s ComputerName|CN:s* List:b Credential:o CimSession:o"
	return []*cmdlet{
		{name: "Get-CimInstance", params: cim, process: getCim},
		{name: "Get-WmiObject", params: cim, process: getCim},
		{name: "Get-Date", params: "Date:o@0^~ Format:s UFormat:s Year:i Month:i Day:i Hour:i Minute:i Second:i DisplayHint:s", process: getDate},
		{name: "New-TimeSpan", params: "Start:o@0 End:o@1 Days:i Hours:i Minutes:i Seconds:i", process: newTimeSpan},
		{name: "Start-Sleep", params: "Seconds:o@0^ Milliseconds|m:i", process: startSleep},
		{name: "Get-Random", params: "Maximum:o@0 Minimum:o InputObject:o*^ Count:i SetSeed:i", begin: gather, process: randomInput, end: getRandom},
		{name: "New-Guid", process: func(c *call) error { return c.out(guidObject(c.newGUID())) }},
		{name: "Get-Host", process: func(c *call) error { return c.out(newObject(hostClass(), nil)) }},
		{name: "Get-LocalUser", params: "Name:s*@0^ SID:s*", process: getLocalUser},
		{name: "Get-LocalGroup", params: "Name:s*@0^ SID:s*", process: getLocalGroup},
		{name: "Get-LocalGroupMember", params: "Group|Name:s@0 Member:s@1 SID:s", process: getGroupMember},
		{name: "Invoke-WebRequest", params: webParams, process: func(c *call) error { return c.request(false) }},
		{name: "Invoke-RestMethod", params: webParams, process: func(c *call) error { return c.request(true) }},
		{name: "Get-ExecutionPolicy", params: "Scope:s@0 List:b", process: func(c *call) error {
			return c.out(newEnum("Microsoft.PowerShell.ExecutionPolicy", c.policy(), 1))
		}},
		{name: "Set-ExecutionPolicy", params: "ExecutionPolicy:s@0! Scope:s@1 Force:b", process: setPolicy},
		{name: "Add-Type", params: "TypeDefinition:s@0 AssemblyName|AN:s* Path:s* MemberDefinition:s* Name:s Namespace:s Language:s PassThru:b ReferencedAssemblies:s* UsingNamespace:s*", process: addType},
	}
}

func cimObject(name string, pairs ...any) *Object {
	o := record("Microsoft.Management.Infrastructure.CimInstance#root/cimv2/"+name, pairs...)
	return o.note("CimClass", "root/cimv2:"+name).note("PSComputerName", nil)
}

func getCim(c *call) error {
	name := c.text("ClassName")
	filter := c.text("Filter")
	if q := c.text("Query"); q != "" {
		_, after, _ := strings.Cut(strings.ToLower(q), " from ")
		at := len(q) - len(after)
		name, filter, _ = strings.Cut(q[at:], " ")
		filter = strings.TrimSpace(filter)
		if len(filter) > 6 {
			filter = filter[6:]
		}
	}
	instances, ok := c.cimInstances(strings.ToLower(name))
	if !ok {
		c.unsupported("class", name, "no such CIM class in the simulation")
		return newError("Microsoft.Management.Infrastructure.CimException", "HRESULT 0x80041010", "MetadataError", "Invalid class ")
	}
	if _, remote := c.bound.values["computername"]; remote && !c.localComputer() {
		return c.otherComputer()
	}
	for _, o := range instances {
		keep, err := c.cimMatches(o, filter)
		if err != nil {
			return err
		}
		if keep {
			if err := c.out(o); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *call) localComputer() bool {
	for _, n := range c.list("ComputerName") {
		if !strings.EqualFold(n, "localhost") && n != "." && n != "127.0.0.1" && !strings.EqualFold(n, c.k.Host().Name) {
			return false
		}
	}
	return true
}

// cimMatches evaluates the conditions of WQL that are joined by AND.
func (c *call) cimMatches(o *Object, filter string) (bool, error) {
	if strings.TrimSpace(filter) == "" {
		return true, nil
	}
	text := filter
	for _, and := range []string{" AND ", " and ", " And "} {
		text = strings.ReplaceAll(text, and, "\x00")
	}
	for part := range strings.SplitSeq(text, "\x00") {
		ok := false
		for _, op := range []struct{ wql, ps string }{{"<>", "ne"}, {"!=", "ne"}, {">=", "ge"}, {"<=", "le"}, {"=", "eq"}, {" like ", "like"}, {" LIKE ", "like"}, {">", "gt"}, {"<", "lt"}} {
			name, value, found := strings.Cut(part, op.wql)
			if !found {
				continue
			}
			v := any(strings.Trim(strings.TrimSpace(value), `'"`))
			if op.ps == "like" {
				v = strings.ReplaceAll(strings.ReplaceAll(c.str(v), "%", "*"), `\\`, `\`)
			}
			p, _ := c.objectProperty(o, strings.TrimSpace(name))
			r, err := c.binaryOp(op.ps, p, v)
			if err != nil || !truth(r) {
				return false, err
			}
			ok = true
			break
		}
		if !ok {
			c.unsupported("parameter", "Get-CimInstance -Filter", filter)
			return false, newError("Microsoft.Management.Infrastructure.CimException", "HRESULT 0x80041017", "InvalidArgument", "Invalid query ")
		}
	}
	return true, nil
}

func (c *call) cimInstances(name string) ([]*Object, bool) {
	h := c.k.Host()
	switch name {
	case "win32_operatingsystem":
		return []*Object{cimObject("Win32_OperatingSystem", "SystemDirectory", `C:\Windows\system32`, "Organization", "", "BuildNumber", "20348", "RegisteredUser", "Windows User", "SerialNumber", "00454-40000-00001-AA000", "Version", "10.0.20348",
			"Caption", "Microsoft Windows Server 2022 Standard", "OSArchitecture", "64-bit", "CSName", h.Name, "LastBootUpTime", h.BootTime.In(localZone()), "LocalDateTime", c.now().In(localZone()),
			"InstallDate", host.InstallTime().In(localZone()), "WindowsDirectory", `C:\Windows`, "ProductType", int32(3), "Locale", "0409", "OSLanguage", int32(1033), "Status", "OK", "CurrentTimeZone", int32(0))}, true
	case "win32_computersystem":
		return []*Object{cimObject("Win32_ComputerSystem", "Name", h.Name, "PrimaryOwnerName", "Windows User", "Domain", h.Domain, "TotalPhysicalMemory", int64(4294430720), "Model", "Virtual Machine", "Manufacturer", "Microsoft Corporation", "PartOfDomain", false, "Workgroup", h.Domain, "DomainRole", int32(2), "UserName", nil, "NumberOfLogicalProcessors", int32(2))}, true
	case "win32_process":
		var out []*Object
		for _, p := range c.k.Processes() {
			parent := int32(0)
			if p.Parent != nil {
				parent = int32(p.Parent.PID) //nolint:gosec // small
			}
			out = append(out, cimObject("Win32_Process", "ProcessId", int32(p.PID), "Name", p.Name(), "CommandLine", p.CommandLine, "ExecutablePath", p.Image, "ParentProcessId", parent, "CreationDate", p.Start.In(localZone()), "SessionId", int32(p.Token.Session))) //nolint:gosec // small
		}
		return out, true
	case "win32_service":
		var out []*Object
		for _, s := range h.Services.All() {
			out = append(out, cimObject("Win32_Service", "ProcessId", int32(s.PID), "Name", s.Name, "StartMode", startMode(s.Start), "State", stateName(s.State), "Status", "OK", "DisplayName", s.DisplayName, "PathName", s.Path, "StartName", s.Account)) //nolint:gosec // small
		}
		return out, true
	case "win32_useraccount":
		var out []*Object
		for _, u := range h.Accounts.Users() {
			out = append(out, cimObject("Win32_UserAccount", "Name", u.Name, "Domain", h.Name, "SID", u.SID, "Caption", h.Account(u.Name), "Disabled", !u.Enabled, "LocalAccount", true, "Description", u.Comment))
		}
		return out, true
	case "win32_logicaldisk":
		free := int64(diskSize) - c.occupied(`C:\`)
		return []*Object{cimObject("Win32_LogicalDisk", "DeviceID", "C:", "DriveType", int64(3), "ProviderName", nil, "VolumeName", "", "Size", int64(diskSize), "FreeSpace", free, "FileSystem", "NTFS")}, true
	case "win32_bios":
		return []*Object{cimObject("Win32_BIOS", "SMBIOSBIOSVersion", "Hyper-V UEFI Release v4.1", "Manufacturer", "Microsoft Corporation", "Name", "Hyper-V UEFI Release v4.1", "SerialNumber", "0000-0000-0000", "Version", "VRTUAL - 1")}, true
	}
	return nil, false
}

// diskSize is that of the system drive.
const diskSize = 127 << 30

// occupied is the room that the files below a folder take, in clusters of 4 KB.
func (c *call) occupied(folder string) int64 {
	const cluster = 4 << 10
	files, err := c.k.Host().FS.List(folder)
	if err != nil {
		return 0
	}
	sum := int64(0)
	for _, f := range files {
		if f.IsDirectory() {
			sum += c.occupied(f.Path)
			continue
		}
		sum += (f.Size() + cluster - 1) / cluster * cluster
	}
	return sum
}

func startMode(s host.StartType) string {
	return map[host.StartType]string{host.Automatic: "Auto", host.Manual: "Manual", host.DisabledStart: "Disabled"}[s]
}

func stateName(s host.ServiceState) string {
	if s == host.Running {
		return "Running"
	}
	return "Stopped"
}

func getDate(c *call) error {
	t := c.now().In(localZone())
	if c.has("Date") {
		v, err := c.cast(c.value("Date"), &TypeRef{name: "System.DateTime"})
		if err != nil {
			return err
		}
		t, _ = v.(time.Time)
	}
	part := func(name string, have int) int { return c.number(name, have) }
	if c.has("Year") || c.has("Month") || c.has("Day") || c.has("Hour") || c.has("Minute") || c.has("Second") {
		t = time.Date(part("Year", t.Year()), time.Month(part("Month", int(t.Month()))), part("Day", t.Day()), part("Hour", t.Hour()), part("Minute", t.Minute()), part("Second", t.Second()), t.Nanosecond(), t.Location())
	}
	if f := c.text("Format"); f != "" {
		return c.out(netDate(t, f))
	}
	if f := c.text("UFormat"); f != "" {
		r := strings.NewReplacer("%Y", t.Format("2006"), "%m", t.Format("01"), "%d", t.Format("02"), "%H", t.Format("15"), "%M", t.Format("04"), "%S", t.Format("05"), "%s", fmt.Sprint(t.Unix()), "%y", t.Format("06"))
		return c.out(r.Replace(f))
	}
	return c.out(t)
}

func newTimeSpan(c *call) error {
	if c.has("Start") || c.has("End") {
		end := any(c.now().In(localZone()))
		if c.has("End") {
			end = c.value("End")
		}
		e, err := c.cast(end, &TypeRef{name: "System.DateTime"})
		if err != nil {
			return err
		}
		start := e
		if c.has("Start") {
			if start, err = c.cast(c.value("Start"), &TypeRef{name: "System.DateTime"}); err != nil {
				return err
			}
		}
		v, err := c.arithmetic("-", e, start)
		if err != nil {
			return err
		}
		return c.out(v)
	}
	d := time.Duration(c.number("Days", 0))*24*time.Hour + time.Duration(c.number("Hours", 0))*time.Hour + time.Duration(c.number("Minutes", 0))*time.Minute + time.Duration(c.number("Seconds", 0))*time.Second
	return c.out(d)
}

func startSleep(c *call) error {
	if c.has("Milliseconds") {
		return c.sleep(time.Duration(c.number("Milliseconds", 0)) * time.Millisecond)
	}
	n, err := c.toNumber(c.value("Seconds"), "System.Double")
	if err != nil {
		return err
	}
	f, _ := number(n)
	return c.sleep(time.Duration(f * float64(time.Second)))
}

func randomInput(c *call) error {
	items, _ := c.state.(*[]any)
	if c.has("InputObject") {
		*items = append(*items, asList(c.value("InputObject"))...)
	}
	return nil
}

func getRandom(c *call) error {
	items := c.gathered()
	if len(items) > 0 {
		pool := append([]any{}, items...)
		for range min(c.count("Count", 1), len(items)) {
			i := c.rand.IntN(len(pool))
			if err := c.out(pool[i]); err != nil {
				return err
			}
			pool = append(pool[:i:i], pool[i+1:]...)
		}
		return nil
	}
	low, high := 0, 1<<31-1
	var err error
	if c.has("Minimum") {
		if low, err = c.int(c.value("Minimum")); err != nil {
			return err
		}
	}
	if c.has("Maximum") {
		if high, err = c.int(c.value("Maximum")); err != nil {
			return err
		}
	}
	if high <= low {
		return newError("System.ArgumentException", "MinGreaterThanOrEqualMax", "InvalidArgument", "The Minimum value (%d) cannot be greater than or equal to the Maximum value (%d).", low, high)
	}
	return c.out(fit(int64(low + c.rand.IntN(high-low))))
}

func getLocalUser(c *call) error {
	return c.named(c.list("Name"), "User", func(yield func(name string, o *Object)) {
		for _, u := range c.k.Host().Accounts.Users() {
			yield(u.Name, record("Microsoft.PowerShell.Commands.LocalUser", "Name", u.Name, "Enabled", u.Enabled, "Description", u.Comment, "SID", u.SID))
		}
	})
}

func getLocalGroup(c *call) error {
	return c.named(c.list("Name"), "Group", func(yield func(name string, o *Object)) {
		for _, g := range c.k.Host().Accounts.Groups() {
			yield(host.Base(g.Name), record("Microsoft.PowerShell.Commands.LocalGroup", "Name", host.Base(g.Name), "Description", g.Comment, "SID", g.SID))
		}
	})
}

// named outputs the objects whose name matches one of the patterns, or all; a name that matches none is an error.
func (c *call) named(patterns []string, kind string, each func(yield func(name string, o *Object))) error {
	if patterns == nil {
		patterns = []string{"*"}
	}
	for _, pattern := range patterns {
		var found []*Object
		each(func(name string, o *Object) {
			if wildcard(pattern, false).MatchString(name) {
				found = append(found, o)
			}
		})
		if found == nil && !hasWildcard(pattern) {
			if err := c.fail(newError("Microsoft.PowerShell.Commands."+kind+"NotFoundException", kind+"NotFound", "ObjectNotFound", "%s %s was not found.", kind, pattern).on(pattern)); err != nil {
				return err
			}
		}
		for _, o := range found {
			if err := c.out(o); err != nil {
				return err
			}
		}
	}
	return nil
}

func getGroupMember(c *call) error {
	group := c.text("Group")
	h := c.k.Host()
	for _, u := range h.Accounts.Users() {
		for _, g := range u.Groups {
			if strings.EqualFold(host.Base(g), group) {
				if err := c.out(record("Microsoft.PowerShell.Commands.LocalPrincipal", "ObjectClass", "User", "Name", h.Account(u.Name), "PrincipalSource", "Local")); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

const webParams = "Uri:s@0! UseBasicParsing:b Method:s OutFile:s Headers:o Body:o ContentType:s UserAgent:s TimeoutSec:i Credential:o UseDefaultCredentials:b PassThru:b WebSession:o SessionVariable:s Proxy:s DisableKeepAlive:b MaximumRedirection:i"

// request asks the machine's own web server; there is no other network.
func (c *call) request(rest bool) error {
	address := c.text("Uri")
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	if method := c.text("Method"); method != "" && !strings.EqualFold(method, "get") {
		c.unsupported("parameter", c.name+" -Method "+method, "only GET requests are simulated")
	}
	r, err := c.web.Request(c.ctx, address)
	if err != nil {
		return (&ErrorRecord{Exception: c.webException(err, address), ID: "WebCmdletWebResponseException", Category: invalidOperation}).on(address)
	}
	if r.Status >= 400 {
		return newError("System.Net.WebException", "WebCmdletWebResponseException", invalidOperation, "The remote server returned an error: (%d) %s.", r.Status, r.Reason).on(address)
	}
	if path := c.text("OutFile"); path != "" {
		full, err := c.filePath(path)
		if err != nil {
			return err
		}
		if err := c.k.WriteFile(c.p, full, r.Body, kernel.CreateAlways); err != nil {
			return win32(err, full)
		}
		return nil
	}
	if rest {
		return c.out(decodeText(r.Body, "utf8"))
	}
	return c.out(record("Microsoft.PowerShell.Commands.BasicHtmlWebResponseObject", "StatusCode", int32(r.Status), "StatusDescription", r.Reason, "Content", decodeText(r.Body, "utf8"), //nolint:gosec // small
		"RawContentLength", int64(len(r.Body)), "Headers", newHash(hashtable)))
}

// download gets a URL of the machine itself; there is no other network.
func (in *interp) download(address string) ([]byte, error) {
	r, err := in.web.Request(in.ctx, address)
	if err != nil {
		return nil, in.webException(err, address)
	}
	if r.Status >= 400 {
		return nil, exception("System.Net.WebException", "The remote server returned an error: (%d) %s.", r.Status, r.Reason)
	}
	return r.Body, nil
}

func (in *interp) webException(err error, address string) *Exception {
	e := exception("System.Net.WebException", "Unable to connect to the remote server")
	if errors.Is(err, iis.ErrUnreachable) {
		_, rest, _ := strings.Cut(address, "://")
		name, _, _ := strings.Cut(rest, "/")
		e.Message = "The remote name could not be resolved: '" + name + "'"
		in.unsupported("network", address, "the simulated machine has no network")
	}
	return e
}

func newWebClient(*interp, any, []any) (any, error) {
	get := func(f func(in *interp, data []byte, args []any) (any, error)) method {
		return func(in *interp, _ any, args []any) (any, error) {
			data, err := in.download(in.str(args0(args)))
			if err != nil {
				return nil, err
			}
			return f(in, data, args)
		}
	}
	return newObject(&class{name: "System.Net.WebClient", props: []prop{
		{name: "Headers", get: func(*interp, *Object) any { return newHash(hashtable) }},
	}, methods: methods{
		"downloadstring": get(func(_ *interp, data []byte, _ []any) (any, error) { return decodeText(data, "utf8"), nil }),
		"downloaddata":   get(func(_ *interp, data []byte, _ []any) (any, error) { return newBytes(data), nil }),
		"downloadfile": get(func(in *interp, data []byte, args []any) (any, error) {
			if len(args) < 2 {
				return nil, exception("System.ArgumentNullException", "Value cannot be null.\r\nParameter name: fileName")
			}
			path := in.netPath(args[1])
			if err := in.k.WriteFile(in.p, path, data, kernel.CreateAlways); err != nil {
				return nil, win32(err, path)
			}
			return void{}, nil
		}),
		"dispose": nothing,
	}}, nil), nil
}

const policyKey = `HKLM\SOFTWARE\Microsoft\PowerShell\1\ShellIds\Microsoft.PowerShell`

func (c *call) policy() string {
	if v, ok := c.variable("", "__executionpolicy"); ok {
		return c.str(v)
	}
	if v, err := c.k.Value(c.p, policyKey, "ExecutionPolicy"); err == nil {
		return v.Text
	}
	return "RemoteSigned"
}

func setPolicy(c *call) error {
	scope := strings.ToLower(c.text("Scope"))
	if scope == "process" {
		c.global.set("__executionpolicy", c.text("ExecutionPolicy"))
		return nil
	}
	key := policyKey
	if scope == "currentuser" {
		key = strings.Replace(policyKey, "HKLM", "HKCU", 1)
	}
	if err := c.k.CreateKey(c.p, key); err != nil {
		return c.keyFailed(err, key)
	}
	if err := c.k.SetValue(c.p, key, host.Value{Name: "ExecutionPolicy", Type: host.String, Text: c.text("ExecutionPolicy")}); err != nil {
		return c.keyFailed(err, key)
	}
	return nil
}

// assemblies are those of .NET Framework that scripts load by their short name.
func assemblies() []string {
	return strings.Fields("System System.Core System.Drawing System.Windows.Forms System.Web System.Web.Extensions System.Xml System.Xml.Linq System.Data System.Security System.Net " +
		"System.Net.Http System.IO.Compression System.IO.Compression.FileSystem System.Management System.Management.Automation System.DirectoryServices " +
		"System.DirectoryServices.AccountManagement System.ServiceProcess System.Configuration System.Numerics System.Speech System.Runtime.WindowsRuntime " +
		"PresentationCore PresentationFramework WindowsBase UIAutomationClient UIAutomationTypes Microsoft.VisualBasic Microsoft.CSharp Microsoft.Web.Administration")
}

// addType loads an assembly, which changes nothing here; there is no compiler.
func addType(c *call) error {
	if !c.has("AssemblyName") || c.has("TypeDefinition") || c.has("MemberDefinition") {
		c.unsupported("command", "Add-Type", "no compiler in the simulation")
		return newError("System.InvalidOperationException", "COMPILER_ERRORS", "InvalidData", "Cannot add type. Compilation errors occurred.")
	}
	for _, name := range c.list("AssemblyName") {
		short, _, _ := strings.Cut(name, ",")
		if slices.ContainsFunc(assemblies(), func(a string) bool { return strings.EqualFold(a, short) }) {
			continue
		}
		c.unsupported("type", "assembly "+name, "no such assembly in the simulation")
		return newError("System.Exception", "ASSEMBLY_NOT_FOUND", "ObjectNotFound", "Cannot add type. The assembly '%s' could not be found.", name).on(name)
	}
	return nil
}
