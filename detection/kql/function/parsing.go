package function

import (
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

func parsingFunctions() []Function {
	return []Function{
		{Name: "parse_url", Aliases: []string{"parseurl"}, Signatures: []string{"- bag{Scheme:string,Host:string,Port:string,Path:string,Username:string,Password:string,Query%20Parameters:dynamic,Fragment:string} url:string"}, Doc: "parse-url-function", Call: onParsed(parseURL)},
		{Name: "parse_urlquery", Aliases: []string{"parseurlquery"}, Signatures: []string{"- bag{Query%20Parameters:dynamic} query:string"}, Doc: "parse-urlquery-function", Call: onParsed(parseURLQuery)},
		{Name: "parse_path", Signatures: []string{"- bag{Scheme:string,RootPath:string,DirectoryPath:string,DirectoryName:string,Filename:string,Extension:string,AlternateDataStreamName:string} path:string"}, Doc: "parse-path-function", Call: onParsed(parsePath)},
		{Name: "parse_command_line", Signatures: []string{"- array<string> command:Scalar parser:string"}, Doc: "parse-command-line-function", Call: parseCommandLine},
		{Name: "parse_csv", Signatures: []string{"first array csv_text:StringOrDynamic"}, Doc: "parse-csv-function", Call: onParsed(parseCSV)},
		{Name: "parse_xml", Signatures: []string{"first bag xml_text:StringOrDynamic"}, Doc: "parse-xml-function", Call: parseXML},
		{Name: "parse_version", Signatures: []string{"- decimal version:string"}, Doc: "parse-version-function", Call: parseVersion},
		{Name: "parse_user_agent", Signatures: []string{"- bag{Browser:bag{Family:string,MajorVersion:string,MinorVersion:string,Patch:string},OperatingSystem:bag{Family:string,MajorVersion:string,MinorVersion:string,Patch:string,PatchMinor:string},Device:bag{Family:string,Brand:string,Model:string}} user_agent:string look_for:StringOrArray?"}, Doc: "parse-user-agent-function", Call: parseUserAgent},
		{Name: "extract_json", Aliases: []string{"extractjson"}, Signatures: []string{
			"- string jsonPath:string/Constant jsonText:string",
			"- literaln jsonPath:string/Constant jsonText:string type:type/Literal",
		}, Doc: "extract-json-function", Call: extractJSON},
	}
}

func onParsed(f func(string) any) Call {
	return func(_ *Invocation, args []value.Value) value.Value { return value.NewDynamic(f(text(args[0]))) }
}

// parseURL splits scheme://[user:password@]host[:port][/path][?query][#fragment]. A
// text without a scheme has only empty parts; a user without a password stays in Host.
func parseURL(s string) any {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok {
		scheme, rest = "", ""
	}
	rest, fragment, _ := strings.Cut(rest, "#")
	rest, query, _ := strings.Cut(rest, "?")
	host, path := rest, ""
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		host, path = rest[:i], rest[i:]
	}
	var user, password, port string
	if at := strings.LastIndexByte(host, '@'); at >= 0 && strings.Contains(host[:at], ":") {
		user, password, _ = strings.Cut(host[:at], ":")
		host = host[at+1:]
	}
	if i := strings.LastIndexByte(host, ':'); i >= 0 && isDigits(host[i+1:]) {
		host, port = host[:i], host[i+1:]
	}
	if path == "/" {
		path = ""
	}
	b := value.NewBag()
	b.Set("Scheme", scheme)
	b.Set("Host", host)
	b.Set("Port", port)
	b.Set("Path", path)
	b.Set("Username", user)
	b.Set("Password", password)
	b.Set("Query Parameters", queryParameters(query))
	b.Set("Fragment", fragment)
	return b
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

func queryParameters(query string) *value.Bag {
	b := value.NewBag()
	if query == "" {
		return b
	}
	for pair := range strings.SplitSeq(query, "&") {
		k, v, _ := strings.Cut(pair, "=")
		b.Set(k, v)
	}
	return b
}

func parseURLQuery(s string) any {
	b := value.NewBag()
	b.Set("Query Parameters", queryParameters(strings.TrimPrefix(s, "?")))
	return b
}

func parseCommandLine(_ *Invocation, args []value.Value) value.Value {
	return value.NewDynamic(commandLineArguments(text(args[0])))
}

// parsePath splits a file path or URI.
func parsePath(s string) any {
	var scheme, root, stream string
	directory, file := "", s
	if before, after, ok := strings.Cut(s, "://"); ok {
		scheme, s = before, after
	}
	file = s
	if i := strings.LastIndexAny(s, `\/`); i >= 0 {
		directory, file = s[:i], s[i+1:]
	}
	if len(directory) >= 2 && directory[1] == ':' || len(s) >= 2 && s[1] == ':' {
		root = s[:min(3, len(s))]
	}
	if name, after, ok := strings.Cut(file, ":"); ok && (root == "" || directory != "") {
		file, stream = name, after
	}
	parent := directory
	if i := strings.LastIndexAny(directory, `\/`); i >= 0 {
		parent = directory[i+1:]
	}
	extension := ""
	if i := strings.LastIndexByte(file, '.'); i >= 0 {
		extension = file[i+1:]
	}
	b := value.NewBag()
	b.Set("Scheme", scheme)
	b.Set("RootPath", root)
	b.Set("DirectoryPath", directory)
	b.Set("DirectoryName", parent)
	b.Set("Filename", file)
	b.Set("Extension", extension)
	b.Set("AlternateDataStreamName", stream)
	return b
}

// commandLineArguments splits a Windows command line by the rules of the C runtime:
// blanks separate outside quotes, 2n backslashes before a quote are n, one more makes
// the quote literal, a doubled quote inside quotes is one.
func commandLineArguments(s string) []any {
	args := []any{}
	for i := 0; ; {
		for i < len(s) && (s[i] == ' ' || s[i] == '\t') {
			i++
		}
		if i >= len(s) {
			return args
		}
		var arg string
		arg, i = nextArgument(s, i)
		args = append(args, arg)
	}
}

func nextArgument(s string, i int) (string, int) {
	var out strings.Builder
	quoted := false
	for ; i < len(s) && (quoted || s[i] != ' ' && s[i] != '\t'); i++ {
		switch s[i] {
		case '\\':
			n := 1
			for i+n < len(s) && s[i+n] == '\\' {
				n++
			}
			i += n - 1
			if i+1 >= len(s) || s[i+1] != '"' {
				out.WriteString(strings.Repeat(`\`, n))
				continue
			}
			out.WriteString(strings.Repeat(`\`, n/2))
			if n%2 == 1 {
				out.WriteByte('"')
				i++
			}
		case '"':
			if quoted && i+1 < len(s) && s[i+1] == '"' {
				out.WriteByte('"')
				i++
				continue
			}
			quoted = !quoted
		default:
			out.WriteByte(s[i])
		}
	}
	return out.String(), i
}

// parseVersion makes one number of up to four parts of up to eight digits, for comparison.
func parseVersion(c *Invocation, args []value.Value) value.Value {
	parts := strings.Split(text(args[0]), ".")
	if len(parts) > 4 {
		return c.Null()
	}
	var digits strings.Builder
	for i := range 4 {
		n := uint64(0)
		if i < len(parts) {
			var err error
			if n, err = strconv.ParseUint(strings.TrimSpace(parts[i]), 10, 64); err != nil || n > 99999999 {
				return c.Null()
			}
		}
		fmt.Fprintf(&digits, "%08d", n)
	}
	return value.Convert(value.NewString(digits.String()), value.Decimal)
}

// parseCSV gives the fields of the first record.
func parseCSV(s string) any {
	r := csv.NewReader(strings.NewReader(s))
	r.LazyQuotes = true
	r.FieldsPerRecord = -1
	record, err := r.Read()
	if err != nil {
		return []string{""}
	}
	return record
}

// extractJSON is extract_json(path, text [, typeof]).
func extractJSON(c *Invocation, args []value.Value) value.Value {
	x := args[1].Dynamic()
	if args[1].Type() == value.String {
		var err error
		if x, err = value.ParseJSON(text(args[1])); err != nil {
			return c.Null()
		}
	}
	steps, ok := jsonPath(text(args[0]))
	if !ok {
		return c.Fail("JSON path %q is not supported", text(args[0]))
	}
	v := value.NewDynamic(x)
	for _, step := range steps {
		v = v.Element(step)
	}
	return value.Convert(v, c.Result)
}

// jsonPath reads $.a.b[0]['c'].
func jsonPath(path string) ([]value.Value, bool) {
	rest, ok := strings.CutPrefix(path, "$")
	if !ok {
		return nil, false
	}
	var steps []value.Value
	for rest != "" {
		switch rest[0] {
		case '.':
			end := strings.IndexAny(rest[1:], ".[")
			if end < 0 {
				end = len(rest) - 1
			}
			steps, rest = append(steps, value.NewString(rest[1:1+end])), rest[1+end:]
		case '[':
			end := strings.IndexByte(rest, ']')
			if end < 0 {
				return nil, false
			}
			step, ok := jsonIndex(rest[1:end])
			if !ok {
				return nil, false
			}
			steps, rest = append(steps, step), rest[end+1:]
		default:
			return nil, false
		}
	}
	return steps, true
}

func jsonIndex(s string) (value.Value, bool) {
	if len(s) >= 2 && (s[0] == '\'' || s[0] == '"') && s[len(s)-1] == s[0] {
		return value.NewString(s[1 : len(s)-1]), true
	}
	n, err := strconv.Atoi(s)
	return value.NewLong(int64(n)), err == nil
}
