package spnego_test

import (
	"encoding/hex"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/harness/lab/wsman/spnego"
)

func TestInitRoundTrip(t *testing.T) {
	sent := spnego.Init{Mechanisms: []spnego.Mechanism{spnego.Kerberos, spnego.NTLM}, Token: []byte("first"), MechanismMIC: []byte("mic")}
	encoded, err := sent.Encode()
	require.NoError(t, err)
	require.True(t, spnego.IsInit(encoded))

	got, err := spnego.DecodeInit(encoded)
	require.NoError(t, err)
	require.True(t, got.Offers(spnego.NTLM))
	require.True(t, got.Prefers(spnego.Kerberos))
	require.False(t, got.Prefers(spnego.NTLM))
	// SEQUENCE OF the two object identifiers, DER (X.690 8.19).
	require.Equal(t, "301706092a864886f712010202060a2b06010401823702020a", hex.EncodeToString(got.List))
	got.List = nil
	require.Empty(t, cmp.Diff(&sent, got))
}

// The token that RFC 4178 clients with NTLM alone send, octet by octet after X.690.
func TestDecodeInitOctets(t *testing.T) {
	token, err := hex.DecodeString("6024" + "06062b0601050502" + "a01a" + "3018" +
		"a00e" + "300c" + "060a2b06010401823702020a" +
		"a206" + "0404" + "4e544c4d")
	require.NoError(t, err)
	got, err := spnego.DecodeInit(token)
	require.NoError(t, err)
	require.Equal(t, []spnego.Mechanism{spnego.NTLM}, got.Mechanisms)
	require.Equal(t, "NTLM", string(got.Token))
}

func TestRespRoundTrip(t *testing.T) {
	for name, sent := range map[string]spnego.Resp{
		"challenge":  {State: spnego.AcceptIncomplete, Mechanism: spnego.NTLM, Token: []byte("challenge")},
		"completed":  {State: spnego.AcceptCompleted, MechanismMIC: []byte("mic")},
		"no state":   {State: spnego.NoState, Token: []byte("authenticate")},
		"reject":     {State: spnego.Reject},
		"wanted MIC": {State: spnego.RequestMIC, Mechanism: spnego.NTLM},
	} {
		t.Run(name, func(t *testing.T) {
			encoded, err := sent.Encode()
			require.NoError(t, err)
			got, err := spnego.DecodeResp(encoded)
			require.NoError(t, err)
			require.Empty(t, cmp.Diff(&sent, got))
		})
	}
}

func TestRespOctets(t *testing.T) {
	encoded, err := spnego.Resp{State: spnego.AcceptCompleted}.Encode()
	require.NoError(t, err)
	require.Equal(t, "a1073005a0030a0100", hex.EncodeToString(encoded))
}

func TestDecodeRefusesGarbage(t *testing.T) {
	for name, token := range map[string]string{
		"empty":             "",
		"not DER":           "6080",
		"other frame":       "600d06092a864886f712010202a000",
		"response as first": "a1073005a0030a0100",
		"trailing bytes":    "600a06062b0601050502a00000ff",
		"no list":           "600c06062b0601050502a0023000",
	} {
		t.Run(name, func(t *testing.T) {
			b, err := hex.DecodeString(token)
			require.NoError(t, err)
			_, err = spnego.DecodeInit(b)
			require.ErrorIs(t, err, spnego.ErrMalformed)
		})
	}
	_, err := spnego.DecodeResp([]byte{0xa0, 0})
	require.ErrorIs(t, err, spnego.ErrMalformed)
	_, err = spnego.Resp{Mechanism: "1.x"}.Encode()
	require.Error(t, err)
}

// FuzzDecode checks that no token from outside makes the decoders panic, and that what they accept survives a round trip.
func FuzzDecode(f *testing.F) {
	init, err := spnego.Init{Mechanisms: []spnego.Mechanism{spnego.NTLM}, Token: []byte("token")}.Encode()
	require.NoError(f, err)
	resp, err := spnego.Resp{State: spnego.AcceptIncomplete, Mechanism: spnego.NTLM, Token: []byte("token")}.Encode()
	require.NoError(f, err)
	f.Add(init)
	f.Add(resp)
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = spnego.DecodeInit(b)
		first, err := spnego.DecodeResp(b)
		if err != nil {
			return
		}
		encoded, err := first.Encode()
		if err != nil {
			return // an object identifier with arcs beyond what the encoder takes
		}
		second, err := spnego.DecodeResp(encoded)
		require.NoError(t, err)
		require.Equal(t, string(first.Token), string(second.Token))
		require.Equal(t, first.Mechanism, second.Mechanism)
	})
}
