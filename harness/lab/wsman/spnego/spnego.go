// Package spnego encodes and decodes the tokens of the Simple and Protected GSS-API Negotiation Mechanism
// (RFC 4178, with the extensions of MS-SPNG that a server of NTLM meets). A client starts with an [Init],
// which lists the mechanisms it can do; after that both sides exchange [Resp] tokens.
package spnego

import (
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
)

// ErrMalformed is wrapped by every decoding error.
var ErrMalformed = errors.New("malformed SPNEGO token")

// Mechanism is the object identifier of a GSS-API mechanism.
type Mechanism string

// The mechanisms that a Windows client may list.
const (
	NTLM     Mechanism = "1.3.6.1.4.1.311.2.2.10"
	Kerberos Mechanism = "1.2.840.113554.1.2.2"
	// self is SPNEGO itself, which frames the first token.
	self Mechanism = "1.3.6.1.5.5.2"
)

// State is the negState of a response (RFC 4178 4.2.2).
type State int

// The states of a negotiation. NoState stands for an absent field.
const (
	NoState          State = -1
	AcceptCompleted  State = 0
	AcceptIncomplete State = 1
	Reject           State = 2
	RequestMIC       State = 3
)

// Init is a NegTokenInit (RFC 4178 4.2.1).
type Init struct {
	Mechanisms   []Mechanism // in the order of the client's preference
	Token        []byte      // of the first mechanism; nil if the client sent none
	MechanismMIC []byte

	// List is the DER encoding of the mechanism list, over which both sides compute the MIC.
	List []byte
}

// Offers reports whether the client listed a mechanism.
func (i *Init) Offers(m Mechanism) bool { return slices.Contains(i.Mechanisms, m) }

// Prefers reports whether the client listed a mechanism first, so that the token of an Init is for it.
func (i *Init) Prefers(m Mechanism) bool { return len(i.Mechanisms) > 0 && i.Mechanisms[0] == m }

// Resp is a NegTokenResp (RFC 4178 4.2.2).
type Resp struct {
	State        State
	Mechanism    Mechanism // supportedMech; empty: absent
	Token        []byte
	MechanismMIC []byte
}

// initFields and respFields are the ASN.1 of the two tokens. The list is kept raw, for the MIC.
type initFields struct {
	List    asn1.RawValue  `asn1:"explicit,tag:0"`
	Flags   asn1.BitString `asn1:"explicit,optional,tag:1"`
	Token   []byte         `asn1:"explicit,optional,omitempty,tag:2"`
	ListMIC []byte         `asn1:"explicit,optional,omitempty,tag:3"`
}

type respFields struct {
	State     asn1.Enumerated       `asn1:"explicit,optional,tag:0,default:-1"`
	Mechanism asn1.ObjectIdentifier `asn1:"explicit,optional,omitempty,tag:1"`
	Token     []byte                `asn1:"explicit,optional,omitempty,tag:2"`
	ListMIC   []byte                `asn1:"explicit,optional,omitempty,tag:3"`
}

// Tags of the CHOICE NegotiationToken, and of the GSS-API framing of the first token (RFC 2743 3.1).
const (
	tagFrame = 0 // class APPLICATION
	tagInit  = 0 // class CONTEXT-SPECIFIC
	tagResp  = 1
)

// IsInit reports whether b is framed like the first token of a negotiation.
func IsInit(b []byte) bool { return len(b) > 0 && b[0] == 0x60 }

// DecodeInit decodes the first token of a negotiation, with its GSS-API framing.
func DecodeInit(b []byte) (*Init, error) {
	var frame asn1.RawValue
	if err := unmarshal(b, &frame); err != nil {
		return nil, err
	}
	if frame.Class != asn1.ClassApplication || frame.Tag != tagFrame {
		return nil, fmt.Errorf("%w: no GSS-API frame", ErrMalformed)
	}
	var mechanism asn1.ObjectIdentifier
	inner, err := asn1.Unmarshal(frame.Bytes, &mechanism)
	if err != nil {
		return nil, fmt.Errorf("%w: mechanism of the frame: %w", ErrMalformed, err)
	}
	if Mechanism(mechanism.String()) != self {
		return nil, fmt.Errorf("%w: frame of mechanism %s", ErrMalformed, mechanism)
	}
	body, err := choice(inner, tagInit)
	if err != nil {
		return nil, err
	}
	return decodeInitFields(body)
}

