package function

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

func encodingFunctions() []Function {
	return []Function{
		{Name: "base64_encode_tostring", Aliases: []string{"base64_encodestring"}, Signatures: []string{"- string string:string"}, Doc: "base64-encode-tostring-function", Call: onText(encodeBase64)},
		{Name: "base64_encode_fromarray", Signatures: []string{"- string base64_string_decoded_as_array:DynamicArray"}, Doc: "base64-encode-fromarray-function", Call: encodeArray},
		{Name: "base64_encode_fromguid", Signatures: []string{"- string guid:guid"}, Doc: "base64-encode-fromguid-function", Call: encodeGUID},
		{Name: "base64_decode_tostring", Aliases: []string{"base64_decodestring"}, Signatures: []string{"- string base64_string:string"}, Doc: "base64-decode-tostring-function", Call: onText(decodeBase64Text)},
		{Name: "base64_decode_toarray", Signatures: []string{"- array base64_string:string"}, Doc: "base64-decode-toarray-function", Call: decodeToArray},
		{Name: "base64_decode_toguid", Signatures: []string{"- guid base64_string:string"}, Doc: "base64-decode-toguid-function", Call: decodeToGUID},
		{Name: "url_encode", Signatures: []string{"- string url:string"}, Doc: "url-encode-function", Call: onText(encodeURL)},
		{Name: "url_encode_component", Signatures: []string{"- string url:string"}, Doc: "url-encode-component-function", Call: onText(encodeURLComponent)},
		{Name: "url_decode", Signatures: []string{"- string encoded_url:string"}, Doc: "url-decode-function", Call: onText(decodeURL)},
		{Name: "gzip_compress_to_base64_string", Signatures: []string{"- string string:string"}, Doc: "gzip-base64-compress", Call: onText(gzipText)},
		{Name: "gzip_decompress_from_base64_string", Signatures: []string{"- string string:string"}, Doc: "gzip-base64-decompress", Call: onText(gunzipText)},
		{Name: "zlib_compress_to_base64_string", Signatures: []string{"- string string:string"}, Doc: "zlib-base64-compress-function", Call: onText(zlibText)},
		{Name: "zlib_decompress_from_base64_string", Signatures: []string{"- string string:string"}, Doc: "zlib-base64-decompress", Call: onText(inflateText)},
		{Name: "__lz4_compress_dynamic_array_to_base64_string", Signatures: []string{"- string dynamic:DynamicArray"}},
	}
}

func encodeBase64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func decodeToArray(c *Invocation, args []value.Value) value.Value {
	b, ok := decodeBase64(text(args[0]))
	if !ok {
		return c.Null()
	}
	list := make([]any, len(b))
	for i, x := range b {
		list[i] = int64(x)
	}
	return value.NewDynamic(list)
}

const guidSize = 16

func decodeToGUID(c *Invocation, args []value.Value) value.Value {
	b, ok := decodeBase64(text(args[0]))
	if !ok || len(b) != guidSize {
		return c.Null()
	}
	return value.NewGUID(hex.EncodeToString(guidOrder(b)))
}

func encodeGUID(_ *Invocation, args []value.Value) value.Value {
	b, err := hex.DecodeString(strings.ReplaceAll(args[0].Str(), "-", ""))
	if err != nil || len(b) != guidSize {
		return value.NewString("")
	}
	return value.NewString(base64.StdEncoding.EncodeToString(guidOrder(b)))
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

func encodeArray(c *Invocation, args []value.Value) value.Value {
	list, ok := args[0].Dynamic().([]any)
	if !ok {
		return c.Null()
	}
	var b bytes.Buffer
	for _, x := range list {
		n, ok := x.(int64)
		if !ok || n < 0 || n > 255 {
			return c.Null()
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

func encodeURLComponent(s string) string { return strings.ReplaceAll(encodeURL(s), "+", "%20") }

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

func gunzipText(s string) string { return inflated(s, gunzip) }

func inflateText(s string) string { return inflated(s, zlib.NewReader) }

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
