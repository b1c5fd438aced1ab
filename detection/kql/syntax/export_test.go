package syntax

// What tests outside of the package, which may read the conformance suite, need of those inside.
var (
	Seeds       = seeds
	CheckTree   = checkTree
	CheckStable = checkStable
)
