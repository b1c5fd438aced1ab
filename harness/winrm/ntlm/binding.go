package ntlm

import (
	"crypto"
	"crypto/md5"
	"crypto/x509"
	"encoding/binary"

	_ "crypto/sha256" // the hashes that ChannelBinding uses
	_ "crypto/sha512"
)

// ChannelBinding is the value that ties a logon to the TLS connection whose server
// presented certificate: the MD5 of the GSS-API structure (RFC 2744 section 3.11)
// that holds the tls-server-end-point binding (RFC 5929 section 4).
func ChannelBinding(certificate *x509.Certificate) []byte {
	h := endPointHash(certificate.SignatureAlgorithm).New()
	h.Write(certificate.Raw)
	data := h.Sum([]byte("tls-server-end-point:"))
	structure := make([]byte, 16, 20+len(data)) // no addresses on either side
	structure = binary.LittleEndian.AppendUint32(structure, uint32(len(data)))
	sum := md5.Sum(append(structure, data...))
	return sum[:]
}

// endPointHash is the hash of the certificate's signature, except that MD5 and SHA-1
// (and schemes without a hash of their own) become SHA-256.
func endPointHash(a x509.SignatureAlgorithm) crypto.Hash {
	switch a {
	case x509.SHA384WithRSA, x509.SHA384WithRSAPSS, x509.ECDSAWithSHA384:
		return crypto.SHA384
	case x509.SHA512WithRSA, x509.SHA512WithRSAPSS, x509.ECDSAWithSHA512:
		return crypto.SHA512
	default:
		return crypto.SHA256
	}
}
