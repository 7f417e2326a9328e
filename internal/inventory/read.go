package inventory

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/clearbind/clearbind/detect"
)

// Selection says what to read. The zero one is everything.
type Selection struct {
	Sensors      []string // by name; nil: all
	Since, Until *Day     // both included; nil: no bound

	live    bool  // only of interfaces
	without int64 // a run whose days in withoutDays are left out
	days    []Day
}

// Result is what was read: the sum over sensors and days.
type Result struct {
	Inventory   *detect.Inventory
	Sensors     []Sensor  // by name
	First, Last time.Time // packets
}

// Sensor is what one has written.
type Sensor struct {
	Name        string
	Live        bool     // it watches interfaces
	Sources     []string // interfaces, or files, in the order of their first packets
	Written     time.Time
	First, Last time.Time // packets
	Counters    Counters

	began map[string]*time.Time // first packets of Sources
}

// Read reads what the selection says, at one moment of the database.
func (s *Store) Read(ctx context.Context, sel Selection) (*Result, error) {
	if err := s.check(ctx); err != nil {
		return nil, s.tell(err)
	}
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return nil, s.tell(err)
	}
	defer func() { _ = conn.Close() }() // gives it back
	if _, err := conn.ExecContext(ctx, s.dialect.snapshot); err != nil {
		return nil, s.tell(err)
	}
	r := &reader{ctx: ctx, conn: conn, sensors: make(map[string]*Sensor)}
	r.where, r.args = sel.where()
	result, err := r.all()
	if _, e := conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK"); err == nil {
		err = e
	}
	return result, s.tell(err)
}

// where gives the condition on the tables t and runs r.
func (sel *Selection) where() (string, []any) {
	conditions, args := []string{"TRUE"}, []any{}
	put := func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("$%d", len(args))
	}
	if sel.Since != nil {
		conditions = append(conditions, "t.day >= "+put(sel.Since.String()))
	}
	if sel.Until != nil {
		conditions = append(conditions, "t.day <= "+put(sel.Until.String()))
	}
	if sel.Sensors != nil {
		var list []string
		for _, sensor := range sel.Sensors {
			list = append(list, put(name(sensor)))
		}
		conditions = append(conditions, "r.sensor IN ("+strings.Join(list, ", ")+")")
	}
	if sel.live {
		conditions = append(conditions, "r.kind = '"+kindLive+"'")
	}
	if len(sel.days) > 0 {
		var list []string
		for _, day := range sel.days {
			list = append(list, put(day.String()))
		}
		conditions = append(conditions, "NOT (r.id = "+put(sel.without)+" AND t.day IN ("+strings.Join(list, ", ")+"))")
	}
	return strings.Join(conditions, " AND "), args
}

// reader adds up the rows of a selection.
type reader struct {
	ctx     context.Context
	conn    *sql.Conn
	where   string
	args    []any
	sum     detect.Inventory
	part    detect.Inventory // of one run and day, not in sum yet
	sensors map[string]*Sensor
}

func (r *reader) all() (*Result, error) {
	for _, step := range []func() error{r.days, r.uses, r.useCounts, r.accounts, r.peers, r.fingerprints, r.queries, r.hours, r.findings, r.counters} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	result := &Result{Inventory: &r.sum}
	for _, s := range r.sensors {
		s.Sources = slices.SortedFunc(maps.Keys(s.began), func(a, b string) int { return cmp.Or(s.began[a].Compare(*s.began[b]), cmp.Compare(a, b)) })
		result.Sensors = append(result.Sensors, *s)
		result.First, result.Last = detect.Earlier(result.First, s.First), detect.Later(result.Last, s.Last)
	}
	slices.SortFunc(result.Sensors, func(a, b Sensor) int { return cmp.Compare(a.Name, b.Name) })
	return result, nil
}

// each reads columns of a table, a run's day after another: what a part has
// twice is in two of them.
func (r *reader) each(columns, from string, f func(scan func(...any) error) error) error {
	rows, err := r.conn.QueryContext(r.ctx, "SELECT t.run, t.day, "+columns+" FROM "+from+" JOIN runs r ON r.id = t.run WHERE "+r.where+" ORDER BY t.run, t.day", r.args...) //nolint:gosec // the values are arguments
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // Err tells
	type place struct {
		run int64
		day string
	}
	var at, last place
	for rows.Next() {
		if err := f(func(into ...any) error {
			err := rows.Scan(append([]any{&at.run, &at.day}, into...)...)
			if at != last {
				r.flush()
				last = at
			}
			return err
		}); err != nil {
			return err
		}
	}
	r.flush()
	return rows.Err()
}

func (r *reader) flush() {
	if r.part.Len() > 0 {
		r.sum.Merge(&r.part)
		r.part = detect.Inventory{}
	}
}

