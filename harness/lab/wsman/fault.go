package wsman

import (
	"errors"
	"fmt"
	"strings"
)

// Fault is a SOAP fault as Windows sends it: a WS-Management code for any client and a Windows error code
// for Windows' own (MS-WSMV 2.2.4.43, WSManFault).
type Fault struct {
	Code    uint32 // of WSManFault: an HRESULT or a Win32 error; 0: the fault has no WSManFault
	Role    string // SOAP code: "s:Sender", "s:Receiver" or "s:MustUnderstand"
	Subcode string // qualified name, with the prefixes of the response envelope; may be empty
	Text    string
}

// Error implements error.
func (f *Fault) Error() string {
	return fmt.Sprintf("%s %s (%d): %s", f.Role, f.Subcode, f.Code, strings.TrimSpace(f.Text))
}

// The error codes of winerror.h and wsmerror.h that the server sends.
const (
	codeAccessDenied         = 5
	codeInvalidParameter     = 87
	codeOperationAborted     = 995
	codeResourceNotFound     = 0x80338000
	codeActionNotSupported   = 0x80338001
	codeMustUnderstand       = 0x80338010
	codeTimedOut             = 0x80338029
	codeSchemaValidation     = 0x80338041
	codeEnvelopeTooLarge     = 0x80338049 // of the server's limit
	codeUnexpectedSelectors  = 0x8033805B
	codeQuotaMaxShells       = 0x803381A5
	codeQuotaMaxOperations   = 0x803381A6
	codeQuotaMaxUsers        = 0x803381AB
	codeQuotaMaxCommands     = 0x803381E9
	codeFilenameTooLong      = 0x800700CE
	codeAlreadyExists        = 0x800700B7
	codeUnspecifiedHostError = 0x80004005
)

func faultTimedOut() *Fault {
	return &Fault{codeTimedOut, "s:Receiver", "w:TimedOut", "The WS-Management service cannot complete the operation within the time specified in OperationTimeout.  "}
}

func faultShellNotFound(id string) *Fault {
	text := "The request for the Windows Remote Shell with ShellId " + id + " failed because the shell was not found on the server. " +
		"Possible causes are: the specified ShellId is incorrect or the shell no longer exists on the server. " +
		"Provide the correct ShellId or create a new shell and retry the operation. "
	return &Fault{codeUnexpectedSelectors, "s:Sender", "w:InvalidSelectors", text}
}

func faultNoSelector() *Fault {
	return &Fault{
		codeUnexpectedSelectors, "s:Sender", "w:InvalidSelectors",
		"The WS-Management service cannot process the request because the request contained invalid selectors for the resource. ",
	}
}

// faultInvalidParameter also stands for a CommandId that names no command.
func faultInvalidParameter() *Fault {
	return &Fault{codeInvalidParameter, "s:Sender", "w:InvalidParameter", "The parameter is incorrect. "}
}

func faultAborted() *Fault {
	return &Fault{
		codeOperationAborted, "s:Receiver", "w:InternalError",
		"The I/O operation has been aborted because of either a thread exit or an application request. ",
	}
}

func faultAccessDenied() *Fault {
	return &Fault{codeAccessDenied, "s:Sender", "w:AccessDenied", "Access is denied. "}
}

func faultQuota(code uint32, limit int, of string) *Fault {
	text := fmt.Sprintf("The WS-Management service cannot process the request. This user is allowed a maximum number of %d %s, which has been exceeded. "+
		"Close existing ones or raise the quota for this user. ", limit, of)
	return &Fault{code, "s:Sender", "w:QuotaLimit", text}
}

func faultTooManyCommands(limit int) *Fault {
	fault := faultQuota(codeQuotaMaxCommands, limit, "commands in one shell")
	fault.Role, fault.Subcode = "s:Receiver", "w:InternalError"
	return fault
}

func faultCommandLineTooLong() *Fault {
	return &Fault{codeFilenameTooLong, "s:Receiver", "w:InternalError", "The filename or extension is too long. "}
}

func faultCommandExists() *Fault {
	return &Fault{codeAlreadyExists, "s:Sender", "w:AlreadyExists", "Cannot create a file when that file already exists. "}
}

func faultResource(uri string) *Fault {
	text := "The WS-Management service cannot process the request. The resource URI " + uri + " was not found in the WS-Management catalog. "
	return &Fault{codeResourceNotFound, "s:Sender", "a:DestinationUnreachable", text}
}

func faultAction(action string) *Fault {
	text := "The action " + action + " is not supported by the service. "
	return &Fault{codeActionNotSupported, "s:Sender", "a:ActionNotSupported", text}
}

func faultSchema(err error) *Fault {
	text := "The SOAP XML in the message does not match the corresponding XML schema definition. " + err.Error() + ". Change the XML and retry. "
	return &Fault{codeSchemaValidation, "s:Sender", "w:SchemaValidationError", text}
}

func faultNotUnderstood(header string) *Fault {
	text := "The WS-Management service cannot process a SOAP header in the request that is marked as mustUnderstand by the client: " + header + ". "
	return &Fault{codeMustUnderstand, "s:MustUnderstand", "", text}
}

func faultEnvelopeTooLarge(limit int) *Fault {
	text := fmt.Sprintf("The WS-Management service cannot process the request because the size of the request exceeded the configured maximum envelope size of %d bytes. ", limit)
	return &Fault{codeEnvelopeTooLarge, "s:Sender", "w:EncodingLimit", text}
}

// faultOf turns an error of the host into a fault.
func faultOf(err error) *Fault {
	if failure, ok := errors.AsType[*HostError](err); ok {
		return &Fault{failure.Code, "s:Receiver", "w:InternalError", failure.Text}
	}
	return &Fault{codeUnspecifiedHostError, "s:Receiver", "w:InternalError", "Unspecified error: " + err.Error() + ". "}
}
