// Package wsman is a WinRM server: the part of Windows that listens on ports 5985 and 5986 and runs
// remote shells ("winrs"). The lab puts it in front of its simulated host, so that every client reaches
// that host over the same wire as a real one.
//
// [NewServer] takes a [Host], which opens a [Shell] for an authenticated user; a Shell starts a [Process]
// for each command. The package knows nothing else about the host: it speaks HTTP, authenticates, unwraps
// SOAP messages and moves bytes between a client and the three standard streams of a process.
//
// # Protocol
//
// The layers, from the outside in, and where they are specified:
//
//   - HTTP: POST /wsman, HTTP/1.1 only, because a Negotiate logon belongs to a TCP connection.
//   - Authentication: Basic (RFC 7617) and Negotiate (RFC 4559) with NTLMv2, bare or inside SPNEGO
//     (packages ntlm and spnego below this one; MS-NLMP, MS-SPNG, RFC 4178).
//   - Message encryption: multipart/encrypted bodies, MS-WSMV 2.2.9.1.
//   - SOAP 1.2 with WS-Management headers: DSP0226, MS-WSMV 2.2.3 and 2.2.4.
//   - The operations of the Windows shell resource: Create, Command, Send, Receive, Signal, Delete, Get and
//     Enumerate, MS-WSMV 3.1.4; and Identify, DSP0226 section 11.
//
// Where the specifications leave a choice, the server does what current Windows does, and where that
// is not known it does what the clients in the field (pywinrm, WinRM for Ruby, pypsrp, masterzen/winrm,
// winrm-client for Node, Ansible) were seen to accept.
//
// The server says of itself, in Identify, whatever [Options] tell it to: a simulated host announces that
// it is simulated.
package wsman
