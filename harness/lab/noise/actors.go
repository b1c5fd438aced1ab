package noise

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

const system32 = `C:\Windows\System32\`

// run starts a process under the process of a service, lets it work, and ends
// it. Like real background work it gives up without a word when something is in
// the way.
func (n *Noise) run(service, line string, token *host.Token, work func(*kernel.Process) error) {
	parent, ok := n.k.ServiceProcess(service)
	if !ok {
		return
	}
	n.runUnder(parent, line, token, work)
}

func (n *Noise) runUnder(parent *kernel.Process, line string, token *host.Token, work func(*kernel.Process) error) {
	p, err := n.k.StartResident(context.Background(), parent, kernel.Spec{
		CommandLine: line, Dir: `C:\Windows\system32`, Token: token, Env: n.k.Environment(token), Hidden: true,
	})
	if err != nil {
		return
	}
	code := 0
	if work(p) != nil {
		code = 1
	}
	n.k.Terminate(p, code)
}

func (n *Noise) system() *host.Token { return n.k.ServiceToken(host.System) }

// services is the small change of running services: bookkeeping in the registry
// and prefetch files.
func (n *Noise) services() {
	name := []string{"W32Time", "Dnscache", "Schedule", "WinRM"}[n.rand.IntN(4)]
	if p, ok := n.k.ServiceProcess(name); ok && p.Token.Elevated {
		_ = n.k.SetValue(p, `HKLM\SYSTEM\CurrentControlSet\Services\`+name, host.Value{Name: "LastRun", Type: host.QWord, Number: n.rand.Uint64() >> 8})
	}
	if p, ok := n.k.ServiceProcess("gpsvc"); ok {
		file := fmt.Sprintf(`C:\Windows\Prefetch\SVCHOST.EXE-%08X.pf`, n.rand.IntN(1<<31))
		if n.k.WriteFile(p, file, []byte("MAM\x04"), kernel.CreateAlways) == nil && n.rand.Chance(0.8) {
			_ = n.k.DeleteFile(p, file)
		}
	}
}

// management is a WMI provider that somebody's monitoring asks.
func (n *Noise) management() {
	n.run("DcomLaunch", `C:\Windows\system32\wbem\wmiprvse.exe -secured -Embedding`, n.k.ServiceToken(host.NetworkService), func(*kernel.Process) error {
		n.pass(200*time.Millisecond, 3*time.Second)
		return nil
	})
}

// scheduledTask is one of the tasks of a default installation.
func (n *Noise) scheduledTask() {
	lines := []string{
		system32 + "taskhostw.exe",
		system32 + "taskhostw.exe KEYROAMING",
		`"` + system32 + `rundll32.exe" /d acproxy.dll,PerformAutochkOperations`,
		`"C:\Program Files (x86)\Microsoft\EdgeUpdate\MicrosoftEdgeUpdate.exe" /ua /installsource scheduler`,
	}
	n.run("Schedule", lines[n.rand.IntN(len(lines))], n.system(), func(*kernel.Process) error {
		n.pass(100*time.Millisecond, 2*time.Second)
		return nil
	})
}

// scheduledScript is an administrator's housekeeping in PowerShell.
func (n *Noise) scheduledScript() {
	const dir = `C:\ProgramData\Housekeeping`
	line := `powershell.exe -NoProfile -ExecutionPolicy RemoteSigned -File ` + dir + `\disk-report.ps1`
	n.run("Schedule", line, n.system(), func(p *kernel.Process) error {
		if err := n.k.MakeDirectory(p, dir); err != nil && !exists(err) {
			return err
		}
		n.k.Publish(kernel.ScriptBlock{
			By: n.k.By(p), ID: n.guid(), Path: dir + `\disk-report.ps1`,
			Text: "Get-PSDrive -PSProvider FileSystem | Select-Object Name, Used, Free | Export-Csv -Append C:\\ProgramData\\Housekeeping\\disk.csv",
		})
		n.pass(300*time.Millisecond, 2*time.Second)
		return n.k.AppendFile(p, dir+`\disk.csv`, fmt.Appendf(nil, "\"C\",\"%d\"\r\n", n.rand.IntN(1<<30)))
	})
}

func exists(err error) bool {
	code, ok := kernel.CodeOf(err)
	return ok && code == kernel.AlreadyExists
}

func (n *Noise) guid() host.GUID {
	g := host.GUID{Data1: uint32(n.rand.Uint64()), Data2: uint16(n.rand.Uint64()), Data3: uint16(n.rand.Uint64())} //nolint:gosec // random bits
	for i := range g.Data4 {
		g.Data4[i] = byte(n.rand.IntN(256))
	}
	return g
}

// servicing is an update of the web server's libraries: TiWorker.exe replaces
// some of them with newer versions.
func (n *Noise) servicing() {
	const name, inetsrv = "TrustedInstaller", system32 + `inetsrv\`
	scm, ok := n.k.Named("services.exe")
	if !ok || n.k.StartService(scm, name) != nil {
		return
	}
	defer func() { _ = n.k.StopService(scm, name) }()
	worker := `C:\Windows\winsxs\amd64_microsoft-windows-servicingstack_31bf3856ad364e35_10.0.20348.1_none_1ab0000000000000\TiWorker.exe -Embedding`
	libraries := []string{"defdoc.dll", "static.dll", "modrqflt.dll", "custerr.dll", "loghttp.dll", "iiscore.dll", "cachuri.dll", "protsup.dll"}
	n.run("DcomLaunch", worker, n.k.ServiceToken(host.System, host.TrustedInstaller), func(p *kernel.Process) error {
		var errs error
		for range 2 + n.rand.IntN(3) {
			errs = errors.Join(errs, n.update(p, inetsrv+libraries[n.rand.IntN(len(libraries))]))
			n.pass(50*time.Millisecond, time.Second)
		}
		return errors.Join(errs, n.k.AppendFile(p, `C:\Windows\Logs\CBS\CBS.log`, []byte("Info                  CBS    Exec: Processing complete.\r\n")))
	})
}

func (n *Noise) update(p *kernel.Process, path string) error {
	f, err := n.k.Stat(p, path)
	if err != nil {
		return err
	}
	v := host.Version{Description: host.Base(path), Product: "Internet Information Services", Company: "Microsoft Corporation", OriginalFileName: host.Base(path), Signer: "Microsoft Windows"}
	if f.Version != nil {
		v = *f.Version
	}
	v.FileVersion = fmt.Sprintf("10.0.20348.%d (WinBuild.160101.0800)", 1000+n.rand.IntN(2000))
	return n.k.PlaceImage(p, path, v)
}

// installer is the set-up of an extension of the web server: it puts a library
// beside the web server's own and registers it. Later rounds repair it.
func (n *Noise) installer() {
	const name, library = "msiserver", system32 + `inetsrv\rewrite.dll`
	scm, ok := n.k.Named("services.exe")
	if !ok || n.k.StartService(scm, name) != nil {
		return
	}
	defer func() { _ = n.k.StopService(scm, name) }()
	service, ok := n.k.ServiceProcess(name)
	if !ok {
		return
	}
	n.round++
	line := fmt.Sprintf(`C:\Windows\System32\MsiExec.exe -Embedding %032X E Global\MSI0000`, n.rand.Uint64())
	n.runUnder(service, line, n.system(), func(p *kernel.Process) error {
		cache := fmt.Sprintf(`C:\Windows\Installer\%x.msi`, 0x2000000+n.rand.IntN(1<<24))
		err := errors.Join(
			n.k.WriteFile(service, cache, []byte("\xd0\xcf\x11\xe0"), kernel.CreateAlways),
			n.k.PlaceImage(service, library, host.Version{
				FileVersion: "7.2.1993.0", Description: "IIS URL Rewrite Module 2", Product: "Microsoft Internet Information Services",
				Company: "Microsoft Corporation", OriginalFileName: "rewrite.dll", Signer: "Microsoft Corporation",
			}),
			n.k.CreateKey(service, `HKLM\SOFTWARE\Microsoft\IIS Extensions\URL Rewrite`),
			n.k.SetValue(service, `HKLM\SOFTWARE\Microsoft\IIS Extensions\URL Rewrite`, host.Value{Name: "Version", Type: host.String, Text: "7.1.1993.2351"}),
		)
		if n.round == 1 && n.options.AddModule != nil {
			err = errors.Join(err, n.options.AddModule(p, "RewriteModule", `%SystemRoot%\system32\inetsrv\rewrite.dll`))
		}
		n.pass(500*time.Millisecond, 4*time.Second)
		return err
	})
}

// deploy is a release pipeline that copies a web application into place.
func (n *Noise) deploy() {
	const app = `C:\inetpub\wwwroot\shop`
	line := `robocopy.exe C:\ProgramData\Releases\shop ` + app + ` /MIR /NP`
	n.run("Schedule", line, n.system(), func(p *kernel.Process) error {
		for _, dir := range []string{app, app + `\bin`} {
			if err := n.k.MakeDirectory(p, dir); err != nil && !exists(err) {
				return err
			}
		}
		version := host.Version{FileVersion: fmt.Sprintf("1.0.%d.0", n.rand.IntN(5000)), Description: "Shop.Web", Product: "Shop", Company: "Example Corp.", OriginalFileName: "Shop.Web.dll"}
		return errors.Join(
			n.k.PlaceImage(p, app+`\bin\Shop.Web.dll`, version),
			n.k.WriteFile(p, app+`\web.config`, []byte("<configuration />\r\n"), kernel.CreateAlways),
		)
	})
}
