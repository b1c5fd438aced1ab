package powershell_test

import (
	"bytes"
	"context"
	"fmt"

	"github.com/seed-67b27da2/geiger/harness/lab/eventlog"
	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/iis"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
	"github.com/seed-67b27da2/geiger/harness/lab/powershell"
)

// A script runs as a process of the simulated host, and what it does to the host can be observed.
func Example() {
	h := host.New(host.Options{Seed: 1})
	k := kernel.New(h)
	web := iis.New(k)
	defer web.Close()
	k.Install(image, powershell.Program(k, eventlog.New(h.Clock, h.Name), web))
	k.Subscribe(func(a kernel.Activity) {
		if s, ok := a.(kernel.ScriptBlock); ok {
			fmt.Println("compiled:", s.Text)
		}
	})
	service, _ := k.ServiceProcess("Schedule")
	line := `powershell.exe -NoProfile -Command "1..3 | ForEach-Object { $_ * 2 }; exit 4"`
	var out bytes.Buffer
	code, err := k.Run(context.Background(), service, kernel.Spec{Image: image, CommandLine: line}, kernel.Stdio{Out: &out})
	fmt.Printf("%q %d %v\n", &out, code, err)
	// Output:
	// compiled: 1..3 | ForEach-Object { $_ * 2 }; exit 4
	// "2\r\n4\r\n6\r\n" 4 <nil>
}
