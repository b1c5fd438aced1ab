// Package host is the state of the simulated Windows server: its clock, its
// file system, registry, services and accounts, and nothing that acts.
//
// [New] returns a Windows Server 2022 machine with IIS installed. After it is
// built, only package kernel changes it, because only kernel tells the sensors
// what happened; everybody else reads. All state is safe for concurrent use.
//
// Randomness comes from [Host.Rand] and time from [Host.Clock], so that the
// same seed and the same work give the same bytes.
package host
