package winrm

import (
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/masterzen/winrm"
	"github.com/masterzen/winrm/soap"
)

const (
	shellURI     = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
	commandURI   = shellURI + "/cmd"
	createAction = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Create"
	anonymous    = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous"

	// envelopeSize asks for the largest answers that a host gives by default (500 KB):
	// three times fewer Receives than with the library's 150 KB.
	envelopeSize = 512000
	// sendChunk is the most input per Send: in base64, and with its envelope, it stays
	// below the 500 KB that a host accepts.
	sendChunk = 240_000

	identifyMessage = `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"` +
		` xmlns:i="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"><s:Header/><s:Body><i:Identify/></s:Body></s:Envelope>`
)

// messages builds the requests of one host.
type messages struct {
	url    string
	params *winrm.Parameters
	config Config
}

func newMessages(c Config) messages {
	return messages{c.url().String(), winrm.NewParameters(duration(c.OperationTimeout), "en-US", envelopeSize), c}
}

// duration is d as an xs:duration.
func duration(d time.Duration) string { return fmt.Sprintf("PT%.3fS", d.Seconds()) }

func (m messages) header(message *soap.SoapMessage, action, id string) *soap.SoapHeader {
	return message.Header().To(m.url).ReplyTo(anonymous).MaxEnvelopeSize(m.params.EnvelopeSize).
		Id("uuid:" + id).Locale(m.params.Locale).Timeout(m.params.Timeout).
		Action(action).ResourceURI(commandURI)
}

// create asks for a shell. The library's builder cannot set the idle time-out.
func (m messages) create(id string) string {
	message := soap.NewMessage()
	m.header(message, createAction, id).
		AddOption(soap.NewHeaderOption("WINRS_NOPROFILE", boolean(m.config.NoProfile))).
		AddOption(soap.NewHeaderOption("WINRS_CODEPAGE", "65001")).
		Build()
	shell := message.CreateBodyElement("Shell", soap.DOM_NS_WIN_SHELL)
	message.CreateElement(shell, "InputStreams", soap.DOM_NS_WIN_SHELL).SetContent("stdin")
	message.CreateElement(shell, "OutputStreams", soap.DOM_NS_WIN_SHELL).SetContent("stdout stderr")
	message.CreateElement(shell, "IdleTimeOut", soap.DOM_NS_WIN_SHELL).SetContent(duration(m.config.IdleTimeout))
	return message.String()
}

// command asks to start a command line under an id of our choice. Standard input is
// a pipe, not a console, so that the command sees its end. The library's builder can
// set neither, and breaks on "]]>".
func (m messages) command(id, shell, commandID, line string) string {
	message := soap.NewMessage()
	m.header(message, shellURI+"/Command", id).ShellId(shell).
		AddOption(soap.NewHeaderOption("WINRS_CONSOLEMODE_STDIN", "FALSE")).
		AddOption(soap.NewHeaderOption("WINRS_SKIP_CMD_SHELL", "FALSE")).
		Build()
	body := message.CreateBodyElement("CommandLine", soap.DOM_NS_WIN_SHELL)
	body.SetAttr("CommandId", commandID)
	message.CreateElement(body, "Command", soap.DOM_NS_WIN_SHELL).SetContent(escape(line))
	return message.String()
}

func (m messages) send(shell, commandID string, input []byte, last bool) string {
	return winrm.NewSendInputRequest(m.url, shell, commandID, input, last, m.params).String()
}

func (m messages) receive(shell, commandID string) string {
	return winrm.NewGetOutputRequest(m.url, shell, commandID, "stdout stderr", m.params).String()
}

func (m messages) signal(shell, commandID string) string {
	return winrm.NewSignalRequest(m.url, shell, commandID, m.params).String()
}

func (m messages) delete(shell string) string {
	return winrm.NewDeleteShellRequest(m.url, shell, m.params).String()
}

func boolean(b bool) string { return strings.ToUpper(fmt.Sprint(b)) }

func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#xD;").Replace(s)
}

// newUUID returns a random UUID (RFC 9562 version 4) in upper case, as Windows writes
// them.
func newUUID(random io.Reader) (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", fmt.Errorf("reading randomness: %w", err)
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	digits := strings.ToUpper(hex.EncodeToString(b[:]))
	return strings.Join([]string{digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]}, "-"), nil
}

// isIdentifier reports whether an id from the host can be put into XML as it is. The
// library does not escape it.
func isIdentifier(id string) bool {
	if id == "" || len(id) > 64 {
		return false
	}
	return !strings.ContainsFunc(id, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r != '-' && r != '{' && r != '}'
	})
}
