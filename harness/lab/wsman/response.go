package wsman

import (
	"encoding/xml"
	"fmt"
	"strings"
)

// response is the answer to a request: the content of its Body and the Action of its header. The prefixes are fixed,
// because clients exist that read paths such as s:Envelope.s:Body literally.
type response struct {
	Action string
	Body   string
	Fault  bool
	Plain  bool // without WS-Addressing headers: the answer to Identify

	// sent is called when the response has been written, and not if that fails. It may be nil.
	sent func()
	// finished is called at the end in every case. It may be nil.
	finished func()
}

// escape returns text as the content of an element or an attribute.
func escape(text string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(text)); err != nil {
		panic("wsman: a strings.Builder does not fail: " + err.Error())
	}
	return b.String()
}

// render returns the whole message.
func (r *response) render(messageID, relatesTo string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, `<s:Envelope xml:lang="en-US" xmlns:s="%s" xmlns:a="%s" xmlns:x="%s" xmlns:n="%s" xmlns:w="%s" xmlns:rsp="%s" xmlns:p="%s">`,
		nsSOAP, nsAddressing, nsTransfer, nsEnumerate, nsManagement, nsShell, nsMicrosoft)
	b.WriteString("<s:Header>")
	if !r.Plain {
		fmt.Fprintf(&b, "<a:Action>%s</a:Action><a:MessageID>uuid:%s</a:MessageID><a:To>%s</a:To>", r.Action, messageID, addressAnonymous)
		if relatesTo != "" {
			b.WriteString("<a:RelatesTo>" + escape(relatesTo) + "</a:RelatesTo>")
		}
	}
	b.WriteString("</s:Header><s:Body>" + r.Body + "</s:Body></s:Envelope>")
	return []byte(b.String())
}

// faultResponse renders a fault. The reason names the code of the time-out in words too, because a client looks for them.
func faultResponse(fault *Fault, machine string) *response {
	var b strings.Builder
	b.WriteString("<s:Fault><s:Code><s:Value>" + fault.Role + "</s:Value>")
	if fault.Subcode != "" {
		b.WriteString("<s:Subcode><s:Value>" + fault.Subcode + "</s:Value></s:Subcode>")
	}
	b.WriteString(`</s:Code><s:Reason><s:Text xml:lang="en-US">` + escape(fault.Text) + "</s:Text></s:Reason>")
	fmt.Fprintf(&b, `<s:Detail><f:WSManFault xmlns:f="%s" Code="%d" Machine="%s"><f:Message>%s</f:Message></f:WSManFault></s:Detail></s:Fault>`,
		nsFault, fault.Code, escape(machine), escape(fault.Text))
	return &response{Action: actionFault, Body: b.String(), Fault: true}
}
