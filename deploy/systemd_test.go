package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/clearbind/clearbind/internal/golden"
)

// The unit stays as tight as it was shipped: systemd's own score, of 10 for no
// hardening at all, below 2.
func TestUnitIsTight(t *testing.T) {
	analyze := tool(t, "systemd-analyze", "systemd")
	out, err := exec.CommandContext(t.Context(), analyze, "security", "--offline=true", "--no-pager", "systemd/clearbind.service").CombinedOutput()
	if strings.Contains(string(out), "unrecognized option") {
		t.Skip("this systemd cannot judge a unit that is not loaded")
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	m := regexp.MustCompile(`Overall exposure level for clearbind\.service: ([0-9.]+)`).FindStringSubmatch(string(out))
	if m == nil {
		t.Fatalf("no score in %s", out)
	}
	score, err := strconv.ParseFloat(m[1], 64)
	if err != nil || score >= 2 {
		t.Errorf("exposure %s, below 2.0 is wanted\n%s", m[1], out)
	}
}

// Every line of the unit is known to systemd, and the only privilege is the
// packet socket's.
func TestUnitIsKnown(t *testing.T) {
	analyze := tool(t, "systemd-analyze", "systemd")
	unit := golden.Read(t, "systemd/clearbind.service")
	for _, line := range []string{"DynamicUser=yes", "AmbientCapabilities=CAP_NET_RAW", "CapabilityBoundingSet=CAP_NET_RAW", "NoNewPrivileges=yes"} {
		if !strings.Contains(unit, "\n"+line+"\n") {
			t.Errorf("the unit lacks %s", line)
		}
	}
	path := filepath.Join(t.TempDir(), "clearbind.service")
	installed := strings.ReplaceAll(unit, "/usr/local/bin/clearbind", "/bin/true") // verify asks for the program
	if err := os.WriteFile(path, []byte(installed), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), analyze, "verify", "--man=no", path).CombinedOutput()
	if err != nil || strings.Contains(string(out), "clearbind.service") { // it may have words for other units of the machine
		t.Errorf("%v\n%s", err, out)
	}
}
