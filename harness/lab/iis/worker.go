package iis

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

const (
	workerImage = `C:\Windows\System32\inetsrv\w3wp.exe`
	poolFolder  = `C:\inetpub\temp\apppools`
	workerLog   = "Microsoft-Windows-IIS-W3SVC-WP"
	rapidFails  = 5 // failures after which WAS disables a pool (rapidFailProtectionMaxCrashes)
)

// pool is the run state of an application pool; it is guarded by Server.mu.
type pool struct {
	name     string
	stopped  bool
	starting bool // somebody is starting a worker
	worker   *kernel.Process
	loaded   []Module // what the worker was started with
}

// Worker is a running worker process.
type Worker struct {
	PID  uint32
	Pool string
}

// Workers lists the running worker processes by pool name.
func (s *Server) Workers() []Worker {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []Worker
	for _, pl := range s.pools {
		if pl.running() {
			list = append(list, Worker{PID: pl.worker.PID, Pool: pl.name})
		}
	}
	slices.SortFunc(list, func(a, b Worker) int { return strings.Compare(a.Pool, b.Pool) })
	return list
}

func (pl *pool) running() bool {
	if pl.worker == nil {
		return false
	}
	select {
	case <-pl.worker.Done():
		return false
	default:
		return true
	}
}

// pool returns the state of a pool. The caller holds s.mu.
func (s *Server) pool(name string) *pool {
	pl := s.pools[host.Fold(name)]
	if pl == nil {
		pl = &pool{name: name}
		s.pools[host.Fold(name)] = pl
	}
	return pl
}

// retire takes the worker from a pool; whoever calls it ends that process when
// s.mu is free again. The caller holds s.mu, which no kernel operation may
// happen under: it lets time pass, and what is due then may be a request.
func (pl *pool) retire() *kernel.Process {
	if pl.starting || !pl.running() {
		return nil
	}
	worker := pl.worker
	pl.worker = nil
	return worker
}

func (s *Server) end(workers ...*kernel.Process) {
	for _, p := range workers {
		if p != nil {
			s.k.Terminate(p, 0)
		}
	}
}

// Recycle ends every worker process; the next request starts new ones.
func (s *Server) Recycle() {
	var workers []*kernel.Process
	s.mu.Lock()
	for _, name := range slices.Sorted(maps.Keys(s.pools)) {
		workers = append(workers, s.pools[name].retire())
	}
	s.mu.Unlock()
	s.end(workers...)
}

// Reset is what a restart of the web service does: workers end, and pools that
// were disabled by failures may start again.
func (s *Server) Reset() {
	s.Recycle()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, pl := range s.pools {
		pl.stopped = false
	}
}

// Close ends the worker processes of a machine that is shut down.
func (s *Server) Close() { s.Recycle() }

// ensure returns a worker of the pool that has the modules of the
// configuration loaded; nil when the pool is stopped or just failed. A request
// that comes while a worker starts is served by that worker.
func (s *Server) ensure(ctx context.Context, was *kernel.Process, settings Pool, wanted []Module) *kernel.Process {
	s.mu.Lock()
	pl := s.pool(settings.Name)
	if pl.stopped || pl.starting || pl.running() && slices.Equal(pl.loaded, wanted) {
		defer s.mu.Unlock()
		if pl.stopped {
			return nil
		}
		return pl.worker
	}
	old := pl.retire()
	pl.starting = true
	s.mu.Unlock()
	s.end(old)
	worker, failures := s.startUntilDisabled(ctx, was, pl, settings, wanted)
	s.mu.Lock()
	pl.starting, pl.worker, pl.loaded = false, worker, wanted
	pl.stopped = failures == rapidFails
	s.mu.Unlock()
	if failures == rapidFails {
		s.log(was, "System", "Microsoft-Windows-WAS", 5002, kernel.Field{Name: "AppPoolID", Value: pl.name})
	}
	return worker
}

// startUntilDisabled starts a worker, again after each failure until the limit
// of the rapid-fail protection. A worker that could not even be created is not
// tried again.
func (s *Server) startUntilDisabled(ctx context.Context, was *kernel.Process, pl *pool, settings Pool, wanted []Module) (worker *kernel.Process, failures int) {
	for failures < rapidFails {
		p, err := s.start(ctx, was, pl, settings, wanted)
		if err == nil {
			return p, failures
		}
		if p == nil {
			return nil, failures
		}
		failures++
		s.log(was, "System", "Microsoft-Windows-WAS", 5009, kernel.Field{Name: "AppPoolID", Value: settings.Name},
			kernel.Field{Name: "ProcessID", Value: fmt.Sprint(p.PID)}, kernel.Field{Name: "ExitCode", Value: "0"})
	}
	return nil, failures
}

func (s *Server) log(p *kernel.Process, channel, provider string, id int, data ...kernel.Field) {
	s.k.Publish(kernel.EventLogged{By: s.k.By(p), Channel: channel, Provider: provider, EventID: id, Level: 2, Data: data})
}

