package host

import (
	"hash/fnv"
	"math/rand/v2"
	"sync"
	"time"
)

// Rand is a seeded source of randomness, safe for concurrent use. Each purpose
// takes a stream of its own, so that more noise does not change what an
// unrelated process does.
type Rand struct {
	seed uint64
	mu   sync.Mutex
	rng  *rand.Rand
}

// NewRand returns the root stream of a seed.
func NewRand(seed uint64) *Rand {
	return &Rand{seed: seed, rng: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))}
}

// Stream returns the independent stream called name. Two calls with the same
// name return streams that start alike.
func (r *Rand) Stream(name string) *Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	return NewRand(r.seed ^ h.Sum64())
}

// Uint64 returns 64 random bits.
func (r *Rand) Uint64() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.rng.Uint64()
}

// IntN returns a number in [0, n); n must be positive.
func (r *Rand) IntN(n int) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.rng.IntN(n)
}

// Float64 returns a number in [0, 1).
func (r *Rand) Float64() float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.rng.Float64()
}

// Chance reports true with probability p.
func (r *Rand) Chance(p float64) bool { return r.Float64() < p }

// Between returns a duration in [low, high].
func (r *Rand) Between(low, high time.Duration) time.Duration {
	if high <= low {
		return low
	}
	return low + time.Duration(r.Float64()*float64(high-low))
}

// Lag returns a delay with the given median and a long tail: about one value in
// ten is several times the median, as log writers show it.
func (r *Rand) Lag(median time.Duration) time.Duration {
	u := r.Float64()
	if u < 0.5 {
		return time.Duration(float64(median) * (0.2 + 1.6*u))
	}
	return time.Duration(float64(median) * (1 + 0.5*(1/(1.02-u)-1/0.52)))
}

// Text returns n characters of the given alphabet.
func (r *Rand) Text(alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(b)
}
