package powershell

import (
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

const (
	taskFolder = `C:\Windows\System32\Tasks`
	taskTree   = `HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Schedule\TaskCache\Tree`
)

func taskCmdlets() []*cmdlet {
	return []*cmdlet{
		{name: "Get-ScheduledTask", params: "TaskName:s*@0^~ TaskPath:s*@1~", process: getTasks},
		{name: "Unregister-ScheduledTask", params: "TaskName:s*@0^~! TaskPath:s*@1~", process: unregisterTasks},
	}
}

// tasks finds the registered tasks that the parameters name: each is a file below the folder of the scheduler, which
// reads it.
func (c *call) tasks() (scheduler *kernel.Process, files []host.File, err error) {
	scheduler, ok := c.k.ServiceProcess("Schedule")
	if !ok {
		return nil, nil, newError("Microsoft.Management.Infrastructure.CimException", "HRESULT 0x800706b5", "NotSpecified", "The task scheduler service is not running.")
	}
	patterns := c.list("TaskName")
	if patterns == nil {
		patterns = []string{"*"}
	}
	for _, pattern := range patterns {
		found, err := c.tasksBelow(scheduler, taskFolder, pattern)
		if err != nil {
			return nil, nil, err
		}
		if found == nil && !hasWildcard(pattern) {
			if err := c.fail(newError("Microsoft.PowerShell.Cmdletization.Cim.CimJobException", "CmdletizationQuery_NotFound_TaskName", "ObjectNotFound",
				"No MSFT_ScheduledTask objects found with property 'TaskName' equal to '%s'.  Verify the value of the property and retry.", pattern).on(pattern)); err != nil {
				return nil, nil, err
			}
		}
		files = append(files, found...)
	}
	return scheduler, files, nil
}

func (c *call) tasksBelow(scheduler *kernel.Process, dir, pattern string) ([]host.File, error) {
	entries, err := c.k.ReadDirectory(scheduler, dir)
	if err != nil {
		return nil, win32(err, dir)
	}
	var out []host.File
	for _, f := range entries {
		if err := c.work(1); err != nil {
			return nil, err
		}
		if f.IsDirectory() {
			below, err := c.tasksBelow(scheduler, f.Path, pattern)
			if err != nil {
				return nil, err
			}
			out = append(out, below...)
		} else if wildcard(pattern, false).MatchString(f.Name()) && c.inTaskPath(f) {
			out = append(out, f)
		}
	}
	return out, nil
}

func (c *call) inTaskPath(f host.File) bool {
	paths := c.list("TaskPath")
	for _, p := range paths {
		if wildcard(p, false).MatchString(taskPath(f)) {
			return true
		}
	}
	return paths == nil
}

// taskPath is the folder of a task as the scheduler names it, with a backslash at both ends.
func taskPath(f host.File) string {
	return strings.TrimSuffix(host.Parent(f.Path)[len(taskFolder):], `\`) + `\`
}

func getTasks(c *call) error {
	_, files, err := c.tasks()
	if err != nil {
		return err
	}
	for _, f := range files {
		o := record("Microsoft.Management.Infrastructure.CimInstance#Root/Microsoft/Windows/TaskScheduler/MSFT_ScheduledTask",
			"TaskPath", taskPath(f), "TaskName", f.Name(), "State", "Ready", "URI", taskPath(f)+f.Name())
		if err := c.out(o); err != nil {
			return err
		}
	}
	return nil
}

// unregisterTasks deletes tasks, which asks first: there is nobody to answer.
func unregisterTasks(c *call) error {
	scheduler, files, err := c.tasks()
	if err != nil {
		return err
	}
	for _, f := range files {
		if ok, err := c.should("Delete", "MSFT_ScheduledTask ("+f.Name()+")"); !ok || err != nil {
			return err
		}
		if c.value("Confirm") != false {
			c.unsupported("parameter", "Unregister-ScheduledTask", "only -Confirm:$false is simulated")
			return newError("System.Management.Automation.PSInvalidOperationException", "InvalidOperation", invalidOperation,
				"Windows PowerShell is in NonInteractive mode. Read and Prompt functionality is not available.")
		}
		if !c.p.Token.Elevated {
			return newError("Microsoft.Management.Infrastructure.CimException", "HRESULT 0x80070005", "PermissionDenied", "Access is denied.")
		}
		if err := c.k.DeleteFile(scheduler, f.Path); err != nil {
			return win32(err, f.Path)
		}
		key := taskTree + taskPath(f) + f.Name()
		if err := c.k.DeleteKey(scheduler, key); err != nil && !kernel.IsNotFound(err) {
			return c.keyFailed(err, key)
		}
	}
	return nil
}
