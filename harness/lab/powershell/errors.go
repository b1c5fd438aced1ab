package powershell

import (
	"errors"
	"fmt"
	"strings"

	"github.com/seed-67b27da2/geiger/harness/lab/kernel"
	"github.com/seed-67b27da2/geiger/harness/lab/powershell/syntax"
)

// Exception is a .NET exception.
type Exception struct {
	Type    string // full name
	Message string
	Inner   *Exception
	HResult int32
}

// bases lists the base classes, nearest first.
func (e *Exception) bases() []string {
	const root = "System.Exception"
	m := map[string][]string{
		"System.IO.FileNotFoundException":                                  {"System.IO.IOException", "System.SystemException"},
		"System.IO.DirectoryNotFoundException":                             {"System.IO.IOException", "System.SystemException"},
		"System.Management.Automation.ItemNotFoundException":               {"System.Management.Automation.SessionStateException", "System.Management.Automation.RuntimeException", "System.SystemException"},
		"System.Management.Automation.CommandNotFoundException":            {"System.Management.Automation.RuntimeException", "System.SystemException"},
		"System.Management.Automation.MethodInvocationException":           {"System.Management.Automation.MethodException", "System.Management.Automation.ExtendedTypeSystemException", "System.Management.Automation.RuntimeException", "System.SystemException"},
		"System.Management.Automation.ParameterBindingException":           {"System.Management.Automation.RuntimeException", "System.SystemException"},
		"System.Diagnostics.Eventing.Reader.EventLogNotFoundException":     {"System.Diagnostics.Eventing.Reader.EventLogException"},
		"System.Management.Automation.RuntimeException":                    {"System.SystemException"},
		"System.Management.Automation.ParseException":                      {"System.Management.Automation.RuntimeException", "System.SystemException"},
		"System.Management.Automation.PSInvalidCastException":              {"System.InvalidCastException", "System.SystemException"},
		"System.ComponentModel.Win32Exception":                             {"System.Runtime.InteropServices.ExternalException", "System.SystemException"},
		"System.ArgumentNullException":                                     {"System.ArgumentException", "System.SystemException"},
		"System.ArgumentOutOfRangeException":                               {"System.ArgumentException", "System.SystemException"},
		"System.Net.WebException":                                          {"System.InvalidOperationException", "System.SystemException"},
		"System.Management.Automation.ActionPreferenceStopException":       {"System.Management.Automation.RuntimeException", "System.SystemException"},
		"System.Management.Automation.ParameterBindingValidationException": {"System.Management.Automation.ParameterBindingException", "System.Management.Automation.RuntimeException", "System.SystemException"},
		"Microsoft.PowerShell.Commands.ServiceCommandException":            {"System.SystemException"},
		"Microsoft.PowerShell.Commands.ProcessCommandException":            {"System.SystemException"},
	}
	list, ok := m[e.Type]
	if !ok {
		list = []string{"System.SystemException"}
	}
	return append(list, root)
}

// is reports whether the exception is of a type, named in full or as a type literal may be.
func (e *Exception) is(name string) bool {
	for _, have := range append([]string{e.Type}, e.bases()...) {
		if strings.EqualFold(have, name) || strings.EqualFold(have, "System."+name) || strings.EqualFold(have, "System.Management.Automation."+name) {
			return true
		}
	}
	return false
}

// ErrorRecord is an error of PowerShell; as a Go error it is a terminating one.
type ErrorRecord struct {
	Exception  *Exception
	ID         string // FullyQualifiedErrorId
	Category   string
	Activity   string // command, "" for the engine
	Reason     string // the exception's short name when empty
	Target     any
	hasTarget  bool
	Details    string // replaces the message when displayed
	source     *syntax.Source
	span       syntax.Span
	placed     bool
	command    string // name that is shown before the message
	endsScript bool   // a throw or a Stop preference, not only the end of a statement
}

// Error is the message.
func (r *ErrorRecord) Error() string { return r.Exception.Message }

// at gives the record its place in a script, unless it has one.
func (r *ErrorRecord) at(src *syntax.Source, span syntax.Span) *ErrorRecord {
	if !r.placed && src != nil {
		r.source, r.span, r.placed = src, span, true
	}
	return r
}

// on sets the target object.
func (r *ErrorRecord) on(target any) *ErrorRecord {
	r.Target, r.hasTarget = target, true
	return r
}

const (
	runtimeException = "System.Management.Automation.RuntimeException"
	invalidOperation = "InvalidOperation"
)

func newError(exception, id, category, format string, args ...any) *ErrorRecord {
	return &ErrorRecord{Exception: &Exception{Type: exception, Message: fmt.Sprintf(format, args...)}, ID: id, Category: category}
}

// runtimeError is an error of the engine.
func runtimeError(id, format string, args ...any) *ErrorRecord {
	return newError(runtimeException, id, invalidOperation, format, args...)
}

// methodError wraps an exception that a .NET method threw.
func methodError(method string, argc int, inner *Exception) *ErrorRecord {
	r := newError("System.Management.Automation.MethodInvocationException", shortName(inner.Type), "NotSpecified",
		`Exception calling "%s" with "%d" argument(s): "%s"`, method, argc, inner.Message)
	r.Exception.Inner = inner
	return r
}

// Error makes a .NET exception usable as a Go error inside the .NET surface.
func (e *Exception) Error() string { return e.Message }

func exception(typ, format string, args ...any) *Exception {
	return &Exception{Type: typ, Message: fmt.Sprintf(format, args...)}
}

