// Command clearbind reports LDAP that travels in the clear.
//
// It reads captures with capture, decodes with decode, judges with detect, and
// tells through internal/alertlog and internal/metrics. Nothing imports it. It
// alone knows flags, files, signals and the clock.
package main

import (
	"os"

	"github.com/clearbind/clearbind/internal/heap"
)

func main() {
	heap.Tune()
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}
