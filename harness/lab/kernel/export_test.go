package kernel

// MissingLibraries are the libraries of p's start-up profile that the machine
// does not have.
func MissingLibraries(k *Kernel, p *Process) []string {
	var missing []string
	for _, l := range k.profileOf(p).loads {
		if _, err := k.host.FS.Stat(l.path); err != nil {
			missing = append(missing, l.path)
		}
	}
	return missing
}
