package winrm

import (
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
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
	} `xml:"Stream"`
	State struct {
		Value string  `xml:"State,attr"`
		Exit  *string `xml:"ExitCode"`
	} `xml:"CommandState"`
}

const stateDone = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/CommandState/Done"

// parseEnvelope checks that body is one whole SOAP envelope, and nothing else. A fault
// in it is returned as a *[Fault]; every other error is a *[ProtocolError].
func parseEnvelope(body string) (*envelope, error) {
	var e envelope
	decoder := xml.NewDecoder(strings.NewReader(body))
	if err := decoder.Decode(&e); err != nil {
		return nil, &ProtocolError{What: "response is not a SOAP envelope (" + excerpt(body) + ")", Err: err}
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
	if err := e.Body.Receive.check(); err != nil {
		return nil, err
	}
	return &e, nil
}

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

// check refuses what the library's parser would silently pass over: output that is
// not base64, and an end without an exit status.
func (r *receiveReply) check() error {
	if r == nil {
		return nil
	}
	for _, stream := range r.Streams {
		if _, err := base64.StdEncoding.DecodeString(stream.Data); err != nil {
			return &ProtocolError{What: "output of the command (" + stream.Name + ") is not base64", Err: err}
		}
	}
	if r.State.Value != stateDone {
		return nil
	}
	if r.State.Exit == nil {
		return &ProtocolError{What: "the host reported the end of the command without an exit status"}
	}
	return nil
}
