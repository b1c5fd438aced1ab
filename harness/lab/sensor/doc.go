// Package sensor turns what happens on the simulated machine into event records,
// as the machine's own sensors would: Sysmon, which follows a real Sysmon
// configuration ([ParseConfig]), the security audit, PowerShell's script block
// logging, the IIS configuration auditing and the WinRM service.
//
// A sensor sees only the Activities of package kernel and the machine's own
// policy settings, and it writes only to package eventlog.
package sensor
