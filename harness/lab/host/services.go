package host

import "sync"

// ServiceState is the state of a service as the service control manager numbers
// it.
type ServiceState uint32

// The states that the machine uses.
const (
	Stopped ServiceState = 1
	Running ServiceState = 4
)

// String is the name that sc.exe prints.
func (s ServiceState) String() string {
	if s == Running {
		return "RUNNING"
	}
	return "STOPPED"
}

// StartType says when a service starts.
type StartType uint32

// The start types, with the numbers of the registry.
const (
	Automatic     StartType = 2
	Manual        StartType = 3
	DisabledStart StartType = 4
)

// A Service is one entry of the service control manager's database.
type Service struct {
	Name, DisplayName string
	Path              string // command line of the service process
	Account           string // LocalSystem, `NT AUTHORITY\NetworkService`
	State             ServiceState
	Start             StartType
	Shared            bool // runs in a shared process (type 0x20)
	PID               uint32
	DependsOn         []string
}

// Values are what the key of the service holds in the registry.
func (s Service) Values() []Value {
	kind := uint64(0x10)
	if s.Shared {
		kind = 0x20
	}
	values := []Value{
		{Name: "Type", Type: DWord, Number: kind},
		{Name: "Start", Type: DWord, Number: uint64(s.Start)},
		{Name: "ErrorControl", Type: DWord, Number: 1},
		{Name: "ImagePath", Type: ExpandString, Text: s.Path},
		{Name: "DisplayName", Type: String, Text: s.DisplayName},
		{Name: "ObjectName", Type: String, Text: s.Account},
	}
	if len(s.DependsOn) > 0 {
		values = append(values, Value{Name: "DependOnService", Type: MultiString, Strings: s.DependsOn})
	}
	return values
}

// Services is the database of services, by name without regard to case.
type Services struct {
	mu     sync.RWMutex
	byName map[string]Service
}

// NewServices returns an empty database.
func NewServices() *Services { return &Services{byName: map[string]Service{}} }

// Service returns the service called name.
func (s *Services) Service(name string) (Service, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	svc, ok := s.byName[Fold(name)]
	return svc, ok
}

// All returns every service, ordered by name.
func (s *Services) All() []Service {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return ordered(s.byName)
}

// Put adds or replaces a service.
func (s *Services) Put(svc Service) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byName[Fold(svc.Name)] = svc
}

// Remove deletes a service and reports whether it was there.
func (s *Services) Remove(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return remove(s.byName, name)
}
