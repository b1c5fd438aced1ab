// Package ntlm is the client half of an NTLMv2 logon with message
// confidentiality, as WinRM uses it on an HTTP connection.
//
// A [Client] makes the three messages of one logon: [Client.Negotiate] gives the
// first, [Client.Authenticate] turns the host's challenge into the third and
// returns the [Session] that signs and seals what follows. A Client and its
// Session belong to exactly one TCP connection: the cipher state runs on from
// message to message, so that a lost or repeated message ends the session.
//
// Only what a supported Windows host accepts is spoken: NTLMv2, Unicode,
// extended session security, 128-bit keys with key exchange, signing and
// sealing. A challenge that offers less is refused ([ErrWeak]), because a
// man in the middle could otherwise talk both sides down.
//
// Facts: [MS-NLMP] (messages 2.2.1, NTLMv2 3.3.2, session security 3.4), RFC 5929
// section 4 (tls-server-end-point channel bindings).
//
// It shares nothing with the server side in harness/lab/wsman/ntlm, on purpose: each
// is written from the specification alone, so that an error of one is found when it
// talks to the other. Keep them apart.
//
// [MS-NLMP]: https://learn.microsoft.com/openspecs/windows_protocols/ms-nlmp/
package ntlm
