package host

func (h *Host) furnish() {
}
