package noise_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness/lab/eventlog"
	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
	"github.com/seed-67b27da2/geiger/harness/lab/noise"
	"github.com/seed-67b27da2/geiger/harness/lab/sensor"
)

// hours lets a machine with noise run for some time and returns its Sysmon log.
func hours(t *testing.T, seed uint64, options noise.Options, d time.Duration) []eventlog.Record {
	t.Helper()
	k := kernel.New(host.New(host.Options{Seed: seed}))
	log := eventlog.New(k.Host().Clock, k.Host().Name)
	config, err := sensor.ParseConfig("default", sensor.DefaultConfig())
	require.NoError(t, err)
	sensor.Install(k, log, config)
	noise.Start(k, options)
	require.NoError(t, k.Host().Clock.Sleep(t.Context(), d))
	channel, _ := log.Channel(eventlog.Sysmon)
	lab, _ := log.Channel(eventlog.Lab)
	require.Empty(t, lab.Records(), "noise must stay within what is simulated")
	return channel.Records()
}

func rendered(records []eventlog.Record) []byte {
	var out bytes.Buffer
	for _, r := range records {
		out.Write(r.XML())
	}
	return out.Bytes()
}

func TestSameSeedSameBytes(t *testing.T) {
	options := noise.Options{Amount: noise.Normal}
	one := rendered(hours(t, 5, options, 2*time.Hour))
	require.NotEmpty(t, one)
	require.Equal(t, string(one), string(rendered(hours(t, 5, options, 2*time.Hour))))
	require.NotEqual(t, string(one), string(rendered(hours(t, 6, options, 2*time.Hour))))
}

func TestAmounts(t *testing.T) {
	off := hours(t, 1, noise.Options{}, 2*time.Hour)
	low := hours(t, 1, noise.Options{Amount: noise.Low}, 2*time.Hour)
	normal := hours(t, 1, noise.Options{Amount: noise.Normal}, 2*time.Hour)
	require.Len(t, off, 2, "Sysmon's own start")
	require.Greater(t, len(low), len(off))
	require.Greater(t, len(normal), 2*len(low))
}

// TestWritersOfServerLibraries finds who writes beside the web server's own
// libraries when nobody attacks it.
func TestWritersOfServerLibraries(t *testing.T) {
	writers := map[string]bool{}
	for _, r := range hours(t, 2, noise.Options{Amount: noise.Normal}, 4*time.Hour) {
		target, _ := r.Field("TargetFilename")
		if r.EventID == 11 && host.Within(target, `C:\Windows\System32\inetsrv`) {
			image, _ := r.Field("Image")
			writers[host.Base(image)] = true
		}
	}
	require.Equal(t, map[string]bool{"TiWorker.exe": true, "msiexec.exe": true}, writers)
}

func TestVisitorsAndModule(t *testing.T) {
	visits, modules := 0, 0
	hours(t, 2, noise.Options{
		Amount: noise.Normal,
		Visit:  func() { visits++ },
		AddModule: func(p *kernel.Process, name, _ string) error {
			require.Equal(t, "msiexec.exe", p.Name())
			require.Equal(t, "RewriteModule", name)
			modules++
			return nil
		},
	}, 6*time.Hour)
	require.Greater(t, visits, 10)
	require.Equal(t, 1, modules, "an installed module is not installed again")
}

func TestStop(t *testing.T) {
	k := kernel.New(host.New(host.Options{}))
	happened := 0
	n := noise.Start(k, noise.Options{Amount: noise.Normal})
	n.Stop()
	k.Subscribe(func(kernel.Activity) { happened++ })
	require.NoError(t, k.Host().Clock.Sleep(t.Context(), 24*time.Hour))
	require.Zero(t, happened)
}

func TestDeployments(t *testing.T) {
	deployed := func(options noise.Options) int {
		n := 0
		for _, r := range hours(t, 2, options, 3*time.Hour) {
			if target, _ := r.Field("TargetFilename"); r.EventID == 11 && host.Ext(target) == ".dll" && host.Within(target, `C:\inetpub`) {
				n++
			}
		}
		return n
	}
	require.Zero(t, deployed(noise.Options{Amount: noise.Normal}))
	require.Greater(t, deployed(noise.Options{Amount: noise.Normal, Deployments: true}), 2)
}
