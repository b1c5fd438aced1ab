// Package winrm drives a Windows host over WinRM: it is the [harness.Target] for
// lab machines and for the embedded lab alike.
//
// It uses the message builders and response parsers of
// github.com/masterzen/winrm, but for output, over a transport and an execution loop of
// its own, because that library returns SOAP faults as success, polls a vanished shell for
// ever, authenticates anew for every encrypted message and notices a cancelled
// context only between two polls.
//
// [Config] says where the host is and who asks; [New] makes a [Target] from it
// without touching the network. Below the Target lie three layers, each usable and
// tested alone:
//
//   - the transport keeps a few connections, each of which is one authenticated
//     session (NTLM with every message sealed; Basic, Kerberos or a client certificate
//     over TLS) and serves one request at a time; [Target.Transporter] lends it to a client of the library;
//   - the shell loop speaks WS-Management Shell ([MS-WSMV] 3.1): Create, Command, Send,
//     Receive until done, Signal, Delete; a shell is kept and used again;
//   - scripts are sent on standard input, compressed and with their hash, to a
//     constant bootstrap, so that no command line is longer than cmd.exe allows.
//
// [Target.Probe] and [Target.Survey] are for `geiger doctor`: what can be seen without a password, and what a host says
// of itself.
//
// # What goes wrong, and what happens then
//
// Every failure is one of a few types that errors.As finds, and its text says what
// to do. "Again" means on a new session, at most twice.
//
//	what happens                               then                                test
//	connection refused, no such host           UnreachableError                    TestUnreachable
//	certificate not trusted, pin differs       CertificateError with the pin       TestCertificates
//	401 to fresh credentials                   AuthenticationError                 TestWrongPassword
//	scheme not offered                         AuthenticationError, lists them     TestSchemeNotOffered
//	certificate or ticket not accepted         AuthenticationError, shown once     TestClientCertificate, TestKerberosRefused
//	KDC stalled                                TimeoutError                        TestKerberosStalledKDC
//	proxy refuses                              UnreachableError                    TestProxyRefuses
//	401 on a session that worked before        log on again, send again            TestSessionExpires
//	connection closed before the first byte    Create, Receive, Delete: again      TestConnectionClosed
//	  ... after Command                        ask Receive whether it runs         TestCommandAnswerLost
//	  ... after Send                           InterruptedError                    TestConnectionClosed
//	answer breaks off                          InterruptedError                    TestAnswerBreaksOff
//	sealed request, answer in clear            ProtocolError                       TestClearAnswerIsRefused
//	answer is not a SOAP envelope              ProtocolError                       TestNotAnEnvelope
//	Done without an exit status                ProtocolError                       TestDoneWithoutExitCode
//	2150858793 no output in OperationTimeout   Receive again                       TestOperationTimeout
//	2150858843, 995 shell gone, at Command     new shell, Command again            TestShellGoneIsReplaced
//	  ... at Receive                           ShellGoneError                      TestFaults
//	2150859173-76, -79, 2150859236-41 quota    wait and again, then QuotaError     TestQuota
//	170 busy                                   wait and again, then ProtocolError  TestQuota
//	5 access denied                            AuthenticationError                 TestFaults
//	any other fault                            ProtocolError                       TestFaults
//	no answer in OperationTimeout and 15 s     TimeoutError                        TestStalledHost
//	context cancelled                          connection aborted at once; Signal  TestCancel
//	                                           and Delete follow within 5 s
//
// A command is never started twice: its id is chosen here, and Command is sent again
// only when the host itself has said that it did not accept it.
//
// [MS-WSMV]: https://learn.microsoft.com/openspecs/windows_protocols/ms-wsmv/
package winrm
