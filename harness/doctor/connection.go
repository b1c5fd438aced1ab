package doctor

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// connection judges what can be seen without a password.
func (f *Facts) connection() []Finding {
	c := &f.Connection
	return []Finding{c.reached(), c.certificate(), c.authentication()}
}

// listenHTTPS gives the machine a certificate, a listener that shows it, and a hole in its firewall.
const listenHTTPS = `$c = New-SelfSignedCertificate -DnsName $env:COMPUTERNAME -CertStoreLocation Cert:\LocalMachine\My; ` +
	`New-Item WSMan:\localhost\Listener -Transport HTTPS -Address * -CertificateThumbPrint $c.Thumbprint -Force; ` +
	`New-NetFirewallRule -DisplayName 'WinRM HTTPS' -Direction Inbound -Protocol TCP -LocalPort 5986 -Action Allow`

func (c *Connection) reached() Finding {
	p := point{id: "port", question: "Can the port be reached?", required: true}
	if c.Dial == nil {
		return p.holds("%s accepts connections", c.Address)
	}
	fix := "winrm quickconfig -q"
	if c.HTTPS {
		fix = listenHTTPS
	}
	return p.broken(fix, "%v", c.Dial)
}

func (c *Connection) certificate() Finding {
	p := point{id: "tls", question: "Is the connection what it claims to be?", required: true}
	switch {
	case c.Dial != nil:
		return p.unknown("not asked: %s", c.obstacle())
	case !c.HTTPS:
		return p.holds("plain HTTP: NTLM seals every message, and nothing proves which machine answers")
	case c.TLS != nil:
		return p.broken(listenHTTPS, "%v", c.TLS)
	case c.Certificate == nil:
		return p.unknown("the machine showed no certificate")
	}
	text, pin := describe(c.Certificate)
	entry := fmt.Sprintf("tls: {fingerprint: '%s'}", pin)
	if c.Distrust != nil {
		return p.finding(Broken, fmt.Sprintf("not trusted: %s; pin it only if it is the machine's own", text)).mended(InInventory, entry)
	}
	if c.Insecure {
		p.required, p.without = false, "whoever sits between can read and change everything"
		return p.finding(Broken, fmt.Sprintf("not checked, as the inventory asks: %s", text)).mended(InInventory, entry)
	}
	return p.holds("trusted: %s", text)
}

// describe says whose a certificate is and who vouches for it, and gives its pin.
func describe(c *x509.Certificate) (text, pin string) {
	sum := sha256.Sum256(c.Raw)
	pin = hex.EncodeToString(sum[:])
	signed := "signed by " + c.Issuer.String()
	if c.Issuer.String() == c.Subject.String() {
		signed = "signed by itself"
	}
	return fmt.Sprintf("%s, %s, valid to %s, sha256 %s", c.Subject, signed, c.NotAfter.UTC().Format("2006-01-02"), pin), pin
}

// offerScheme turns an authentication of the service on; the account and the password stay what they are.
func offerScheme(scheme string) string {
	if strings.Contains(scheme, "/mutual") {
		scheme = "Certificate"
	}
	return `Set-Item WSMan:\localhost\Service\Auth\` + scheme + ` $true`
}

func (c *Connection) authentication() Finding {
	p := point{id: "authentication", question: "Does it offer the authentication that the inventory asks for?", required: true}
	offered := strings.Join(c.Offered, ", ")
	switch {
	case c.Dial != nil || c.TLS != nil:
		return p.unknown("not asked: %s", c.obstacle())
	case c.Offer != nil:
		return p.unknown("%v", c.Offer)
	case len(c.Offered) == 0:
		return p.broken(offerScheme(c.Scheme), "it offers none")
	case slices.ContainsFunc(c.Offered, func(s string) bool { return strings.EqualFold(s, c.Scheme) }):
		return p.holds("it offers %s", offered)
	}
	return p.broken(offerScheme(c.Scheme), "it offers %s, and not %s", offered, c.Scheme)
}

// filterOff makes UAC leave local administrators who log on over the network as they are.
const filterOff = `reg add HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System /v LocalAccountTokenFilterPolicy /t REG_DWORD /d 1 /f`

// moreShells allows as many shells as Windows does by default since version 6.2.
const moreShells = `Set-Item WSMan:\localhost\Shell\MaxShellsPerUser 30; Restart-Service WinRM`

func (f *Facts) credentials() Finding {
	p := point{id: "credentials", question: "Does it let the user in?", required: true}
	switch f.LogonKind {
	case LogonNone:
		if f.Host == nil {
			return p.unknown("not tried: %s", f.Connection.obstacle())
		}
		return p.holds("%s", f.who())
	case LogonRefused:
		return p.broken("net user "+quoted(f.User)+" *", "%v", f.Logon)
	case LogonDenied:
		return p.broken("net localgroup Administrators "+quoted(f.User)+" /add; "+filterOff, "%v", f.Logon)
	case LogonQuota:
		return p.broken(moreShells, "%v", f.Logon)
	default:
		return p.unknown("%v", f.Logon)
	}
}

// who is the user as the machine calls them, or else as the inventory does.
func (f *Facts) who() string {
	if f.Host.Identity != nil {
		return f.Host.Identity.User
	}
	return f.User
}

// quoted is a name as both shells take it.
func quoted(name string) string {
	if name == "" || strings.ContainsAny(name, " &(),;") {
		return `"` + name + `"`
	}
	return name
}
