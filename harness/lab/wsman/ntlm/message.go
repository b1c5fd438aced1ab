package ntlm

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"time"
)

// Message types (MS-NLMP 2.2.1).
const (
	typeNegotiate    = 1
	typeChallenge    = 2
	typeAuthenticate = 3
)

const (
	signature = "NTLMSSP\x00"

	challengeHeader    = 56 // fixed part of a CHALLENGE_MESSAGE with its VERSION
	authenticateHeader = 64 // fixed part of an AUTHENTICATE_MESSAGE without VERSION and MIC
	micOffset          = 72 // of the MIC in an AUTHENTICATE_MESSAGE (2.2.1.3)
	micSize            = 16
)

// windowsVersion is the VERSION structure (MS-NLMP 2.2.2.10) of Windows Server 2022: 10.0 build 20348, NTLM revision 15.
var windowsVersion = [8]byte{10, 0, 0x7C, 0x4F, 0, 0, 0, 15}

// IsMessage reports whether b starts like an NTLM message, as opposed to a SPNEGO token.
func IsMessage(b []byte) bool { return bytes.HasPrefix(b, []byte(signature)) }

// messageType checks the signature and returns the type.
func messageType(b []byte) (uint32, error) {
	if len(b) < 12 || !IsMessage(b) {
		return 0, fmt.Errorf("%w: no NTLMSSP signature", ErrMalformed)
	}
	return binary.LittleEndian.Uint32(b[8:]), nil
}

// Negotiate is a decoded NEGOTIATE_MESSAGE (MS-NLMP 2.2.1.1). The domain and workstation that a client
// may add are advisory, unauthenticated, and ignored.
type Negotiate struct{ Flags Flags }

// DecodeNegotiate decodes a NEGOTIATE_MESSAGE.
func DecodeNegotiate(b []byte) (Negotiate, error) {
	kind, err := messageType(b)
	if err != nil {
		return Negotiate{}, err
	}
	if kind != typeNegotiate {
		return Negotiate{}, fmt.Errorf("%w: type %d where NEGOTIATE_MESSAGE was expected", ErrSequence, kind)
	}
	if len(b) < 16 {
		return Negotiate{}, fmt.Errorf("%w: NEGOTIATE_MESSAGE of %d bytes", ErrMalformed, len(b))
	}
	return Negotiate{Flags: Flags(binary.LittleEndian.Uint32(b[12:]))}, nil
}

// Challenge is a CHALLENGE_MESSAGE (MS-NLMP 2.2.1.2).
type Challenge struct {
	Flags  Flags
	Nonce  [8]byte // ServerChallenge
	Target Target
	Time   time.Time
}

// Encode returns the wire form.
func (c Challenge) Encode() []byte {
	name := encodeUTF16(c.Target.NetBIOSComputer)
	info := c.targetInfo()
	b := make([]byte, challengeHeader, challengeHeader+len(name)+len(info))
	copy(b, signature)
	binary.LittleEndian.PutUint32(b[8:], typeChallenge)
	putField(b[12:], len(name), challengeHeader)
	binary.LittleEndian.PutUint32(b[20:], uint32(c.Flags))
	copy(b[24:], c.Nonce[:])
	putField(b[40:], len(info), challengeHeader+len(name))
	copy(b[48:], windowsVersion[:])
	b = append(b, name...)
	return append(b, info...)
}

// putField writes the Len, MaxLen and BufferOffset of a payload field.
func putField(b []byte, length, offset int) {
	binary.LittleEndian.PutUint16(b, uint16(length))
	binary.LittleEndian.PutUint16(b[2:], uint16(length))
	binary.LittleEndian.PutUint32(b[4:], uint32(offset))
}

// Identifiers of AV_PAIR structures (MS-NLMP 2.2.2.1).
const (
	avEOL             = 0
	avComputerName    = 1
	avDomainName      = 2
	avDNSComputerName = 3
	avDNSDomainName   = 4
	avFlags           = 6
	avTimestamp       = 7
	avChannelBindings = 10

	avFlagMIC = 2 // MsvAvFlags: the AUTHENTICATE_MESSAGE carries a MIC
)

// targetInfo returns the AV_PAIR list in the order in which Windows sends it.
func (c Challenge) targetInfo() []byte {
	var b []byte
	pair := func(id uint16, value []byte) {
		b = binary.LittleEndian.AppendUint16(b, id)
		b = binary.LittleEndian.AppendUint16(b, uint16(len(value)))
		b = append(b, value...)
	}
	pair(avDomainName, encodeUTF16(c.Target.NetBIOSDomain))
	pair(avComputerName, encodeUTF16(c.Target.NetBIOSComputer))
	pair(avDNSDomainName, encodeUTF16(c.Target.DNSDomain))
	pair(avDNSComputerName, encodeUTF16(c.Target.DNSComputer))
	pair(avTimestamp, binary.LittleEndian.AppendUint64(nil, fileTime(c.Time)))
	pair(avEOL, nil)
	return b
}

