param($a)
# Each fact is read on its own: one that cannot be read leaves its reason in "unread" and all others as they are.
$unread=[ordered]@{}
function Fact([string]$name,[scriptblock]$read){ try{ & $read }catch{ $unread[$name]="$_"; $null } }
$identity=Fact identity {
 $me=[Security.Principal.WindowsIdentity]::GetCurrent()
 $principal=New-Object Security.Principal.WindowsPrincipal($me)
 [ordered]@{name=$env:COMPUTERNAME;user=$me.Name;sid="$($me.User)";elevated=$principal.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)}
}
$filter=Fact tokenFilter {
 $policy=Get-ItemProperty 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System'
 [ordered]@{off=($policy.LocalAccountTokenFilterPolicy -eq 1)}
}
$shell=Fact shell {
 [ordered]@{bits=[IntPtr]::Size*8;powershell=$PSVersionTable.PSVersion.ToString();languageMode="$($ExecutionContext.SessionState.LanguageMode)"}
}
$quotas=Fact quotas {
 $all=[ordered]@{}
 foreach($q in 'MaxShellsPerUser','MaxMemoryPerShellMB','MaxProcessesPerShell','MaxConcurrentUsers'){ $all[$q]=[long](Get-Item "WSMan:\localhost\Shell\$q").Value }
 $all['MaxConcurrentOperationsPerUser']=[long](Get-Item 'WSMan:\localhost\Service\MaxConcurrentOperationsPerUser').Value
 $all
}
$iis=Fact iis {
 $version='';$key='HKLM:\SOFTWARE\Microsoft\InetStp'
 if(Test-Path $key){ $stp=Get-ItemProperty $key;$version="$($stp.MajorVersion).$($stp.MinorVersion)" }
 $service=Get-Service -Name W3SVC -ErrorAction SilentlyContinue
 [ordered]@{version=$version;w3svc="$($service.Status)";webAdministration=[bool](Get-Module -ListAvailable -Name WebAdministration)}
}
$sysmon=Fact sysmon {
 $service=Get-Service -Name Sysmon64,Sysmon -ErrorAction SilentlyContinue | Select-Object -First 1
 $driver=Get-Item "$env:windir\Sysmon64.exe","$env:windir\Sysmon.exe" -ErrorAction SilentlyContinue | Select-Object -First 1
 $file='';$hash='';$key='HKLM:\SYSTEM\CurrentControlSet\Services\SysmonDrv\Parameters'
 if(Test-Path $key){ $p=Get-ItemProperty $key;$file="$($p.ConfigFile)";$hash="$($p.ConfigHash)" }
 $schema=''
 try{ # the last start says what the installed version knows
  $start=Get-WinEvent -LogName Microsoft-Windows-Sysmon/Operational -FilterXPath '*[System[EventID=4]]' -MaxEvents 1
  $schema="$((([xml]$start.ToXml()).Event.EventData.Data | Where-Object { $_.Name -eq 'SchemaVersion' }).'#text')"
 }catch{}
 [ordered]@{service="$($service.Status)";name="$($service.Name)";schema=$schema;version="$($driver.VersionInfo.FileVersion)";program="$($driver.FullName)";configFile=$file;configHash=$hash}
}
$configuration=Fact sysmonConfiguration {
 $text='';$dump=''
 if($sysmon.configFile -and (Test-Path $sysmon.configFile)){
  $bytes=[IO.File]::ReadAllBytes($sysmon.configFile)
  $digest=[BitConverter]::ToString([Security.Cryptography.SHA256]::Create().ComputeHash($bytes)) -replace '-',''
  if($sysmon.configHash -like "*SHA256=$digest*"){ $text=[Convert]::ToBase64String($bytes) } # what the file was when Sysmon read it
 }
 if(-not $text -and $sysmon.program -and $sysmon.service -eq 'Running'){ $dump=(@(& $sysmon.program -c) -join "`n") }
 [ordered]@{file=$text;dump=$dump}
}
$audit=Fact audit {
 $settings=[ordered]@{}
 $rows=auditpol.exe /get /category:* /r | Where-Object { $_ } | Select-Object -Skip 1 |
  ConvertFrom-Csv -Header machine,target,name,guid,setting,exclusion # its own headings are in the language of the host
 if($LASTEXITCODE -or -not $rows){ throw "auditpol.exe ended with exit status $LASTEXITCODE" }
 foreach($row in $rows){ $settings["$($row.guid)".Trim('{','}')]="$($row.setting)" }
 $settings
}
$logging=Fact scriptBlockLogging {
 $value=$null;$key='HKLM:\SOFTWARE\Policies\Microsoft\Windows\PowerShell\ScriptBlockLogging'
 if(Test-Path $key){ $value=(Get-ItemProperty $key).EnableScriptBlockLogging }
 [ordered]@{on=($value -eq 1);value=$value}
}
$channels=Fact channels {
 $session=[Diagnostics.Eventing.Reader.EventLogSession]::GlobalSession
 foreach($name in $a.channels){
  try{
   $config=New-Object Diagnostics.Eventing.Reader.EventLogConfiguration $name
   $info=$session.GetLogInformation($name,[Diagnostics.Eventing.Reader.PathType]::LogName)
   [ordered]@{name=$name;state=$(if($config.IsEnabled){'enabled'}else{'disabled'});mode="$($config.LogMode)"
    maximum=[long]$config.MaximumSizeInBytes;size=[long]$info.FileSize}
  }
  catch [Diagnostics.Eventing.Reader.EventLogNotFoundException]{ [ordered]@{name=$name;state='missing'} }
  catch [UnauthorizedAccessException]{ [ordered]@{name=$name;state='denied'} }
 }
}
$disk=Fact disk {
 $drive=Get-CimInstance Win32_LogicalDisk -Filter "DeviceID='$env:SystemDrive'"
 [ordered]@{drive=$env:SystemDrive;free=[long]$drive.FreeSpace}
}
$defender=Fact defender {
 $service=Get-Service -Name WinDefend -ErrorAction SilentlyContinue
 $real=$false;$paths=@()
 if("$($service.Status)" -eq 'Running'){
  $real=[bool](Get-MpComputerStatus).RealTimeProtectionEnabled
  $paths=@((Get-MpPreference).ExclusionPath | Where-Object { $_ } | ForEach-Object { "$_" })
 }
 [ordered]@{service="$($service.Status)";realTime=$real;exclusions=$paths}
}
[Console]::Out.WriteLine((ConvertTo-Json -Compress -Depth 4 ([ordered]@{
 identity=$identity;tokenFilter=$filter;shell=$shell;quotas=$quotas;iis=$iis;sysmon=$sysmon;sysmonConfiguration=$configuration
 audit=$audit;scriptBlockLogging=$logging;channels=@($channels | Where-Object { $_ });disk=$disk;defender=$defender;unread=$unread
 utc=[DateTime]::UtcNow.ToString('o') # last: the reader compares it with the time at which this line arrives
})))
