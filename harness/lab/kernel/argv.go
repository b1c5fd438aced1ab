package kernel

import "strings"

// CommandLineToArgv splits a command line as the C run-time library does for
// main: blanks separate, quotes group, 2n backslashes before a quote are n
// backslashes, 2n+1 are n and a literal quote, and a doubled quote inside quotes
// is one. In the first word backslashes mean nothing.
func CommandLineToArgv(line string) []string {
	program, rest := cutProgram(line)
	if program == "" && rest == "" {
		return nil
	}
	args := []string{program}
	for {
		rest = strings.TrimLeft(rest, " \t")
		if rest == "" {
			return args
		}
		var arg string
		arg, rest = cutArgument(rest)
		args = append(args, arg)
	}
}

// cutProgram takes the first word of a command line, without its quotes.
func cutProgram(line string) (program, rest string) {
	var out strings.Builder
	quoted := false
	for i := range len(line) {
		switch c := line[i]; {
		case c == '"':
			quoted = !quoted
		case (c == ' ' || c == '\t') && !quoted:
			return out.String(), line[i:]
		default:
			out.WriteByte(c)
		}
	}
	return out.String(), ""
}

func cutArgument(s string) (arg, rest string) {
	var out strings.Builder
	quoted := false
	for i := 0; i < len(s); {
		slashes := 0
		for i+slashes < len(s) && s[i+slashes] == '\\' {
			slashes++
		}
		i += slashes
		if i < len(s) && s[i] == '"' {
			out.WriteString(strings.Repeat(`\`, slashes/2))
			switch {
			case slashes%2 == 1:
				out.WriteByte('"')
			case quoted && i+1 < len(s) && s[i+1] == '"':
				out.WriteByte('"')
				i++
			default:
				quoted = !quoted
			}
			i++
			continue
		}
		out.WriteString(strings.Repeat(`\`, slashes))
		if i == len(s) {
			break
		}
		if (s[i] == ' ' || s[i] == '\t') && !quoted {
			return out.String(), s[i:]
		}
		out.WriteByte(s[i])
		i++
	}
	return out.String(), ""
}

// JoinArgv quotes arguments so that [CommandLineToArgv] splits them again.
func JoinArgv(args ...string) string {
	quoted := make([]string, len(args))
	for i, arg := range args {
		quoted[i] = QuoteArg(arg)
	}
	return strings.Join(quoted, " ")
}

// QuoteArg quotes one argument where it needs quotes.
func QuoteArg(arg string) string {
	if arg != "" && !strings.ContainsAny(arg, " \t\n\v\"") {
		return arg
	}
	var out strings.Builder
	out.WriteByte('"')
	slashes := 0
	for i := range len(arg) {
		switch arg[i] {
		case '\\':
			slashes++
		case '"':
			out.WriteString(strings.Repeat(`\`, slashes+1))
			slashes = 0
		default:
			slashes = 0
		}
		out.WriteByte(arg[i])
	}
	out.WriteString(strings.Repeat(`\`, slashes))
	out.WriteByte('"')
	return out.String()
}
