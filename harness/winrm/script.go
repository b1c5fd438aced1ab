package winrm

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf16"
)

// The scripts are ordinary Windows PowerShell 5.1. Each takes one argument, an
// object, and writes one JSON object.
//
//go:embed scripts/*.ps1
var scripts embed.FS

// powershell runs the bootstrap. With -InputFormat None the shell leaves standard input
// to the script; otherwise it reads lines from it at the same time, for $input, and
// which of the two gets the first line is a matter of luck.
const powershell = "powershell.exe -NoLogo -NoProfile -NonInteractive -ExecutionPolicy Bypass" +
	" -InputFormat None -OutputFormat Text -EncodedCommand "

// maxCommandLine is what cmd.exe takes.
const maxCommandLine = 8191

func readScript(name string) (string, error) {
	text, err := scripts.ReadFile("scripts/" + name + ".ps1")
	return string(text), err
}

// bootstrapLine is the command line that every script is run with: it is constant and
// reads the script from standard input.
func bootstrapLine() (string, error) {
	text, err := readScript("bootstrap")
	if err != nil {
		return "", err
	}
	line := powershell + encodedCommand(text)
	if len(line) > maxCommandLine {
		return "", fmt.Errorf("bootstrap takes %d characters of command line, cmd.exe allows %d", len(line), maxCommandLine)
	}
	return line, nil
}

// encodedCommand is text as powershell.exe's -EncodedCommand takes it: UTF-16LE in base64.
func encodedCommand(text string) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		b = binary.LittleEndian.AppendUint16(b, unit)
	}
	return base64.StdEncoding.EncodeToString(b)
}

// scriptInput is what the bootstrap reads: a line with the SHA-256 of script and
// argument, then each of them compressed and in base64, on a line of its own.
func scriptInput(script string, argument any) ([]byte, error) {
	arguments, err := json.Marshal(argument)
	if err != nil {
		return nil, fmt.Errorf("encoding the script's argument: %w", err)
	}
	sum := sha256.Sum256(append([]byte(script), arguments...))
	lines := []string{strings.ToUpper(hex.EncodeToString(sum[:])), pack([]byte(script)), pack(arguments)}
	return []byte(strings.Join(lines, "\n") + "\n"), nil
}

// pack compresses into base64. Writing to memory does not fail.
func pack(data []byte) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(data)
	_ = w.Close()
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

// scriptTimeout is how long a script may run that only looks or tidies up. Collecting a
// page from a slow host takes a minute at most.
const scriptTimeout = 10 * time.Minute

// script runs a bundled script with an argument, for at most limit. What it writes to
// standard output goes to stdout; a script that fails is a [ScriptError].
func (t *Target) script(ctx context.Context, limit time.Duration, name string, argument any, stdout io.Writer) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, &TimeoutError{Operation: "script " + name, After: limit})
	defer cancel()
	text, err := readScript(name)
	if err != nil {
		return err
	}
	input, err := scriptInput(text, argument)
	if err != nil {
		return err
	}
	var stderr bytes.Buffer
	exit, err := t.shells.run(ctx, invocation{line: t.bootstrap, input: input, stdout: stdout, stderr: &stderr})
	if err != nil {
		return err
	}
	if exit != 0 {
		return &ScriptError{Script: name, ExitCode: exit, Stderr: strings.TrimSpace(decodeStderr(decodeText(stderr.Bytes())))}
	}
	return nil
}

// scriptJSON runs a script and decodes the JSON object that it writes. It returns when
// the beginning of that arrived.
func (t *Target) scriptJSON(ctx context.Context, limit time.Duration, name string, argument, result any) (arrived time.Time, err error) {
	output := stampedBuffer{now: t.config.Now}
	if err := t.script(ctx, limit, name, argument, &output); err != nil {
		return time.Time{}, err
	}
	text := decodeText(output.Bytes())
	if err := json.Unmarshal([]byte(strings.TrimSpace(text)), result); err != nil {
		return time.Time{}, &ProtocolError{What: fmt.Sprintf("script %s wrote something other than its result (%s)", name, excerpt(text)), Err: err}
	}
	return output.first, nil
}

// stampedBuffer is a buffer that notes when it was first written to.
type stampedBuffer struct {
	bytes.Buffer
	now   func() time.Time
	first time.Time
}

func (b *stampedBuffer) Write(p []byte) (int, error) {
	if b.first.IsZero() && len(p) > 0 {
		b.first = b.now()
	}
	return b.Buffer.Write(p)
}
