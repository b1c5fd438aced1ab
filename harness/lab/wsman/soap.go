package wsman

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// Namespaces (MS-WSMV 2.2.1, DSP0226 annex A).
const (
	nsSOAP       = "http://www.w3.org/2003/05/soap-envelope"
	nsAddressing = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
	nsTransfer   = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
	nsEnumerate  = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
	nsManagement = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
	nsShell      = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
	nsMicrosoft  = "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"
	nsFault      = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
	nsIdentity   = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"

	addressAnonymous = nsAddressing + "/role/anonymous"
)

// Actions and resources (MS-WSMV 3.1.4).
const (
	actionCreate    = nsTransfer + "/Create"
	actionGet       = nsTransfer + "/Get"
	actionDelete    = nsTransfer + "/Delete"
	actionEnumerate = nsEnumerate + "/Enumerate"
	actionPull      = nsEnumerate + "/Pull"
	actionCommand   = nsShell + "/Command"
	actionSend      = nsShell + "/Send"
	actionReceive   = nsShell + "/Receive"
	actionSignal    = nsShell + "/Signal"
	actionFault     = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"

	resourceCmd   = nsShell + "/cmd"
	resourceShell = nsShell // the collection of all shells

	signalTerminate = nsShell + "/signal/terminate"
	signalCtrlC     = nsShell + "/signal/ctrl_c"
	signalCtrlBreak = nsShell + "/signal/ctrl_break"

	stateRunning = nsShell + "/CommandState/Running"
	stateDone    = nsShell + "/CommandState/Done"
)

// request is a decoded SOAP message.
type request struct {
	Action           string
	MessageID        string
	ResourceURI      string
	OperationTimeout time.Duration // 0: not given
	MaxEnvelopeSize  int           // 0: not given
	Selectors        []namedValue
	Options          []namedValue
	NotUnderstood    []xml.Name // headers marked mustUnderstand that the server does not know
	Body             body
}

// selector returns the value of a selector, or "". The names are compared without case, because Microsoft's own documents
// write both ShellId and ShellID.
func (r *request) selector(name string) string { return lookup(r.Selectors, name) }

// option returns the value of an option, or "".
func (r *request) option(name string) string { return lookup(r.Options, name) }

// flag reports whether an option is true. Clients write TRUE and True.
func (r *request) flag(name string) bool { return isTrue(r.option(name)) }

func lookup(values []namedValue, name string) string {
	for _, value := range values {
		if strings.EqualFold(value.Name, name) {
			return strings.TrimSpace(value.Text)
		}
	}
	return ""
}

func isTrue(s string) bool { return strings.EqualFold(strings.TrimSpace(s), "true") || s == "1" }

// namedValue is a Selector, an Option or a Variable.
type namedValue struct {
	Name string `xml:"Name,attr"`
	Text string `xml:",chardata"`
}

// body holds the payloads of the operations; exactly those that the message contains are set.
type body struct {
	Shell     *shellBody     `xml:"http://schemas.microsoft.com/wbem/wsman/1/windows/shell Shell"`
	Command   *commandBody   `xml:"http://schemas.microsoft.com/wbem/wsman/1/windows/shell CommandLine"`
	Send      *sendBody      `xml:"http://schemas.microsoft.com/wbem/wsman/1/windows/shell Send"`
	Receive   *receiveBody   `xml:"http://schemas.microsoft.com/wbem/wsman/1/windows/shell Receive"`
	Signal    *signalBody    `xml:"http://schemas.microsoft.com/wbem/wsman/1/windows/shell Signal"`
	Enumerate *enumerateBody `xml:"http://schemas.xmlsoap.org/ws/2004/09/enumeration Enumerate"`
	Pull      *pullBody      `xml:"http://schemas.xmlsoap.org/ws/2004/09/enumeration Pull"`
	Identify  *struct{}      `xml:"http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd Identify"`
}

