package main

import (
	"fmt"
	"path/filepath"

	"github.com/clearbind/clearbind/internal/alertlog"
	"github.com/landlock-lsm/go-landlock/landlock"
	"kernel.org/pub/linux/libs/security/libcap/cap"
)

// dropPrivileges gives up, for all threads and for good, what watching needs no
// more once the interfaces are open: every capability, and every file but those
// a sensor reads and the folder it writes alerts to. An interface that comes back
// needs none. Where the kernel has no Landlock, the capabilities go all the same.
func dropPrivileges(cfg *config) error {
	if err := cap.NewSet().SetProc(); err != nil {
		return fmt.Errorf("give up capabilities: %w", err)
	}
	rules := []landlock.Rule{
		// Counters of the cards, names and certificates, and time zones.
		landlock.RODirs("/sys", "/etc", "/proc/self").IgnoreIfMissing(),
		landlock.RODirs("/usr/share", "/run/systemd/resolve").IgnoreIfMissing(),
	}
	for _, file := range []string{cfg.file, *cfg.web.WebConfigFile} {
		if file != "" { // its folder: editors replace files, and certificates lie beside them
			rules = append(rules, landlock.RODirs(filepath.Dir(file)).IgnoreIfMissing())
		}
	}
	for _, path := range cfg.reports {
		rules = append(rules, landlock.RWDirs(filepath.Dir(path)))
	}
	if cfg.zeekLogs != "" {
		rules = append(rules, landlock.RWDirs(cfg.zeekLogs))
	}
	if cfg.evidence != "" {
		rules = append(rules, landlock.RWDirs(cfg.evidence))
	}
	if cfg.output != "-" && !alertlog.IsDestination(cfg.output) {
		rules = append(rules, landlock.RWDirs(filepath.Dir(cfg.output)))
	}
	if at := cfg.inventory.at; at != nil && at.File() != "" { // SQLite's journal lies beside it
		rules = append(rules, landlock.RWDirs(filepath.Dir(at.File())))
	}
	if err := landlock.V5.BestEffort().RestrictPaths(rules...); err != nil {
		return fmt.Errorf("give up files: %w", err)
	}
	return nil
}