// start creates a worker process and lets it load its modules. A process that
// failed to has ended and is returned with the error.
func (s *Server) start(ctx context.Context, was *kernel.Process, pl *pool, settings Pool, wanted []Module) (*kernel.Process, error) {
	file := host.Join(poolFolder, settings.Name, settings.Name+".config")
	if err := s.writePoolFile(was, file); err != nil {
		return nil, err
	}
	token := s.k.ServiceToken(`IIS APPPOOL\` + settings.Name)
	env := s.k.Environment(token)
	env.Set("APP_POOL_ID", settings.Name)
	p, err := s.k.StartResident(context.WithoutCancel(ctx), was, kernel.Spec{
		Image: workerImage, CommandLine: workerLine(settings, file, was), Dir: `C:\Windows\system32\inetsrv`, Token: token, Env: env, Hidden: true,
	})
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	pl.worker = p
	s.mu.Unlock()
	for _, m := range wanted {
		if !applies(m.PreCondition) {
			continue
		}
		if err := s.loadModule(p, m); err != nil {
			s.k.Terminate(p, 0)
			return p, err
		}
	}
	return p, nil
}

func workerLine(settings Pool, file string, was *kernel.Process) string {
	line := `c:\windows\system32\inetsrv\w3wp.exe -ap "` + settings.Name + `" `
	if settings.RuntimeVersion != "" {
		line += `-v "` + settings.RuntimeVersion + `" -l "webengine4.dll" `
	}
	return line + fmt.Sprintf(`-a \\.\pipe\iisipm%08x-was -h "%s" -w "" -m 0 -t 20 -ta 0`, uint32(was.Key), file)
}

// writePoolFile gives the pool the configuration when it has changed, as WAS
// does: through a temporary file.
func (s *Server) writePoolFile(was *kernel.Process, file string) error {
	data, err := s.k.ReadFile(was, configFile)
	if err != nil {
		return err
	}
	if current, err := s.k.ReadFile(was, file); err == nil && bytes.Equal(current, data) {
		return nil
	}
	for _, folder := range []string{`C:\inetpub\temp`, poolFolder, host.Parent(file)} {
		if err := s.k.MakeDirectory(was, folder); err != nil {
			if code, _ := kernel.CodeOf(err); code != kernel.AlreadyExists {
				return err
			}
		}
	}
	if err := s.k.WriteFile(was, file+".tmp", data, kernel.CreateAlways); err != nil {
		return err
	}
	return s.k.ReplaceFile(was, file+".tmp", file)
}

// applies evaluates the conditions that a 64-bit integrated v4.0 worker meets.
func applies(preCondition string) bool {
	for condition := range strings.SplitSeq(preCondition, ",") {
		switch strings.ToLower(strings.TrimSpace(condition)) {
		case "bitness32", "classicmode", "runtimeversionv2.0", "runtimeversionv1.1":
			return false
		}
	}
	return true
}

// logModule logs why a module was not loaded: event 2282 when the image is none
// for this processor, otherwise event 2280, with the error as data.
func (s *Server) logModule(p *kernel.Process, module kernel.Field, err error) {
	code, _ := kernel.CodeOf(err)
	data := kernel.Field{Name: "Binary", Value: littleEndian(uint32(code))}
	if code == kernel.BadExeFormat {
		s.log(p, "Application", workerLog, 2282, module, kernel.Field{Name: "ProcessorArchitecture", Value: "AMD64"}, data)
		return
	}
	s.log(p, "Application", workerLog, 2280, module, data)
}

// loadModule maps a module and calls its RegisterModule, whose absence is event
// 2295.
func (s *Server) loadModule(p *kernel.Process, m Module) error {
	path := p.Env.Expand(m.Image)
	module := kernel.Field{Name: "ModuleDll", Value: path}
	if err := s.k.LoadImage(p, path); err != nil {
		s.logModule(p, module, err)
		return err
	}
	f, err := s.k.Stat(p, path)
	if err != nil || registers(f) {
		return err
	}
	s.log(p, "Application", workerLog, 2295, module, kernel.Field{Name: "Binary", Value: littleEndian(127)})
	return fmt.Errorf("%s has no RegisterModule entry point", path)
}

func littleEndian(n uint32) string {
	return strings.ToUpper(fmt.Sprintf("%x", binary.LittleEndian.AppendUint32(nil, n)))
}

// registers reports whether an image exports RegisterModule. The images of the
// operating system stand in for the real ones: there, it is the module DLLs of
// IIS and ASP.NET that do.
func registers(f host.File) bool {
	if !f.Synthetic {
		return bytes.Contains(f.Content, []byte("RegisterModule"))
	}
	if f.Version == nil {
		return false
	}
	return strings.Contains(f.Version.Product, "Internet Information Services") || strings.EqualFold(f.Version.OriginalFileName, "webengine4.dll")
}
