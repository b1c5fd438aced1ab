package wsman

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// identify answers Identify (DSP0226 section 11).
func (s *Server) identify() *response {
	body := fmt.Sprintf(`<wsmid:IdentifyResponse xmlns:wsmid="%s"><wsmid:ProtocolVersion>%s</wsmid:ProtocolVersion>`+
		`<wsmid:ProductVendor>%s</wsmid:ProductVendor><wsmid:ProductVersion>%s</wsmid:ProductVersion></wsmid:IdentifyResponse>`,
		nsIdentity, nsManagement, escape(s.options.ProductVendor), escape(s.options.ProductVersion))
	return &response{Plain: true, Body: body}
}

// shell finds a shell by its id, without regard to case.
func (s *Server) shell(id string) *shell {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shells[strings.ToUpper(id)]
}

// allShells returns the open shells, oldest first.
func (s *Server) allShells() []*shell {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []*shell
	for _, sh := range s.shells {
		all = append(all, sh)
	}
	slices.SortFunc(all, func(a, b *shell) int {
		return cmp.Or(a.created.Compare(b.created), cmp.Compare(a.spec.ID, b.spec.ID))
	})
	return all
}

// open opens a shell within the quotas.
func (s *Server) open(user *account, spec ShellSpec, input, output string) (*shell, *Fault) {
	if fault := s.reserveShell(user); fault != nil {
		return nil, fault
	}
	inner, err := s.options.Host.OpenShell(s.ctx, spec)
	now := s.options.Now()
	sh := &shell{
		spec: spec, owner: user, inner: inner, input: input, output: output, created: now, lastUsed: now,
		ctx: s.ctx, after: s.options.AfterFunc, commands: make(map[string]*command), active: 1,
	}
	sh.close = sync.OnceValue(sh.shutdown)
	sh.expire = func() { _ = s.remove(sh) } // nobody is left to tell
	s.mu.Lock()
	s.opening[user]--
	closed := s.closed
	if err == nil && !closed {
		s.shells[spec.ID] = sh
	}
	s.mu.Unlock()
	switch {
	case err != nil:
		return nil, faultOf(err)
	case closed:
		if err := sh.close(); err != nil {
			return nil, faultOf(err)
		}
		return nil, faultAborted()
	}
	sh.end(now)
	return sh, nil
}

// reserveShell counts a shell that is about to be opened.
func (s *Server) reserveShell(user *account) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	owned := s.opening[user]
	owners := map[*account]bool{user: true}
	for _, sh := range s.shells {
		owners[sh.owner] = true
		if sh.owner == user {
			owned++
		}
	}
	switch {
	case owned >= s.quotas.MaxShellsPerUser:
		return faultQuota(codeQuotaMaxShells, s.quotas.MaxShellsPerUser, "concurrent shells")
	case len(owners) > s.quotas.MaxConcurrentUsers:
		return faultQuota(codeQuotaMaxUsers, s.quotas.MaxConcurrentUsers, "users of shells")
	}
	s.opening[user]++
	return nil
}

// remove closes a shell and forgets it, in this order, so that Close of the server waits for a shell that is
// being removed.
func (s *Server) remove(sh *shell) error {
	err := sh.close()
	s.mu.Lock()
	delete(s.shells, sh.spec.ID)
	s.mu.Unlock()
	if err != nil {
		return fmt.Errorf("close shell %s: %w", sh.spec.ID, err)
	}
	return nil
}

// countOperation counts the requests of a user that are in progress. It reports false, and counts nothing, if one more
// would exceed the quota.
func (s *Server) countOperation(user *account, delta int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if delta > 0 && s.operations[user] >= s.quotas.MaxOperationsPerUser {
		return false
	}
	s.operations[user] += delta
	return true
}

// describe renders a shell (MS-WSMV 2.2.4.37). The ShellId stands here and in the selector of a Create response, because
// clients exist for either.
func (s *Server) describe(sh *shell) string {
	now := s.options.Now()
	sh.mu.Lock()
	lastUsed := sh.lastUsed
	sh.mu.Unlock()
	owner := sh.owner.name
	if domain := cmp.Or(s.options.Computer.NetBIOSDomain, s.options.Computer.NetBIOSComputer); domain != "" {
		owner = domain + `\` + owner
	}
	var b strings.Builder
	element := func(name, value string) {
		fmt.Fprintf(&b, "<rsp:%s>%s</rsp:%s>", name, escape(value), name)
	}
	fmt.Fprintf(&b, `<rsp:Shell xmlns:rsp="%s">`, nsShell)
	element("ShellId", sh.spec.ID)
	element("ResourceUri", resourceCmd)
	element("Owner", owner)
	element("ClientIP", sh.spec.ClientAddress)
	if sh.spec.Dir != "" {
		element("WorkingDirectory", sh.spec.Dir)
	}
	element("IdleTimeOut", formatSeconds(sh.spec.IdleTimeout))
	element("InputStreams", sh.input)
	element("OutputStreams", sh.output)
	element("ShellRunTime", formatClock(now.Sub(sh.created)))
	element("ShellInactivity", formatClock(now.Sub(lastUsed)))
	b.WriteString("</rsp:Shell>")
	return b.String()
}
