package sensor_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness/lab/eventlog"
	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
	"github.com/seed-67b27da2/geiger/harness/lab/noise"
	"github.com/seed-67b27da2/geiger/harness/lab/sensor"
)

// busy is the Sysmon log of a machine on which a good deal happened.
func busy(t *testing.T) []eventlog.Record {
	t.Helper()
	w := watch(t, everything)
	noise.Start(w.Kernel, noise.Options{Amount: noise.Normal})
	for _, line := range []string{"cmd.exe /c set %windir%", "powershell.exe -Command x", "whoami.exe /all", "net.exe user"} {
		p, err := w.StartResident(t.Context(), w.shell, kernel.Spec{CommandLine: line})
		require.NoError(t, err)
		child, err := w.StartResident(t.Context(), p, kernel.Spec{CommandLine: "reg.exe query HKLM"})
		require.NoError(t, err)
		require.NoError(t, w.WriteFile(child, `C:\Windows\Temp\out.txt`, []byte(line), kernel.CreateAlways))
		w.TerminateTree(p, 0)
		require.NoError(t, w.Host().Clock.Sleep(t.Context(), 20*time.Minute))
	}
	return w.events(t, eventlog.Sysmon, "*")
}

func TestInvariantsHold(t *testing.T) {
	records := busy(t)
	require.Greater(t, len(records), 1000)
	require.Empty(t, sensor.CheckInvariants(records))
}

func TestInvariantsAreChecked(t *testing.T) {
	records := busy(t)
	child := slices.IndexFunc(records, func(r eventlog.Record) bool {
		parent, _ := r.Field("ParentImage")
		return r.EventID == 1 && parent == `C:\Windows\System32\cmd.exe`
	})
	require.Positive(t, child)
	set := func(name, value string) func(*eventlog.Record) {
		return func(r *eventlog.Record) {
			r.Data = slices.Clone(r.Data)
			for i := range r.Data {
				if r.Data[i].Name == name {
					r.Data[i].Value = value
				}
			}
		}
	}
	cases := map[string]func(*eventlog.Record){
		"V1": set("ProcessGuid", host.SysmonGUID(1, host.InstallTime(), 5).String()),
		"V2": set("ProcessGuid", host.SysmonGUID(2, host.InstallTime(), 5).String()),
		"V3": set("LogonId", "0x1"),
		"V4": set("ParentImage", `C:\Windows\explorer.exe`),
		"V5": set("ParentCommandLine", "cmd.exe /c set %%windir%%"),
		"V6": set("ProcessId", "1235"),
		"V7": func(r *eventlog.Record) { r.UserID = "S-1-5-20" },
		"V8": func(r *eventlog.Record) { r.Time = r.Time.Add(-time.Hour) },
		"V9": set("Image", `C:\Windows\System32\cmd.exe`),
	}
	for rule, damage := range cases {
		damaged := slices.Clone(records)
		damage(&damaged[child])
		broken := slices.ContainsFunc(sensor.CheckInvariants(damaged), func(v sensor.Violation) bool { return v.Rule == rule })
		require.True(t, broken, rule)
	}
}
