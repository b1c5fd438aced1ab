param($a)
# Starts one command as Invoke-AtomicRedTeam does (System.Diagnostics.Process, no shell), so that its parent,
# its command line and its working directory are what an operator's run would leave in the telemetry.
$dir=Join-Path $env:TEMP $a.dir
if(-not (Test-Path -LiteralPath $dir)){ New-Item -ItemType Directory -Force -Path $dir | Out-Null }
$p=New-Object Diagnostics.Process
$i=$p.StartInfo
$i.FileName=$a.file
$i.Arguments=$a.arguments
$i.WorkingDirectory=$dir
$i.UseShellExecute=$false
# Standard input is inherited: the bootstrap has read it to its end. Redirected, .NET would write a byte order mark into it.
$i.RedirectStandardOutput=$true
$i.RedirectStandardError=$true
$i.StandardOutputEncoding=[Text.Encoding]::UTF8
$i.StandardErrorEncoding=[Text.Encoding]::UTF8
$started=[DateTime]::UtcNow
[void]$p.Start()
$out=$p.StandardOutput.ReadToEndAsync()
$err=$p.StandardError.ReadToEndAsync()
$timedOut=-not $p.WaitForExit([int]$a.milliseconds)
if($timedOut){
 # What taskkill says on standard error must not end this script: the process may have gone by itself.
 $ErrorActionPreference='Continue'
 & "$env:windir\System32\taskkill.exe" /T /F /PID $p.Id 2>&1 | Out-Null
 $ErrorActionPreference='Stop'
 [void]$p.WaitForExit(5000)
}
$ended=[DateTime]::UtcNow
# A grandchild that outlives the command can hold the pipes open; what it has not written by then is not waited for.
$text=foreach($task in $out,$err){
 if($task.Wait(5000)){ [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes([string]$task.Result)) }else{ '' }
}
[Console]::Out.WriteLine((ConvertTo-Json -Compress ([ordered]@{
 pid=$p.Id;launcher=$PID;dir=$dir;started=$started.ToString('o');ended=$ended.ToString('o')
 exit=$(if($p.HasExited){$p.ExitCode}else{-1});timedOut=$timedOut;stdout=$text[0];stderr=$text[1]
})))
