package cmd_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/cmd"
	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

func ExampleProgram() {
	k := kernel.New(host.New(host.Options{Seed: 1}))
	k.Install(`C:\Windows\System32\cmd.exe`, cmd.Program(k))
	parent, _ := k.ServiceProcess("Schedule")

	var out strings.Builder
	code, err := k.Run(context.Background(), parent, kernel.Spec{
		CommandLine: `cmd /c for %f in (%windir%\System32\inetsrv\config\*.config) do @echo %~nf`,
	}, kernel.Stdio{Out: &out})
	fmt.Println(strings.Fields(out.String()), code, err)
	// Output: [administration applicationHost redirection] 0 <nil>
}
