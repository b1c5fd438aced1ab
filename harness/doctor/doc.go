// Package doctor judges whether a machine can be used as a target, and what it would lose.
//
// [Connection] is what can be seen of a machine without a password, [Host] is what it says of itself once logged on;
// package winrm fills both. [Examine] turns them into one [Finding] per point: whether it holds, what was seen, the
// command that mends it on the machine, and what is lost otherwise. It is a pure function: nothing is asked here, and
// what was not seen is unknown, never assumed.
package doctor
