param($a)
# Writes every event after the bookmarks as records that end in U+001E (which XML cannot contain): one JSON record
# per channel, then its events as rendered XML. The stream is gzipped, in base64, and closed by a line with its hash.
$memory=New-Object IO.MemoryStream
$gzip=New-Object IO.Compression.GZipStream($memory,[IO.Compression.CompressionMode]::Compress)
$writer=New-Object IO.StreamWriter($gzip,(New-Object Text.UTF8Encoding($false)))
$session=[Diagnostics.Eventing.Reader.EventLogSession]::GlobalSession
$left=[int]$a.max
$more=$false
foreach($b in $a.bookmarks){
 $state='enabled';$oldest=0;$last=0
 $events=New-Object Collections.Generic.List[string]
 try{
  $config=New-Object Diagnostics.Eventing.Reader.EventLogConfiguration $b.channel
  if(-not $config.IsEnabled){ $state='disabled' }
  $info=$session.GetLogInformation($b.channel,[Diagnostics.Eventing.Reader.PathType]::LogName)
  if($info.RecordCount){ $oldest=[long]$info.OldestRecordNumber;$last=$oldest+$info.RecordCount-1 }
  $query=New-Object Diagnostics.Eventing.Reader.EventLogQuery($b.channel,[Diagnostics.Eventing.Reader.PathType]::LogName,"*[System[(EventRecordID>$($b.after))]]")
  $reader=New-Object Diagnostics.Eventing.Reader.EventLogReader($query)
  try{
   while($event=$reader.ReadEvent()){
    if($left -le 0){ $more=$true;$event.Dispose();break }
    $events.Add($event.ToXml());$event.Dispose();$left--
   }
  }
  finally{ $reader.Dispose() }
 }
 catch [Diagnostics.Eventing.Reader.EventLogNotFoundException]{ $state='missing' }
 catch [UnauthorizedAccessException]{ $state='denied' }
 $writer.Write((ConvertTo-Json -Compress ([ordered]@{channel=$b.channel;state=$state;oldest=$oldest;last=$last})))
 $writer.Write([char]30)
 foreach($xml in $events){ $writer.Write($xml);$writer.Write([char]30) }
}
$writer.Close()
$packed=$memory.ToArray()
$hash=[BitConverter]::ToString([Security.Cryptography.SHA256]::Create().ComputeHash($packed)) -replace '-',''
$text=[Convert]::ToBase64String($packed)
for($n=0;$n -lt $text.Length;$n+=65536){ [Console]::Out.WriteLine($text.Substring($n,[Math]::Min(65536,$text.Length-$n))) }
[Console]::Out.WriteLine('#'+(ConvertTo-Json -Compress ([ordered]@{bytes=$packed.Length;sha256=$hash;more=$more;pid=$PID;utc=[DateTime]::UtcNow.ToString('o')})))
