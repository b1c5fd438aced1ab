package iis

import (
	"fmt"
	"sync"
	"time"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

// The configuration history service: it looks for changes every two minutes
// and keeps ten copies (configuration reference, configHistory).
const (
	historyFolder = `C:\inetpub\history`
	historyPeriod = 2 * time.Minute
	historyKept   = 10
)

// history is the part of AppHostSvc that copies the configuration.
type history struct {
	k    *kernel.Kernel
	rand *host.Rand

	mu      sync.Mutex
	pending bool
}

// changed puts off a copy until the service looks for changes next.
func (h *history) changed() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.pending {
		return
	}
	h.pending = true
	h.k.Host().After(h.rand.Between(time.Second, historyPeriod), h.copy)
}

// copy writes the next CFGHISTORY folder as the service does, and deletes the
// oldest ones.
func (h *history) copy() {
	h.mu.Lock()
	h.pending = false
	h.mu.Unlock()
	p, ok := h.k.ServiceProcess("AppHostSvc")
	if !ok {
		return
	}
	number := 1
	kept := h.folders(p)
	if n := len(kept); n > 0 {
		if _, err := fmt.Sscanf(kept[n-1].Name(), "CFGHISTORY_%d", &number); err == nil {
			number++
		}
	}
	// A failed copy is not an error of the machine: the service tries again at
	// the next change.
	_ = h.k.MakeDirectory(p, historyFolder)
	folder := host.Join(historyFolder, fmt.Sprintf("CFGHISTORY_%010d", number))
	if h.k.MakeDirectory(p, folder) != nil {
		return
	}
	for _, name := range []string{"administration.config", "applicationHost.config", "redirection.config"} {
		_ = h.k.CopyFile(p, host.Join(configFolder, name), host.Join(folder, name), true)
	}
	for len(kept) >= historyKept {
		h.drop(p, kept[0].Path)
		kept = kept[1:]
	}
}

// folders lists the copies, oldest first.
func (h *history) folders(p *kernel.Process) []host.File {
	var list []host.File
	files, _ := h.k.ReadDirectory(p, historyFolder)
	for _, f := range files {
		if f.IsDirectory() {
			list = append(list, f)
		}
	}
	return list
}

func (h *history) drop(p *kernel.Process, folder string) {
	files, _ := h.k.ReadDirectory(p, folder)
	for _, f := range files {
		_ = h.k.DeleteFile(p, f.Path)
	}
	_ = h.k.RemoveDirectory(p, folder)
}
