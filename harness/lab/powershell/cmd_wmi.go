package powershell

import (
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

const wmiHost = `C:\Windows\System32\wbem\WmiPrvSE.exe`

func wmiCmdlets() []*cmdlet {
	return []*cmdlet{
		{name: "Invoke-CimMethod", params: "ClassName|Class:s@0 MethodName|Name:s@1! Arguments:o@2 Namespace:s ComputerName|CN:s* CimSession:o InputObject:o^ Query:s", process: invokeCim},
		{name: "Invoke-WmiMethod", params: "Class:s@0 Name:s@1! ArgumentList|Args:o*@2 Namespace:s ComputerName|CN:s* Credential:o InputObject:o^ Path:s", process: invokeCim},
	}
}

// invokeCim calls a method of a class: only Win32_Process.Create is modelled.
func invokeCim(c *call) error {
	class := c.text("ClassName") + c.text("Class")
	method := c.text("MethodName") + c.text("Name")
	if c.has("ComputerName") && !c.localComputer() {
		return c.otherComputer()
	}
	if !strings.EqualFold(class, "Win32_Process") || !strings.EqualFold(method, "Create") {
		c.unsupported("class", class+"."+method, "only Win32_Process.Create can be called in the simulation")
		return newError("Microsoft.Management.Infrastructure.CimException", "HRESULT 0x8004102f", "InvalidOperation", "Invalid method Parameter(s) ")
	}
	line, dir, err := c.createArguments()
	if err != nil {
		return err
	}
	value, id := int64(0), any(nil)
	switch p, err := c.createByWMI(line, dir); {
	case err != nil:
		value = createStatus(err)
	default:
		id = int64(p.PID)
	}
	return c.out(record("Microsoft.Management.Infrastructure.CimMethodResult", "ProcessId", id, "ReturnValue", value, "PSComputerName", nil))
}

func (c *call) otherComputer() error {
	c.unsupported("parameter", c.cmd.name+" -ComputerName", "no other machines in the simulation")
	return newError("Microsoft.Management.Infrastructure.CimException", "HRESULT 0x80070035", "ConnectionError", "The network path was not found.")
}

// createArguments reads the command line and the directory of Win32_Process.Create.
func (c *call) createArguments() (line, dir string, err error) {
	if h, ok := c.value("Arguments").(*Hash); ok {
		for _, k := range h.keys {
			switch v, _ := h.get(k); strings.ToLower(c.str(k)) {
			case "commandline":
				line = c.str(v)
			case "currentdirectory":
				dir = c.str(v)
			default:
				c.unsupported("parameter", "Win32_Process.Create "+c.str(k), "not simulated")
			}
		}
	}
	if list := c.list("ArgumentList"); len(list) > 0 {
		line = list[0]
		if len(list) > 1 {
			dir = list[1]
		}
	}
	if line == "" {
		return "", "", newError("Microsoft.Management.Infrastructure.CimException", "HRESULT 0x80041008", "InvalidArgument", "Invalid parameter ")
	}
	return line, dir, nil
}

// createByWMI starts a process as a child of the provider host, which starts when it does not run.
func (c *call) createByWMI(line, dir string) (*kernel.Process, error) {
	provider, ok := c.k.Named(host.Base(wmiHost))
	if !ok {
		launcher, running := c.k.ServiceProcess("DcomLaunch")
		if !running {
			return nil, exception("System.Management.ManagementException", "The RPC server is unavailable.")
		}
		token := c.k.ServiceToken(host.NetworkService)
		var err error
		if provider, err = c.k.StartResident(c.detached(), launcher, kernel.Spec{
			Image: wmiHost, CommandLine: `C:\Windows\system32\wbem\wmiprvse.exe -secured -Embedding`, Dir: `C:\Windows\system32`,
			Token: token, Env: c.k.Environment(token), Hidden: true,
		}); err != nil {
			return nil, err
		}
	}
	if dir == "" {
		dir = `C:\Windows\system32`
	}
	p, err := c.k.Start(c.detached(), provider, kernel.Spec{CommandLine: line, Dir: dir, Token: c.p.Token, Env: c.k.Environment(c.p.Token), Begin: c.turn()}, kernel.Stdio{})
	if err == nil {
		c.started = append(c.started, p)
	}
	return p, err
}

// createStatus is what Win32_Process.Create returns for an error: 2 access denied, 9 path not found, 8 anything else.
func createStatus(err error) int64 {
	switch code, _ := kernel.CodeOf(err); code {
	case kernel.AccessDenied:
		return 2
	case kernel.FileNotFound, kernel.PathNotFound:
		return 9
	}
	return 8
}
