package cmd

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-67b27da2/geiger/testdata"
)

// children are the command lines of the programs that a tree would start.
func children(n node) []string {
	switch n := n.(type) {
	case *simple:
		name, args := splitName(n.text)
		if strings.EqualFold(name, "start") {
			_, _, _, line := startOptions(args)
			name, args = splitName(line)
		}
		if name != "" && !isBuiltin(name) {
			return []string{commandLine(name, args)}
		}
	case *silent:
		return children(n.body)
	case *block:
		return children(n.body)
	case *binary:
		list := append(children(n.left), children(n.right)...)
		if n.op == "|" {
			list = append(list, sides(n)...)
		}
		return list
	case *ifCommand:
		return append(children(n.then), children(n.other)...)
	case *forCommand:
		return children(n.body)
	}
	return nil
}

func sides(n *binary) []string {
	var list []string
	for _, side := range []node{n.left, n.right} {
		list = append(list, interpreter+`  /S /D /c" `+side.source()+`"`)
	}
	return list
}

type recordedEvent struct {
	EID  int               `json:"eid"`
	Data map[string]string `json:"data"`
}

// TestRecordedCommandLines checks what cmd.exe gave its children in recorded
// process events: blanks, quotation marks and escapes included.
func TestRecordedCommandLines(t *testing.T) {
	get := variables(map[string]string{"SYSTEMROOT": `C:\Windows`})
	batchFile := regexp.MustCompile(`(?i)\.(bat|cmd)("| |$)`)
	seen := map[string]bool{}
	total, same := 0, 0
	for _, row := range testdata.SharedLines[recordedEvent](t, "telemetry/real_sysmon_sample.jsonl.gz") {
		if row.EID != 1 || !strings.HasSuffix(strings.ToLower(row.Data["ParentImage"]), `\cmd.exe`) || strings.HasSuffix(strings.ToLower(row.Data["Image"]), `\conhost.exe`) {
			continue
		}
		child, parent := strings.ReplaceAll(row.Data["CommandLine"], "%%", "%"), row.Data["ParentCommandLine"]
		options := parseOptions(afterProgram(parent))
		if options.command == nil || seen[parent+"|"+child] {
			continue
		}
		seen[parent+"|"+child] = true
		n, err := parseLine(expandPercent(*options.command, get, nil), nil)
		require.NoError(t, err, parent)
		list := children(n)
		if len(list) == 0 || batchFile.MatchString(list[0]) {
			continue // what an interactive shell or a batch file ran is not in the event
		}
		total++
		if predicted(list, child) {
			same++
		} else {
			t.Logf("parent %q\n  child %q\n  want one of %q", parent, child, list)
		}
	}
	t.Logf("%d of %d recorded command lines", same, total)
	require.Greater(t, total, 200)
	require.GreaterOrEqual(t, float64(same), 0.98*float64(total))
}

func predicted(list []string, child string) bool {
	for _, line := range list {
		// A FOR variable stands for any text.
		pattern := regexp.MustCompile(`%[A-Za-z]\b`).ReplaceAllString(regexp.QuoteMeta(line), ".*")
		if regexp.MustCompile("(?is)^" + pattern + "$").MatchString(child) {
			return true
		}
	}
	return false
}
