package host

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// ValueType is the type of a registry value (REG_*).
type ValueType uint32

// The types, with the numbers of winnt.h.
const (
	None         ValueType = 0
	String       ValueType = 1
	ExpandString ValueType = 2
	Binary       ValueType = 3
	DWord        ValueType = 4
	MultiString  ValueType = 7
	QWord        ValueType = 11
)

// String is the name that reg.exe prints.
func (t ValueType) String() string {
	switch t {
	case String:
		return "REG_SZ"
	case ExpandString:
		return "REG_EXPAND_SZ"
	case Binary:
		return "REG_BINARY"
	case DWord:
		return "REG_DWORD"
	case MultiString:
		return "REG_MULTI_SZ"
	case QWord:
		return "REG_QWORD"
	default:
		return "REG_NONE"
	}
}

// A Value is one registry value; which field holds the data depends on Type. The
// default value of a key has the name "".
type Value struct {
	Name    string
	Type    ValueType
	Text    string   // String, ExpandString
	Number  uint64   // DWord, QWord
	Strings []string // MultiString
	Bytes   []byte   // Binary, None
}

// Data renders the value as reg.exe does.
func (v Value) Data() string {
	switch v.Type {
	case String, ExpandString:
		return v.Text
	case DWord, QWord:
		return fmt.Sprintf("0x%x", v.Number)
	case MultiString:
		return strings.Join(v.Strings, `\0`)
	default:
		return fmt.Sprintf("%X", v.Bytes)
	}
}

// Registry is the machine's registry. Paths are like
// `HKLM\SYSTEM\CurrentControlSet\Services\W3SVC`; long hive names are accepted,
// CurrentControlSet is ControlSet001, and HKCR is HKLM\SOFTWARE\Classes. Names
// keep their case and are compared without it.
type Registry struct {
	mu    sync.RWMutex
	hives map[string]*key
}

type key struct {
	name     string
	subkeys  map[string]*key
	values   map[string]Value
	modified time.Time
}

// NewRegistry returns a registry with the hives HKLM and HKU.
func NewRegistry() *Registry {
	return &Registry{hives: map[string]*key{"hklm": newKey("HKLM"), "hku": newKey("HKU")}}
}

func newKey(name string) *key {
	return &key{name: name, subkeys: map[string]*key{}, values: map[string]Value{}}
}

// RegistryPath brings a key path into the form in which it is stored. HKCU is
// resolved with the given SID. It is false when the hive is unknown.
func RegistryPath(path, sid string) (string, bool) {
	path = strings.Trim(path, `\`)
	hive, rest, _ := strings.Cut(path, `\`)
	hive = strings.TrimSuffix(hive, ":")
	rest = strings.Trim(rest, `\`)
	switch strings.ToUpper(hive) {
	case "HKLM", "HKEY_LOCAL_MACHINE":
		return Join("HKLM", controlSet(rest)), true
	case "HKCR", "HKEY_CLASSES_ROOT":
		return Join("HKLM", "SOFTWARE", "Classes", rest), true
	case "HKU", "HKEY_USERS":
		return Join("HKU", rest), true
	case "HKCU", "HKEY_CURRENT_USER":
		return Join("HKU", sid, rest), true
	}
	return "", false
}

func controlSet(path string) string {
	const alias, real = `system\currentcontrolset`, `SYSTEM\ControlSet001`
	if Within(path, alias) {
		return real + path[len(alias):]
	}
	return path
}

func (r *Registry) find(path string) (*key, error) {
	path, ok := RegistryPath(path, "")
	if !ok {
		return nil, ErrNotExist
	}
	parts := strings.Split(strings.TrimRight(path, `\`), `\`)
	at := r.hives[Fold(parts[0])]
	for _, part := range parts[1:] {
		if at = at.subkeys[Fold(part)]; at == nil {
			return nil, ErrNotExist
		}
	}
	return at, nil
}

// Exists reports whether the key is there.
func (r *Registry) Exists(path string) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	_, err := r.find(path)
	return err == nil
}

// CreateKey makes the key with every key on the way and returns the paths of
// those that are new.
func (r *Registry) CreateKey(path string, now time.Time) (created []string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	path, ok := RegistryPath(path, "")
	if !ok {
		return nil, ErrNoParent
	}
	parts := strings.Split(strings.TrimRight(path, `\`), `\`)
	at := r.hives[Fold(parts[0])]
	for i, part := range parts[1:] {
		next := at.subkeys[Fold(part)]
		if next == nil {
			next = newKey(part)
			next.modified = now
			at.subkeys[Fold(part)] = next
			created = append(created, strings.Join(parts[:i+2], `\`))
		}
		parts[i+1] = next.name
		at = next
	}
	return created, nil
}

// DeleteKey removes a key without subkeys.
func (r *Registry) DeleteKey(path string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	k, err := r.find(path)
	if err != nil {
		return err
	}
	if len(k.subkeys) > 0 {
		return ErrNotEmpty
	}
	full, _ := RegistryPath(path, "")
	parent, err := r.find(Parent(strings.TrimRight(full, `\`)))
	if err != nil || parent == k {
		return ErrNotEmpty
	}
	delete(parent.subkeys, Fold(k.name))
	return nil
}

// SetValue stores v in an existing key.
func (r *Registry) SetValue(path string, v Value, now time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	k, err := r.find(path)
	if err != nil {
		return err
	}
	k.values[Fold(v.Name)] = v
	k.modified = now
	return nil
}

// DeleteValue removes a value.
func (r *Registry) DeleteValue(path, name string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	k, err := r.find(path)
	if err != nil {
		return err
	}
	if _, ok := k.values[Fold(name)]; !ok {
		return ErrNotExist
	}
	delete(k.values, Fold(name))
	return nil
}

// Value returns one value of a key; the name "" is the default value.
func (r *Registry) Value(path, name string) (Value, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	k, err := r.find(path)
	if err != nil {
		return Value{}, err
	}
	v, ok := k.values[Fold(name)]
	if !ok {
		return Value{}, ErrNotExist
	}
	return v, nil
}

// Values returns the values of a key, ordered by name.
func (r *Registry) Values(path string) ([]Value, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	k, err := r.find(path)
	if err != nil {
		return nil, err
	}
	return ordered(k.values), nil
}

// Subkeys returns the names of the keys below a key, in order.
func (r *Registry) Subkeys(path string) ([]string, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	k, err := r.find(path)
	if err != nil {
		return nil, err
	}
	out := make([]string, 0, len(k.subkeys))
	for _, subkey := range ordered(k.subkeys) {
		out = append(out, subkey.name)
	}
	return out, nil
}

// TrueName returns the path of an existing key in the case in which its names
// are stored, and the given path otherwise.
func (r *Registry) TrueName(path string) string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	full, ok := RegistryPath(path, "")
	if !ok {
		return path
	}
	parts := strings.Split(strings.TrimRight(full, `\`), `\`)
	at := r.hives[Fold(parts[0])]
	for i, part := range parts[1:] {
		if at = at.subkeys[Fold(part)]; at == nil {
			break
		}
		parts[i+1] = at.name
	}
	return strings.Join(parts, `\`)
}
