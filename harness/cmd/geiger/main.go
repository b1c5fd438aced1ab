// Command geiger sets off atomic tests on a lab host and proves that the detections fire exactly where they should.
package main

import (
	"os"

	"github.com/seed-67b27da2/geiger/harness/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:]))
}
