param($a)
$session=[Diagnostics.Eventing.Reader.EventLogSession]::GlobalSession
$found=foreach($name in $a.channels){
 try{
  $info=$session.GetLogInformation($name,[Diagnostics.Eventing.Reader.PathType]::LogName)
  $config=New-Object Diagnostics.Eventing.Reader.EventLogConfiguration $name
  $last=0
  if($info.RecordCount){ $last=$info.OldestRecordNumber+$info.RecordCount-1 }
  [ordered]@{channel=$name;state=$(if($config.IsEnabled){'enabled'}else{'disabled'});after=[long]$last
   mode="$($config.LogMode)";maximumBytes=[long]$config.MaximumSizeInBytes}
 }
 catch [Diagnostics.Eventing.Reader.EventLogNotFoundException]{ [ordered]@{channel=$name;state='missing'} }
 catch [UnauthorizedAccessException]{ [ordered]@{channel=$name;state='denied'} }
}
[Console]::Out.WriteLine((ConvertTo-Json -Compress -Depth 3 ([ordered]@{pid=$PID;utc=[DateTime]::UtcNow.ToString('o');channels=@($found)})))
