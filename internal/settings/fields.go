package settings

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/clearbind/clearbind/detect"
	"go.yaml.in/yaml/v3"
)

func (r *reader) document(n *yaml.Node) {
	r.fields(n, "the file", "allow, severities, secret_attributes, networks", func(key, value *yaml.Node) bool {
		switch key.Value {
		case "allow":
			r.list(value, "allow", r.allowance)
		case "severities":
			r.severities(value)
		case "secret_attributes":
			r.list(value, "secret_attributes", func(n *yaml.Node) {
				if name := r.text(n, "an attribute"); name != "" {
					r.settings.SecretAttributes = append(r.settings.SecretAttributes, name)
				}
			})
		case "networks":
			r.networks(value)
		default:
			return false
		}
		return true
	})
}

// allowance reads an entry of the allow list. It has to say why it is there,
// and has to narrow something down: one that fits everything is a mistake.
func (r *reader) allowance(n *yaml.Node) {
	var w detect.Allowance
	before := len(r.mistakes)
	r.fields(n, "an entry of allow", "client, server, identity, rule, until, owner, reason", func(key, value *yaml.Node) bool {
		switch key.Value {
		case "client":
			w.Client = r.network(value, key.Value)
		case "server":
			w.Server = r.network(value, key.Value)
		case "identity":
			w.Identity = r.text(value, key.Value)
		case "rule":
			r.list(value, key.Value, func(n *yaml.Node) {
				if id, ok := r.rule(n); ok {
					w.Rules = append(w.Rules, id)
				}
			})
		case "until":
			w.Until = r.date(value)
		case "owner":
			w.Owner = r.text(value, key.Value)
		case "reason":
			w.Reason = r.text(value, key.Value)
		default:
			return false
		}
		return true
	})
	if n.Kind != yaml.MappingNode {
		return
	}
	if len(r.mistakes) == before && !w.Client.IsValid() && !w.Server.IsValid() && w.Identity == "" && len(w.Rules) == 0 {
		r.wrong(n, "this entry of allow fits everything: name a client, server, identity or rule")
	}
	if w.Reason == "" {
		r.wrong(n, "an entry of allow needs a reason: whoever reads this in a year has to know")
	}
	if !w.Until.IsZero() && !w.Until.After(r.now) {
		r.note(n, "this entry of allow has expired on "+w.Until.Format(time.DateOnly)+" and allows nothing any more")
	}
	r.settings.Allow = append(r.settings.Allow, w)
}

func (r *reader) note(n *yaml.Node, what string) {
	at := reader{path: r.path}
	at.wrong(n, "%s", what)
	r.settings.Notes = append(r.settings.Notes, at.mistakes[0].Error())
}

func (r *reader) rule(n *yaml.Node) (id detect.RuleID, ok bool) {
	name := r.text(n, "a rule")
	var names []string
	for id := range detect.NumRules {
		if id.String() == name {
			return id, true
		}
		names = append(names, id.String())
	}
	if name != "" {
		slices.Sort(names)
		r.wrong(n, "there is no rule %q; there are %s", name, strings.Join(names, ", "))
	}
	return 0, false
}

func (r *reader) severities(n *yaml.Node) {
	r.fields(n, "severities", "a line for each rule, such as cleartext-search: low", func(key, value *yaml.Node) bool {
		id, known := r.rule(key)
		name := r.text(value, key.Value)
		severity, ok := detect.ParseSeverity(name)
		if !ok && name != "" {
			r.wrong(value, "%q is no severity; give info, low, medium, high or critical", name)
		}
		if known && ok {
			r.settings.Severities[id] = severity
		}
		return true
	})
}

func (r *reader) networks(n *yaml.Node) {
	r.fields(n, "networks", "only, ignore", func(key, value *yaml.Node) bool {
		into := &r.settings.Nets
		switch key.Value {
		case "only":
		case "ignore":
			into = &r.settings.IgnoreNets
		default:
			return false
		}
		r.list(value, key.Value, func(n *yaml.Node) {
			if p := r.network(n, "a network"); p.IsValid() {
				*into = append(*into, p)
			}
		})
		return true
	})
}

// network reads an address or a network.
func (r *reader) network(n *yaml.Node, what string) netip.Prefix {
	s := r.text(n, what)
	if s == "" {
		return netip.Prefix{}
	}
	p, err := Prefix(s)
	if err != nil {
		r.wrong(n, "%q is %v", s, err)
	}
	return p
}

// date reads a day, which lasts to its end in UTC, or a moment.
func (r *reader) date(n *yaml.Node) time.Time {
	s := r.text(n, "until")
	if day, err := time.Parse(time.DateOnly, s); err == nil {
		return day.AddDate(0, 0, 1)
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil && s != "" {
		r.wrong(n, "%q is no date; give 2026-12-31, or 2026-12-31T18:00:00Z", s)
	}
	return t
}
