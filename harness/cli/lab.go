package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/seed-67b27da2/geiger/harness/lab"
)

func newLab(env *Environment) *cobra.Command {
	var seed uint64
	c := &cobra.Command{
		Use:   "lab",
		Short: "Run the simulated host on its own, for other WinRM clients",
		Long: `Run the simulated host on its own, for other WinRM clients, until interrupted.

It listens on 127.0.0.1 only, on ports that the system chooses, and prints them with the user and the random password
of this run to standard output. Basic works over HTTPS, NTLM with message encryption over both.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("`geiger lab` takes no arguments, not %q", args[0])
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error { return serveLab(c.Context(), env, seed) },
	}
	c.Flags().Uint64Var(&seed, "seed", 1, "equal seeds give equal hosts and equal noise")
	return c
}

func serveLab(ctx context.Context, env *Environment, seed uint64) error {
	l, err := lab.Start(ctx, lab.Options{Seed: seed, Random: env.Random, Now: env.Clock.Now})
	if err != nil {
		return err
	}
	fmt.Fprintf(env.Stdout, "host         %s (simulated)\nhttp         http://%s:%d/wsman\nhttps        https://%s:%d/wsman\nuser         %s\npassword     %s\nfingerprint  %s\n",
		l.Name(), l.Host(), l.Port(), l.Host(), l.TLSPort(), l.User(), l.Password(), l.Fingerprint())
	<-ctx.Done()
	return l.Close()
}