type shellBody struct {
	InputStreams     string       `xml:"InputStreams"`
	OutputStreams    string       `xml:"OutputStreams"`
	WorkingDirectory string       `xml:"WorkingDirectory"`
	IdleTimeOut      string       `xml:"IdleTimeOut"`
	Environment      []namedValue `xml:"Environment>Variable"`
}

type commandBody struct {
	CommandID string   `xml:"CommandId,attr"`
	Command   *string  `xml:"Command"`
	Arguments []string `xml:"Arguments"`
}

type sendBody struct {
	Streams []streamBody `xml:"Stream"`
}

type streamBody struct {
	Name      string `xml:"Name,attr"`
	CommandID string `xml:"CommandId,attr"`
	End       string `xml:"End,attr"`
	Text      string `xml:",chardata"`
}

// data decodes the bytes of a stream. Some clients break the base64 text into lines.
func (s *streamBody) data() ([]byte, error) {
	text := strings.Join(strings.Fields(s.Text), "")
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("stream %s: %w", s.Name, err)
	}
	return b, nil
}

type receiveBody struct {
	DesiredStream struct {
		CommandID string `xml:"CommandId,attr"`
		Names     string `xml:",chardata"`
	} `xml:"DesiredStream"`
}

type signalBody struct {
	CommandID string `xml:"CommandId,attr"`
	Code      string `xml:"Code"`
}

type enumerateBody struct {
	Optimize *struct{} `xml:"http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd OptimizeEnumeration"`
}

type pullBody struct {
	Context string `xml:"EnumerationContext"`
}

// envelope is the XML of a message. Prefixes and the order of headers are the client's choice.
type envelope struct {
	XMLName xml.Name `xml:"http://www.w3.org/2003/05/soap-envelope Envelope"`
	Header  struct {
		Action           string       `xml:"http://schemas.xmlsoap.org/ws/2004/08/addressing Action"`
		MessageID        string       `xml:"http://schemas.xmlsoap.org/ws/2004/08/addressing MessageID"`
		ResourceURI      string       `xml:"http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd ResourceURI"`
		OperationTimeout string       `xml:"http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd OperationTimeout"`
		MaxEnvelopeSize  string       `xml:"http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd MaxEnvelopeSize"`
		Selectors        []namedValue `xml:"http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd SelectorSet>Selector"`
		Options          []namedValue `xml:"http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd OptionSet>Option"`
		Others           []otherBlock `xml:",any"`
	} `xml:"http://www.w3.org/2003/05/soap-envelope Header"`
	Body *body `xml:"http://www.w3.org/2003/05/soap-envelope Body"`
}

// otherBlock is a header that no operation reads.
type otherBlock struct {
	XMLName    xml.Name
	Attributes []xml.Attr `xml:",any,attr"`
}

// mustUnderstand reports whether the sender insists on the header. Most clients write the attribute without
// the namespace that SOAP demands.
func (b *otherBlock) mustUnderstand() bool {
	for _, attribute := range b.Attributes {
		if attribute.Name.Local == "mustUnderstand" && (attribute.Name.Space == "" || attribute.Name.Space == nsSOAP) {
			return isTrue(attribute.Value)
		}
	}
	return false
}

// understood reports whether a header that no operation reads may be ignored all the same: the server answers on the
// same connection in its own language whatever these say.
func understood(name xml.Name) bool {
	switch name.Space {
	case nsAddressing:
		switch name.Local {
		case "To", "ReplyTo", "FaultTo", "From":
			return true
		}
	case nsManagement:
		return name.Local == "Locale"
	case nsMicrosoft:
		switch name.Local {
		case "DataLocale", "SessionId", "OperationID", "SequenceId", "ActivityId":
			return true
		}
	}
	return false
}

// Errors of decodeRequest.
var (
	errNotXML = errors.New("not well-formed XML")
	errSchema = errors.New("not a SOAP message of WS-Management")
)

