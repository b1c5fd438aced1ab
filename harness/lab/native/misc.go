package native

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/seed-67b27da2/geiger/harness/lab/iis"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

// timeout waits on the machine's clock.
func timeout(r *run) int {
	text, ok := r.after("t")
	for _, arg := range r.args {
		if !ok && arg[0] != '/' {
			text, ok = arg, true
		}
	}
	seconds, err := strconv.Atoi(text)
	if !ok || err != nil || seconds < -1 || seconds > 99999 {
		r.complain("ERROR: Invalid value for timeout (/T) specified. Valid range is -1 to 99999 seconds.\n")
		return 1
	}
	if seconds < 0 {
		r.unsupported("waiting for a key")
		return 0
	}
	r.print("\nWaiting for %2d seconds, press a key to continue ...\n", seconds)
	if r.k.Host().Clock.Sleep(r.ctx, time.Duration(seconds)*time.Second) != nil {
		return 1
	}
	return 0
}

// maxPings bounds how often ping -t sends.
const maxPings = 3600

// ping reaches the machine itself only: it has no network.
func ping(r *run) int {
	count, target := 4, ""
	for i := 0; i < len(r.args); i++ {
		arg := r.args[i]
		switch {
		case option(arg, "n") && i+1 < len(r.args):
			i++
			count, _ = strconv.Atoi(r.args[i])
		case option(arg, "t"):
			count = maxPings
		case (option(arg, "w") || option(arg, "l") || option(arg, "i")) && i+1 < len(r.args):
			i++
		case arg[0] != '/' && arg[0] != '-':
			target = arg
		}
	}
	if target == "" || count < 1 {
		r.print("IP address must be specified.\n")
		return 1
	}
	address, ok := map[string]string{"localhost": "::1", "127.0.0.1": "127.0.0.1", "::1": "::1", strings.ToLower(r.k.Host().Name): "::1"}[strings.ToLower(target)]
	if !ok {
		r.unsupported("network of the simulated machine")
		r.print("Ping request could not find host %s. Please check the name and try again.\n", target)
		return 1
	}
	r.print("\nPinging %s with 32 bytes of data:\n", target)
	for i := range min(count, maxPings) {
		if i > 0 && r.k.Host().Clock.Sleep(r.ctx, time.Second) != nil {
			return 1
		}
		r.print("Reply from %s: time<1ms \n", address)
	}
	r.print("\nPing statistics for %s:\n    Packets: Sent = %d, Received = %d, Lost = 0 (0%% loss),\nApproximate round trip times in milli-seconds:\n    Minimum = 0ms, Maximum = 0ms, Average = 0ms\n", address, count, count)
	return 0
}

func ipconfig(r *run) int {
	r.print("\nWindows IP Configuration\n\n")
	if r.has("all") {
		r.print("   Host Name . . . . . . . . . . . . : %s\n   Primary Dns Suffix  . . . . . . . : \n   Node Type . . . . . . . . . . . . : Hybrid\n   IP Routing Enabled. . . . . . . . : No\n   WINS Proxy Enabled. . . . . . . . : No\n\n", r.k.Host().Name)
	} else if len(r.args) > 0 {
		r.unsupported("ipconfig switch")
	}
	r.print("\nEthernet adapter Ethernet:\n\n   Connection-specific DNS Suffix  . : \n   IPv4 Address. . . . . . . . . . . : 192.0.2.10\n   Subnet Mask . . . . . . . . . . . : 255.255.255.0\n   Default Gateway . . . . . . . . . : 192.0.2.1\n")
	return 0
}

func systeminfo(r *run) int {
	h := r.k.Host()
	stamp := func(t time.Time) string { return t.Format("1/2/2006, 3:04:05 PM") }
	value := func(name string) string {
		v, err := r.k.Value(r.p, `HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion`, name)
		if err != nil {
			return "N/A"
		}
		return v.Data()
	}
	for _, row := range [][2]string{
		{"Host Name", h.Name},
		{"OS Name", "Microsoft " + value("ProductName")},
		{"OS Version", "10.0." + value("CurrentBuildNumber") + " N/A Build " + value("CurrentBuildNumber")},
		{"OS Manufacturer", "Microsoft Corporation"},
		{"OS Configuration", "Standalone Server"},
		{"Product ID", value("ProductId")},
		{"System Boot Time", stamp(h.BootTime)},
		{"System Manufacturer", "Simulated"},
		{"System Model", "Simulated machine"},
		{"System Type", "x64-based PC"},
		{"Windows Directory", `C:\Windows`},
		{"System Directory", `C:\Windows\system32`},
		{"System Locale", "en-us;English (United States)"},
		{"Domain", h.Domain},
		{"Logon Server", `\\` + h.Name},
	} {
		if row[0] == "Host Name" {
			r.print("\n")
		}
		r.print("%-27s%s\n", row[0]+":", row[1])
	}
	return 0
}

// curl asks the machine's own web server.
func curl(r *run) int {
	var address, output string
	head := false
	for i := 0; i < len(r.args); i++ {
		switch arg := r.args[i]; {
		case (arg == "-o" || arg == "--output") && i+1 < len(r.args):
			i++
			output = r.args[i]
		case arg == "-I" || arg == "--head":
			head = true
		case arg == "-s" || arg == "-S" || arg == "-sS" || arg == "-k" || arg == "-L" || arg == "--silent" || arg == "-f":
		case strings.HasPrefix(arg, "-"):
			r.unsupported("curl " + arg)
		default:
			address = arg
		}
	}
	if address == "" {
		r.complain("curl: try 'curl --help' for more information\n")
		return 2
	}
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	response, err := r.iis.Request(r.ctx, address)
	switch {
	case errors.Is(err, iis.ErrRefused):
		r.complain("curl: (7) Failed to connect to %s: Couldn't connect to server\n", address)
		return 7
	case err != nil:
		r.unsupported("network of the simulated machine")
		r.complain("curl: (6) Could not resolve host: %s\n", address)
		return 6
	case head:
		r.print("HTTP/1.1 %d %s\nContent-Length: %d\nContent-Type: %s\nServer: Microsoft-IIS/10.0\n\n", response.Status, response.Reason, len(response.Body), response.ContentType)
		return 0
	case output != "":
		if err := r.k.WriteFile(r.p, output, response.Body, kernel.CreateAlways); err != nil {
			r.complain("curl: (23) Failure writing output to destination\n")
			return 23
		}
		return 0
	}
	_, _ = r.out.Write(response.Body) // a closed pipe is the reader's decision
	return 0
}
