package native

import (
	"fmt"
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
)

const (
	taskFolder = `C:\Windows\System32\Tasks`
	taskTree   = `HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Schedule\TaskCache\Tree`
)

// schtasks registers, lists and deletes scheduled tasks; they are not run.
func schtasks(r *run) int {
	name, _ := r.after("tn")
	name = strings.Trim(name, `\`)
	switch {
	case r.has("create"):
		return r.createTask(name)
	case r.has("delete"):
		return r.deleteTask(name)
	case len(r.args) == 0 || r.has("query"):
		return r.queryTasks(name)
	}
	r.unsupported("schtasks")
	r.complain("ERROR: The system cannot find the file specified.\n")
	return 1
}

// scheduler is the service process that writes what belongs to a task.
func (r *run) scheduler() (*kernel.Process, bool) {
	p, ok := r.k.ServiceProcess("Schedule")
	if !ok {
		r.complain("ERROR: The task scheduler service is not running.\n")
	}
	return p, ok
}

func (r *run) createTask(name string) int {
	command, hasCommand := r.after("tr")
	schedule, hasSchedule := r.after("sc")
	if name == "" || !hasCommand && !r.has("xml") || !hasSchedule && !r.has("xml") {
		r.complain("ERROR: Invalid syntax. Mandatory option 'sc' is missing.\nType \"SCHTASKS /CREATE /?\" for usage.\n")
		return 1
	}
	if r.has("xml") || r.has("s") {
		r.unsupported("task definition")
	}
	account, given := r.after("ru")
	if !given {
		account = r.p.Token.User
	}
	if !r.p.Token.Elevated && (given || strings.EqualFold(schedule, "onstart") || strings.EqualFold(schedule, "onlogon")) {
		r.complain("ERROR: Access is denied.\n")
		return 1
	}
	file := host.Join(taskFolder, name)
	if _, err := r.k.Stat(r.p, file); err == nil && !r.has("f") && !r.confirm("WARNING: The task name \"%s\" already exists. Do you want to replace it (Y/N)? ", name) {
		return 0
	}
	scheduler, ok := r.scheduler()
	if !ok {
		return 1
	}
	if err := r.registerTask(scheduler, name, file, command, schedule, account); err != nil {
		r.complain("ERROR: %s\n", message(err))
		return 1
	}
	r.print("SUCCESS: The scheduled task \"%s\" has successfully been created.\n", name)
	return 0
}

// registerTask writes the definition and the key of a task as the scheduler.
func (r *run) registerTask(scheduler *kernel.Process, name, file, command, schedule, account string) error {
	program, arguments, _ := strings.Cut(command, " ")
	definition := fmt.Sprintf("<?xml version=\"1.0\" encoding=\"UTF-16\"?>\r\n<Task version=\"1.2\" xmlns=\"http://schemas.microsoft.com/windows/2004/02/mit/task\">\r\n  <RegistrationInfo>\r\n    <Author>%s</Author>\r\n    <URI>\\%s</URI>\r\n  </RegistrationInfo>\r\n  <Triggers>\r\n    <!-- %s -->\r\n  </Triggers>\r\n  <Principals>\r\n    <Principal id=\"Author\">\r\n      <UserId>%s</UserId>\r\n    </Principal>\r\n  </Principals>\r\n  <Actions Context=\"Author\">\r\n    <Exec>\r\n      <Command>%s</Command>\r\n      <Arguments>%s</Arguments>\r\n    </Exec>\r\n  </Actions>\r\n</Task>",
		escapeXML(r.p.Token.User), escapeXML(name), escapeXML(schedule), escapeXML(account), escapeXML(program), escapeXML(arguments))
	service := &run{k: r.k, p: scheduler}
	if err := service.makeAll(host.Parent(file)); err != nil {
		return err
	}
	if err := r.k.WriteFile(scheduler, file, utf16File(definition), kernel.CreateAlways); err != nil {
		return err
	}
	key := taskTree + `\` + name
	if err := r.k.CreateKey(scheduler, key); err != nil {
		return err
	}
	return r.k.SetValue(scheduler, key, host.Value{Name: "Index", Type: host.DWord, Number: 3})
}

func (r *run) deleteTask(name string) int {
	file := host.Join(taskFolder, name)
	scheduler, ok := r.scheduler()
	if !ok {
		return 1
	}
	if _, err := r.k.Stat(scheduler, file); name == "" || err != nil {
		r.complain("ERROR: The specified task name \"%s\" does not exist in the system.\n", name)
		return 1
	}
	if !r.p.Token.Elevated {
		r.complain("ERROR: Access is denied.\n")
		return 1
	}
	if !r.has("f") && !r.confirm("WARNING: Are you sure you want to remove the task \"%s\" (Y/N)? ", name) {
		return 0
	}
	err := r.k.DeleteFile(scheduler, file)
	if err == nil {
		err = r.k.DeleteKey(scheduler, taskTree+`\`+name)
	}
	if err != nil && !kernel.IsNotFound(err) {
		r.complain("ERROR: %s\n", message(err))
		return 1
	}
	r.print("SUCCESS: The scheduled task \"%s\" was successfully deleted.\n", name)
	return 0
}

func (r *run) queryTasks(name string) int {
	scheduler, ok := r.scheduler()
	if !ok {
		return 1
	}
	reader := &findstrCall{run: &run{k: r.k, p: scheduler}}
	rows := 0
	for _, f := range reader.below(host.Join(taskFolder, "*")) {
		task := strings.TrimPrefix(f.Path, taskFolder)
		if f.IsDirectory() || name != "" && !strings.EqualFold(strings.Trim(task, `\`), name) {
			continue
		}
		if rows == 0 {
			r.print("\nFolder: \\\n%-40s %-22s %-15s\n%s %s %s\n", "TaskName", "Next Run Time", "Status", strings.Repeat("=", 40), strings.Repeat("=", 22), strings.Repeat("=", 15))
		}
		r.print("%-40s %-22s %-15s\n", strings.TrimPrefix(task, `\`), "N/A", "Ready")
		rows++
	}
	if rows == 0 && name != "" {
		r.complain("ERROR: The system cannot find the file specified.\n")
		return 1
	}
	return 0
}
