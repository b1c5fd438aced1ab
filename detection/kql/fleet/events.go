package fleet

import (
	"math/rand/v2"
	"strings"

	"github.com/seed-67b27da2/geiger/detection/kql/value"
)

// choice is a pattern with its weight, in thousandths. In a pattern ~ stands for a user, % for a number that is the
// same for many rows, and what [generator.fill] knows for what is new nearly every time.
type choice struct {
	weight  int
	pattern string
	by      string // the image that does it; empty: any
}

// files is what is written. Two thirds of the paths are used once.
var files = []choice{
	{190, `C:\Users\~\AppData\Local\Google\Chrome\User Data\Default\Cache\Cache_Data\f_@6`, "chrome.exe"},
	{130, `C:\Users\~\AppData\Local\Temp\{@8-@4-@4-@4-@12}\setup%20.tmp`, ""},
	{110, `C:\Users\~\AppData\Local\Packages\Vendor.App%40_8wekyb3d8bbwe\AC\INetCache\@8\data[1].json`, ""},
	{80, `C:\Windows\SoftwareDistribution\Download\@32\package_%400.cab`, "svchost.exe"},
	{70, `C:\Users\~\source\repos\project%60\obj\Debug\net8.0\Module@5.dll`, ""},
	{50, `C:\ProgramData\Contoso\Agent\queue\@16.dat`, ""},
	{20, `C:\Windows\System32\winevt\Logs\Archive-Application-2026-01-%14-@6.evtx`, "svchost.exe"},
	{90, `C:\Windows\WinSxS\amd64_microsoft-windows-component%4000_31bf3856ad364e35_10.0.20348.%9_none\part%6.dll`, "TiWorker.exe"},
	{70, `C:\Windows\Prefetch\APP%900.EXE-0A1B2C3D.pf`, "svchost.exe"},
	{60, `C:\Program Files\Fabrikam\Suite%40\bin\library%900.dll`, "msiexec.exe"},
	{50, `C:\Users\~\Documents\Report %200.docx`, "explorer.exe"},
	{40, `C:\Windows\System32\drivers\etc\hosts%5`, ""},
	{25, `C:\inetpub\logs\LogFiles\W3SVC%4\u_ex2601%14.log`, "svchost.exe"},
	{10, `C:\Windows\System32\inetsrv\module%60.dll`, "TiWorker.exe"},
	{5, `C:\inetpub\temp\appPools\Pool%30\web.config`, "w3wp.exe"},
}

// attacks on IIS by a file are one in 100,000 file events.
var attacks = []choice{
	{1, `C:\Windows\System32\inetsrv\HttpExtension%9.dll`, "powershell.exe"},
	{1, `C:\inetpub\wwwroot\bin\Session%9.dll`, "w3wp.exe"},
	{1, `C:\Program Files\IIS\Modules\Cache%9.DLL`, "cmd.exe"},
}

const rare = 100_000

// loads is where images are loaded from.
var loads = []choice{
	{420, `C:\Windows\System32\lib%3000.dll`, ""},
	{90, `C:\Windows\SysWOW64\lib%2500.dll`, ""},
	{150, `C:\Users\~\AppData\Local\Microsoft\Teams\current\part%180.dll`, ""},
	{110, `C:\Program Files\Northwind\App%60\%12.0\core%20.dll`, ""},
	{90, `C:\Windows\assembly\NativeImages_v4.0.30319_64\Lib%900\@1\Lib.ni.dll`, ""},
	{60, `C:\Windows\WinSxS\amd64_common-controls_6595b64144ccf1df_6.0.20348.%400_none\comctl32.dll`, ""},
	{50, `C:\Windows\System32\inetsrv\module%60.dll`, "w3wp.exe"},
	{30, `C:\Windows\Microsoft.NET\Framework64\v4.0.30319\Temporary ASP.NET Files\root\%900\App_Web_%40.dll`, "w3wp.exe"},
}

var attackLoads = []choice{
	{1, `C:\Windows\Temp\stage%9.dll`, "w3wp.exe"},
	{1, `C:\ProgramData\cache\helper%9.dll`, "w3wp.exe"},
}

// key is a registry key with the values that are set in it.
type key struct {
	choice
	names, data []string
}

var keys = []key{
	{choice{220, `HKEY_LOCAL_MACHINE\SYSTEM\ControlSet001\Services\svc%900\Parameters`, ""}, []string{"Start", "ImagePath", "Type", "ObjectName"}, []string{"2", "3", `C:\Program Files\Vendor%90\svc%90.exe`, `C:\Windows\System32\svc%90.dll`}},
	{choice{180, `HKEY_USERS\S-1-5-21-1004336348-1177238915-682003330-1%400\Software\Microsoft\Windows\CurrentVersion\Explorer\RecentDocs\.ext%60`, ""}, []string{"0", "1", "MRUListEx"}, []string{"@24", "Report %2000.docx"}},
	{choice{170, `HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\Packages\Package_%4000_31bf3856ad364e35_amd64_10.0.1.%60`, "TiWorker.exe"}, []string{"CurrentState", "InstallClient", "Visibility"}, []string{"112", "WindowsUpdateAgent", "1"}},
	{choice{130, `HKEY_LOCAL_MACHINE\SOFTWARE\Classes\CLSID\{%60-0000-%900-C000-000000000046}\InprocServer32`, ""}, []string{"", "ThreadingModel"}, []string{`C:\Program Files\Fabrikam\Suite%40\com%900.dll`, "Both", "Apartment"}},
	{choice{120, `HKEY_LOCAL_MACHINE\SYSTEM\ControlSet001\Control\Session\Telemetry\%3000`, ""}, []string{"LastRun", "Counter", "State"}, []string{"@16", "#8"}},
	{choice{90, `HKEY_USERS\S-1-5-21-1004336348-1177238915-682003330-1%400\Software\Classes\Local Settings\MuiCache\%120`, "explorer.exe"}, []string{"LangID", "Path"}, []string{"@8", `C:\Users\~\AppData\Local\app%20.exe`}},
	{choice{60, `HKEY_LOCAL_MACHINE\SYSTEM\ControlSet001\Services\Tcpip\Parameters\Interfaces\{@8-@4}`, "svchost.exe"}, []string{"DhcpIPAddress", "LeaseObtainedTime"}, []string{"10.%200.%200.%200", "#10"}},
	{choice{20, `HKEY_LOCAL_MACHINE\SYSTEM\ControlSet001\Services\W3SVC\Parameters`, "svchost.exe"}, []string{"Start", "Count", "Path"}, []string{"2", "%60", `C:\inetpub\wwwroot`}},
	{choice{10, `HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\InetStp\system32\inetsrv`, "TiWorker.exe"}, []string{"Path", "VersionString"}, []string{`C:\Windows\System32\inetsrv`, "10.0"}},
}

