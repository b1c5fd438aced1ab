package eventlog

import (
	"time"
)

// A Field is one named datum of an event.
type Field struct{ Name, Value string }

// Event is what a provider writes. The zero Level of a classic provider is kept
// as it is; field order is the order of the provider's manifest.
type Event struct {
	Provider     string // "Microsoft-Windows-Sysmon"
	ProviderGUID string // "{5770385f-...}", "" for classic providers
	EventID      int
	Version      int
	Level        int // 4 information, 3 warning, 2 error
	Task         int
	Opcode       int
	Keywords     uint64
	ActivityID   string // of the Correlation element, "" for none
	ProcessID    uint32 // of the writing process
	ThreadID     uint32
	UserID       string // SID; "" omits the attribute
	Data         []Field
	UserData     *UserData // instead of Data
}

// UserData is the payload of an event that has a schema of its own.
type UserData struct {
	Element, Namespace string
	Data               []Field
}

// A Record is an event in a channel. It must not be modified.
type Record struct {
	Event

	Channel  string
	Computer string
	ID       uint64    // EventRecordID
	Time     time.Time // TimeCreated: when it was written
}

// Field returns the value of a datum.
func (e Event) Field(name string) (string, bool) {
	data := e.Data
	if e.UserData != nil {
		data = e.UserData.Data
	}
	for _, f := range data {
		if f.Name == name {
			return f.Value, true
		}
	}
	return "", false
}
