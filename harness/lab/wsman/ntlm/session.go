package ntlm

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/rc4"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
)

// SignatureSize is the length in bytes of an NTLMSSP_MESSAGE_SIGNATURE (MS-NLMP 2.2.2.9).
const SignatureSize = 16

// Session is an authenticated security context. It is bound to one connection and keeps a cipher
// state per direction, so messages must be sealed and unsealed in the order in which they travel. It is
// not safe for concurrent use.
type Session struct {
	User        string // as the client wrote it
	Domain      string
	Workstation string

	flags    Flags
	incoming direction // client to server
	outgoing direction // server to client
}

// newSession derives the keys of both directions (MS-NLMP 3.4.5).
func newSession(message Authenticate, flags Flags, exportedKey []byte) *Session {
	return &Session{
		User: message.User, Domain: message.Domain, Workstation: message.Workstation,
		flags:    flags,
		incoming: newDirection(exportedKey, flags, "client-to-server"),
		outgoing: newDirection(exportedKey, flags, "server-to-client"),
	}
}

// Confidential reports whether client and server agreed to seal messages.
func (s *Session) Confidential() bool {
	return s.flags.Has(NegotiateSeal | NegotiateExtendedSessionSecurity)
}

// Seal encrypts and signs a message to the client (MS-NLMP 3.4.3, SEAL).
func (s *Session) Seal(message []byte) (sealed []byte, signature [SignatureSize]byte) {
	sealed = make([]byte, len(message))
	s.outgoing.cipher.XORKeyStream(sealed, message)
	return sealed, s.outgoing.sign(message)
}

// Unseal decrypts and verifies a message from the client. After an error the session is useless, because
// the two ends no longer agree about the cipher state.
func (s *Session) Unseal(sealed, signature []byte) ([]byte, error) {
	message := make([]byte, len(sealed))
	s.incoming.cipher.XORKeyStream(message, sealed)
	if err := s.incoming.verify(message, signature); err != nil {
		return nil, err
	}
	return message, nil
}

// SignMechanisms signs the mechanism list of a SPNEGO negotiation, and VerifyMechanisms verifies the client's
// signature of it. Each consumes a sequence number but leaves the cipher state as it was, so that
// the first message of the application starts from the same state (MS-SPNG 3.3.5.1).
func (s *Session) SignMechanisms(list []byte) [SignatureSize]byte {
	mac := s.outgoing.sign(list)
	s.outgoing.rewind()
	return mac
}

// VerifyMechanisms is the counterpart of [Session.SignMechanisms].
func (s *Session) VerifyMechanisms(list, mac []byte) error {
	err := s.incoming.verify(list, mac)
	s.incoming.rewind()
	return err
}

// direction is the state of one direction of a session.
type direction struct {
	signKey, sealKey []byte
	cipher           *rc4.Cipher
	encryptMAC       bool // with key exchange, the checksum is encrypted too
	sequence         uint32
}

func newDirection(exportedKey []byte, flags Flags, name string) direction {
	d := direction{
		signKey:    magicKey(exportedKey, name, "signing"),
		sealKey:    magicKey(sealingStrength(exportedKey, flags), name, "sealing"),
		encryptMAC: flags.Has(NegotiateKeyExchange),
	}
	d.rewind()
	return d
}

// magicKey is SIGNKEY and SEALKEY of MS-NLMP 3.4.5.2 and 3.4.5.3.
func magicKey(key []byte, direction, purpose string) []byte {
	digest := md5.New()
	digest.Write(key)
	digest.Write([]byte("session key to " + direction + " " + purpose + " key magic constant\x00"))
	return digest.Sum(nil)
}

// sealingStrength shortens the key to what was negotiated: 128, 56 or 40 bits.
func sealingStrength(key []byte, flags Flags) []byte {
	switch {
	case flags.Has(Negotiate128):
		return key
	case flags.Has(Negotiate56):
		return key[:7]
	default:
		return key[:5]
	}
}

// rewind puts the cipher back to its first state.
func (d *direction) rewind() {
	cipher, err := rc4.NewCipher(d.sealKey)
	if err != nil {
		panic("ntlm: an MD5 digest is always a valid RC4 key: " + err.Error())
	}
	d.cipher = cipher
}

// sign returns the signature of a message and advances the sequence number (MS-NLMP 3.4.4.2). The
// message itself has gone through the cipher before its checksum does.
func (d *direction) sign(message []byte) (mac [SignatureSize]byte) {
	binary.LittleEndian.PutUint32(mac[0:], 1) // version
	binary.LittleEndian.PutUint32(mac[12:], d.sequence)
	digest := hmac.New(md5.New, d.signKey)
	digest.Write(mac[12:])
	digest.Write(message)
	copy(mac[4:12], digest.Sum(nil))
	if d.encryptMAC {
		d.cipher.XORKeyStream(mac[4:12], mac[4:12])
	}
	d.sequence++
	return mac
}

// verify checks the signature of the next message.
func (d *direction) verify(message, mac []byte) error {
	number := d.sequence
	want := d.sign(message)
	if subtle.ConstantTimeCompare(want[:], mac) != 1 {
		return fmt.Errorf("%w: signature of message %d", ErrIntegrity, number)
	}
	return nil
}
