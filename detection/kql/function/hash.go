package function

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

func hashFunctions() []Function {
	return []Function{
		{Name: "hash", Signatures: []string{"- long source:NotDynamic mod:Integer?"}, Doc: "hash-function", Call: hash},
		{Name: "hash_xxhash64", Signatures: []string{"- long source:NotDynamic mod:Integer?"}, Doc: "hash-xxhash64-function", Call: hash},
		{Name: "hash_md5", Signatures: []string{"- string source:NotDynamic"}, Doc: "hash-md5-function", Call: onText(md5Text)},
		{Name: "hash_sha1", Signatures: []string{"- string source:NotDynamic"}, Doc: "hash-sha1-function", Call: onText(sha1Text)},
		{Name: "hash_sha256", Signatures: []string{"- string source:NotDynamic"}, Doc: "hash-sha256-function", Call: onText(sha256Text)},
		{Name: "hash_combine", Signatures: []string{"- long source:Scalar{2,}"}, Doc: "hash-combine-function", Nulls: Propagate, Call: hashCombine},
		{Name: "hash_many", Signatures: []string{"- long source:NotDynamic+"}, Doc: "hash-many-function", Call: hashMany},
		{Name: "__hash_crc32", Signatures: []string{"- long source:NotDynamic mod:Integer seed:Integer"}},
		{Name: "__hash_djb2", Signatures: []string{"- long source:NotDynamic mod:Integer?"}},
		{Name: "__hash_xxh64", Signatures: []string{"- long source:NotDynamic mod:Integer seed:Integer"}},
		{Name: "__hash_many_crc32", Signatures: []string{"- long arg:Scalar{1,2}"}},
	}
}

// The digest of the empty text is empty.

func md5Text(s string) string {
	h := md5.Sum([]byte(s))
	return digest(s, h[:])
}

func sha1Text(s string) string {
	h := sha1.Sum([]byte(s))
	return digest(s, h[:])
}

func sha256Text(s string) string {
	h := sha256.Sum256([]byte(s))
	return digest(s, h[:])
}

func digest(s string, sum []byte) string {
	if s == "" {
		return ""
	}
	return hex.EncodeToString(sum)
}

// hash is xxHash64 as a signed number, taken modulo an optional second argument.
func hash(_ *Invocation, args []value.Value) value.Value {
	n := int64(Hash64(args[0]))
	if m := long(args, 1, 0); m > 0 {
		n = int64(uint64(n) % uint64(m))
	}
	return value.NewLong(n)
}

// Hash64 is xxHash64 of a scalar.
func Hash64(v value.Value) uint64 { return xxhash64(hashedBytes(v)) }

// hashedBytes is what hash() sees of a value: of a number, an instant or a duration the
// little-endian bytes it is stored in, which an emulator's hash of a datetime confirms;
// of anything else its text.
func hashedBytes(v value.Value) []byte {
	switch v.Type() {
	case value.Long, value.DateTime, value.Timespan:
		return binary.LittleEndian.AppendUint64(nil, uint64(v.Int()))
	case value.Int:
		return binary.LittleEndian.AppendUint32(nil, uint32(v.Int()))
	case value.Bool:
		return []byte{byte(v.Int())}
	case value.Real:
		return binary.LittleEndian.AppendUint64(nil, math.Float64bits(v.Real()))
	default:
		return []byte(text(v))
	}
}

// hashCombine makes one hash of several. How the service does is not known, and it promises nothing: this is the
// combination that the hash function itself makes of two words.
func hashCombine(_ *Invocation, args []value.Value) value.Value {
	n := long(args, 0, 0)
	for i := range args[1:] {
		n = combined(n, long(args, i+1, 0))
	}
	return value.NewLong(n)
}

// hashMany combines the hashes of its arguments.
func hashMany(_ *Invocation, args []value.Value) value.Value {
	n := int64(Hash64(args[0]))
	for _, a := range args[1:] {
		n = combined(n, int64(Hash64(a)))
	}
	return value.NewLong(n)
}

func combined(a, b int64) int64 {
	pair := binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, uint64(a)), uint64(b))
	return int64(xxhash64(pair))
}
