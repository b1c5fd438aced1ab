package wsman

import (
	"fmt"

	"github.com/seed-67b27da2/geiger/harness/lab/wsman/ntlm"
	"github.com/seed-67b27da2/geiger/harness/lab/wsman/spnego"
)

// negotiation is one handshake of the Negotiate scheme (RFC 4559): NTLM messages, bare or inside SPNEGO tokens. The
// server answers in the form that the client chose.
type negotiation struct {
	acceptor *ntlm.Acceptor
	list     []byte // DER of the client's mechanisms; nil: bare NTLM
	needMIC  bool   // NTLM was not the client's first choice, so that the list must be authenticated (RFC 4178 5)
}

// begins reports whether a token starts a handshake, at whatever point of another one it comes.
func begins(token []byte) bool {
	if spnego.IsInit(token) {
		return true
	}
	_, err := ntlm.DecodeNegotiate(token)
	return err == nil
}

// step takes the client's next token and returns the answer. The session is set once the user is
// authenticated; until then the handshake goes on. After an error it is over.
func (n *negotiation) step(token []byte) (reply []byte, session *ntlm.Session, err error) {
	switch {
	case ntlm.IsMessage(token):
		return n.bare(token)
	case spnego.IsInit(token):
		reply, err := n.start(token)
		return reply, nil, err
	default:
		return n.wrapped(token)
	}
}

// bare handles an NTLM message without SPNEGO.
func (n *negotiation) bare(token []byte) ([]byte, *ntlm.Session, error) {
	if begins(token) {
		challenge, err := n.acceptor.Challenge(token)
		return challenge, nil, err
	}
	session, err := n.acceptor.Authenticate(token)
	return nil, session, err
}

// start handles a NegTokenInit. A token for a mechanism that the server does not do is ignored, and the client is
// asked for NTLM.
func (n *negotiation) start(token []byte) ([]byte, error) {
	init, err := spnego.DecodeInit(token)
	if err != nil {
		return nil, err
	}
	if !init.Offers(spnego.NTLM) {
		return nil, fmt.Errorf("%w: the client offers no NTLM", ntlm.ErrUnsupported)
	}
	n.list = init.List
	if !init.Prefers(spnego.NTLM) {
		n.needMIC = true
		return spnego.Resp{State: spnego.RequestMIC, Mechanism: spnego.NTLM}.Encode()
	}
	if init.Token == nil {
		return spnego.Resp{State: spnego.AcceptIncomplete, Mechanism: spnego.NTLM}.Encode()
	}
	return n.challenge(init.Token)
}

func (n *negotiation) challenge(negotiate []byte) ([]byte, error) {
	challenge, err := n.acceptor.Challenge(negotiate)
	if err != nil {
		return nil, err
	}
	return spnego.Resp{State: spnego.AcceptIncomplete, Mechanism: spnego.NTLM, Token: challenge}.Encode()
}

// wrapped handles a NegTokenResp: either of the two NTLM messages of the client.
func (n *negotiation) wrapped(token []byte) ([]byte, *ntlm.Session, error) {
	resp, err := spnego.DecodeResp(token)
	if err != nil {
		return nil, nil, err
	}
	if n.list == nil {
		return nil, nil, fmt.Errorf("%w: NegTokenResp before NegTokenInit", ntlm.ErrSequence)
	}
	if begins(resp.Token) {
		reply, err := n.challenge(resp.Token)
		return reply, nil, err
	}
	session, err := n.acceptor.Authenticate(resp.Token)
	if err != nil {
		return nil, nil, err
	}
	reply, err := n.complete(session, resp.MechanismMIC)
	if err != nil {
		return nil, nil, err
	}
	return reply, session, nil
}

// complete checks the client's MIC of the mechanism list and answers it with the server's (RFC 4178 5).
func (n *negotiation) complete(session *ntlm.Session, mic []byte) ([]byte, error) {
	done := spnego.Resp{State: spnego.AcceptCompleted}
	if mic == nil {
		if n.needMIC {
			return nil, fmt.Errorf("%w: MIC of the mechanism list is missing", ntlm.ErrIntegrity)
		}
		return done.Encode()
	}
	if err := session.VerifyMechanisms(n.list, mic); err != nil {
		return nil, err
	}
	own := session.SignMechanisms(n.list)
	done.MechanismMIC = own[:]
	return done.Encode()
}
