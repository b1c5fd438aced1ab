package powershell

// commandTable lists every cmdlet of the simulation.
func commandTable() []*cmdlet {
	var all []*cmdlet
	for _, family := range [][]*cmdlet{
		objectCmdlets(), formatCmdlets(), writeCmdlets(), textCmdlets(), itemCmdlets(), contentCmdlets(), propertyCmdlets(), pathCmdlets(),
		systemCmdlets(), serviceCmdlets(), processCmdlets(), sessionCmdlets(), eventCmdlets(), securityCmdlets(), webCmdlets(), moduleCmdlets(),
		wmiCmdlets(), secretCmdlets(), archiveCmdlets(), accountCmdlets(), taskCmdlets(),
	} {
		all = append(all, family...)
	}
	return all
}

// aliases are the built-in aliases of Windows PowerShell for the commands that exist here, and for well-known others.
func aliases() map[string]string {
	return map[string]string{
		"%": "ForEach-Object", "foreach": "ForEach-Object", "?": "Where-Object", "where": "Where-Object", "gci": "Get-ChildItem", "ls": "Get-ChildItem",
		"dir": "Get-ChildItem", "cp": "Copy-Item", "copy": "Copy-Item", "cpi": "Copy-Item", "mv": "Move-Item", "move": "Move-Item", "mi": "Move-Item",
		"rm": "Remove-Item", "del": "Remove-Item", "erase": "Remove-Item", "rd": "Remove-Item", "ri": "Remove-Item", "rmdir": "Remove-Item",
		"ren": "Rename-Item", "rni": "Rename-Item", "ni": "New-Item", "md": "mkdir", "gi": "Get-Item", "gc": "Get-Content", "cat": "Get-Content",
		"type": "Get-Content", "sc": "Set-Content", "ac": "Add-Content", "clc": "Clear-Content", "cd": "Set-Location", "chdir": "Set-Location", "sl": "Set-Location",
		"pwd": "Get-Location", "gl": "Get-Location", "pushd": "Push-Location", "popd": "Pop-Location", "echo": "Write-Output", "write": "Write-Output",
		"select": "Select-Object", "sort": "Sort-Object", "measure": "Measure-Object", "group": "Group-Object", "ft": "Format-Table", "fl": "Format-List", "fw": "Format-Wide",
		"tee": "Tee-Object", "sls": "Select-String", "iex": "Invoke-Expression", "icm": "Invoke-Command", "ii": "Invoke-Item", "iwr": "Invoke-WebRequest",
		"curl": "Invoke-WebRequest", "wget": "Invoke-WebRequest", "irm": "Invoke-RestMethod", "gsv": "Get-Service", "sasv": "Start-Service", "spsv": "Stop-Service",
		"gps": "Get-Process", "ps": "Get-Process", "spps": "Stop-Process", "kill": "Stop-Process", "saps": "Start-Process", "start": "Start-Process",
		"gwmi": "Get-WmiObject", "gcim": "Get-CimInstance", "icim": "Invoke-CimMethod", "gp": "Get-ItemProperty", "gpv": "Get-ItemPropertyValue", "sp": "Set-ItemProperty",
		"rp": "Remove-ItemProperty", "gm": "Get-Member", "gcm": "Get-Command", "gmo": "Get-Module", "ipmo": "Import-Module", "rmo": "Remove-Module", "gal": "Get-Alias",
		"sal": "Set-Alias", "nal": "New-Alias", "gv": "Get-Variable", "set": "Set-Variable", "sv": "Set-Variable", "nv": "New-Variable", "rv": "Remove-Variable", "clv": "Clear-Variable",
		"gdr": "Get-PSDrive", "ndr": "New-PSDrive", "mount": "New-PSDrive", "rdr": "Remove-PSDrive", "sleep": "Start-Sleep", "gu": "Get-Unique", "compare": "Compare-Object", "diff": "Compare-Object",
		"oh": "Out-Host", "cvpa": "Convert-Path", "rvpa": "Resolve-Path", "epcsv": "Export-Csv", "ipcsv": "Import-Csv", "cls": "Clear-Host", "clear": "Clear-Host", "h": "Get-History", "history": "Get-History",
		"rsn": "Remove-PSSession", "nsn": "New-PSSession", "sajb": "Start-Job", "rcjb": "Receive-Job", "gjb": "Get-Job", "wjb": "Wait-Job", "man": "help", "si": "Set-Item", "cli": "Clear-Item", "ogv": "Out-GridView", "trcm": "Trace-Command",
	}
}
