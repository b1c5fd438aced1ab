package function

import (
	"encoding/binary"
	"math/bits"
)

// The primes of xxHash64 (the XXH64 specification, section "XXH64 Algorithm Description").
const (
	xxPrime1 uint64 = 0x9E3779B185EBCA87
	xxPrime2 uint64 = 0xC2B2AE3D27D4EB4F
	xxPrime3 uint64 = 0x165667B19E3779F9
	xxPrime4 uint64 = 0x85EBCA77C2B2AE63
	xxPrime5 uint64 = 0x27D4EB2F165667C5
)

// xxhash64 is XXH64 with seed 0.
func xxhash64(b []byte) uint64 {
	n := uint64(len(b))
	var h uint64
	if len(b) >= 32 {
		h, b = xxStripes(b)
	} else {
		h = xxPrime5
	}
	h += n
	for ; len(b) >= 8; b = b[8:] {
		h ^= xxRound(0, binary.LittleEndian.Uint64(b))
		h = bits.RotateLeft64(h, 27)*xxPrime1 + xxPrime4
	}
	if len(b) >= 4 {
		h ^= uint64(binary.LittleEndian.Uint32(b)) * xxPrime1
		h = bits.RotateLeft64(h, 23)*xxPrime2 + xxPrime3
		b = b[4:]
	}
	for _, c := range b {
		h ^= uint64(c) * xxPrime5
		h = bits.RotateLeft64(h, 11) * xxPrime1
	}
	h = (h ^ h>>33) * xxPrime2
	h = (h ^ h>>29) * xxPrime3
	return h ^ h>>32
}

// xxStripes hashes the leading multiple of 32 bytes and gives the rest.
func xxStripes(b []byte) (uint64, []byte) {
	seed1, seed2 := xxPrime1, xxPrime2
	acc := [4]uint64{seed1 + seed2, seed2, 0, -seed1}
	for ; len(b) >= 32; b = b[32:] {
		for i := range acc {
			acc[i] = xxRound(acc[i], binary.LittleEndian.Uint64(b[8*i:]))
		}
	}
	h := bits.RotateLeft64(acc[0], 1) + bits.RotateLeft64(acc[1], 7) + bits.RotateLeft64(acc[2], 12) + bits.RotateLeft64(acc[3], 18)
	for _, a := range acc {
		h = (h^xxRound(0, a))*xxPrime1 + xxPrime4
	}
	return h, b
}

func xxRound(acc, lane uint64) uint64 {
	return bits.RotateLeft64(acc+lane*xxPrime2, 31) * xxPrime1
}
