package kernel

import (
	"slices"
	"time"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
)

// Key brings a registry path of p into the form in which it is stored; HKCU is
// the hive of p's user.
func (k *Kernel) Key(p *Process, path string) (string, error) {
	full, ok := host.RegistryPath(path, p.Token.SID)
	if !ok {
		return "", fail("open key", path, FileNotFound)
	}
	return k.host.Registry.TrueName(full), nil
}

// KeyExists reports whether a key is there.
func (k *Kernel) KeyExists(p *Process, path string) bool {
	full, err := k.Key(p, path)
	return err == nil && k.host.Registry.Exists(full)
}

// CreateKey creates a key with every missing key on the way.
func (k *Kernel) CreateKey(p *Process, path string) error {
	full, err := k.writableKey(p, "create key", path)
	if err != nil {
		return err
	}
	created, err := k.host.Registry.CreateKey(full, k.host.Clock.Now())
	if err != nil {
		return translate("create key", full, err)
	}
	for _, key := range created {
		k.Publish(RegistryKeyCreated{By: k.By(p), Key: key})
	}
	return nil
}

// DeleteKey deletes a key with everything below it.
func (k *Kernel) DeleteKey(p *Process, path string) error {
	full, err := k.writableKey(p, "delete key", path)
	if err != nil {
		return err
	}
	subkeys, err := k.host.Registry.Subkeys(full)
	if err != nil {
		return translate("delete key", full, err)
	}
	for _, name := range subkeys {
		if err := k.DeleteKey(p, host.Join(full, name)); err != nil {
			return err
		}
	}
	if err := k.host.Registry.DeleteKey(full); err != nil {
		return translate("delete key", full, err)
	}
	k.Publish(RegistryKeyDeleted{By: k.By(p), Key: full})
	return nil
}

// SetValue writes a value into an existing key.
func (k *Kernel) SetValue(p *Process, path string, v host.Value) error {
	full, err := k.writableKey(p, "set value", path)
	if err != nil {
		return err
	}
	if err := k.host.Registry.SetValue(full, v, k.host.Clock.Now()); err != nil {
		return translate("set value", full, err)
	}
	k.Publish(RegistryValueSet{By: k.By(p), Key: full, Value: v})
	return nil
}

// DeleteValue deletes a value.
func (k *Kernel) DeleteValue(p *Process, path, name string) error {
	full, err := k.writableKey(p, "delete value", path)
	if err != nil {
		return err
	}
	if err := k.host.Registry.DeleteValue(full, name); err != nil {
		return translate("delete value", full, err)
	}
	k.Publish(RegistryValueDeleted{By: k.By(p), Key: full, Name: name})
	return nil
}

// Value reads a value; "" is the default value of the key.
func (k *Kernel) Value(p *Process, path, name string) (host.Value, error) {
	full, err := k.Key(p, path)
	if err != nil {
		return host.Value{}, err
	}
	v, err := k.host.Registry.Value(full, name)
	return v, translate("query value", full, err)
}

// Values reads every value of a key, ordered by name.
func (k *Kernel) Values(p *Process, path string) ([]host.Value, error) {
	full, err := k.Key(p, path)
	if err != nil {
		return nil, err
	}
	v, err := k.host.Registry.Values(full)
	return v, translate("open key", full, err)
}

// Subkeys reads the names of the keys below a key.
func (k *Kernel) Subkeys(p *Process, path string) ([]string, error) {
	full, err := k.Key(p, path)
	if err != nil {
		return nil, err
	}
	names, err := k.host.Registry.Subkeys(full)
	return names, translate("open key", full, err)
}

// writableKey resolves a key and checks that p may change it: its own user hive,
// or everything for an elevated administrator and the system. SAM and SECURITY
// are the system's alone.
func (k *Kernel) writableKey(p *Process, op, path string) (string, error) {
	if err := k.alive(p, op, path); err != nil {
		return "", err
	}
	full, err := k.Key(p, path)
	if err != nil {
		return "", err
	}
	k.work(20*time.Microsecond, 250*time.Microsecond)
	if !mayWriteKey(p.Token, full) {
		return "", fail(op, full, AccessDenied)
	}
	return full, nil
}

func mayWriteKey(t *host.Token, key string) bool {
	if t.Is(host.System) || t.Is(host.TrustedInstaller) {
		return true
	}
	if host.Within(key, `HKU\`+t.SID) {
		return true
	}
	reserved := slices.ContainsFunc([]string{`HKLM\SAM`, `HKLM\SECURITY`}, func(hive string) bool {
		return host.Within(key, hive)
	})
	return !reserved && t.Elevated && t.Is(host.Administrators)
}

// LoadImage maps an executable image into p. A file that is no image gives
// BadExeFormat, and nothing is loaded.
func (k *Kernel) LoadImage(p *Process, path string) error {
	full, err := k.allowed(p, "load", path, host.RightReadExecute)
	if err != nil {
		if code, ok := CodeOf(err); ok && (code == FileNotFound || code == PathNotFound) {
			return fail("load", path, ModuleNotFound)
		}
		return err
	}
	f, err := k.executable(p, full)
	if err != nil {
		return err
	}
	k.work(30*time.Microsecond, 900*time.Microsecond)
	k.mu.Lock()
	p.images[host.Fold(k.host.FS.LongPath(f.Path))] = true
	k.mu.Unlock()
	k.Publish(ImageLoaded{By: k.By(p), File: f})
	return nil
}

// mapped reports whether a running process has the image loaded.
func (k *Kernel) mapped(path string) bool {
	path = host.Fold(k.host.FS.LongPath(path))
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, p := range k.processes {
		if p.images[path] {
			return true
		}
	}
	return false
}

// CreatePipe creates the first instance of a named pipe, `\name`.
func (k *Kernel) CreatePipe(p *Process, name string) error {
	if err := k.usePipe(p, "create pipe", name); err != nil {
		return err
	}
	k.Publish(PipeCreated{By: k.By(p), Name: name})
	return nil
}

// ConnectPipe opens a named pipe as a client.
func (k *Kernel) ConnectPipe(p *Process, name string) error {
	if err := k.usePipe(p, "connect pipe", name); err != nil {
		return err
	}
	k.Publish(PipeConnected{By: k.By(p), Name: name})
	return nil
}

func (k *Kernel) usePipe(p *Process, op, name string) error {
	if err := k.alive(p, op, name); err != nil {
		return err
	}
	k.work(20*time.Microsecond, 200*time.Microsecond)
	return nil
}
