package host

import (
	"encoding/binary"
	"fmt"
	"time"
)

// A GUID in its four fields; the last eight bytes are in order.
type GUID struct {
	Data1 uint32
	Data2 uint16
	Data3 uint16
	Data4 [8]byte
}

// String is the registry form in upper case, with braces.
func (g GUID) String() string {
	return fmt.Sprintf("{%08X-%04X-%04X-%04X-%012X}", g.Data1, g.Data2, g.Data3, g.Data4[:2], g.Data4[2:])
}

// SysmonGUID builds the identifiers that Sysmon gives to processes and logons:
// the machine part, the second in which the thing began (low word in Data2, high
// word in Data3), and a tail that holds a little-endian number: the process
// start key or the logon id.
func SysmonGUID(machine uint32, began time.Time, tail uint64) GUID {
	seconds := uint32(began.Unix()) //nolint:gosec // Sysmon keeps 32 bits of the Unix time
	g := GUID{Data1: machine, Data2: uint16(seconds), Data3: uint16(seconds >> 16)}
	binary.LittleEndian.PutUint64(g.Data4[:], tail)
	return g
}
