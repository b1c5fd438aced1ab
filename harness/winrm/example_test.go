package winrm_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/seed-67b27da2/geiger/harness"
	"github.com/seed-67b27da2/geiger/harness/winrm"
)

func ExampleNew() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	target, err := winrm.New(winrm.Config{
		Host: "iis01.lab.example", HTTPS: true, User: `LAB\tester`, Password: winrm.Secret(os.Getenv("GEIGER_PASSWORD")),
		Fingerprint: "5f:3a:...", Now: time.Now,
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	defer target.Close(ctx)

	execution, err := target.Execute(ctx, harness.Command{
		Phase: harness.Attack, File: "cmd.exe", Arguments: "/c whoami", Dir: `geiger\example\attack`,
	})
	if refused, ok := errors.AsType[*winrm.AuthenticationError](err); ok {
		fmt.Fprintln(os.Stderr, "the host offers", refused.Offered)
	}
	fmt.Fprintln(os.Stderr, execution.Stdout, err)
}
