package cmd

import (
	"context"

	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

// startSpec is what START starts.
type startSpec struct {
	image, line, dir string
	wait             bool
	shared           bool // /b: on the same console
}

func (sh *shell) launch(c call, s startSpec) int {
	var stdio kernel.Stdio
	if s.shared {
		stdio = kernel.Stdio{In: c.std.in, Out: c.std.out, Err: c.std.err}
	}
	ctx := c.ctx
	if !s.wait {
		ctx = context.WithoutCancel(ctx) // it lives on when the interpreter ends
	}
	p, err := sh.k.Start(ctx, sh.p, kernel.Spec{Image: s.image, CommandLine: s.line, Dir: s.dir}, stdio)
	if err != nil {
		return sh.startFailure(s.image, err, c.std)
	}
	if !s.wait {
		return 0
	}
	code, err := p.Wait(c.ctx)
	if err != nil {
		sh.k.TerminateTree(p, 1)
	}
	sh.level = code
	return code
}
