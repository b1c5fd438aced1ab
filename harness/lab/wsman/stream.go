package wsman

import (
	"context"
	"io"
	"sync"
)

// broadcast wakes everybody who waits for a state to change. Its methods are called with the state's lock held.
type broadcast struct{ wake chan struct{} }

// changed announces a change.
func (b *broadcast) changed() {
	if b.wake != nil {
		close(b.wake)
		b.wake = nil
	}
}

// next returns a channel that closes at the next change.
func (b *broadcast) next() <-chan struct{} {
	if b.wake == nil {
		b.wake = make(chan struct{})
	}
	return b.wake
}

const (
	maxBufferedOutput = 4 << 20  // bytes that a command may write ahead of its client before it blocks
	maxBufferedInput  = 4 << 20  // bytes that a client may send ahead of its command before Send waits
	maxStreamElement  = 32 << 10 // bytes in one rsp:Stream element
	elementOverhead   = 128      // what the tags of one cost, counted as bytes of output
)

// inputStream is the standard input of a command: Send appends, the process reads.
type inputStream struct {
	mu      sync.Mutex
	changes broadcast
	data    []byte
	ended   bool
}

// Read blocks until there is input or its end.
func (s *inputStream) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.data) == 0 {
		if s.ended {
			return 0, io.EOF
		}
		if len(p) == 0 {
			return 0, nil
		}
		wake := s.changes.next()
		s.mu.Unlock()
		<-wake
		s.mu.Lock()
	}
	n := copy(p, s.data)
	s.data = s.data[n:]
	s.changes.changed()
	return n, nil
}

// send appends input. It waits while the process is far behind, and reports false if expired comes first.
// Input after the end is dropped, as it is when the process has exited.
func (s *inputStream) send(ctx context.Context, data []byte, end bool, expired <-chan struct{}) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.data) >= maxBufferedInput && !s.ended {
		wake := s.changes.next()
		s.mu.Unlock()
		ok := true
		select {
		case <-wake:
		case <-expired:
			ok = false
		case <-ctx.Done():
			ok = false
		}
		s.mu.Lock()
		if !ok {
			return false
		}
	}
	if !s.ended {
		s.data = append(s.data, data...)
		s.ended = end
	}
	s.changes.changed()
	return true
}

// close ends the input and discards what was not read.
func (s *inputStream) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.data, s.ended = nil, true
	s.changes.changed()
}

// chunk is a piece of output. The order of chunks is the order in which the process wrote them.
type chunk struct {
	stream string
	data   []byte
}

// outputQueue holds output until a Receive takes it. It has no lock of its own: the command's covers it.
type outputQueue struct {
	chunks   []chunk
	buffered int
}

// add appends a copy of data.
func (q *outputQueue) add(stream string, data []byte) {
	q.buffered += len(data)
	for len(data) > 0 {
		last := len(q.chunks) - 1
		if last < 0 || q.chunks[last].stream != stream || len(q.chunks[last].data) >= maxStreamElement {
			q.chunks = append(q.chunks, chunk{stream: stream})
			last++
		}
		n := min(len(data), maxStreamElement-len(q.chunks[last].data))
		q.chunks[last].data = append(q.chunks[last].data, data[:n]...)
		data = data[n:]
	}
}

// cost is the room that n bytes in some elements take in a response.
func cost(n, elements int) int { return n + elements*elementOverhead }

// size counts the bytes of the wanted streams, and the elements that they will need.
func (q *outputQueue) size(wanted map[string]bool) (n, elements int) {
	for _, c := range q.chunks {
		if wanted[c.stream] {
			n += len(c.data)
			elements++
		}
	}
	return n, elements
}

// full reports whether the process is so far ahead of its client that it has to wait.
func (q *outputQueue) full() bool { return cost(q.buffered, len(q.chunks)) >= maxBufferedOutput }

// peek returns the oldest output of the wanted streams, up to budget bytes with the tags around it, without taking it.
func (q *outputQueue) peek(wanted map[string]bool, budget int) []chunk {
	var taken []chunk
	for _, c := range q.chunks {
		if !wanted[c.stream] {
			continue
		}
		room := budget - elementOverhead
		if room <= 0 {
			break
		}
		c.data = c.data[:min(len(c.data), room)]
		budget = room - len(c.data)
		taken = append(taken, c)
	}
	return taken
}

// discard removes what peek returned. Output added since then is behind it, in the same or later chunks.
func (q *outputQueue) discard(taken []chunk) {
	sent := make(map[string]int)
	for _, c := range taken {
		sent[c.stream] += len(c.data)
		q.buffered -= len(c.data)
	}
	var kept []chunk
	for _, c := range q.chunks {
		n := min(sent[c.stream], len(c.data))
		sent[c.stream] -= n
		if n < len(c.data) {
			kept = append(kept, chunk{c.stream, c.data[n:]})
		}
	}
	q.chunks = kept
}
