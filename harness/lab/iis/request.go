package iis

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

// ErrRefused says that nothing listens at the address of a request.
var ErrRefused = errors.New("no connection could be made because the target machine actively refused it")

// ErrUnreachable says that the request is for another machine: the simulated
// one has no network but its own.
var ErrUnreachable = errors.New("the remote name could not be resolved")

// Response is what the server answers.
type Response struct {
	Status      int    // 200, 404, 503, ...
	Reason      string // "OK"
	ContentType string
	Body        []byte
}

// Request serves a GET of a URL of the machine itself. It starts the worker
// process of the application's pool when none runs, or when the modules that
// it has loaded are no longer those of the configuration.
func (s *Server) Request(ctx context.Context, address string) (Response, error) {
	target, err := url.Parse(address)
	if err != nil || target.Host == "" {
		return Response{}, ErrUnreachable
	}
	if !s.local(target.Hostname()) {
		return Response{}, ErrUnreachable
	}
	was, ok := s.k.ServiceProcess("WAS")
	if !ok || !s.Running() {
		return Response{}, ErrRefused
	}
	d, err := s.Configuration(was)
	if err != nil {
		return status(http.StatusServiceUnavailable, "Service Unavailable"), nil
	}
	site, ok := s.route(d, target)
	if !ok {
		return Response{}, ErrRefused
	}
	app, directory, rest := locate(site, target.Path)
	settings, ok := s.settings(d, app.Pool)
	if !ok {
		return status(http.StatusServiceUnavailable, "Service Unavailable"), nil
	}
	worker := s.ensure(ctx, was, settings, moduleList(lookup(d, globalModules+"/add")))
	if worker == nil {
		return status(http.StatusServiceUnavailable, "Service Unavailable"), nil
	}
	return s.static(worker, worker.Env.Expand(directory.PhysicalPath), rest), nil
}

func (s *Server) local(name string) bool {
	for _, own := range []string{"localhost", "127.0.0.1", "::1", s.k.Host().Name} {
		if strings.EqualFold(name, own) {
			return true
		}
	}
	return false
}

func (s *Server) settings(d *Document, name string) (Pool, bool) {
	for _, pool := range s.poolsOf(d) {
		if strings.EqualFold(pool.Name, name) {
			return pool, pool.State == Started
		}
	}
	return Pool{}, false
}

// route finds the started site that is bound to the URL's scheme, port and
// host name.
func (s *Server) route(d *Document, target *url.URL) (Site, bool) {
	port := target.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[target.Scheme]
	}
	for _, site := range s.sitesOf(d) {
		for _, b := range site.Bindings {
			parts := strings.Split(b.Information, ":")
			if b.Protocol != target.Scheme || len(parts) < 3 || parts[len(parts)-2] != port || site.State == Stopped {
				continue
			}
			if name := parts[len(parts)-1]; name == "" || strings.EqualFold(name, target.Hostname()) {
				return site, true
			}
		}
	}
	return Site{}, false
}

// locate finds the application and the virtual directory with the longest path
// in front of a URL path, and what remains of it.
func locate(site Site, path string) (Application, Directory, string) {
	var app Application
	var dir Directory
	best := -1
	for _, a := range site.Applications {
		for _, v := range a.Directories {
			prefix := strings.TrimRight(strings.TrimRight(a.Path, "/")+v.Path, "/")
			if len(prefix) > best && (len(path) == len(prefix) || strings.HasPrefix(path, prefix+"/") || prefix == "") && strings.HasPrefix(path, prefix) {
				app, dir, best = a, v, len(prefix)
			}
		}
	}
	return app, dir, path[max(best, 0):]
}

func status(code int, reason string) Response {
	page := "<HTML><HEAD><TITLE>" + reason + "</TITLE></HEAD>\r\n<BODY><h2>" + reason + "</h2></BODY></HTML>\r\n"
	return Response{Status: code, Reason: reason, ContentType: "text/html", Body: []byte(page)}
}

// static serves a file of the site, with the default document for a folder.
func (s *Server) static(worker *kernel.Process, root, path string) Response {
	full, ok := host.Absolute(root, strings.TrimLeft(path, "/"))
	if strings.Trim(path, "/") == "" {
		full, ok = root, root != ""
	}
	if !ok || !host.Within(full, root) {
		return status(http.StatusNotFound, "Not Found")
	}
	f, err := s.k.Stat(worker, full)
	if err == nil && f.IsDirectory() {
		return s.defaultDocument(worker, full)
	}
	if err != nil {
		return status(http.StatusNotFound, "Not Found")
	}
	return s.file(worker, full)
}

func (s *Server) defaultDocument(worker *kernel.Process, folder string) Response {
	for _, name := range []string{"Default.htm", "Default.asp", "index.htm", "index.html", "iisstart.htm", "default.aspx"} {
		if _, err := s.k.Stat(worker, host.Join(folder, name)); err == nil {
			return s.file(worker, host.Join(folder, name))
		}
	}
	return status(http.StatusForbidden, "Forbidden")
}

// contentType gives the type of an extension that the server serves; other
// extensions are not served (404.3).
func contentType(extension string) (string, bool) {
	kind, ok := map[string]string{
		".htm": "text/html", ".html": "text/html", ".txt": "text/plain", ".css": "text/css", ".js": "application/javascript",
		".png": "image/png", ".jpg": "image/jpeg", ".gif": "image/gif", ".xml": "text/xml", ".dll": "application/x-msdownload", ".exe": "application/octet-stream", ".zip": "application/x-zip-compressed",
	}[extension]
	return kind, ok
}

func (s *Server) file(worker *kernel.Process, path string) Response {
	kind, ok := contentType(host.Ext(path))
	if !ok {
		s.k.Unsupported(worker, "handler", host.Base(path), "only static content is served")
		return status(http.StatusNotFound, "Not Found")
	}
	data, err := s.k.ReadFile(worker, path)
	if err != nil {
		return status(http.StatusUnauthorized, "Unauthorized")
	}
	return Response{Status: http.StatusOK, Reason: "OK", ContentType: kind, Body: data}
}
