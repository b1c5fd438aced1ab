// Package harness closes the loop from an atomic test to a judged detection:
//
//	 atomics            harness                          detection
//	+--------+ execute +--------+ collect +-----------+ ingest +--------+
//	|  Test  |-------->| Target |-------->| telemetry |------->| tables |
//	+--------+         +--------+         +-----------+        +---+----+
//	 scenarios         winrm, lab                           rules  | evaluate
//	+-------------+    +---------+  judge  +--------+              v
//	| Expectation |--->| Verdict |<--------| Alerts |<-------------+
//	+-------------+    +----+----+         +--------+
//	                        v report
//
// A Runner takes a Scenario to a Target and brings back Evidence: what was executed, what the host recorded, what
// went wrong. Judge turns evidence into a Verdict, and nothing else: a recorded run is judged by the same code, so it
// gives the same verdict for ever. A Journal knows of everything before it is done on a host, so that what a killed run
// owes its host (Debt) can still be settled.
//
// # Phases
//
// Everything that happens on a host belongs to a Phase. Commands of a phase run in a working directory that names it;
// Sysmon writes the working directory into the record of a new process, so the mark is in the telemetry without
// touching the command line that rules look at. The process tree below a marked process inherits its phase.
//
// # Verdicts
//
// A Verdict is an Outcome and a Why, with the Chain of links that led there. The first broken link is the headline.
// "Could not tell" (Inconclusive) is never "missed" (Fail).
package harness