// win32 turns a kernel error into the exception that System.IO throws.
func win32(err error, path string) *Exception {
	code, ok := kernel.CodeOf(err)
	if !ok {
		return exception("System.IO.IOException", "%s", err)
	}
	name := path[strings.LastIndexAny(path, `\/`)+1:]
	switch code {
	case kernel.FileNotFound:
		return exception("System.IO.FileNotFoundException", "Could not find file '%s'.", path)
	case kernel.PathNotFound:
		return exception("System.IO.DirectoryNotFoundException", "Could not find a part of the path '%s'.", path)
	case kernel.AccessDenied:
		return exception("System.UnauthorizedAccessException", "Access to the path '%s' is denied.", path)
	case kernel.AlreadyExists, kernel.FileExists:
		return exception("System.IO.IOException", "The file '%s' already exists.", path)
	case kernel.DirectoryNotEmpty:
		return exception("System.IO.IOException", "The directory is not empty.")
	case kernel.SharingViolation:
		return exception("System.IO.IOException", "The process cannot access the file '%s' because it is being used by another process.", name)
	case kernel.InvalidName:
		return exception("System.NotSupportedException", "The given path's format is not supported.")
	}
	return exception("System.IO.IOException", "%s", code.Message())
}

// categoryOf gives the category and identifier that providers use for an exception.
func categoryOf(e *Exception, verb string) (category, id string) {
	switch e.Type {
	case "System.UnauthorizedAccessException":
		return "PermissionDenied", verb + "UnauthorizedAccessError"
	case "System.IO.FileNotFoundException", "System.IO.DirectoryNotFoundException":
		return "ObjectNotFound", verb + "FileNotFoundError"
	case "System.IO.IOException":
		return "WriteError", verb + "IOError"
	}
	return "InvalidOperation", verb + "Error"
}

// asRecord makes any Go error an error record; control flow is passed through as false.
func asRecord(err error) (*ErrorRecord, bool) {
	if r, ok := errors.AsType[*ErrorRecord](err); ok {
		return r, true
	}
	if e, ok := errors.AsType[*Exception](err); ok {
		return &ErrorRecord{Exception: e, ID: shortName(e.Type), Category: "OperationStopped"}, true
	}
	return nil, false
}

// display gives the record as the console host prints it, wrapped at width columns.
func (r *ErrorRecord) display(width int) string {
	var b strings.Builder
	message := r.Exception.Message
	if r.Details != "" {
		message = r.Details
	}
	if r.command != "" {
		message = r.command + " : " + message
	}
	for line := range strings.SplitSeq(message, "\n") {
		wrap(&b, strings.TrimRight(line, "\r"), width, "")
	}
	r.displayPosition(&b, width)
	wrap(&b, "    + CategoryInfo          : "+r.categoryInfo(), width, "   ")
	wrap(&b, "    + FullyQualifiedErrorId : "+r.ID, width, "   ")
	b.WriteString(" \r\n")
	return b.String()
}

func (r *ErrorRecord) displayPosition(b *strings.Builder, width int) {
	if !r.placed {
		return
	}
	p := r.source.Position(r.span.Start)
	where := fmt.Sprintf("At line:%d char:%d", p.Line, p.Column)
	if r.source.Name != "" {
		where = fmt.Sprintf("At %s:%d char:%d", r.source.Name, p.Line, p.Column)
	}
	wrap(b, where, width, "")
	line := r.source.Line(p.Line)
	length := max(1, min(r.span.End-r.span.Start, len(line)-(p.Column-1)))
	mark := strings.Repeat(" ", p.Column-1) + strings.Repeat("~", length)
	limit := width - 12
	if len(line) > limit {
		from := max(0, min(p.Column-1-10, len(line)-limit))
		to := min(len(line), from+limit)
		line, mark = " ... "+line[from:to]+" ...", "     "+mark[from:min(len(mark), to)]
	}
	fmt.Fprintf(b, "+ %s\r\n+ %s\r\n", line, mark)
}

func (r *ErrorRecord) categoryInfo() string {
	reason := r.Reason
	if reason == "" {
		reason = shortName(r.Exception.Type)
	}
	target, kind := "", ""
	if r.hasTarget && r.Target != nil {
		target, kind = shorten(plainText(r.Target)), shortName(typeName(r.Target))
	}
	return fmt.Sprintf("%s: (%s:%s) [%s], %s", r.Category, target, kind, r.Activity, reason)
}

// shorten cuts a target name in the middle as the host does.
func shorten(s string) string {
	const limit = 40
	if len(s) <= limit {
		return s
	}
	return s[:limit/2-1] + "..." + s[len(s)-(limit/2-2):]
}

// wrap writes a text in lines of at most width columns, breaking at blanks; the lines after the first are indented.
func wrap(b *strings.Builder, text string, width int, indent string) {
	first := true
	for {
		limit := width
		if !first {
			limit -= len(indent)
			b.WriteString(indent)
		}
		first = false
		if len(text) <= limit {
			b.WriteString(text + "\r\n")
			return
		}
		cut := strings.LastIndexByte(text[:limit], ' ')
		if cut <= 0 {
			b.WriteString(text[:limit] + "\r\n")
			text = text[limit:]
			continue
		}
		b.WriteString(text[:cut+1] + "\r\n")
		text = text[cut+1:]
	}
}

// The errors below are control flow and never reach a script.

type jump struct {
	label string
	again bool // continue, not break
}

func (j *jump) Error() string { return "break or continue outside of a loop" }

type returning struct{}

func (returning) Error() string { return "return" }

type exiting struct{ code int }

func (e *exiting) Error() string { return "exit" }

// stopped ends the commands before one that wants no more input.
type stopped struct{ by stage }

func (s *stopped) Error() string { return "pipeline stopped" }

// errSteps ends a script that ran for too long.
var errSteps = errors.New("the script exceeded the step limit of the simulation")
