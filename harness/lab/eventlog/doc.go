// Package eventlog is the event log of the simulated machine: channels of
// records that are read back only by query, as wevtutil and Get-WinEvent do.
//
// A sensor appends an [Event] together with the time at which its provider gets
// it written; the record exists, and gets its record id, when the machine's
// clock reaches that time. So record ids follow the order of writing, not of
// happening, and never restart, not even when the channel is cleared.
package eventlog
