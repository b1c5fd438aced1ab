package eventlog

// Names of the channels that the lab writes to.
const (
	Application       = "Application"
	Security          = "Security"
	SystemChannel     = "System"
	Sysmon            = "Microsoft-Windows-Sysmon/Operational"
	PowerShell        = "Microsoft-Windows-PowerShell/Operational"
	ClassicPowerShell = "Windows PowerShell"
	WinRM             = "Microsoft-Windows-WinRM/Operational"
	IISConfiguration  = "Microsoft-IIS-Configuration/Operational"
	TaskScheduler     = "Microsoft-Windows-TaskScheduler/Operational"
	Lab               = "Geiger-Lab/Operational" // what the simulation lacks
)

// serverChannels are the channels with the sizes and modes of a default
// installation. The record ids begin where a machine of some months would be.
func serverChannels() []Settings {
	const mb = 1 << 20
	return []Settings{
		{Name: Application, Enabled: true, Mode: Circular, MaxSize: 20 * mb, Type: "Admin", First: 6021},
		{Name: Security, Enabled: true, Mode: Circular, MaxSize: 20 * mb, Type: "Admin", Provider: "Microsoft-Windows-Security-Auditing", AdminOnly: true, First: 88412},
		{Name: SystemChannel, Enabled: true, Mode: Circular, MaxSize: 20 * mb, Type: "Admin", First: 9174},
		{Name: Sysmon, Enabled: true, Mode: Circular, MaxSize: 64 * mb, Type: "Operational", Provider: "Microsoft-Windows-Sysmon", AdminOnly: true, First: 41807},
		{Name: PowerShell, Enabled: true, Mode: Circular, MaxSize: 15 * mb, Type: "Operational", Provider: "Microsoft-Windows-PowerShell", First: 2210},
		{Name: ClassicPowerShell, Enabled: true, Mode: Circular, MaxSize: 15 * mb, Type: "Admin", Provider: "PowerShell", First: 1502},
		{Name: WinRM, Enabled: true, Mode: Circular, MaxSize: mb + mb/256, Type: "Operational", Provider: "Microsoft-Windows-WinRM", First: 733},
		{Name: IISConfiguration, Enabled: false, Mode: Circular, MaxSize: mb + mb/256, Type: "Operational", Provider: "Microsoft-Windows-IIS-Configuration", First: 1},
		{Name: TaskScheduler, Enabled: false, Mode: Circular, MaxSize: 10 * mb, Type: "Operational", Provider: "Microsoft-Windows-TaskScheduler", First: 1},
		{Name: Lab, Enabled: true, Mode: Circular, MaxSize: 16 * mb, Type: "Operational", Provider: "Geiger-Lab", First: 1},
	}
}
