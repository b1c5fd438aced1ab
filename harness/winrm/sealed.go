package winrm

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"mime"
	"strconv"
	"strings"

	"github.com/seed-67b27da2/geiger/harness/winrm/ntlm"
)

// The form of a sealed message: [MS-WSMV] 2.2.9.1. It looks like MIME multipart
// and is not: the second part has no blank line before its content, and the content
// may contain the boundary, so that only the stated length says where it ends.
const (
	sealedProtocol = "application/HTTP-SPNEGO-session-encrypted"
	sealedBoundary = "Encrypted Boundary"
	sealedType     = `multipart/encrypted;protocol="` + sealedProtocol + `";boundary="` + sealedBoundary + `"`
)

// sealBody wraps a SOAP body for the wire.
func sealBody(s *ntlm.Session, body []byte) []byte {
	signature, sealed := s.Seal(body)
	var b bytes.Buffer
	b.Grow(len(sealed) + 320)
	fmt.Fprintf(&b, "--%s\r\n\tContent-Type: %s\r\n\tOriginalContent: type=%s;Length=%d\r\n--%s\r\n\tContent-Type: application/octet-stream\r\n",
		sealedBoundary, sealedProtocol, soapType, len(body), sealedBoundary)
	b.Write(binary.LittleEndian.AppendUint32(nil, ntlm.SignatureSize))
	b.Write(signature)
	b.Write(sealed)
	b.WriteString("--" + sealedBoundary + "--\r\n")
	return b.Bytes()
}

// isSealed reports whether a response of contentType is an encrypted message.
func isSealed(contentType string) bool {
	kind, parameters, err := mime.ParseMediaType(contentType)
	return err == nil && kind == "multipart/encrypted" && strings.EqualFold(parameters["protocol"], sealedProtocol)
}

// splitSealed takes a sealed message apart. It accepts the part headers with and
// without the leading tab, as hosts do.
func splitSealed(contentType string, body []byte) (signature, sealed []byte, err error) {
	_, parameters, err := mime.ParseMediaType(contentType)
	if err != nil {
		return nil, nil, malformed("content type")
	}
	delimiter := "--" + parameters["boundary"]
	rest, ok := cutLine(body, delimiter)
	if !ok {
		return nil, nil, malformed("first boundary")
	}
	length := -1
	for {
		line, after, found := bytes.Cut(rest, []byte("\r\n"))
		if !found {
			return nil, nil, malformed("second boundary")
		}
		rest = after
		text := strings.TrimSpace(string(line))
		if text == delimiter {
			break
		}
		if n, ok := originalLength(text); ok {
			length = n
		}
	}
	rest, ok = cutLine(rest, "Content-Type: application/octet-stream")
	if !ok {
		return nil, nil, malformed("content type of the second part")
	}
	return splitOctets(rest, length, delimiter+"--")
}

// splitOctets takes apart the length-prefixed signature and the ciphertext.
func splitOctets(b []byte, length int, end string) (signature, sealed []byte, err error) {
	if len(b) < 4+ntlm.SignatureSize || binary.LittleEndian.Uint32(b) != ntlm.SignatureSize {
		return nil, nil, malformed("signature")
	}
	signature, b = b[4:4+ntlm.SignatureSize], b[4+ntlm.SignatureSize:]
	if length < 0 || length > len(b) {
		return nil, nil, malformed("length")
	}
	if strings.TrimSpace(string(b[length:])) != end {
		return nil, nil, malformed("last boundary")
	}
	return signature, b[:length], nil
}

// cutLine removes one line that, but for white space around it, is text.
func cutLine(b []byte, text string) ([]byte, bool) {
	line, rest, found := bytes.Cut(b, []byte("\r\n"))
	return rest, found && strings.TrimSpace(string(line)) == text
}

// originalLength reads `OriginalContent: type=...;Length=123`.
func originalLength(line string) (int, bool) {
	name, value, _ := strings.Cut(line, ":")
	if !strings.EqualFold(strings.TrimSpace(name), "OriginalContent") {
		return 0, false
	}
	for part := range strings.SplitSeq(value, ";") {
		key, number, _ := strings.Cut(part, "=")
		if strings.EqualFold(strings.TrimSpace(key), "Length") {
			n, err := strconv.Atoi(strings.TrimSpace(number))
			return n, err == nil && n >= 0
		}
	}
	return 0, false
}

func malformed(what string) error {
	return &ProtocolError{What: "encrypted response is malformed (" + what + "): the host or a proxy altered it"}
}
