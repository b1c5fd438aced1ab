package ntlm

import (
	"crypto/md5"
	"crypto/rc4"
	"crypto/subtle"
	"encoding/binary"
	"errors"
)

// SignatureSize is the length in bytes of the signature that goes with a sealed
// message (MS-NLMP 2.2.2.9.2).
const SignatureSize = 16

// ErrSignature says that a sealed message was altered, lost or reordered on the way.
// The session is useless afterwards.
var ErrSignature = errors.New("signature of the sealed message does not match")

// Session seals and unseals the messages of one authenticated connection. It is not
// safe for concurrent use: messages on a connection have an order, and so have their
// sequence numbers.
type Session struct {
	send, receive direction
}

// direction is the running state of one way: RC4 is never reset (MS-NLMP 3.4.3).
type direction struct {
	signKey  []byte
	cipher   *rc4.Cipher
	sequence uint32
}

const (
	clientSign = "session key to client-to-server signing key magic constant\x00"
	clientSeal = "session key to client-to-server sealing key magic constant\x00"
	serverSign = "session key to server-to-client signing key magic constant\x00"
	serverSeal = "session key to server-to-client sealing key magic constant\x00"
)

func newSession(exported []byte) *Session {
	return &Session{
		send:    newDirection(exported, clientSign, clientSeal),
		receive: newDirection(exported, serverSign, serverSeal),
	}
}

func newDirection(exported []byte, sign, seal string) direction {
	return direction{signKey: derive(exported, sign), cipher: cipher(derive(exported, seal))}
}

func derive(key []byte, magic string) []byte {
	sum := md5.Sum(append(append([]byte{}, key...), magic...))
	return sum[:]
}

// Seal encrypts message and returns its signature and the ciphertext, which has the
// message's length.
func (s *Session) Seal(message []byte) (signature, sealed []byte) {
	sealed = make([]byte, len(message))
	s.send.cipher.XORKeyStream(sealed, message)
	return s.send.sign(message), sealed
}

// Unseal decrypts what the host sealed and checks its signature. The error is
// [ErrSignature].
func (s *Session) Unseal(signature, sealed []byte) ([]byte, error) {
	message := make([]byte, len(sealed))
	s.receive.cipher.XORKeyStream(message, sealed)
	if subtle.ConstantTimeCompare(s.receive.sign(message), signature) != 1 {
		return nil, ErrSignature
	}
	return message, nil
}

// sign computes the signature of the next message. The checksum is encrypted with
// the same running cipher, after the message: the order is part of the protocol.
func (d *direction) sign(message []byte) []byte {
	sequence := binary.LittleEndian.AppendUint32(nil, d.sequence)
	d.sequence++
	checksum := mac(d.signKey, sequence, message)[:8]
	d.cipher.XORKeyStream(checksum, checksum)
	out := append([]byte{1, 0, 0, 0}, checksum...)
	return append(out, sequence...)
}
