package wsman

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"mime"
	"strconv"
	"strings"
)

// protocolSPNEGO names the sealing of messages by a Negotiate session (MS-WSMV 2.2.9.1.1).
const protocolSPNEGO = "application/HTTP-SPNEGO-session-encrypted"

const (
	contentTypeSOAP   = "application/soap+xml;charset=UTF-8"
	contentTypeSealed = `multipart/encrypted;protocol="` + protocolSPNEGO + `";boundary="` + defaultBoundary + `"`
	defaultBoundary   = "Encrypted Boundary"
)

// errSealed is wrapped by every error of decodeSealed.
var errSealed = errors.New("malformed multipart/encrypted body")

// sealedMessage is an encrypted message as it travels.
type sealedMessage struct {
	Signature  []byte
	Ciphertext []byte
}

// sealedBoundary checks a Content-Type of sealed messages and returns its boundary.
func sealedBoundary(contentType string) (string, error) {
	kind, parameters, err := mime.ParseMediaType(contentType)
	if err != nil {
		return "", fmt.Errorf("%w: %w", errSealed, err)
	}
	if kind != "multipart/encrypted" || !strings.EqualFold(parameters["protocol"], protocolSPNEGO) {
		return "", fmt.Errorf("%w: %s is not sealed by SPNEGO", errSealed, contentType)
	}
	if boundary := parameters["boundary"]; boundary != "" {
		return boundary, nil
	}
	return defaultBoundary, nil
}

// decodeSealed takes a multipart/encrypted body apart (MS-WSMV 2.2.9.1.1.2):
//
//	--boundary
//	    Content-Type: application/HTTP-SPNEGO-session-encrypted
//	    OriginalContent: type=application/soap+xml;charset=UTF-8;Length=1234
//	--boundary
//	    Content-Type: application/octet-stream
//	<signature length, 32 bits little-endian><signature><ciphertext>--boundary--
//
// The body is parsed by its structure, never searched for the boundary, since a ciphertext may contain anything. The
// specification puts a tab before each header of a part; a client that omits it is understood too.
func decodeSealed(boundary string, data []byte) (sealedMessage, error) {
	reader := sealedReader{rest: data}
	reader.line("--" + boundary)
	reader.header("content-type", protocolSPNEGO)
	length := originalLength(reader.header("originalcontent", ""))
	reader.line("--" + boundary)
	reader.header("content-type", "application/octet-stream")
	signature := reader.prefixed()
	switch {
	case reader.err != nil:
		return sealedMessage{}, reader.err
	case length < 0 || length > len(reader.rest):
		return sealedMessage{}, fmt.Errorf("%w: announced length %d, %d bytes present", errSealed, length, len(reader.rest))
	}
	trailer := strings.TrimRight(string(reader.rest[length:]), "\r\n")
	if trailer != "--"+boundary+"--" {
		return sealedMessage{}, fmt.Errorf("%w: no closing boundary after %d bytes of ciphertext", errSealed, length)
	}
	return sealedMessage{Signature: signature, Ciphertext: reader.rest[:length]}, nil
}

// originalLength reads the Length parameter of OriginalContent, or -1.
func originalLength(value string) int {
	for part := range strings.SplitSeq(value, ";") {
		name, number, _ := strings.Cut(strings.TrimSpace(part), "=")
		if strings.EqualFold(name, "length") {
			length, err := strconv.Atoi(number)
			if err == nil {
				return length
			}
		}
	}
	return -1
}

// sealedReader consumes a body from the front. After an error it reads nothing more.
type sealedReader struct {
	rest []byte
	err  error
}

func (r *sealedReader) fail(format string, arguments ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s", errSealed, fmt.Sprintf(format, arguments...))
	}
}

// next returns the next line without its end.
func (r *sealedReader) next() string {
	line, rest, found := bytes.Cut(r.rest, []byte("\r\n"))
	if r.err != nil || !found {
		r.fail("truncated")
		return ""
	}
	r.rest = rest
	return string(line)
}

func (r *sealedReader) line(want string) {
	if got := r.next(); got != want {
		r.fail("%q where %q was expected", got, want)
	}
}

// header reads the header that name gives in lower case, and checks its value unless want is empty.
func (r *sealedReader) header(name, want string) string {
	got, value, _ := strings.Cut(strings.TrimSpace(r.next()), ":")
	value = strings.TrimSpace(value)
	if !strings.EqualFold(got, name) || want != "" && !strings.EqualFold(value, want) {
		r.fail("header %q", got)
	}
	return value
}

// prefixed reads bytes preceded by their length.
func (r *sealedReader) prefixed() []byte {
	if r.err != nil || len(r.rest) < 4 {
		r.fail("truncated signature")
		return nil
	}
	length := int64(binary.LittleEndian.Uint32(r.rest))
	if length > int64(len(r.rest)-4) {
		r.fail("signature of %d bytes", length)
		return nil
	}
	value := r.rest[4 : 4+length]
	r.rest = r.rest[4+length:]
	return value
}

// encodeSealed builds a multipart/encrypted body, with the exact lines that clients cut out of it.
func encodeSealed(plainLength int, m sealedMessage) []byte {
	var b bytes.Buffer
	b.WriteString("--" + defaultBoundary + "\r\n")
	b.WriteString("\tContent-Type: " + protocolSPNEGO + "\r\n")
	b.WriteString("\tOriginalContent: type=" + contentTypeSOAP + ";Length=" + strconv.Itoa(plainLength) + "\r\n")
	b.WriteString("--" + defaultBoundary + "\r\n")
	b.WriteString("\tContent-Type: application/octet-stream\r\n")
	b.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(m.Signature))))
	b.Write(m.Signature)
	b.Write(m.Ciphertext)
	b.WriteString("--" + defaultBoundary + "--\r\n")
	return b.Bytes()
}
