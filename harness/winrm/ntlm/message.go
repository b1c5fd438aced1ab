package ntlm

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf16"
)

// Negotiate flags, MS-NLMP 2.2.2.5.
const (
	flagUnicode          uint32 = 1 << 0
	flagRequestTarget    uint32 = 1 << 2
	flagSign             uint32 = 1 << 4
	flagSeal             uint32 = 1 << 5
	flagNTLM             uint32 = 1 << 9
	flagAlwaysSign       uint32 = 1 << 15
	flagExtendedSecurity uint32 = 1 << 19
	flagTargetInfo       uint32 = 1 << 23
	flagVersion          uint32 = 1 << 25
	flag128              uint32 = 1 << 29
	flagKeyExchange      uint32 = 1 << 30
	flag56               uint32 = 1 << 31
)

const (
	required = flagUnicode | flagSign | flagSeal | flagExtendedSecurity | flagTargetInfo | flag128 | flagKeyExchange
	offered  = required | flagRequestTarget | flagNTLM | flagAlwaysSign | flagVersion | flag56
)

// Attribute ids of the challenge's target information, MS-NLMP 2.2.2.1.
const (
	avEnd            uint16 = 0
	avFlags          uint16 = 6
	avTimestamp      uint16 = 7
	avChannelBinding uint16 = 10
)

const avFlagMIC uint32 = 2

const (
	negotiateMessage    uint32 = 1
	challengeMessage    uint32 = 2
	authenticateMessage uint32 = 3

	challengeHeader    = 48 // without the optional version field
	authenticateHeader = 88 // with version and MIC
	micOffset          = 72
)

// version claims Windows 10.0 build 17763, NTLM revision 15 (MS-NLMP 2.2.2.10).
// Hosts use it for diagnostics only.
var version = [8]byte{10, 0, 0x63, 0x45, 0, 0, 0, 15}

var signature = [8]byte{'N', 'T', 'L', 'M', 'S', 'S', 'P', 0}

var (
	// ErrChallenge says that the host's challenge is not a well-formed NTLM message.
	ErrChallenge = errors.New("malformed NTLM challenge")
	// ErrWeak says that the challenge does not allow NTLMv2 with 128-bit sealing.
	ErrWeak = errors.New("the host does not offer NTLMv2 with 128-bit message encryption")
)

// challenge is what the client needs of a CHALLENGE_MESSAGE (MS-NLMP 2.2.1.2).
type challenge struct {
	flags  uint32
	server [8]byte
	info   []attribute
}

type attribute struct {
	id    uint16
	value []byte
}

// parseChallenge reads a challenge, alone or wrapped in a SPNEGO token: the NTLM
// message is found by its signature, as every client that accepts both does.
func parseChallenge(token []byte) (raw []byte, c challenge, err error) {
	start := bytes.Index(token, signature[:])
	if start < 0 {
		return nil, c, fmt.Errorf("%w: no NTLMSSP signature", ErrChallenge)
	}
	raw = token[start:]
	if len(raw) < challengeHeader {
		return nil, c, fmt.Errorf("%w: %d bytes, want at least %d", ErrChallenge, len(raw), challengeHeader)
	}
	if kind := binary.LittleEndian.Uint32(raw[8:]); kind != challengeMessage {
		return nil, c, fmt.Errorf("%w: message type %d, want %d", ErrChallenge, kind, challengeMessage)
	}
	c.flags = binary.LittleEndian.Uint32(raw[20:])
	copy(c.server[:], raw[24:32])
	if c.flags&required != required {
		return nil, c, fmt.Errorf("%w: flags %08x", ErrWeak, c.flags)
	}
	block, err := field(raw, 40)
	if err != nil {
		return nil, c, err
	}
	c.info, err = parseAttributes(block)
	return raw, c, err
}

// field returns the payload that the (length, maximum, offset) triple at position
// describes.
func field(message []byte, position int) ([]byte, error) {
	length := uint64(binary.LittleEndian.Uint16(message[position:]))
	offset := uint64(binary.LittleEndian.Uint32(message[position+4:]))
	if offset+length > uint64(len(message)) {
		return nil, fmt.Errorf("%w: field of %d bytes at %d lies beyond its %d bytes", ErrChallenge, length, offset, len(message))
	}
	return message[offset : offset+length], nil
}

func parseAttributes(block []byte) ([]attribute, error) {
	var list []attribute
	for len(block) >= 4 {
		id := binary.LittleEndian.Uint16(block)
		length := int(binary.LittleEndian.Uint16(block[2:]))
		if id == avEnd {
			return list, nil
		}
		if 4+length > len(block) {
			break
		}
		list = append(list, attribute{id, block[4 : 4+length]})
		block = block[4+length:]
	}
	return nil, fmt.Errorf("%w: target information is cut short", ErrChallenge)
}

func appendAttributes(out []byte, list []attribute) []byte {
	for _, a := range list {
		out = binary.LittleEndian.AppendUint16(out, a.id)
		out = binary.LittleEndian.AppendUint16(out, uint16(len(a.value)))
		out = append(out, a.value...)
	}
	return append(out, 0, 0, 0, 0)
}

// lookup returns the value of the attribute id, nil when absent.
func lookup(list []attribute, id uint16) []byte {
	for _, a := range list {
		if a.id == id {
			return a.value
		}
	}
	return nil
}

// replace returns list with the attribute id set, in place or appended.
func replace(list []attribute, id uint16, value []byte) []attribute {
	out := make([]attribute, 0, len(list)+1)
	done := false
	for _, a := range list {
		if a.id == id {
			a.value, done = value, true
		}
		out = append(out, a)
	}
	if !done {
		out = append(out, attribute{id, value})
	}
	return out
}

func buildNegotiate() []byte {
	m := make([]byte, 0, 40)
	m = append(m, signature[:]...)
	m = binary.LittleEndian.AppendUint32(m, negotiateMessage)
	m = binary.LittleEndian.AppendUint32(m, offered)
	m = append(m, make([]byte, 16)...) // no domain, no workstation: the host's TargetName decides
	return append(m, version[:]...)
}

// buildAuthenticate lays out an AUTHENTICATE_MESSAGE (MS-NLMP 2.2.1.3) with a zero
// MIC; the payloads follow the header in the order of fields.
func buildAuthenticate(flags uint32, domain, user, lm, nt, sessionKey []byte) []byte {
	payloads := [6][]byte{lm, nt, domain, user, nil, sessionKey}
	m := make([]byte, 0, authenticateHeader+len(lm)+len(nt)+len(domain)+len(user)+len(sessionKey))
	m = append(m, signature[:]...)
	m = binary.LittleEndian.AppendUint32(m, authenticateMessage)
	offset := authenticateHeader
	for _, p := range payloads {
		m = binary.LittleEndian.AppendUint16(m, uint16(len(p)))
		m = binary.LittleEndian.AppendUint16(m, uint16(len(p)))
		m = binary.LittleEndian.AppendUint32(m, uint32(offset))
		offset += len(p)
	}
	m = binary.LittleEndian.AppendUint32(m, flags)
	m = append(m, version[:]...)
	m = append(m, make([]byte, authenticateHeader-micOffset)...)
	for _, p := range payloads {
		m = append(m, p...)
	}
	return m
}

// unicode encodes s as UTF-16LE without a byte order mark.
func unicode(s string) []byte {
	units := utf16.Encode([]rune(s))
	out := make([]byte, 0, 2*len(units))
	for _, u := range units {
		out = binary.LittleEndian.AppendUint16(out, u)
	}
	return out
}
