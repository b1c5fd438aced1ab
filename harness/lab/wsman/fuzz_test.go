package wsman

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/stretchr/testify/require"
)

const sampleMessage = `<?xml version="1.0"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"
 xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" xmlns:rsp="http://schemas.microsoft.com/wbem/wsman/1/windows/shell"><s:Header>
 <w:OptionSet><w:Option Name="WINRS_SKIP_CMD_SHELL">False</w:Option></w:OptionSet><a:Action s:mustUnderstand="true">http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Command</a:Action>
 <w:SelectorSet><w:Selector Name="ShellID">ABC</w:Selector></w:SelectorSet><w:OperationTimeout>PT1M</w:OperationTimeout><a:MessageID>uuid:1</a:MessageID></s:Header>
 <s:Body><rsp:CommandLine CommandId="C"><rsp:Command><![CDATA[a & b]]></rsp:Command><rsp:Arguments>&lt;c&gt;</rsp:Arguments></rsp:CommandLine></s:Body></s:Envelope>`

func checkSample(t *testing.T, message []byte) {
	t.Helper()
	r, err := decodeRequest(message)
	require.NoError(t, err)
	require.Equal(t, actionCommand, r.Action)
	require.Equal(t, "uuid:1", r.MessageID)
	require.Equal(t, "ABC", r.selector("ShellId"))
	require.False(t, r.flag("WINRS_SKIP_CMD_SHELL"))
	require.Equal(t, time.Minute, r.OperationTimeout)
	require.Equal(t, "a & b", *r.Body.Command.Command)
	require.Equal(t, []string{"<c>"}, r.Body.Command.Arguments)
}

func TestDecodeRequestInEveryEncoding(t *testing.T) {
	checkSample(t, []byte(sampleMessage))
	checkSample(t, []byte("\xEF\xBB\xBF"+sampleMessage))
	units := utf16.Encode([]rune("\uFEFF" + strings.Replace(sampleMessage, `"1.0"`, `"1.0" encoding="utf-16"`, 1)))
	var little, big []byte
	for _, unit := range units {
		little = append(little, byte(unit), byte(unit>>8))
		big = append(big, byte(unit>>8), byte(unit))
	}
	checkSample(t, little)
	checkSample(t, big)
	checkSample(t, little[2:]) // without byte order mark
	_, err := decodeRequest(little[:len(little)-1])
	require.ErrorIs(t, err, errNotXML)
}

func TestDurations(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"PT60S": time.Minute, "PT1M30.5S": 90500 * time.Millisecond, "P1D": 24 * time.Hour,
		"P0DT0H20M0S": 20 * time.Minute, "PT0S": 0, "PT7200.000S": 2 * time.Hour,
	} {
		got, err := parseDuration(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "P", "PT", "60", "PT60", "P1Y", "P1M", "-PT5S", "PTS", "PT1S1M", "PT1.2.3S", "P99999999999D", "T5S", "PT5ST"} {
		_, err := parseDuration(text)
		require.Error(t, err, text)
	}
	require.Equal(t, "PT90.500S", formatSeconds(90500*time.Millisecond))
	require.Equal(t, "P1DT2H3M4S", formatClock(26*time.Hour+3*time.Minute+4*time.Second))
}

func FuzzDecodeRequest(f *testing.F) {
	f.Add([]byte(sampleMessage))
	f.Add([]byte("<\x00a\x00"))
	f.Add([]byte(`<!DOCTYPE x><x/>`))
	f.Fuzz(func(t *testing.T, message []byte) {
		r, err := decodeRequest(message)
		require.NotNil(t, r)
		if err != nil {
			require.True(t, errors.Is(err, errNotXML) || errors.Is(err, errSchema), "%v", err)
			return
		}
		require.GreaterOrEqual(t, r.OperationTimeout, time.Duration(0))
		rendered := (&response{Body: "x"}).render("id", r.MessageID)
		require.NoError(t, wellFormed(rendered), "whatever the message ID, the answer is XML")
	})
}

func FuzzDecodeSealed(f *testing.F) {
	plain := encodeSealed(5, sealedMessage{Signature: make([]byte, 16), Ciphertext: []byte("hello")})
	f.Add(defaultBoundary, plain)
	f.Add("x", []byte("--x\r\n"))
	f.Fuzz(func(t *testing.T, boundary string, data []byte) {
		message, err := decodeSealed(boundary, data)
		if err != nil {
			require.ErrorIs(t, err, errSealed)
			return
		}
		again, err := decodeSealed(defaultBoundary, encodeSealed(len(message.Ciphertext), message))
		require.NoError(t, err)
		require.Equal(t, string(message.Ciphertext), string(again.Ciphertext))
		require.Equal(t, string(message.Signature), string(again.Signature))
	})
}

func TestSealedCiphertextMayContainTheBoundary(t *testing.T) {
	ciphertext := []byte("\r\n--Encrypted Boundary--\r\n--Encrypted Boundary\r\n")
	got, err := decodeSealed(defaultBoundary, encodeSealed(len(ciphertext), sealedMessage{Signature: []byte("0123456789abcdef"), Ciphertext: ciphertext}))
	require.NoError(t, err)
	require.Equal(t, string(ciphertext), string(got.Ciphertext))
}

func TestSealedBoundary(t *testing.T) {
	boundary, err := sealedBoundary(contentTypeSealed)
	require.NoError(t, err)
	require.Equal(t, defaultBoundary, boundary)
	boundary, err = sealedBoundary(`multipart/encrypted;protocol="application/http-spnego-session-encrypted"`)
	require.NoError(t, err)
	require.Equal(t, defaultBoundary, boundary)
	for _, contentType := range []string{"", "multipart/encrypted", `multipart/encrypted;protocol="application/HTTP-Kerberos-session-encrypted"`, "text/plain"} {
		_, err := sealedBoundary(contentType)
		require.ErrorIs(t, err, errSealed, contentType)
	}
}
