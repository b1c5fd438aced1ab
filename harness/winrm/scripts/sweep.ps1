param($a)
$dir=Join-Path $env:TEMP $a.dir
if(Test-Path -LiteralPath $dir){ Remove-Item -LiteralPath $dir -Recurse -Force -ErrorAction Stop }
$root=Join-Path $env:TEMP 'geiger'
if((Test-Path -LiteralPath $root) -and -not (Get-ChildItem -LiteralPath $root -Force)){ Remove-Item -LiteralPath $root -Force }
[Console]::Out.WriteLine((ConvertTo-Json -Compress ([ordered]@{pid=$PID;swept=$dir})))
