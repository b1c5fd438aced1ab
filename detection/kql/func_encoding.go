package kql

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"io"
	"math"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// encodingFunction finds encodings and hashes.
func encodingFunction(name string) rowFunction {
	switch name {
	case "base64_encode_tostring", "base64_encodestring":
		return onText(func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) })
	case "base64_decode_tostring", "base64_decodestring":
		return onText(decodeBase64Text)
	case "base64_decode_toarray":
		return func(c *invocation, args []value.Value) value.Value {
			b, ok := decodeBase64(text(args[0]))
			if !ok {
				return c.null()
			}
			list := make([]any, len(b))
			for i, x := range b {
				list[i] = int64(x)
			}
			return value.NewDynamic(list)
		}
	case "base64_encode_fromarray":
		return encodeArray
	case "base64_decode_toguid":
		return func(c *invocation, args []value.Value) value.Value {
			b, ok := decodeBase64(text(args[0]))
			if !ok || len(b) != 16 {
				return c.null()
			}
			return value.NewGUID(hex.EncodeToString(guidOrder(b)))
		}
	case "base64_encode_fromguid":
		return func(_ *invocation, args []value.Value) value.Value {
			b, err := hex.DecodeString(strings.ReplaceAll(args[0].Str(), "-", ""))
			if err != nil || len(b) != 16 {
				return value.NewString("")
			}
			return value.NewString(base64.StdEncoding.EncodeToString(guidOrder(b)))
		}
	case "gzip_decompress_from_base64_string":
		return onText(func(s string) string { return inflated(s, gunzip) })
	case "zlib_decompress_from_base64_string":
		return onText(func(s string) string { return inflated(s, zlib.NewReader) })
	case "url_encode":
		return onText(encodeURL)
	case "url_encode_component":
		return onText(func(s string) string { return strings.ReplaceAll(encodeURL(s), "+", "%20") })
	case "url_decode":
		return onText(decodeURL)
	case "hash_md5":
		return digest(func(b []byte) []byte { h := md5.Sum(b); return h[:] })
	case "hash_sha1":
		return digest(func(b []byte) []byte { h := sha1.Sum(b); return h[:] })
	case "hash_sha256":
		return digest(func(b []byte) []byte { h := sha256.Sum256(b); return h[:] })
	case "hash", "hash_xxhash64":
		return hash
	default:
		return nil
	}
}

// digest is a hash as hexadecimal text; that of the empty text is empty.
func digest(sum func([]byte) []byte) rowFunction {
	return onText(func(s string) string {
		if s == "" {
			return ""
		}
		return hex.EncodeToString(sum([]byte(s)))
	})
}

// hash is xxHash64 as a signed number, taken modulo an optional second argument.
func hash(_ *invocation, args []value.Value) value.Value {
	n := int64(xxhash64(hashedBytes(args[0])))
	if m := long(args, 1, 0); m > 0 {
		n = int64(uint64(n) % uint64(m))
	}
	return value.NewLong(n)
}

// hashedBytes is what hash() sees of a value: of a number, an instant or a duration the
// little-endian bytes it is stored in, which an emulator's hash of a datetime confirms;
// of anything else its text.
func hashedBytes(v value.Value) []byte {
	switch v.Type() {
	case value.Long, value.DateTime, value.Timespan:
		return binary.LittleEndian.AppendUint64(nil, uint64(v.Int()))
	case value.Int:
		return binary.LittleEndian.AppendUint32(nil, uint32(v.Int()))
	case value.Real:
		return binary.LittleEndian.AppendUint64(nil, math.Float64bits(v.Real()))
	default:
		return []byte(text(v))
	}
}

// decodeBase64 accepts missing padding, as the service does.
func decodeBase64(s string) ([]byte, bool) {
	b, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(strings.TrimSpace(s), "="))
	return b, err == nil
}

// decodeBase64Text gives the empty text if the bytes are no UTF-8.
func decodeBase64Text(s string) string {
	b, ok := decodeBase64(s)
	if !ok || !utf8.Valid(b) {
		return ""
	}
	return string(b)
}

func encodeArray(c *invocation, args []value.Value) value.Value {
	list, ok := args[0].Dynamic().([]any)
	if !ok {
		return c.null()
	}
	var b bytes.Buffer
	for _, x := range list {
		n, ok := x.(int64)
		if !ok || n < 0 || n > 255 {
			return c.null()
		}
		b.WriteByte(byte(n))
	}
	return value.NewString(base64.StdEncoding.EncodeToString(b.Bytes()))
}

// guidOrder turns the bytes of a guid from the order of its text into that of memory, or
// back: the first three groups are little-endian (RFC 9562 calls it the GUID layout of
// Microsoft).
func guidOrder(b []byte) []byte {
	order := [16]int{3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15}
	out := make([]byte, 16)
	for i, from := range order {
		out[i] = b[from]
	}
	return out
}

// encodeURL escapes all but letters, digits and -_.!*(), with lower-case digits.
func encodeURL(s string) string {
	var out strings.Builder
	for i := range len(s) {
		switch b := s[i]; {
		case b < utf8.RuneSelf && isTermRune(rune(b)) || strings.IndexByte("-_.!*()", b) >= 0:
			out.WriteByte(b)
		case b == ' ':
			out.WriteByte('+')
		default:
			out.WriteByte('%')
			out.WriteString(hex.EncodeToString([]byte{b}))
		}
	}
	return out.String()
}

// decodeURL decodes %XX and +; what is no valid escape stays.
func decodeURL(s string) string {
	if out, err := url.QueryUnescape(s); err == nil {
		return out
	}
	var out []byte
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if b, err := hex.DecodeString(s[i+1 : i+3]); err == nil {
				out = append(out, b[0])
				i += 2
				continue
			}
		}
		if s[i] == '+' {
			out = append(out, ' ')
			continue
		}
		out = append(out, s[i])
	}
	return string(out)
}

// maxInflated bounds what a compressed text may hold.
const maxInflated = 1 << 26

func gunzip(r io.Reader) (io.ReadCloser, error) { return gzip.NewReader(r) }

// inflated decompresses base64; what cannot be read, or is too long, gives the empty text.
func inflated(s string, open func(io.Reader) (io.ReadCloser, error)) string {
	b, ok := decodeBase64(s)
	if !ok {
		return ""
	}
	r, err := open(bytes.NewReader(b))
	if err != nil {
		return ""
	}
	out, err := io.ReadAll(io.LimitReader(r, maxInflated+1))
	if err != nil || r.Close() != nil || len(out) > maxInflated || !utf8.Valid(out) {
		return ""
	}
	return string(out)
}