func decodeInitFields(body []byte) (*Init, error) {
	var fields initFields
	if err := unmarshal(body, &fields); err != nil {
		return nil, err
	}
	var list []asn1.ObjectIdentifier
	if err := unmarshal(fields.List.Bytes, &list); err != nil {
		return nil, err
	}
	init := &Init{Token: fields.Token, MechanismMIC: fields.ListMIC, List: fields.List.Bytes}
	for _, mechanism := range list {
		init.Mechanisms = append(init.Mechanisms, Mechanism(mechanism.String()))
	}
	return init, nil
}

// DecodeResp decodes a later token of a negotiation.
func DecodeResp(b []byte) (*Resp, error) {
	body, err := choice(b, tagResp)
	if err != nil {
		return nil, err
	}
	var fields respFields
	if err := unmarshal(body, &fields); err != nil {
		return nil, err
	}
	resp := &Resp{State: State(fields.State), Token: fields.Token, MechanismMIC: fields.ListMIC}
	if len(fields.Mechanism) > 0 {
		resp.Mechanism = Mechanism(fields.Mechanism.String())
	}
	return resp, nil
}

// choice opens the alternative of a NegotiationToken that tag names.
func choice(b []byte, tag int) ([]byte, error) {
	var token asn1.RawValue
	if err := unmarshal(b, &token); err != nil {
		return nil, err
	}
	if token.Class != asn1.ClassContextSpecific || token.Tag != tag {
		return nil, fmt.Errorf("%w: alternative %d where %d was expected", ErrMalformed, token.Tag, tag)
	}
	return token.Bytes, nil
}

// unmarshal decodes one value that fills b.
func unmarshal(b []byte, value any) error {
	rest, err := asn1.Unmarshal(b, value)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if len(rest) > 0 {
		return fmt.Errorf("%w: %d bytes after the token", ErrMalformed, len(rest))
	}
	return nil
}

// Encode returns the wire form of a response.
func (r Resp) Encode() ([]byte, error) {
	fields := respFields{State: asn1.Enumerated(r.State), Token: r.Token, ListMIC: r.MechanismMIC}
	if r.Mechanism != "" {
		oid, err := objectIdentifier(r.Mechanism)
		if err != nil {
			return nil, err
		}
		fields.Mechanism = oid
	}
	body, err := asn1.Marshal(fields)
	if err != nil {
		return nil, fmt.Errorf("encode NegTokenResp: %w", err)
	}
	return wrap(asn1.ClassContextSpecific, tagResp, body)
}

// Encode returns the wire form of a first token, with its GSS-API framing. It encodes Mechanisms, not List.
func (i Init) Encode() ([]byte, error) {
	var list []asn1.ObjectIdentifier
	for _, mechanism := range i.Mechanisms {
		oid, err := objectIdentifier(mechanism)
		if err != nil {
			return nil, err
		}
		list = append(list, oid)
	}
	body, err := asn1.Marshal(struct {
		List    []asn1.ObjectIdentifier `asn1:"explicit,tag:0"`
		Token   []byte                  `asn1:"explicit,optional,omitempty,tag:2"`
		ListMIC []byte                  `asn1:"explicit,optional,omitempty,tag:3"`
	}{list, i.Token, i.MechanismMIC})
	if err != nil {
		return nil, fmt.Errorf("encode NegTokenInit: %w", err)
	}
	token, err := wrap(asn1.ClassContextSpecific, tagInit, body)
	if err != nil {
		return nil, err
	}
	oid, err := objectIdentifier(self)
	if err != nil {
		return nil, err
	}
	frame, err := asn1.Marshal(oid)
	if err != nil {
		return nil, fmt.Errorf("encode GSS-API frame: %w", err)
	}
	return wrap(asn1.ClassApplication, tagFrame, append(frame, token...))
}

func wrap(class, tag int, body []byte) ([]byte, error) {
	b, err := asn1.Marshal(asn1.RawValue{Class: class, Tag: tag, IsCompound: true, Bytes: body})
	if err != nil {
		return nil, fmt.Errorf("encode SPNEGO token: %w", err)
	}
	return b, nil
}

// objectIdentifier parses the dotted form.
func objectIdentifier(m Mechanism) (asn1.ObjectIdentifier, error) {
	var oid asn1.ObjectIdentifier
	number, digits := 0, false
	for _, c := range string(m) + "." {
		switch {
		case c >= '0' && c <= '9' && number < 1<<24:
			number, digits = number*10+int(c-'0'), true
		case c == '.' && digits:
			oid = append(oid, number)
			number, digits = 0, false
		default:
			return nil, fmt.Errorf("%q is not an object identifier", string(m))
		}
	}
	return oid, nil
}