// fileTime converts to FILETIME: 100 ns ticks since 1601-01-01 UTC (MS-DTYP 2.3.3).
func fileTime(t time.Time) uint64 {
	const ticksTo1970 = 116444736000000000
	return uint64(t.Unix()*1e7 + int64(t.Nanosecond()/100) + ticksTo1970)
}

// Authenticate is a decoded AUTHENTICATE_MESSAGE (MS-NLMP 2.2.1.3).
type Authenticate struct {
	Flags       Flags
	Domain      string
	User        string
	Workstation string
	NTResponse  []byte // NTLMv2_RESPONSE: the proof string and the client's blob
	SessionKey  []byte // EncryptedRandomSessionKey
	MIC         []byte // nil where the layout leaves no room for one
}

// DecodeAuthenticate decodes an AUTHENTICATE_MESSAGE. The slices of the result point into b.
func DecodeAuthenticate(b []byte) (Authenticate, error) {
	kind, err := messageType(b)
	if err != nil {
		return Authenticate{}, err
	}
	if kind != typeAuthenticate {
		return Authenticate{}, fmt.Errorf("%w: type %d where AUTHENTICATE_MESSAGE was expected", ErrSequence, kind)
	}
	if len(b) < authenticateHeader {
		return Authenticate{}, fmt.Errorf("%w: AUTHENTICATE_MESSAGE of %d bytes", ErrMalformed, len(b))
	}
	payload := payloadReader{message: b, start: len(b)}
	payload.field(12) // LmChallengeResponse: void with NTLMv2
	ntResponse, domain, user := payload.field(20), payload.field(28), payload.field(36)
	workstation, sessionKey := payload.field(44), payload.field(52)
	if payload.err != nil {
		return Authenticate{}, payload.err
	}
	flags := Flags(binary.LittleEndian.Uint32(b[60:]))
	decoded := Authenticate{
		Flags: flags, NTResponse: ntResponse, SessionKey: sessionKey,
		Domain: decodeString(domain, flags), User: decodeString(user, flags), Workstation: decodeString(workstation, flags),
	}
	if payload.start >= micOffset+micSize {
		decoded.MIC = b[micOffset : micOffset+micSize]
	}
	return decoded, nil
}

// payloadReader follows the field descriptors of a message and remembers where the payload starts, which tells whether the
// optional MIC is there.
type payloadReader struct {
	message []byte
	start   int
	err     error
}

// field returns the payload that the descriptor at offset at points to.
func (p *payloadReader) field(at int) []byte {
	length := int(binary.LittleEndian.Uint16(p.message[at:]))
	offset := int64(binary.LittleEndian.Uint32(p.message[at+4:]))
	if length == 0 {
		return nil
	}
	if offset < authenticateHeader || offset+int64(length) > int64(len(p.message)) {
		p.err = fmt.Errorf("%w: field at %d points outside the message", ErrMalformed, at)
		return nil
	}
	p.start = min(p.start, int(offset))
	return p.message[offset : int(offset)+length]
}

const (
	proofSize  = 16
	blobHeader = 28 // of NTLMv2_CLIENT_CHALLENGE up to its AV_PAIR list (2.2.2.7)
)

// clientInfo returns the AV_PAIR list of an NTLMv2 response.
func (a Authenticate) clientInfo() (map[uint16][]byte, error) {
	if len(a.NTResponse) < proofSize+blobHeader {
		return nil, fmt.Errorf("%w: NT response of %d bytes is not NTLMv2", ErrUnsupported, len(a.NTResponse))
	}
	pairs := make(map[uint16][]byte)
	for b := a.NTResponse[proofSize+blobHeader:]; len(b) >= 4; {
		id, length := binary.LittleEndian.Uint16(b), int(binary.LittleEndian.Uint16(b[2:]))
		if id == avEOL {
			return pairs, nil
		}
		if 4+length > len(b) {
			return nil, fmt.Errorf("%w: AV_PAIR %d exceeds the response", ErrMalformed, id)
		}
		pairs[id] = b[4 : 4+length]
		b = b[4+length:]
	}
	return nil, fmt.Errorf("%w: AV_PAIR list without end", ErrMalformed)
}
