package powershell

import (
	"encoding/base64"
	"encoding/hex"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
)

type (
	values  = map[string]func(in *interp) any
	methods = map[string]method
	names   = map[string]int64
)

// staticTable lists the types that scripts can name.
func staticTable() []*static {
	var all []*static
	for _, family := range [][]*static{coreStatics(), fileStatics(), streamStatics(), textStatics(), securityStatics(), diagnosticStatics(), eventStatics(), xmlStatics(), secretStatics()} {
		all = append(all, family...)
	}
	return all
}

// one adapts a function of one argument.
func one(f func(in *interp, arg any) (any, error)) method {
	return func(in *interp, _ any, args []any) (any, error) {
		if len(args) == 0 {
			return nil, exception("System.ArgumentException", "Cannot find an overload with the argument count: \"0\".")
		}
		return f(in, args[0])
	}
}

func coreStatics() []*static {
	return []*static{
		{name: "System.Convert", methods: convertMethods()},
		{name: "System.Math", methods: mathMethods(), values: values{"PI": func(*interp) any { return math.Pi }, "E": func(*interp) any { return math.E }}},
		{name: "System.DateTime", values: values{
			"Now": func(in *interp) any { return in.now().In(localZone()) }, "UtcNow": func(in *interp) any { return in.now().UTC() },
			"Today":    func(in *interp) any { return in.now().In(localZone()).Truncate(24 * time.Hour) },
			"MinValue": func(*interp) any { return time.Time{} }, "MaxValue": func(*interp) any { return time.Date(9999, 12, 31, 23, 59, 59, 999999900, time.UTC) },
		}, methods: methods{
			"fromfiletimeutc": one(func(_ *interp, v any) (any, error) {
				n, _ := integer(v)
				return ticksTime(n + 504911232000000000).UTC(), nil
			}),
			"parseexact": one(func(in *interp, v any) (any, error) { return in.cast(v, &TypeRef{name: "System.DateTime"}) }),
		}},
		{name: "System.TimeSpan", values: values{"Zero": func(*interp) any { return time.Duration(0) }}, methods: spanStatics()},
		{name: "System.IntPtr", values: values{"Size": func(in *interp) any { return int32(in.p.Bits / 8) }, "Zero": func(*interp) any { return int64(0) }}}, //nolint:gosec // 4 or 8
		{
			name: "System.Guid", values: values{"Empty": func(*interp) any { return guidObject("00000000-0000-0000-0000-000000000000") }},
			methods: methods{"newguid": func(in *interp, _ any, _ []any) (any, error) { return guidObject(in.newGUID()), nil }},
		},
		{name: "System.Environment", values: environmentValues(), methods: environmentMethods()},
		{name: "System.Console", values: consoleValues(), methods: consoleMethods()},
		{name: "System.Array", methods: methods{"reverse": one(func(in *interp, v any) (any, error) { return in.call(v, "Reverse", nil) })}},
		{name: "System.GC", methods: methods{"collect": nothing, "waitforpendingfinalizers": nothing}},
		{name: "System.Threading.Thread", methods: methods{"sleep": one(func(in *interp, v any) (any, error) {
			n, _ := number(v)
			return void{}, in.sleep(time.Duration(n) * time.Millisecond)
		})}},
		{name: "System.Management.Automation.ScriptBlock", methods: methods{"create": one(func(in *interp, v any) (any, error) { return in.compile(in.str(v), "") })}},
		{name: "System.StringComparison", enum: names{"CurrentCulture": 0, "CurrentCultureIgnoreCase": 1, "InvariantCulture": 2, "InvariantCultureIgnoreCase": 3, "Ordinal": 4, "OrdinalIgnoreCase": 5}},
		{name: "System.StringSplitOptions", enum: names{"None": 0, "RemoveEmptyEntries": 1}},
		{name: "System.Net.SecurityProtocolType", enum: names{"Ssl3": 48, "Tls": 192, "Tls11": 768, "Tls12": 3072}},
		{name: "System.Net.ServicePointManager", values: values{"SecurityProtocol": func(*interp) any { return "Tls, Tls11, Tls12" }}, methods: methods{"set_securityprotocol": nothing}},
		{name: "System.Net.WebClient", create: newWebClient},
		{name: "System.Net.Dns", methods: methods{"gethostname": func(in *interp, _ any, _ []any) (any, error) { return in.k.Host().Name, nil }}},
		{name: "System.DayOfWeek", enum: names{"Sunday": 0, "Monday": 1, "Tuesday": 2, "Wednesday": 3, "Thursday": 4, "Friday": 5, "Saturday": 6}},
		{name: "System.Random", create: func(_ *interp, _ any, _ []any) (any, error) {
			return newObject(&class{name: "System.Random", methods: methods{"next": func(in *interp, _ any, args []any) (any, error) {
				low, high := 0, math.MaxInt32
				if len(args) > 0 {
					high, _ = in.int(args[len(args)-1])
				}
				if len(args) > 1 {
					low, _ = in.int(args[0])
				}
				return int32(low + in.rand.IntN(max(1, high-low))), nil //nolint:gosec // an Int32 by its bounds
			}}}, nil), nil
		}},
	}
}

