// Command loadgen writes a capture of made-up LDAP traffic and says on stderr
// what it holds.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/clearbind/clearbind/internal/loadgen"
)

func main() {
	var cfg loadgen.Config
	flag.Uint64Var(&cfg.Seed, "seed", 1, "the same seed gives the same octets")
	flag.IntVar(&cfg.Packets, "packets", 400_000, "packets at least")
	flag.IntVar(&cfg.Foreign, "foreign", 0, "of 100 packets, those that are no LDAP")
	flag.BoolVar(&cfg.Messy, "messy", false, "lose, repeat and reorder segments; VLANs and GRE")
	flag.Parse()
	made, err := loadgen.Write(os.Stdout, cfg)
	if err != nil {
		fmt.Fprintln(os.Stderr, "loadgen:", err)
		os.Exit(1)
	}
	fmt.Fprintf(os.Stderr, "%+v\n", made)
}
