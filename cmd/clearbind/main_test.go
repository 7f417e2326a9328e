package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"clearbind": main})
}

// TestScripts runs the command line as people see it: testdata/script/*.txtar.
func TestScripts(t *testing.T) {
	pcaps, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("PCAPS", pcaps+"/../../pcaps")
			return nil
		},
	})
}
