package kernel

import (
	"errors"
	"fmt"

	"github.com/seed-67b27da2/geiger/harness/lab/host"
)

// Code is a Win32 system error code.
type Code uint32

// The codes that the machine returns, named as in winerror.h.
const (
	FileNotFound       Code = 2
	PathNotFound       Code = 3
	AccessDenied       Code = 5
	InvalidHandle      Code = 6
	BadFormat          Code = 11
	NotSameDevice      Code = 17
	SharingViolation   Code = 32
	NotSupported       Code = 50
	BadNetworkPath     Code = 53
	FileExists         Code = 80
	InvalidParameter   Code = 87
	InvalidName        Code = 123
	ModuleNotFound     Code = 126
	DirectoryNotEmpty  Code = 145
	AlreadyExists      Code = 183
	BadExeFormat       Code = 193
	DirectoryName      Code = 267
	ProcessAborted     Code = 1067
	ServiceNotExist    Code = 1060
	ServiceNotActive   Code = 1062
	ServiceRunning     Code = 1056
	ServiceDisabled    Code = 1058
	KeyHasChildren     Code = 1020
	PrivilegeNotHeld   Code = 1314
	ElevationRequired  Code = 740
	NoneMapped         Code = 1332
	LogonFailure       Code = 1326
	SpecialAccount     Code = 1371
	NoSuchAlias        Code = 1376
	MemberNotInAlias   Code = 1377
	MemberInAlias      Code = 1378
	AliasExists        Code = 1379
	NoSuchMember       Code = 1387
	UserNotFound       Code = 2221 // of lmerr.h, like the next
	UserExists         Code = 2224
	EvtChannelNotFound Code = 15007
	EvtInvalidQuery    Code = 15001
)

// Message is the text of FormatMessage for the code, without line end.
func (c Code) Message() string {
	if text, ok := messages()[c]; ok {
		return text
	}
	return fmt.Sprintf("Unknown error (0x%x)", uint32(c))
}

func messages() map[Code]string {
	return map[Code]string{
		FileNotFound:       "The system cannot find the file specified.",
		PathNotFound:       "The system cannot find the path specified.",
		AccessDenied:       "Access is denied.",
		InvalidHandle:      "The handle is invalid.",
		BadFormat:          "An attempt was made to load a program with an incorrect format.",
		NotSameDevice:      "The system cannot move the file to a different disk drive.",
		SharingViolation:   "The process cannot access the file because it is being used by another process.",
		NotSupported:       "The request is not supported.",
		BadNetworkPath:     "The network path was not found.",
		FileExists:         "The file exists.",
		InvalidParameter:   "The parameter is incorrect.",
		InvalidName:        "The filename, directory name, or volume label syntax is incorrect.",
		ModuleNotFound:     "The specified module could not be found.",
		DirectoryNotEmpty:  "The directory is not empty.",
		AlreadyExists:      "Cannot create a file when that file already exists.",
		BadExeFormat:       "%1 is not a valid Win32 application.",
		DirectoryName:      "The directory name is invalid.",
		ProcessAborted:     "The process terminated unexpectedly.",
		ServiceNotExist:    "The specified service does not exist as an installed service.",
		ServiceNotActive:   "The service has not been started.",
		ServiceRunning:     "An instance of the service is already running.",
		ServiceDisabled:    "The service cannot be started, either because it is disabled or because it has no enabled devices associated with it.",
		KeyHasChildren:     "Cannot create a symbolic link in a registry key that already has subkeys or values.",
		PrivilegeNotHeld:   "A required privilege is not held by the client.",
		ElevationRequired:  "The requested operation requires elevation.",
		NoneMapped:         "No mapping between account names and security IDs was done.",
		LogonFailure:       "The user name or password is incorrect.",
		SpecialAccount:     "Cannot perform this operation on built-in accounts.",
		NoSuchAlias:        "The specified local group does not exist.",
		MemberNotInAlias:   "The specified account name is not a member of the group.",
		MemberInAlias:      "The specified account name is already a member of the group.",
		AliasExists:        "The specified local group already exists.",
		NoSuchMember:       "A member could not be added to or removed from the local group because the member does not exist.",
		UserNotFound:       "The user name could not be found.",
		UserExists:         "The account already exists.",
		EvtChannelNotFound: "The specified channel could not be found.",
		EvtInvalidQuery:    "The specified query is invalid.",
	}
}

// Error is a failed operation as the caller of Win32 sees it.
type Error struct {
	Code Code
	Op   string // "open", "create process", ...
	Path string
}

// Error gives the operation, what it was done to, and Windows' text.
func (e *Error) Error() string { return e.Op + " " + e.Path + ": " + e.Code.Message() }

// CodeOf returns the Win32 code of an error of this package, and false for other
// errors.
func CodeOf(err error) (Code, bool) {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code, true
	}
	return 0, false
}

// IsNotFound reports whether err says that a file, path or key does not exist.
func IsNotFound(err error) bool {
	code, ok := CodeOf(err)
	return ok && (code == FileNotFound || code == PathNotFound)
}

func fail(op, path string, code Code) *Error { return &Error{Code: code, Op: op, Path: path} }

// translate gives an error of package host its Win32 code.
func translate(op, path string, err error) error {
	if err == nil {
		return nil
	}
	codes := []struct {
		err  error
		code Code
	}{
		{host.ErrNotExist, FileNotFound},
		{host.ErrNoParent, PathNotFound},
		{host.ErrExist, AlreadyExists},
		{host.ErrDirectory, AccessDenied},
		{host.ErrNotDirectory, DirectoryName},
		{host.ErrNotEmpty, DirectoryNotEmpty},
	}
	for _, c := range codes {
		if errors.Is(err, c.err) {
			return fail(op, path, c.code)
		}
	}
	return err
}
