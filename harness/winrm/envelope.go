package winrm

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// envelope is what the client looks at in a response, whatever its prefixes.
type envelope struct {
	XMLName xml.Name `xml:"http://www.w3.org/2003/05/soap-envelope Envelope"`
	Header  struct {
		Action    string `xml:"http://schemas.xmlsoap.org/ws/2004/08/addressing Action"`
		RelatesTo string `xml:"http://schemas.xmlsoap.org/ws/2004/08/addressing RelatesTo"`
	} `xml:"http://www.w3.org/2003/05/soap-envelope Header"`
	Body *struct {
		Fault    *faultElement `xml:"http://www.w3.org/2003/05/soap-envelope Fault"`
		Receive  *receiveReply `xml:"http://schemas.microsoft.com/wbem/wsman/1/windows/shell ReceiveResponse"`
		Identify *struct {
			Vendor  string `xml:"ProductVendor"`
			Version string `xml:"ProductVersion"`
		} `xml:"http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd IdentifyResponse"`
	} `xml:"http://www.w3.org/2003/05/soap-envelope Body"`
}

type faultElement struct {
	Role    string `xml:"Code>Value"`
	Subcode string `xml:"Code>Subcode>Value"`
	Text    string `xml:"Reason>Text"`
	Detail  struct {
		Fault struct {
			Code    uint32 `xml:"Code,attr"`
			Message struct {
				Text  string `xml:",chardata"`
				Inner string `xml:"ProviderFault>WSManFault>Message"`
			} `xml:"Message"`
		} `xml:"WSManFault"`
	} `xml:"Detail"`
}

type receiveReply struct {
	Streams []struct {
		Name string `xml:"Name,attr"`
		Data string `xml:",chardata"`

		encoded []byte // Data, or the long text that it stands for
	} `xml:"Stream"`
	State struct {
		Value string  `xml:"State,attr"`
		Exit  *string `xml:"ExitCode"`
	} `xml:"CommandState"`
}

const stateDone = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/CommandState/Done"

// parseEnvelope checks that body is one whole SOAP envelope, and nothing else. A fault
// in it is returned as a *[Fault]; every other error is a *[ProtocolError].
func parseEnvelope(body []byte) (*envelope, error) {
	var e envelope
	short, cut := cutOutput(body)
	decoder := xml.NewDecoder(bytes.NewReader(short))
	if err := decoder.Decode(&e); err != nil {
		return nil, &ProtocolError{What: "response is not a SOAP envelope (" + excerpt(string(body)) + ")", Err: err}
	}
	if err := onlySpace(decoder); err != nil {
		return nil, &ProtocolError{What: "response goes on after the SOAP envelope", Err: err}
	}
	if e.Body == nil {
		return nil, &ProtocolError{What: "response is a SOAP envelope without a body"}
	}
	if f := e.Body.Fault; f != nil {
		return nil, f.fault()
	}
	e.Body.Receive.find(cut)
	return &e, nil
}

// longText is how long the text of an element is that is not given to the XML parser.
const longText = 512

// cutOutput takes the long texts out of an envelope that can be base64: they are nearly all of it, and the XML parser is
// slow. In their place stands where to find them. A '>' may also end a comment or stand in an attribute; what follows it
// then up to the next '<' holds a quote, a hyphen or a bracket, and is left alone.
func cutOutput(body []byte) (short []byte, cut [][]byte) {
	for {
		start := bytes.IndexByte(body, '>') + 1
		length := bytes.IndexByte(body[start:], '<')
		if start == 0 || length < 0 {
			return append(short, body...), cut
		}
		short = append(short, body[:start]...)
		text := body[start : start+length]
		body = body[start+length:]
		if length >= longText && !holdsMarkup(text) {
			cut = append(cut, text)
			text = []byte(placeOf(len(cut) - 1))
		}
		short = append(short, text...)
	}
}

// holdsMarkup reports whether a text is more than the plain text of an element.
func holdsMarkup(text []byte) bool {
	for _, b := range []byte(`&"'-]`) {
		if bytes.IndexByte(text, b) >= 0 { // many times faster than bytes.ContainsAny
			return true
		}
	}
	return false
}

// placeOf stands for the nth text that was cut out; it is not base64.
func placeOf(n int) string { return "~" + strconv.Itoa(n) }

// onlySpace reads to the end and refuses anything but white space and comments.
func onlySpace(decoder *xml.Decoder) error {
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.Comment:
		case xml.CharData:
			if strings.TrimSpace(string(t)) != "" {
				return errors.New("text after the root element")
			}
		default:
			return errors.New("a second root element")
		}
	}
}

// excerpt shows the beginning of a body that is not what it should be.
func excerpt(body string) string {
	if body == "" {
		return "it is empty"
	}
	const most = 60
	if len(body) > most {
		body = body[:most] + "..."
	}
	return fmt.Sprintf("it begins %q", body)
}

func (f *faultElement) fault() *Fault {
	text := strings.TrimSpace(f.Detail.Fault.Message.Text)
	if inner := strings.TrimSpace(f.Detail.Fault.Message.Inner); inner != "" {
		text = inner // the plug-in's message says more than the service's
	}
	if reason := strings.TrimSpace(f.Text); text == "" {
		text = reason
	}
	return &Fault{Code: f.Detail.Fault.Code, Role: local(f.Role), Subcode: local(f.Subcode), Text: text}
}

// local is a qualified name without its prefix.
func local(name string) string {
	name = strings.TrimSpace(name)
	return name[strings.LastIndexByte(name, ':')+1:]
}

// find puts the long outputs where they were cut out.
func (r *receiveReply) find(cut [][]byte) {
	if r == nil {
		return
	}
	for i := range r.Streams {
		stream := &r.Streams[i]
		stream.encoded = []byte(stream.Data)
		if n, err := strconv.Atoi(strings.TrimPrefix(stream.Data, "~")); err == nil && n >= 0 && n < len(cut) && stream.Data == placeOf(n) {
			stream.encoded = cut[n]
		}
	}
}

// outputs is where the output of a command goes.
type outputs struct {
	stdout, stderr io.Writer
	decoded        []byte // one answer after the other
}

// write decodes the output and writes it.
func (o *outputs) write(r *receiveReply) error {
	for _, stream := range r.Streams {
		var err error
		if o.decoded, err = base64.StdEncoding.AppendDecode(o.decoded[:0], stream.encoded); err != nil {
			return &ProtocolError{What: "output of the command (" + stream.Name + ") is not base64", Err: err}
		}
		to := o.stdout
		if stream.Name == "stderr" {
			to = o.stderr
		}
		if _, err := to.Write(o.decoded); err != nil {
			return err
		}
	}
	return nil
}

// state reports whether the command has ended, and how.
func (r *receiveReply) state() (done bool, exit int, err error) {
	if r.State.Value != stateDone {
		return false, 0, nil
	}
	if r.State.Exit == nil {
		return false, 0, &ProtocolError{What: "the host reported the end of the command without an exit status"}
	}
	// The status is a DWORD (MS-WSMV 2.2.4.5), which Windows writes as a signed or an unsigned number.
	status, err := strconv.ParseInt(strings.TrimSpace(*r.State.Exit), 10, 64)
	if err != nil {
		return false, 0, &ProtocolError{What: "the host reported an exit status that is not a number", Err: err}
	}
	return true, int(status), nil
}