func (in *interp) now() time.Time { return in.k.Host().Clock.Now().Truncate(100) }

// sleep lets time pass. Processes that were started before do their work in it, as far as that takes no longer.
func (in *interp) sleep(d time.Duration) error {
	in.out.flush()
	in.letGo()
	clock := in.k.Host().Clock
	end := clock.Now().Add(d)
	for len(in.started) > 0 && in.waitProcess(in.started[0], int(max(0, end.Sub(clock.Now()))/time.Millisecond)) {
		in.started = in.started[1:]
	}
	return clock.Sleep(in.ctx, end.Sub(clock.Now()))
}

func (in *interp) newGUID() string {
	b := make([]byte, 16)
	for i := range b {
		b[i] = byte(in.rand.IntN(256))
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

func convertMethods() methods {
	m := methods{
		"tobase64string": one(func(in *interp, v any) (any, error) {
			data, err := in.bytes(v)
			return base64.StdEncoding.EncodeToString(data), err
		}),
		"frombase64string": one(func(in *interp, v any) (any, error) {
			text := strings.Map(func(r rune) rune {
				if strings.ContainsRune(" \t\r\n", r) {
					return -1
				}
				return r
			}, in.str(v))
			data, err := base64.StdEncoding.DecodeString(text)
			if err != nil {
				return nil, exception("System.FormatException", "The input is not a valid Base-64 string as it contains a non-base 64 character, more than two padding characters, or an illegal character among the padding characters. ")
			}
			return newBytes(data), nil
		}),
		"toboolean": one(func(_ *interp, v any) (any, error) { return truth(v), nil }),
		"tochar":    one(func(in *interp, v any) (any, error) { return in.cast(v, &TypeRef{name: "System.Char"}) }),
		"todatetime": one(func(in *interp, v any) (any, error) {
			return in.cast(v, &TypeRef{name: "System.DateTime"})
		}),
		"todouble": one(func(in *interp, v any) (any, error) { return in.cast(v, &TypeRef{name: "System.Double"}) }),
		"tostring": func(in *interp, _ any, args []any) (any, error) {
			if len(args) == 2 {
				n, _ := integer(args[0])
				base, _ := integer(args[1])
				if base == 2 || base == 8 || base == 16 {
					return strconv.FormatInt(n, int(base)), nil
				}
			}
			return in.str(args0(args)), nil
		},
	}
	for name, typ := range map[string]string{"toint32": "System.Int32", "toint64": "System.Int64", "tobyte": "System.Byte", "toint16": "System.Int16", "touint32": "System.UInt32", "touint16": "System.UInt16", "touint64": "System.UInt64"} {
		m[name] = func(in *interp, _ any, args []any) (any, error) {
			if len(args) == 2 {
				base, err := in.int(args[1])
				n, perr := strconv.ParseUint(strings.TrimPrefix(strings.ToLower(in.str(args[0])), "0x"), base, 64)
				if err != nil || perr != nil {
					return nil, exception("System.FormatException", "Could not find any recognizable digits.")
				}
				return in.cast(int64(n), &TypeRef{name: typ}) //nolint:gosec // as .NET reads it
			}
			return in.cast(args0(args), &TypeRef{name: typ})
		}
	}
	return m
}

func mathMethods() methods {
	m := methods{}
	for name, f := range map[string]func(float64) float64{"floor": math.Floor, "ceiling": math.Ceil, "sqrt": math.Sqrt, "truncate": math.Trunc, "log": math.Log, "log10": math.Log10, "exp": math.Exp, "sin": math.Sin, "cos": math.Cos} {
		m[name] = one(func(in *interp, v any) (any, error) {
			n, err := in.toNumber(v, "System.Double")
			x, _ := number(n)
			return f(x), err
		})
	}
	m["abs"] = one(func(in *interp, v any) (any, error) {
		if f, ok := number(v); ok && f < 0 {
			return in.arithmetic("-", int32(0), v)
		}
		return v, nil
	})
	m["round"] = func(in *interp, _ any, args []any) (any, error) {
		n, err := in.toNumber(args0(args), "System.Double")
		x, _ := number(n)
		scale := 1.0
		if len(args) > 1 {
			d, derr := in.int(args[1])
			if derr == nil && d >= 0 && d <= 15 {
				scale = math.Pow10(d)
			}
		}
		return math.RoundToEven(x*scale) / scale, err
	}
	m["pow"] = func(_ *interp, _ any, args []any) (any, error) {
		if len(args) < 2 {
			return nil, exception("System.ArgumentException", "Cannot find an overload for \"Pow\".")
		}
		x, _ := number(args[0])
		y, _ := number(args[1])
		return math.Pow(x, y), nil
	}
	pick := func(want int) method {
		return func(in *interp, _ any, args []any) (any, error) {
			if len(args) < 2 {
				return nil, exception("System.ArgumentException", "Cannot find an overload for \"Min\" or \"Max\".")
			}
			c, err := in.compare(args[0], args[1], false)
			if c == want {
				return args[0], err
			}
			return args[1], err
		}
	}
	m["min"], m["max"] = pick(-1), pick(1)
	return m
}

func spanStatics() methods {
	m := methods{}
	for name, unit := range map[string]time.Duration{"fromdays": 24 * time.Hour, "fromhours": time.Hour, "fromminutes": time.Minute, "fromseconds": time.Second, "frommilliseconds": time.Millisecond} {
		m[name] = one(func(_ *interp, v any) (any, error) {
			f, _ := number(v)
			return time.Duration(f * float64(unit)), nil
		})
	}
	return m
}

func environmentValues() values {
	env := func(name string) func(in *interp) any { return func(in *interp) any { return in.p.Env.Get(name) } }
	return values{
		"MachineName": func(in *interp) any { return in.k.Host().Name }, "NewLine": func(*interp) any { return "\r\n" },
		"UserName": func(in *interp) any {
			_, name := in.p.Token.Split()
			return name
		},
		"UserDomainName": func(in *interp) any {
			domain, _ := in.p.Token.Split()
			return domain
		},
		"Is64BitProcess": func(in *interp) any { return in.p.Bits == 64 }, "Is64BitOperatingSystem": func(*interp) any { return true },
		"SystemDirectory": func(*interp) any { return `C:\Windows\system32` }, "CurrentDirectory": func(in *interp) any { return in.p.Dir },
		"ProcessorCount": func(*interp) any { return int32(2) }, "CommandLine": func(in *interp) any { return in.p.CommandLine },
		"Version":         func(*interp) any { return Version{[]int{4, 0, 30319, 42000}} },
		"TickCount":       func(in *interp) any { return int32(in.now().Sub(in.k.Host().BootTime).Milliseconds()) }, //nolint:gosec // wraps as on Windows
		"UserInteractive": func(*interp) any { return false }, "ExitCode": env("="),
		"OSVersion": func(*interp) any {
			return record("System.OperatingSystem", "Platform", "Win32NT", "ServicePack", "", "Version", Version{[]int{10, 0, 20348, 0}}, "VersionString", "Microsoft Windows NT 10.0.20348.0")
		},
	}
}

func environmentMethods() methods {
	return methods{
		"expandenvironmentvariables": one(func(in *interp, v any) (any, error) { return in.p.Env.Expand(in.str(v)), nil }),
		"getenvironmentvariable": func(in *interp, _ any, args []any) (any, error) {
			if v, ok := in.p.Env.Lookup(in.str(args0(args))); ok {
				return v, nil
			}
			return nil, nil
		},
		"setenvironmentvariable": func(in *interp, _ any, args []any) (any, error) {
			if len(args) < 2 {
				return nil, exception("System.ArgumentException", "Cannot find an overload for \"SetEnvironmentVariable\".")
			}
			if len(args) > 2 && !strings.EqualFold(in.str(args[2]), "process") {
				return void{}, in.persistEnvironment(in.str(args[0]), in.str(args[1]), in.str(args[2]))
			}
			return void{}, in.setVariable("env", in.str(args[0]), args[1])
		},
		"getfolderpath": one(func(in *interp, v any) (any, error) {
			profile := in.p.Env.Get("USERPROFILE")
			paths := map[string]string{
				"applicationdata": in.p.Env.Get("APPDATA"), "localapplicationdata": in.p.Env.Get("LOCALAPPDATA"), "commonapplicationdata": in.p.Env.Get("ProgramData"),
				"system": `C:\Windows\system32`, "windows": `C:\Windows`, "userprofile": profile, "desktop": host.Join(profile, "Desktop"), "programfiles": `C:\Program Files`,
				"startup": host.Join(in.p.Env.Get("APPDATA"), `Microsoft\Windows\Start Menu\Programs\Startup`), "mydocuments": host.Join(profile, "Documents"), "personal": host.Join(profile, "Documents"),
			}
			return paths[strings.ToLower(in.str(v))], nil
		}),
		"exit": one(func(in *interp, v any) (any, error) {
			n, _ := in.int(v)
			return nil, &exiting{n}
		}),
	}
}

// persistEnvironment sets a variable for the user or the machine, in the registry.
func (in *interp) persistEnvironment(name, value, target string) error {
	key := `HKCU\Environment`
	if strings.EqualFold(target, "machine") {
		key = `HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Environment`
	}
	if err := in.k.CreateKey(in.p, key); err != nil {
		return exception("System.Security.SecurityException", "Requested registry access is not allowed.")
	}
	if err := in.k.SetValue(in.p, key, host.Value{Name: name, Type: host.String, Text: value}); err != nil {
		return exception("System.Security.SecurityException", "Requested registry access is not allowed.")
	}
	return nil
}

func consoleValues() values {
	return values{
		"In": func(in *interp) any { return newObject(readerClass(), &textReader{r: in.stdin}) },
		"Out": func(in *interp) any {
			return newObject(writerClass(), &textWriter{w: in.stdio.Out, text: true, newline: "\r\n"})
		},
		"Error": func(in *interp) any {
			return newObject(writerClass(), &textWriter{w: in.stdio.Err, text: true, newline: "\r\n"})
		},
		"OutputEncoding": func(*interp) any { return encodingObject("utf8") }, "InputEncoding": func(*interp) any { return encodingObject("utf8") },
		"IsInputRedirected": func(*interp) any { return true }, "IsOutputRedirected": func(*interp) any { return true }, "Title": func(*interp) any { return "Windows PowerShell" },
	}
}

func consoleMethods() methods {
	out := func(end string) method {
		w := writeText(end)
		return func(in *interp, _ any, args []any) (any, error) {
			return w(in, newObject(nil, &textWriter{w: in.stdio.Out, text: true, newline: "\r\n"}), args)
		}
	}
	return methods{
		"writeline": out("\r\n"), "write": out(""), "set_outputencoding": nothing, "set_inputencoding": nothing, "beep": nothing,
		"readline": func(in *interp, _ any, _ []any) (any, error) {
			return readLine(in, newObject(readerClass(), &textReader{r: in.stdin}), nil)
		},
		"openstandardinput": func(in *interp, _ any, _ []any) (any, error) {
			return newObject(streamClass("System.IO.__ConsoleStream"), in.stdin), nil
		},
		"openstandardoutput": func(in *interp, _ any, _ []any) (any, error) {
			return newObject(streamClass("System.IO.__ConsoleStream"), in.stdio.Out), nil
		},
	}
}

func streamStatics() []*static {
	return []*static{
		{name: "System.IO.MemoryStream", create: newMemoryStream},
		{name: "System.IO.Compression.GZipStream", create: newPacked("System.IO.Compression.GZipStream")},
		{name: "System.IO.Compression.DeflateStream", create: newPacked("System.IO.Compression.DeflateStream")},
		{name: "System.IO.Compression.CompressionMode", enum: names{"Decompress": 0, "Compress": 1}},
		{name: "System.IO.SeekOrigin", enum: names{"Begin": 0, "Current": 1, "End": 2}},
		{name: "System.IO.FileMode", enum: names{"CreateNew": 1, "Create": 2, "Open": 3, "OpenOrCreate": 4, "Truncate": 5, "Append": 6}},
		{name: "System.IO.FileAttributes", enum: names{"ReadOnly": 1, "Hidden": 2, "System": 4, "Directory": 16, "Archive": 32, "Normal": 128}},
		{name: "System.IO.StreamReader", create: newReader},
		{name: "System.IO.StreamWriter", create: newWriter},
		{name: "System.IO.StringReader", create: func(in *interp, _ any, args []any) (any, error) {
			return newReader(in, nil, []any{newObject(nil, strings.NewReader(in.str(args0(args))))})
		}},
		{name: "System.BitConverter", methods: methods{"tostring": func(in *interp, _ any, args []any) (any, error) {
			data, err := in.bytes(args0(args))
			h := make([]string, len(data))
			for i, b := range data {
				h[i] = strings.ToUpper(hex.EncodeToString([]byte{b}))
			}
			return strings.Join(h, "-"), err
		}, "getbytes": one(func(_ *interp, v any) (any, error) {
			n, _ := integer(v)
			size := map[string]int{"System.Int32": 4, "System.UInt32": 4, "System.Int64": 8, "System.UInt64": 8, "System.Int16": 2, "System.UInt16": 2}[typeName(v)]
			out := make([]byte, size)
			for i := range out {
				out[i] = byte(n >> (8 * i))
			}
			return newBytes(out), nil
		})}},
	}
}

func encodingObject(name string) *Object {
	full := map[string]string{"utf8": "System.Text.UTF8Encoding", "utf8nobom": "System.Text.UTF8Encoding", "unicode": "System.Text.UnicodeEncoding", "us-ascii": "System.Text.ASCIIEncoding"}[name]
	if full == "" {
		full = "System.Text.Encoding"
	}
	return newObject(&class{name: full, bases: []string{"System.Text.Encoding"}, props: []prop{
		{name: "BodyName", get: func(_ *interp, o *Object) any { return o.data }},
		{name: "WebName", get: func(_ *interp, o *Object) any { return o.data }},
		{name: "EncodingName", get: func(_ *interp, o *Object) any { return o.data }},
		{name: "CodePage", get: func(*interp, *Object) any { return int32(65001) }},
	}, methods: methods{
		"getbytes": func(in *interp, self any, args []any) (any, error) {
			e, _ := self.(*Object).data.(string)
			return newBytes(encodeText(in.str(args0(args)), e)), nil
		},
		"getstring": func(in *interp, self any, args []any) (any, error) {
			e, _ := self.(*Object).data.(string)
			data, err := in.bytes(args0(args))
			if err != nil {
				return nil, err
			}
			if len(args) == 3 {
				from, _ := in.int(args[1])
				n, _ := in.int(args[2])
				data = data[min(max(from, 0), len(data)):min(max(from+n, 0), len(data))]
			}
			if strings.HasPrefix(e, "utf8") {
				return strings.ToValidUTF8(string(data), "\ufffd"), nil
			}
			return decodeText(data, e), nil
		},
		"getpreamble": func(_ *interp, self any, _ []any) (any, error) {
			e, _ := self.(*Object).data.(string)
			return newBytes(preamble(e)), nil
		},
	}}, name)
}

func textStatics() []*static {
	encoding := func(name string) func(*interp) any { return func(*interp) any { return encodingObject(name) } }
	all := values{"UTF8": encoding("utf8"), "Unicode": encoding("unicode"), "ASCII": encoding("us-ascii"), "Default": encoding("default"), "BigEndianUnicode": encoding("bigendianunicode")}
	return []*static{
		{name: "System.Text.Encoding", values: all, methods: methods{"getencoding": one(func(in *interp, v any) (any, error) {
			return encodingObject(strings.ToLower(strings.ReplaceAll(in.str(v), "utf-8", "utf8"))), nil
		})}},
		{name: "System.Text.UTF8Encoding", values: all, create: func(_ *interp, _ any, args []any) (any, error) {
			if truth(args0(args)) {
				return encodingObject("utf8"), nil
			}
			return encodingObject("utf8nobom"), nil
		}},
		{name: "System.Text.UnicodeEncoding", values: all, create: func(*interp, any, []any) (any, error) { return encodingObject("unicode"), nil }},
		{name: "System.Text.ASCIIEncoding", values: all, create: func(*interp, any, []any) (any, error) { return encodingObject("us-ascii"), nil }},
		{name: "System.String", values: values{"Empty": func(*interp) any { return "" }}, methods: stringStatics()},
		{name: "System.Char", methods: methods{
			"isdigit": one(func(in *interp, v any) (any, error) { return strings.ContainsAny(in.str(v), "0123456789"), nil }),
			"isletter": one(func(in *interp, v any) (any, error) {
				return strings.ToLower(in.str(v)) != strings.ToUpper(in.str(v)), nil
			}),
		}},
		{name: "System.Text.RegularExpressions.Regex", create: func(in *interp, _ any, args []any) (any, error) {
			o := ""
			if len(args) > 1 && strings.Contains(strings.ToLower(in.str(args[1])), "ignorecase") {
				o = "i"
			}
			return in.newRegex(in.str(args0(args)), o)
		}, methods: regexStatics()},
		{name: "System.Text.RegularExpressions.RegexOptions", enum: names{"None": 0, "IgnoreCase": 1, "Multiline": 2, "Singleline": 16}},
		{name: "System.Text.StringBuilder", create: newStringBuilder},
	}
}

func stringStatics() methods {
	return methods{
		"isnullorempty": func(in *interp, _ any, args []any) (any, error) { return in.str(args0(args)) == "", nil },
		"isnullorwhitespace": func(in *interp, _ any, args []any) (any, error) {
			return strings.TrimSpace(in.str(args0(args))) == "", nil
		},
		"join": func(in *interp, _ any, args []any) (any, error) {
			var parts []string
			for _, a := range args[min(1, len(args)):] {
				for _, item := range asList(a) {
					parts = append(parts, in.str(item))
				}
			}
			return strings.Join(parts, in.str(args0(args))), nil
		},
		"concat": func(in *interp, _ any, args []any) (any, error) {
			var s strings.Builder
			for _, a := range args {
				s.WriteString(strings.ReplaceAll(in.join(a, ""), "\x00", ""))
			}
			return s.String(), nil
		},
		"format": func(in *interp, _ any, args []any) (any, error) {
			rest := args[min(1, len(args)):]
			if len(rest) == 1 {
				rest = asList(rest[0])
			}
			return in.format(in.str(args0(args)), rest)
		},
		"compare": func(in *interp, _ any, args []any) (any, error) {
			if len(args) < 2 {
				return int32(0), nil
			}
			return int32(compareText(in.str(args[0]), in.str(args[1]), len(args) < 3 || !truth(args[2]))), nil //nolint:gosec // -1, 0 or 1
		},
		"new": nil,
	}
}
