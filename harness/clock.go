package harness

import (
	"context"
	"time"
)

// Clock tells and passes time. The embedded lab has a clock of its own, on which waiting costs nothing.
type Clock interface {
	Now() time.Time
	// Sleep returns when d has passed, or earlier with the context's error.
	Sleep(ctx context.Context, d time.Duration) error
}
