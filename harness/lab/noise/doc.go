// Package noise is what happens on the simulated machine by itself: servicing,
// an installer, web workers, scheduled tasks, services. Its actors use package
// kernel like everybody else, and act when the machine's clock reaches their
// time. The same seed gives the same noise.
package noise
