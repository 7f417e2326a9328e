package main

import (
	"slices"
	"text/template"

	"github.com/alecthomas/kingpin/v2"
)

// flagGroup is a part of the help and of the man page.
type flagGroup struct {
	Title string
	names []string
	Flags []*kingpin.FlagModel
}

// groups gives the flags by what they are for; those that no group names, which
// are those that every program has, come last.
func groups(flags []*kingpin.FlagModel) []flagGroup {
	all := []flagGroup{
		{Title: "What to read", names: []string{"read", "net", "ignore-net", "ldap.port", "ldap.tls-port", "ldap.any-port", "workers"}},
		{Title: "Interfaces", names: []string{"interface", "list-interfaces", "snaplen", "ring-size", "promiscuous", "tunnels"}},
		{Title: "Alerts", names: []string{"output", "format", "min-severity", "repeat-interval", "fail-on", "config", "check-config"}},
		{Title: "Reports", names: []string{"report", "events-2889", "inventory", "inventory.sensor", "inventory.keep", "inventory.interval"}},
		{Title: "For other eyes", names: []string{"evidence", "evidence-limit", "zeek-logs", "pseudonyms", "secret-fingerprint-key"}},
		{Title: "Web endpoint", names: []string{"web.listen-address", "web.config.file", "web.telemetry-path"}},
		{Title: "Everything else"},
	}
	for _, f := range flags {
		if f.Hidden {
			continue
		}
		g := slices.IndexFunc(all, func(g flagGroup) bool { return slices.Contains(g.names, f.Name) })
		if g < 0 {
			g = len(all) - 1
		}
		all[g].Flags = append(all[g].Flags, f)
	}
	return all
}

// grouped makes help show the flags in their groups. Everything else is
// kingpin's.
func grouped(app *kingpin.Application) {
	app.UsageFuncs(template.FuncMap{"groups": groups}).UsageTemplate(`usage: {{.App.Name}} [<flags>] [<file>...]

{{.App.Help|Wrap 0}}
{{range groups .Context.Flags}}{{.Title}}:
{{.Flags|FlagsToTwoColumns|FormatTwoColumns}}
{{end}}{{if .Context.Args}}Args:
{{.Context.Args|ArgsToTwoColumns|FormatTwoColumns}}{{end}}`)
}
