param($a)
$ErrorActionPreference='SilentlyContinue'
$os=Get-CimInstance Win32_OperatingSystem
$identity=[Security.Principal.WindowsIdentity]::GetCurrent()
$principal=New-Object Security.Principal.WindowsPrincipal($identity)
$sysmon=Get-Service -Name Sysmon64,Sysmon | Select-Object -First 1
$parameters=Get-ItemProperty 'HKLM:\SYSTEM\CurrentControlSet\Services\SysmonDrv\Parameters'
$driver=Get-Item "$env:windir\Sysmon64.exe","$env:windir\Sysmon.exe" | Select-Object -First 1
$iis=Get-ItemProperty 'HKLM:\SOFTWARE\Microsoft\InetStp'
$logging=Get-ItemProperty 'HKLM:\SOFTWARE\Policies\Microsoft\Windows\PowerShell\ScriptBlockLogging'
[Console]::Out.WriteLine((ConvertTo-Json -Compress ([ordered]@{
 pid=$PID
 name=$env:COMPUTERNAME;os=$os.Caption;build=$os.Version;temp=$env:TEMP
 user=$identity.Name;elevated=$principal.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)
 powershell=$PSVersionTable.PSVersion.ToString();bits=[IntPtr]::Size*8
 languageMode="$($ExecutionContext.SessionState.LanguageMode)"
 sysmon="$($sysmon.Status)";sysmonVersion="$($driver.VersionInfo.FileVersion)"
 sysmonConfigHash="$($parameters.ConfigHash)"
 iis=$(if($iis){"$($iis.MajorVersion).$($iis.MinorVersion)"}else{''})
 w3svc="$((Get-Service -Name W3SVC).Status)"
 webAdministration=[bool](Get-Module -ListAvailable -Name WebAdministration)
 scriptBlockLogging=[bool]$logging.EnableScriptBlockLogging
 utc=[DateTime]::UtcNow.ToString('o') # last: the reader compares it with the time at which this line arrives
})))
