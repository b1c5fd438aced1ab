package wsman

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
)

const (
	pathService  = "/wsman"
	pathIdentify = "/wsman-anon/identify"
)

// serveHTTP is the whole of the service.
func (s *Server) serveHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Server", "Microsoft-HTTPAPI/2.0")
	if s.ctx.Err() != nil {
		empty(w, http.StatusServiceUnavailable)
		return
	}
	ctx, cancel := s.within(r.Context())
	defer cancel()
	r = r.WithContext(ctx)
	switch {
	case r.URL.Path != pathService && r.URL.Path != pathIdentify:
		empty(w, http.StatusNotFound)
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		empty(w, http.StatusMethodNotAllowed)
	case r.URL.Path == pathIdentify:
		s.serveAnonymous(w, r)
	default:
		s.serveAuthenticated(w, r)
	}
}

// empty answers without a body.
func empty(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(status)
}

// maxBody is the most that a request may occupy on the wire: an envelope, with room for the framing of a sealed one.
func (s *Server) maxBody() int64 { return int64(s.quotas.MaxEnvelopeSize) + 8<<10 }

var errTooLarge = errors.New("request exceeds the maximum envelope size")

// readBody reads the whole body, which Negotiate clients send even with messages that will be refused.
func (s *Server) readBody(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, s.maxBody()+1))
	if err != nil {
		return nil, fmt.Errorf("read request: %w", err)
	}
	if int64(len(body)) > s.maxBody() {
		return nil, errTooLarge
	}
	return body, nil
}

// serveAnonymous answers Identify without authentication (DSP0226 11.1).
func (s *Server) serveAnonymous(w http.ResponseWriter, r *http.Request) {
	body, err := s.readBody(r)
	if err != nil || !strings.EqualFold(r.Header.Get("WSMANIDENTIFY"), "unauthenticated") {
		w.Header().Set("Connection", "close")
		empty(w, http.StatusUnauthorized)
		return
	}
	req, err := decodeRequest(body)
	if err != nil || req.Body.Identify == nil {
		empty(w, http.StatusBadRequest)
		return
	}
	s.reply(w, nil, req, s.identify())
}

// serveAuthenticated answers everything else.
func (s *Server) serveAuthenticated(w http.ResponseWriter, r *http.Request) {
	c := connectionOf(r)
	body, err := s.readBody(r)
	if err != nil {
		s.refuseBody(w, err)
		return
	}
	auth := s.authenticate(c, r.Header.Get("Authorization"), len(body) == 0)
	if auth.challenge != "" {
		w.Header().Set("WWW-Authenticate", auth.challenge)
	}
	switch {
	case auth.user == nil && auth.challenge != "":
		empty(w, http.StatusUnauthorized)
	case auth.user == nil:
		s.schemes(w.Header())
		empty(w, http.StatusUnauthorized)
	case len(body) == 0 && auth.fresh:
		empty(w, http.StatusOK)
	case len(body) == 0:
		empty(w, http.StatusBadRequest)
	default:
		s.serveMessage(w, r, c, auth, body)
	}
}

// refuseBody answers a request whose body is too large or broken off. The rest of it is not read, so the connection
// is lost.
func (s *Server) refuseBody(w http.ResponseWriter, err error) {
	w.Header().Set("Connection", "close")
	if !errors.Is(err, errTooLarge) {
		empty(w, http.StatusBadRequest)
		return
	}
	s.reply(w, nil, &request{}, faultResponse(faultEnvelopeTooLarge(s.quotas.MaxEnvelopeSize), s.options.Computer.NetBIOSComputer))
}

// serveMessage opens a message, in the clear or sealed, and answers it in the same form.
func (s *Server) serveMessage(w http.ResponseWriter, r *http.Request, c *connection, auth authentication, body []byte) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err == nil && kind == "multipart/encrypted":
		if !auth.negotiate || !c.session.Confidential() {
			s.schemes(w.Header())
			empty(w, http.StatusUnauthorized)
			return
		}
		if body, err = unseal(c, r.Header.Get("Content-Type"), body); err != nil {
			// The two ends no longer agree about the state of the cipher: the connection is of no more use.
			c.reset(s)
			w.Header().Set("Connection", "close")
			empty(w, http.StatusBadRequest)
			return
		}
		s.serveSOAP(w, r, c, auth.user, true, body)
	case !c.secure && !s.options.AllowUnencrypted:
		s.schemes(w.Header())
		empty(w, http.StatusUnauthorized)
	case err != nil || kind != "application/soap+xml":
		empty(w, http.StatusUnsupportedMediaType)
	default:
		s.serveSOAP(w, r, c, auth.user, false, body)
	}
}

// unseal decrypts the body of a request.
func unseal(c *connection, contentType string, body []byte) ([]byte, error) {
	boundary, err := sealedBoundary(contentType)
	if err != nil {
		return nil, err
	}
	message, err := decodeSealed(boundary, body)
	if err != nil {
		return nil, err
	}
	return c.session.Unseal(message.Ciphertext, message.Signature)
}

// serveSOAP answers a SOAP message of an authenticated user.
func (s *Server) serveSOAP(w http.ResponseWriter, r *http.Request, c *connection, user *account, sealed bool, message []byte) {
	req, err := decodeRequest(message)
	if errors.Is(err, errNotXML) && !sealed {
		empty(w, http.StatusBadRequest)
		return
	}
	op := &operation{server: s, request: req, user: user, client: c.address, host: r.Host, secure: c.secure}
	answer := op.answer(r.Context(), err)
	if !sealed {
		c = nil
	}
	s.reply(w, c, req, answer)
}

// reply writes a response, sealed by the session of a connection unless that is nil.
func (s *Server) reply(w http.ResponseWriter, sealing *connection, req *request, answer *response) {
	if answer.finished != nil {
		defer answer.finished()
	}
	id, err := s.newID()
	if err != nil {
		empty(w, http.StatusInternalServerError)
		return
	}
	body, contentType := answer.render(id, req.MessageID), contentTypeSOAP
	if sealing != nil {
		ciphertext, signature := sealing.session.Seal(body)
		body, contentType = encodeSealed(len(body), sealedMessage{Signature: signature[:], Ciphertext: ciphertext}), contentTypeSealed
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	status := http.StatusOK
	if answer.Fault {
		status = http.StatusInternalServerError
	}
	w.WriteHeader(status)
	if _, err := w.Write(body); err == nil && answer.sent != nil {
		answer.sent()
	}
}
