// Package kernel is the only thing that changes the simulated machine. It
// starts and ends processes, and does files, registry, images and pipes on
// their behalf: every operation names the [Process] that asks, checks its token,
// changes the state of package host, and publishes one [Activity]. Sensors see
// nothing but Activities.
//
// What a process does is a [Program], installed under the path of its image.
// Programs never change state themselves.
//
//	k := kernel.New(host.New(host.Options{Seed: 1}))
//	k.Install(`C:\Windows\System32\whoami.exe`, whoami)
//	code, err := k.Run(ctx, shell, kernel.Spec{CommandLine: "whoami /all"}, stdio)
//
// Errors are [*Error] with the Win32 code and the text that Windows shows.
package kernel