var attackKeys = []key{
	{choice{1, `HKEY_LOCAL_MACHINE\SYSTEM\ControlSet001\Services\W3SVC\Parameters`, "powershell.exe"}, []string{"FilterDLLs", "Filter DLL"}, []string{`C:\Windows\System32\inetsrv\filter%9.dll`}},
	{choice{1, `HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\IIS\FastCGI\Application%9`, "reg.exe"}, []string{"Path"}, []string{`C:\ProgramData\fcgi%9.dll`}},
}

// weighted picks an element by its weight in thousandths; the last one takes what is left.
func weighted[T any](r *rand.Rand, list []T, weight func(*T) int) *T {
	k := r.IntN(1000)
	for i := range list {
		if k -= weight(&list[i]); k < 0 {
			return &list[i]
		}
	}
	return &list[len(list)-1]
}

func (g *generator) choose(common, attack []choice) choice {
	if g.random.IntN(rare) == 0 {
		return attack[g.random.IntN(len(attack))]
	}
	return *weighted(g.random, common, func(c *choice) int { return c.weight })
}

// doer is the process that does such a thing: one with that image, if any runs on the device, else one with the id and
// account of the given one.
func (g *generator) doer(d *device, p process, image string) process {
	if image == "" || p.image.name == image {
		return p
	}
	for i := range d.running {
		if d.running[i].image.name == image {
			return d.running[i]
		}
	}
	p.image = g.images.named(image)
	p.command = `"` + p.image.path + `" ` + p.image.arguments[0]
	return p
}

// expand fills in what repeats, then what does not.
func (g *generator) expand(pattern string) string {
	var out []byte
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; c {
		case '~':
			out = append(out, g.user(g.random.IntN(users))...)
		case '%':
			n := 0
			for i+1 < len(pattern) && '0' <= pattern[i+1] && pattern[i+1] <= '9' {
				i++
				n = 10*n + int(pattern[i]-'0')
			}
			out = append(out, decimal(g.random.IntN(n))...)
		default:
			out = append(out, c)
		}
	}
	if !strings.ContainsAny(pattern, "@#") {
		return string(out)
	}
	return g.pattern(string(out))
}

func (g *generator) fileEvent(d *device, by process) process {
	c := g.choose(files, attacks)
	actions := []string{"FileCreated", "FileCreated", "FileModified", "FileRenamed", "FileDeleted"}
	g.add(text(actions[g.random.IntN(len(actions))]))
	g.file(g.expand(c.pattern), g.random.Int64N(4_000_000))
	return g.doer(d, by, c.by)
}

func (g *generator) imageLoadEvent(d *device, by process) process {
	c := g.choose(loads, attackLoads)
	g.add(text("ImageLoaded"))
	path := g.expand(c.pattern)
	g.file(path, int64(len(path))*4096)
	return g.doer(d, by, c.by)
}

// file adds the columns of a file. The sensor gives hashes of executables.
func (g *generator) file(path string, size int64) {
	name := path[strings.LastIndexByte(path, '\\')+1:]
	hash := ""
	if strings.HasSuffix(strings.ToLower(name), ".dll") {
		hash = hashOf(path)
	}
	g.add(text(name), text(path), text(hash), value.NewLong(size))
}

func (g *generator) registryEvent(d *device, by process) process {
	k := weighted(g.random, keys, func(k *key) int { return k.weight })
	if g.random.IntN(rare) == 0 {
		k = &attackKeys[g.random.IntN(len(attackKeys))]
	}
	actions := []string{"RegistryValueSet", "RegistryValueSet", "RegistryValueSet", "RegistryKeyCreated", "RegistryValueDeleted"}
	name, data := k.names[g.random.IntN(len(k.names))], k.data[g.random.IntN(len(k.data))]
	g.add(text(actions[g.random.IntN(len(actions))]), text(g.expand(k.pattern)), text(name), text(g.expand(data)), text("String"))
	return g.doer(d, by, k.by)
}

// processEvent starts a process in the place of one that has ended.
func (g *generator) processEvent(d *device, by process) {
	p := g.start(d)
	p.parent, p.ppid = by.image, by.pid
	levels := []string{"System", "Medium", "High"}
	g.add(text("ProcessCreated"), text(p.image.name), text(p.image.path), text(p.image.sha1), text(p.command), value.NewLong(p.pid),
		text(p.account.name), text(levels[g.random.IntN(len(levels))]))
	d.running[g.random.IntN(running)] = p
}
