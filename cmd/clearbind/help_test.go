package main

import (
	"slices"
	"testing"

	"github.com/alecthomas/kingpin/v2"
)

// TestEveryFlagHasItsGroup wants each flag of ours in one group, and no group to
// name a flag that there is not.
func TestEveryFlagHasItsGroup(t *testing.T) {
	app := kingpin.New("clearbind", "")
	c, x := &config{}, &texts{}
	app.Flag("read", "").Strings()
	c.liveFlags(app, x)
	c.ldapFlags(app, x)
	c.alertFlags(app, x)
	c.inventoryFlags(app, &x.inventory)
	c.webFlags(app)
	flags := app.Model().Flags
	all := groups(flags)
	for _, g := range all {
		for _, name := range g.names {
			if !slices.ContainsFunc(g.Flags, func(f *kingpin.FlagModel) bool { return f.Name == name }) {
				t.Errorf("%s names --%s, which is no flag or is in two groups", g.Title, name)
			}
		}
	}
	for _, f := range all[len(all)-1].Flags {
		if f.Name != "help" {
			t.Errorf("--%s is in no group", f.Name)
		}
	}
	if len(flags) < 30 {
		t.Errorf("%d flags", len(flags))
	}
}