// entry gives the value of a key, which it makes if need be.
func entry[K comparable, V any](m *map[K]*V, key K) *V {
	v := (*m)[key]
	if v == nil {
		if *m == nil {
			*m = make(map[K]*V)
		}
		v = new(V)
		(*m)[key] = v
	}
	return v
}

func (r *reader) days() error {
	return r.each("r.sensor, r.kind, r.source, r.written, t.first_packet, t.last_packet", "days t", func(scan func(...any) error) error {
		var sensor, kind, source, written, first, last string
		if err := scan(&sensor, &kind, &source, &written, &first, &last); err != nil {
			return err
		}
		s := entry(&r.sensors, sensor)
		s.Name, s.Live = sensor, s.Live || kind == kindLive
		began := entry(&s.began, source)
		*began = detect.Earlier(*began, unstamp(first))
		s.Written = detect.Later(s.Written, unstamp(written))
		s.First, s.Last = detect.Earlier(s.First, unstamp(first)), detect.Later(s.Last, unstamp(last))
		return nil
	})
}

// number reads a count.
type scanned uint64

// Scan implements sql.Scanner.
func (n *scanned) Scan(v any) error {
	i, ok := v.(int64)
	if !ok {
		return errors.New("a count is no number")
	}
	*n = scanned(count(i))
	return nil
}

func into(n *uint64) *scanned { return (*scanned)(n) }

func intoAll(n *[detect.NumProtections]uint64) []any {
	return []any{into(&n[detect.None]), into(&n[detect.SASLSigned]), into(&n[detect.SASLSealed]), into(&n[detect.TLS])}
}

const protectionColumns = "t.connections_none, t.connections_sasl_signed, t.connections_sasl_sealed, t.connections_tls, " +
	"t.operations_none, t.operations_sasl_signed, t.operations_sasl_sealed, t.operations_tls"

func (r *reader) uses() error {
	columns := "t.client, t.server, t.port, t.identity, t.first_seen, t.last_seen, t.last_finding, " + protectionColumns +
		", t.operations_unsigned, t.writes, t.passwords, t.binds_refused, t.stronger_auth_required, t.confidentiality_required, t.channel_binding_missing"
	return r.each(columns, "uses t", func(scan func(...any) error) error {
		var (
			key                            useRow
			first, last, finding           string
			u                              detect.Use
			protections                    = append(intoAll(&u.Connections), intoAll(&u.Operations)...)
			args                           = append(key.into(), &first, &last, &finding)
			unsigned, writes, pwds, refuse = into(&u.Unsigned), into(&u.Writes), into(&u.Passwords), into(&u.Refused)
		)
		args = append(append(args, protections...), unsigned, writes, pwds, refuse, into(&u.Demanded[0]), into(&u.Demanded[1]), into(&u.NoBinding))
		if err := scan(args...); err != nil {
			return err
		}
		u.First, u.Last, u.LastFinding = unstamp(first), unstamp(last), unstamp(finding)
		*entry(&r.part.Uses, key.key()) = u
		return nil
	})
}

// useRow is the key of a use as it is stored.
type useRow struct {
	client, server, identity string
	port                     int64
}

func (k *useRow) into() []any { return []any{&k.client, &k.server, &k.port, &k.identity} }

func (k *useRow) key() detect.UseKey {
	return detect.UseKey{Client: address(k.client), Server: netip.AddrPortFrom(address(k.server), uint16(k.port)), Identity: k.identity}
}

func (r *reader) useCounts() error {
	binds, rules := make(map[string][2]int), make(map[string]detect.RuleID)
	for m := range detect.NumMethods {
		for p := range detect.NumProtections {
			binds[bindName(m, p)] = [2]int{int(m), int(p)}
		}
	}
	for rule := range detect.NumRules {
		rules[rule.String()] = rule
	}
	return r.each("t.client, t.server, t.port, t.identity, t.kind, t.name, t.count", "use_counts t", func(scan func(...any) error) error {
		var (
			key        useRow
			kind, what string
			n          uint64
		)
		if err := scan(append(key.into(), &kind, &what, into(&n))...); err != nil {
			return err
		}
		u := entry(&r.part.Uses, key.key())
		switch kind { // what a newer clearbind counts is left out
		case kindBind:
			if at, known := binds[what]; known {
				u.Binds[at[0]][at[1]] = n
			}
		case kindFinding:
			if rule, known := rules[what]; known {
				u.Findings[rule] = n
			}
		case kindMechanism:
			set(&u.Mechanisms, what, n)
		case kindTLS:
			set(&u.TLSVersions, what, n)
		}
		return nil
	})
}

func set(m *map[string]uint64, key string, n uint64) {
	if *m == nil {
		*m = make(map[string]uint64)
	}
	(*m)[key] = n
}
