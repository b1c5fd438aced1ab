package doctor

func webPoints() []hostPoint {
	known := func(h *Host) bool { return h.IIS != nil }
	return []hostPoint{
		{point{"iis", "Does IIS run?", false, "scenarios that need a web server are inconclusive"}, "iis", known, iis},
		{point{"web-administration", "Is the WebAdministration module there?", false, "tests that use its cmdlets are inconclusive"}, "iis", known, webAdministration},
	}
}

func iis(p point, f *Facts) Finding {
	i := f.Host.IIS
	switch {
	case i.Version == "" || i.W3SVC == "":
		return p.broken("Install-WindowsFeature Web-Server -IncludeManagementTools", "it is not installed")
	case i.W3SVC != "Running":
		return p.broken("Set-Service W3SVC -StartupType Automatic; Start-Service W3SVC", "version %s, W3SVC is %s", i.Version, i.W3SVC)
	}
	return p.holds("version %s, W3SVC is %s", i.Version, i.W3SVC)
}

func webAdministration(p point, f *Facts) Finding {
	if !f.Host.IIS.WebAdministration {
		return p.broken("Install-WindowsFeature Web-Scripting-Tools", "it is not installed")
	}
	return p.holds("it is installed")
}
