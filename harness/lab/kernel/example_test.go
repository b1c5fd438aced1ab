package kernel_test

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

func Example() {
	k := kernel.New(host.New(host.Options{Seed: 1}))
	k.Install(`C:\Windows\System32\whoami.exe`, func(_ context.Context, p *kernel.Process, stdio kernel.Stdio) int {
		_, _ = io.WriteString(stdio.Out, p.Token.User+"\n")
		return 0
	})
	k.Subscribe(func(a kernel.Activity) {
		if created, ok := a.(kernel.ProcessCreated); ok {
			fmt.Println(created.Process.Parent.Name(), "started", created.Process.Image)
		}
	})
	service, _ := k.ServiceProcess("Schedule")
	code, err := k.Run(context.Background(), service, kernel.Spec{CommandLine: "whoami", Hidden: true}, kernel.Stdio{Out: os.Stdout})
	fmt.Println(code, err)
	err = k.DeleteFile(service, `C:\Windows\System32\inetsrv\none.dll`)
	fmt.Println(err)
	// Output:
	// svchost.exe started C:\Windows\System32\whoami.exe
	// NT AUTHORITY\SYSTEM
	// 0 <nil>
	// delete C:\Windows\System32\inetsrv\none.dll: The system cannot find the file specified.
}
