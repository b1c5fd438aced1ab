package fleet

import (
	"crypto/sha1" //nolint:gosec // the sensor reports SHA-1
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// image is an executable.
type image struct {
	name, path, sha1 string
	arguments        []string // # stands for a number, @ for hexadecimal digits
}

// population is images and how often each is started.
type population struct {
	images []image
	upTo   []int // running sum of the weights
}

func (p *population) add(weight int, i image) {
	i.sha1 = hashOf(i.path)
	if n := len(p.upTo); n > 0 {
		weight += p.upTo[n-1]
	}
	p.images, p.upTo = append(p.images, i), append(p.upTo, weight)
}

func (p *population) pick(r *rand.Rand) image {
	k := r.IntN(p.upTo[len(p.upTo)-1])
	i := 0
	for p.upTo[i] <= k {
		i++
	}
	return p.images[i]
}

// named finds an image.
func (p *population) named(name string) image {
	return p.images[slices.IndexFunc(p.images, func(i image) bool { return i.name == name })]
}

// hashOf is a hash for the file with a path.
func hashOf(path string) string {
	sum := sha1.Sum([]byte(path)) //nolint:gosec // not for security
	return hex.EncodeToString(sum[:])
}

const system = `C:\Windows\System32\`

// windowsImages are the programs of the fleet: those that every Windows has, and some hundreds of vendors.
func windowsImages() *population {
	p := &population{}
	add := func(weight int, path string, arguments ...string) {
		p.add(weight, image{name: path[strings.LastIndexByte(path, '\\')+1:], path: path, arguments: arguments})
	}
	add(240, system+`svchost.exe`, `-k netsvcs -p -s Schedule`, `-k LocalService -p -s EventSystem`, `-k UnistackSvcGroup -s Svc_@4`)
	add(90, `C:\Program Files\Google\Chrome\Application\chrome.exe`, `--type=renderer --field-trial-handle=#9 --lang=en-US /prefetch:1`, `--type=utility --mojo-platform-channel-handle=#4`)
	add(70, `C:\Windows\explorer.exe`, ``)
	add(60, `C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe`, `--type=gpu-process --gpu-preferences=@32`, `--type=renderer --renderer-client-id=#3`)
	add(55, system+`conhost.exe`, `0xffffffff -ForceV1`, `0x4`)
	add(45, `C:\Windows\servicing\TrustedInstaller.exe`, ``)
	add(40, `C:\Windows\WinSxS\amd64_microsoft-windows-servicingstack_31bf3856ad364e35\TiWorker.exe`, `-Embedding`)
	add(40, system+`msiexec.exe`, `/V`, `/i C:\Windows\Installer\@7.msi /qn`)
	add(40, system+`inetsrv\w3wp.exe`, `-ap "DefaultAppPool" -v "v4.0" -l "webengine4.dll" -a \\.\pipe\iisipm@8`, `-ap "Api#2" -v "v4.0"`)
	add(35, system+`WindowsPowerShell\v1.0\powershell.exe`, `-NoProfile -ExecutionPolicy Bypass -File C:\ProgramData\Scripts\task#3.ps1`, `-NonInteractive -EncodedCommand @40`, `-Command "Get-Service"`)
	add(35, system+`cmd.exe`, `/c echo #5`, `/d /c C:\ProgramData\Agent\check#4.cmd`, `/c "whoami /all"`)
	add(30, system+`taskhostw.exe`, `Install $(Arg0)`, `KEYROAMING`)
	add(25, system+`RuntimeBroker.exe`, `-Embedding`)
	add(25, system+`backgroundTaskHost.exe`, `-ServerName:App.AppX@16.mca`)
	add(20, system+`wbem\WmiPrvSE.exe`, `-secured -Embedding`)
	add(20, system+`rundll32.exe`, `shell32.dll,SHCreateLocalServerRunDll {@8}`, `C:\Windows\System32\davclnt.dll,DavSetCookie host#3`)
	add(15, system+`schtasks.exe`, `/query /fo csv`, `/create /tn job#4 /tr C:\Tools\job.exe /sc daily`)
	add(10, system+`net.exe`, `user`, `view \\srv-#3`, `localgroup administrators`)
	add(10, system+`reg.exe`, `query HKLM\SOFTWARE\Vendor#2`, `add HKCU\Software\Vendor /v k#3 /d @6 /f`)
	add(8, system+`certutil.exe`, `-hashfile C:\Temp\f#4.bin SHA256`, `-urlcache -split -f http://updates.example.net/@8`)
	for i := range 328 {
		vendor := vendors[i%len(vendors)]
		name := "app" + strconv.Itoa(i) + ".exe"
		add(1+i%4, `C:\Program Files\`+vendor+`\`+strings.ToUpper(vendor[:1])+strconv.Itoa(i/8)+`\`+name, `--service --port #4`, `/background /session:@8`, ``)
	}
	return p
}

var vendors = []string{"Contoso", "Fabrikam", "Northwind", "Tailspin", "Litware", "Proseware", "Adatum", "Wingtip"}

// users is how many people work on the devices.
const users = 400

// account is who a process runs as.
type account struct{ domain, name, sid string }

// account chooses the system, a service account, or the user of the device.
func (g *generator) account(d *device) account {
	switch k := g.random.IntN(10); {
	case k < 4:
		return account{"nt authority", "system", "S-1-5-18"}
	case k < 6:
		return account{"nt authority", "local service", "S-1-5-19"}
	default:
		user := d.user
		if g.random.IntN(8) == 0 {
			user = g.random.IntN(users)
		}
		return account{"corp", g.user(user), g.sprint("S-1-5-21-1004336348-1177238915-682003330-", decimal(1100+user))}
	}
}

func (g *generator) user(n int) string { return g.sprint("user", decimal(n)) }

// command is a command line of an image.
func (g *generator) command(i image) string {
	b := append(g.text[:0], '"')
	b = append(b, i.path...)
	b = append(b, '"')
	if pattern := i.arguments[g.random.IntN(len(i.arguments))]; pattern != "" {
		b = append(b, ' ')
		b = g.fill(b, pattern)
	}
	g.text = b
	return string(b)
}

// fill writes a pattern: # and a digit stand for a number with so many digits, @ and a count for hexadecimal digits.
func (g *generator) fill(b []byte, pattern string) []byte {
	for i := 0; i < len(pattern); i++ {
		c := pattern[i]
		if c != '#' && c != '@' {
			b = append(b, c)
			continue
		}
		n := 0
		for i+1 < len(pattern) && '0' <= pattern[i+1] && pattern[i+1] <= '9' {
			i++
			n = 10*n + int(pattern[i]-'0')
		}
		digits := "0123456789abcdef"
		if c == '#' {
			digits = digits[:10]
		}
		for range n {
			b = append(b, digits[g.random.IntN(len(digits))])
		}
	}
	return b
}

// pattern is fill as a string.
func (g *generator) pattern(pattern string) string {
	g.text = g.fill(g.text[:0], pattern)
	return string(g.text)
}

// hex is n hexadecimal digits.
func (g *generator) hex(n int) string { return g.pattern("@" + decimal(n)) }

// sprint joins texts.
func (g *generator) sprint(parts ...string) string {
	b := g.text[:0]
	for _, p := range parts {
		b = append(b, p...)
	}
	g.text = b
	return string(b)
}

func decimal(n int) string { return strconv.Itoa(n) }
