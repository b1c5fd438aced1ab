package native

import (
	"crypto/md5"  //nolint:gosec // an algorithm that the tool offers
	"crypto/sha1" //nolint:gosec // an algorithm that the tool offers
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

// certutil hashes, encodes and decodes files; its certificate functions are not
// simulated.
func certutil(r *run) int {
	var names []string
	verb := ""
	for _, arg := range r.args {
		switch {
		case option(arg, "hashfile"), option(arg, "encode"), option(arg, "decode"), option(arg, "urlcache"), option(arg, "decodehex"), option(arg, "encodehex"), option(arg, "verifyctl"):
			verb = strings.ToLower(arg[1:])
		case arg[0] != '-' && arg[0] != '/':
			names = append(names, arg)
		}
	}
	switch {
	case verb == "hashfile" && len(names) > 0:
		return r.hashFile(names)
	case (verb == "encode" || verb == "decode") && len(names) == 2:
		return r.convert(verb, names[0], names[1])
	}
	r.unsupported("certutil")
	r.print("CertUtil: -%s command FAILED: 0x80072ee7 (WinHttp: 12007 ERROR_WINHTTP_NAME_NOT_RESOLVED)\nCertUtil: The server name or address could not be resolved\n", verb)
	return -2147012889
}

// failed prints how certutil reports an error.
func (r *run) failed(verb string, err error) int {
	r.print("CertUtil: -%s command FAILED: 0x%08x (WIN32: %d)\nCertUtil: %s\n", verb, 0x80070000|code(err), code(err), message(err))
	return int(int32(uint32(0x80070000 | code(err)))) //nolint:gosec // an HRESULT is a negative exit code
}

func (r *run) hashFile(names []string) int {
	algorithm := "SHA1"
	if len(names) > 1 {
		algorithm = strings.ToUpper(names[1])
	}
	digest := map[string]func() hash.Hash{"MD5": md5.New, "SHA1": sha1.New, "SHA256": sha256.New, "SHA384": sha512.New384, "SHA512": sha512.New}[algorithm]
	data, err := r.k.ReadFile(r.p, names[0])
	if err != nil {
		return r.failed("hashfile", err)
	}
	if digest == nil {
		return r.failed("hashfile", &kernel.Error{Code: kernel.InvalidParameter, Op: "hash", Path: names[0]})
	}
	h := digest()
	_, _ = h.Write(data) // a hash never fails
	r.print("%s hash of %s:\n%s\nCertUtil: -hashfile command completed successfully.\n", algorithm, names[0], hex.EncodeToString(h.Sum(nil)))
	return 0
}

const (
	armorBegin = "-----BEGIN CERTIFICATE-----"
	armorEnd   = "-----END CERTIFICATE-----"
)

func (r *run) convert(verb, from, to string) int {
	data, err := r.k.ReadFile(r.p, from)
	if err != nil {
		return r.failed(verb, err)
	}
	result := armor(data)
	if verb == "decode" {
		body := strings.NewReplacer(armorBegin, "", armorEnd, "", "\r", "", "\n", "").Replace(string(data))
		if result, err = base64.StdEncoding.DecodeString(body); err != nil {
			return r.failed(verb, &kernel.Error{Code: 13, Op: "decode", Path: from})
		}
	}
	disposition := kernel.CreateNew
	if r.has("f") {
		disposition = kernel.CreateAlways
	}
	if err := r.k.WriteFile(r.p, to, result, disposition); err != nil {
		return r.failed(verb, err)
	}
	r.print("Input Length = %d\nOutput Length = %d\nCertUtil: -%s command completed successfully.\n", len(data), len(result), verb)
	return 0
}

func armor(data []byte) []byte {
	encoded := base64.StdEncoding.EncodeToString(data)
	var b strings.Builder
	b.WriteString(armorBegin + "\r\n")
	for encoded != "" {
		n := min(64, len(encoded))
		b.WriteString(encoded[:n] + "\r\n")
		encoded = encoded[n:]
	}
	b.WriteString(armorEnd + "\r\n")
	return []byte(b.String())
}