// decodeRequest decodes a SOAP message. An error wraps errNotXML or errSchema; with errSchema the request is still
// returned, as far as it could be read, so that the fault can relate to its message ID.
func decodeRequest(message []byte) (*request, error) {
	text, err := toUTF8(message)
	if err != nil {
		return &request{}, err
	}
	if err := wellFormed(text); err != nil {
		return &request{}, err
	}
	var env envelope
	decoder := newDecoder(text)
	if err := decoder.Decode(&env); err != nil {
		return &request{}, fmt.Errorf("%w: %w", errSchema, err)
	}
	return env.request()
}

// request checks the lexical forms of the headers.
func (env *envelope) request() (*request, error) {
	header := &env.Header
	r := &request{
		Action: strings.TrimSpace(header.Action), MessageID: strings.TrimSpace(header.MessageID),
		ResourceURI: strings.TrimSpace(header.ResourceURI), Selectors: header.Selectors, Options: header.Options,
	}
	if env.Body == nil {
		return r, fmt.Errorf("%w: no Body", errSchema)
	}
	r.Body = *env.Body
	for _, block := range header.Others {
		if block.mustUnderstand() && !understood(block.XMLName) {
			r.NotUnderstood = append(r.NotUnderstood, block.XMLName)
		}
	}
	if text := strings.TrimSpace(header.OperationTimeout); text != "" {
		timeout, err := parseDuration(text)
		if err != nil {
			return r, fmt.Errorf("%w: OperationTimeout: %w", errSchema, err)
		}
		r.OperationTimeout = timeout
	}
	if text := strings.TrimSpace(header.MaxEnvelopeSize); text != "" {
		size, err := strconv.Atoi(text)
		if err != nil || size <= 0 {
			return r, fmt.Errorf("%w: MaxEnvelopeSize %q", errSchema, text)
		}
		r.MaxEnvelopeSize = size
	}
	return r, nil
}

func newDecoder(text []byte) *xml.Decoder {
	decoder := xml.NewDecoder(bytes.NewReader(text))
	// The text is UTF-8 by now, whatever its declaration says.
	decoder.CharsetReader = func(_ string, input io.Reader) (io.Reader, error) { return input, nil }
	return decoder
}

const maxDepth = 64 // of elements; the deepest known message has 6

// wellFormed reads a document to its end and refuses document type declarations, which SOAP forbids (SOAP 1.2 part 1,
// section 5), and nesting that no message has.
func wellFormed(text []byte) error {
	decoder := newDecoder(text)
	depth, elements := 0, 0
	for {
		token, err := decoder.RawToken()
		if errors.Is(err, io.EOF) && depth == 0 && elements > 0 {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: %w", errNotXML, err)
		}
		switch token.(type) {
		case xml.Directive:
			return fmt.Errorf("%w: document type declaration", errNotXML)
		case xml.StartElement:
			depth, elements = depth+1, elements+1
		case xml.EndElement:
			depth--
		}
		if depth > maxDepth || depth < 0 {
			return fmt.Errorf("%w: element depth %d", errNotXML, depth)
		}
	}
}

// toUTF8 converts a message that Windows' own client sends in UTF-16, by its byte order mark or its first character.
func toUTF8(message []byte) ([]byte, error) {
	var low, high int
	switch {
	case len(message) < 2:
		return message, nil
	case message[0] == 0xFF && message[1] == 0xFE, message[0] == '<' && message[1] == 0:
		low, high = 0, 1
	case message[0] == 0xFE && message[1] == 0xFF, message[0] == 0 && message[1] == '<':
		low, high = 1, 0
	default:
		return bytes.TrimPrefix(message, []byte("\xEF\xBB\xBF")), nil
	}
	if len(message)%2 != 0 {
		return nil, fmt.Errorf("%w: UTF-16 text of %d bytes", errNotXML, len(message))
	}
	units := make([]uint16, 0, len(message)/2)
	for i := 0; i < len(message); i += 2 {
		units = append(units, uint16(message[i+low])|uint16(message[i+high])<<8)
	}
	return []byte(strings.TrimPrefix(string(utf16.Decode(units)), "\uFEFF")), nil
}
