package inventory

import (
	"database/sql"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clearbind/clearbind/detect"
	"github.com/clearbind/clearbind/internal/postgrestest"
)

// maker makes an empty database and gives its address.
type maker func(t *testing.T) string

// contract is what both kinds of database have to do.
func contract(t *testing.T, empty maker) {
	for name, test := range map[string]func(*testing.T, maker){
		"what is written is read": whatIsWrittenIsRead, "a capture counts once": aCaptureCountsOnce, "prune": prune,
		"hostile names are kept": hostileNamesAreKept, "the schema is migrated": schemaIsMigrated, "days add up": daysAddUp,
		"a sensor remembers": aSensorRemembers, "captures are kept": capturesAreKept,
	} {
		t.Run(name, func(t *testing.T) { test(t, empty) })
	}
}

func TestSQLite(t *testing.T) {
	contract(t, func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "100% inventory?.db") })
}

func TestPostgreSQL(t *testing.T) {
	server, n := postgrestest.Start(t), 0
	contract(t, func(*testing.T) string {
		n++
		return server.Database(fmt.Sprintf("test%d", n))
	})
	t.Run("foreign databases are left alone", func(t *testing.T) { foreignDatabasesAreLeftAlone(t, server) })
	t.Run("passwords are not told", func(t *testing.T) { passwordsAreNotTold(t, server) })
	t.Run("a server that is away", func(t *testing.T) { aServerThatIsAway(t, server) })
}

func open(t *testing.T, address string) *Store {
	t.Helper()
	s, err := Open(t.Context(), locate(t, address))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func locate(t *testing.T, address string) *Location {
	t.Helper()
	at, err := Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func noon(day int) time.Time { return time.Date(2026, 3, day, 12, 0, 0, 123_456_789, time.UTC) }

// full is a part in which everything is set, and every number another one.
func full(day int) *part {
	next := uint64(day * 1000)
	p := &part{day: DayOf(noon(day)), first: noon(day), last: noon(day).Add(time.Hour)}
	u, a, q, h := new(detect.Use), new(detect.Account), new(detect.Query), new(detect.Hour)
	for _, v := range []any{u, a, q, h} {
		fill(reflect.ValueOf(v).Elem(), &next, day)
	}
	a.Accepted, q.Base = day%2 == 1, `ou=people,dc=exämple\00`
	a.Clients, a.Servers, q.Clients = addresses("10.0.0.7", "2001:db8::7"), addresses("10.0.0.5"), addresses("10.0.0.7")
	u.Mechanisms, u.TLSVersions = map[string]uint64{"GSSAPI": 3, "PLAIN": 4}, map[string]uint64{"1.2": 5}
	a.Fingerprints = map[string]uint64{"0123456789abcdef": 6}
	p.inventory = &detect.Inventory{
		Uses:     map[detect.UseKey]*detect.Use{{Client: netip.MustParseAddr("10.0.0.7"), Server: netip.MustParseAddrPort("[2001:db8::5]:636"), Identity: "cn='; DROP TABLE uses"}: u},
		Accounts: map[string]*detect.Account{"cn=app": a},
		Queries:  map[detect.QueryKey]*detect.Query{{Scope: "subtree", Filter: "(uid=?)"}: q},
		Hours:    map[int64]*detect.Hour{noon(day).Unix() / 3600: h},
	}
	for _, c := range p.counters.named() {
		next++
		*c.n = next
	}
	for r := range detect.NumRules {
		p.counters.Detect.Alerts[r][detect.High] = uint64(r) + next
	}
	return p
}

func addresses(list ...string) map[netip.Addr]struct{} {
	set := make(map[netip.Addr]struct{})
	for _, s := range list {
		set[netip.MustParseAddr(s)] = struct{}{}
	}
	return set
}

func fill(v reflect.Value, next *uint64, day int) {
	switch v.Kind() {
	case reflect.Uint64:
		*next++
		v.SetUint(*next)
	case reflect.Int:
		*next++
		v.SetInt(int64(*next))
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			*next++
			v.Set(reflect.ValueOf(noon(day).Add(time.Duration(*next) * time.Second)))
			return
		}
		for _, field := range v.Fields() {
			fill(field, next, day)
		}
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), next, day)
		}
	default: // set by hand
	}
}

func write(t *testing.T, s *Store, r run, parts ...*part) bool {
	t.Helper()
	var changes []change
	for _, p := range parts {
		changes = append(changes, change{now: p})
	}
	written, err := s.write(t.Context(), &r, changes, noon(9))
	if err != nil {
		t.Fatal(err)
	}
	return written
}

func readAll(t *testing.T, s *Store, sel Selection) *Result {
	t.Helper()
	r, err := s.Read(t.Context(), sel)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// merged is what parts are together.
func merged(parts ...*part) (n detect.Inventory, c Counters) {
	for _, p := range parts {
		n.Merge(p.inventory)
		c.Add(&p.counters)
	}
	return n, c
}

func same(t *testing.T, have *Result, parts ...*part) {
	t.Helper()
	n, c := merged(parts...)
	if !reflect.DeepEqual(have.Inventory, &n) {
		t.Errorf("read %+v\nwant %+v", have.Inventory, &n)
		for key, u := range n.Uses {
			t.Errorf("read %+v\nwant %+v", have.Inventory.Uses[key], u)
		}
	}
	var sum Counters
	for i := range have.Sensors {
		sum.Add(&have.Sensors[i].Counters)
	}
	if sum != c {
		t.Errorf("counted %+v\nwant %+v", sum, c)
	}
}

// whatIsWrittenIsRead writes everything there is, twice, and then only what
// has changed.
func whatIsWrittenIsRead(t *testing.T, empty maker) {
	s := open(t, empty(t))
	east := run{id: 1, sensor: "east", kind: kindLive, source: "eth1", reading: 7, frames: 10, version: "1.2.3", started: noon(1)}
	west := run{id: 2, sensor: "west", kind: kindLive, source: "eth2", reading: 8, frames: 10}
	one, two, other := full(1), full(2), full(2)
	first := write(t, s, east, one, two)
	if again := write(t, s, east, one, two); !first || !again || !write(t, s, west, other) {
		t.Error("not written")
	}
	same(t, readAll(t, s, Selection{}), one, two, other)
	same(t, readAll(t, s, Selection{Sensors: []string{"east"}}), one, two)
	monday, tuesday := DayOf(noon(1)), DayOf(noon(2))
	same(t, readAll(t, s, Selection{Until: &monday}), one)
	same(t, readAll(t, s, Selection{Since: &tuesday}), two, other)
	same(t, readAll(t, s, Selection{without: 1, days: []Day{tuesday}}), one, other)
	if r := readAll(t, s, Selection{}); len(r.Sensors) != 2 || !slices.Equal(r.Sensors[0].Sources, []string{"eth1"}) || !r.Sensors[0].Live ||
		!r.First.Equal(noon(1)) || !r.Last.Equal(noon(2).Add(time.Hour)) || !r.Sensors[0].Written.Equal(noon(9)) {
		t.Errorf("read of %+v, %s to %s", r.Sensors, r.First, r.Last)
	}

	later := full(2)
	for _, u := range later.inventory.Uses {
		u.Binds[detect.Simple][detect.None] += 5
		u.Last = u.Last.Add(time.Minute)
	}
	later.inventory.Accounts["cn=new"] = full(3).inventory.Accounts["cn=app"]
	later.counters.Frames += 5
	if r := later.changed(two); len(r[tableUses]) != 1 || len(r[tableUseCounts]) != 1 || len(r[tableAccounts]) != 1 || len(r[tableHours]) != 0 || len(r[tableCounters]) != 1 {
		t.Errorf("%d uses, %d counts, %d accounts, %d hours, %d counters changed", len(r[tableUses]), len(r[tableUseCounts]), len(r[tableAccounts]), len(r[tableHours]), len(r[tableCounters]))
	}
	if _, err := s.write(t.Context(), &east, []change{{later, two}}, noon(9)); err != nil {
		t.Fatal(err)
	}
	same(t, readAll(t, s, Selection{}), one, later, other)
}

// aCaptureCountsOnce reads a capture again, longer and shorter.
func aCaptureCountsOnce(t *testing.T, empty maker) {
	s := open(t, empty(t))
	capture := func(reading int64, frames uint64) run {
		return run{id: 1, sensor: "captures", kind: kindCapture, source: "a.pcap", reading: reading, frames: frames}
	}
	one, two, three := full(1), full(2), full(3)
	for _, step := range []struct {
		run     run
		part    *part
		written bool
		want    *part
	}{
		{capture(1, 100), one, true, one},
		{capture(2, 100), two, true, two},   // again, by another clearbind perhaps
		{capture(3, 99), three, false, two}, // interrupted
		{capture(4, 101), three, true, three},
	} {
		if written := write(t, s, step.run, step.part); written != step.written {
			t.Errorf("reading %d: written is %v", step.run.reading, written)
		}
		same(t, readAll(t, s, Selection{}), step.want)
	}
}

func prune(t *testing.T, empty maker) {
	s := open(t, empty(t))
	one, two := full(1), full(2)
	write(t, s, run{id: 1, sensor: "east", kind: kindLive}, one, two)
	write(t, s, run{id: 2, sensor: "west", kind: kindLive}, one)
	write(t, s, run{id: 3, sensor: "east", kind: kindCapture}, one)
	write(t, s, run{id: 4, sensor: "east", kind: kindLive}, one)
	if err := s.prune(t.Context(), "east", 99, DayOf(noon(2))); err != nil {
		t.Fatal(err)
	}
	same(t, readAll(t, s, Selection{}), two, one, one)
}

// hostileNamesAreKept writes names as somebody may send them.
func hostileNamesAreKept(t *testing.T, empty maker) {
	s := open(t, empty(t))
	p := &part{day: DayOf(time.Date(200_000, 1, 1, 0, 0, 0, 0, time.UTC)), first: time.Date(200_000, 1, 1, 0, 0, 0, 0, time.UTC), inventory: &detect.Inventory{
		Uses: map[detect.UseKey]*detect.Use{}, Accounts: map[string]*detect.Account{}, Queries: map[detect.QueryKey]*detect.Query{},
	}}
	noise := make([]byte, 4000) // that does not compress
	for i := range noise {
		noise[i] = "0123456789abcdef"[(i*i*7+i/3)%16]
	}
	for i, tail := range []string{"a", "b", "\x00", "\xff\xfe", "'\";--", "ünïcödé", "🜏"} {
		name := string(noise) + tail
		if i > 1 {
			name = tail
		}
		p.inventory.Uses[detect.UseKey{Client: netip.MustParseAddr("10.0.0.7"), Server: netip.MustParseAddrPort("10.0.0.5:389"), Identity: name}] = &detect.Use{Writes: 1, Mechanisms: map[string]uint64{name: 1}}
		p.inventory.Accounts[name] = &detect.Account{Count: 1, Clients: addresses("10.0.0.7")}
		p.inventory.Queries[detect.QueryKey{Scope: "base", Filter: name}] = &detect.Query{Count: 1, Base: name, Clients: addresses("10.0.0.7")}
	}
	write(t, s, run{id: 1, sensor: "a\x00b", kind: kindLive, source: "\xff"}, p)
	n := readAll(t, s, Selection{}).Inventory
	if len(n.Uses) != 7 || len(n.Accounts) != 7 || len(n.Queries) != 7 || n.Accounts["ünïcödé"] == nil {
		t.Errorf("%d uses, %d accounts, %d queries", len(n.Uses), len(n.Accounts), len(n.Queries))
	}
}

// schemaIsMigrated brings a database to the next version, by two processes at
// once.
func schemaIsMigrated(t *testing.T, empty maker) {
	at := empty(t)
	write(t, open(t, at), run{id: 1, sensor: "east", kind: kindLive}, full(1))
	was := migrations
	defer func() { migrations = was }()
	migrations = append(slices.Clone(was), "ALTER TABLE runs ADD COLUMN site TEXT NOT NULL DEFAULT '';\nCREATE TABLE sites (\n  name TEXT NOT NULL PRIMARY KEY\n);\n")
	if _, err := OpenToRead(t.Context(), locate(t, at)); err == nil || !strings.Contains(err.Error(), "older") {
		t.Errorf("a reader of an older schema: %v", err)
	}
	errs := make(chan error, 4)
	for range cap(errs) {
		go func() {
			s, err := Open(t.Context(), locate(t, at))
			if err == nil {
				err = s.Close()
			}
			errs <- err
		}()
	}
	for range cap(errs) {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	same(t, readAll(t, open(t, at), Selection{}), full(1))

	migrations = was
	for _, try := range []func() error{
		func() error { _, err := Open(t.Context(), locate(t, at)); return err },
		func() error { _, err := OpenToRead(t.Context(), locate(t, at)); return err },
	} {
		if err := try(); err == nil || Away(err) || !strings.Contains(err.Error(), "a newer clearbind wrote it: its schema is 2") {
			t.Errorf("a newer schema: %v", err)
		}
	}
}

// TestTablesAreTheSchema holds the code and the documentation against schema.sql.
func TestTablesAreTheSchema(t *testing.T) {
	doc, err := os.ReadFile("../../docs/inventory.md")
	if err != nil {
		t.Fatal(err)
	}
	create := regexp.MustCompile(`(?s)CREATE TABLE (\w+) \((.*?)\n\);`)
	column := regexp.MustCompile(`(?m)^  ([a-z_]+) +(?:BIGINT|TEXT)`)
	have := map[string][]string{}
	for _, m := range create.FindAllStringSubmatch(schema, -1) {
		for _, c := range column.FindAllStringSubmatch(m[2], -1) {
			have[m[1]] = append(have[m[1]], c[1])
			if !strings.Contains(string(doc), "`"+c[1]+"`") {
				t.Errorf("docs/inventory.md does not explain %s of %s", c[1], m[1])
			}
		}
		if !strings.Contains(string(doc), "| `"+m[1]+"` |") {
			t.Errorf("docs/inventory.md has no row for %s", m[1])
		}
		if !strings.Contains(postgresDialect.others, "'"+m[1]+"'") {
			t.Errorf("a table %s of somebody else would not be seen", m[1])
		}
	}
	delete(have, "runs")
	for i := range tables {
		if tb := &tables[i]; !slices.Equal(have[tb.name], tb.columns()) {
			t.Errorf("%s: schema.sql has %q, the code %q", tb.name, have[tb.name], tb.columns())
		}
	}
	if len(have) != numTables {
		t.Errorf("%d tables in schema.sql, %d in the code", len(have), numTables)
	}
}

func TestForeignFilesAreLeftAlone(t *testing.T) {
	dir := t.TempDir()
	put := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil { //nolint:gosec // in a folder of the test
			t.Fatal(err)
		}
		return path
	}
	text := put("text.db", []byte(strings.Repeat("this is a letter to somebody\n", 100)))
	other := filepath.Join(dir, "other.db")
	db, err := sql.Open("sqlite", other)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("CREATE TABLE uses (x)"); err != nil {
		t.Fatal(err)
	}
	_ = db.Close()
	whole := filepath.Join(dir, "whole.db")
	s := open(t, "sqlite:"+whole)
	write(t, s, run{id: 1, sensor: "east", kind: kindLive}, full(1))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	cut := put("cut.db", content[:len(content)/2])
	for i := range 4096 {
		content[len(content)/2+i] ^= byte(i)
	}
	broken := put("broken.db", content)
	for path, want := range map[string]string{
		text: "no SQLite database", other: "the database of another program", cut: "damaged", broken: "damaged", filepath.Join(dir, "no", "such"): "no such file",
	} {
		before, _ := os.ReadFile(path)
		_, err := Open(t.Context(), locate(t, "sqlite:"+path))
		if err == nil || Away(err) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v; want %q", path, err, want)
		}
		if after, _ := os.ReadFile(path); string(after) != string(before) {
			t.Errorf("%s was changed", path)
		}
	}
	if _, err := OpenToRead(t.Context(), locate(t, "sqlite:"+filepath.Join(dir, "none.db"))); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("reading what is not there: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "none.db")); err == nil {
		t.Error("reading made the file")
	}
}

func foreignDatabasesAreLeftAlone(t *testing.T, server *postgrestest.Server) {
	other := server.Database("other")
	server.SQL("other", "CREATE TABLE uses (x int)")
	latin := server.Database("latin", "TEMPLATE template0 ENCODING 'LATIN1'")
	for at, want := range map[string]string{other: "the database of another program", latin: "LATIN1", strings.Replace(other, "/other", "/none", 1): "does not exist"} {
		if _, err := Open(t.Context(), locate(t, at)); err == nil || Away(err) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v; want %q", err, want)
		}
	}
	// Beside it, in a schema of its own.
	server.SQL("other", "CREATE SCHEMA clearbind")
	write(t, open(t, other+"&search_path=clearbind"), run{id: 1, sensor: "east", kind: kindLive}, full(1))
}

// passwordsAreNotTold looks for the password in all that could be printed,
// and logs in with it in each of the ways that PostgreSQL's own programs know.
func passwordsAreNotTold(t *testing.T, server *postgrestest.Server) {
	server.Database("kept")
	const wrong = "Wrong/Pass@word-7341"
	for _, address := range []string{
		"postgres://postgres:" + wrong + "@127.0.0.1:1x/kept", "postgres://postgres:" + wrong + "@[::1/kept", "postgres://u:%zz" + wrong + "@h/d",
		"postgres://u@h/d?password=" + wrong + "&sslmode=" + wrong, "postgresql://" + wrong + ":" + wrong, "mysql://u:" + wrong + "@h/d", wrong, "sqlite:", "sqlite::memory:",
	} {
		if _, err := Parse(address); err == nil {
			continue // some are addresses
		} else if strings.Contains(err.Error(), "7341") || strings.Contains(err.Error(), "Wrong") {
			t.Errorf("told: %v", err)
		}
	}
	address := func(password string) string {
		if password != "" {
			password = ":" + password
		}
		return fmt.Sprintf("postgres://postgres%s@127.0.0.1:%d/kept?sslmode=disable", password, server.Port)
	}
	at := locate(t, address("Wrong-7341"))
	_, err := Open(t.Context(), at)
	if err == nil || Away(err) {
		t.Errorf("a wrong password: %v", err)
	}
	if said := fmt.Sprintf("%v %+v %#v %s %v %+v", err, err, at, at, at, at); strings.Contains(said, "7341") || !strings.Contains(said, "password authentication failed") {
		t.Errorf("told: %s", said)
	}
	if !at.TellsPassword() || !locate(t, "postgres://u@h/d?password=x").TellsPassword() || locate(t, address("")).TellsPassword() {
		t.Error("whose password is in the list of processes is not told apart")
	}

	open(t, address(server.Password))
	t.Run("PGPASSWORD", func(t *testing.T) {
		t.Setenv("PGPASSWORD", server.Password)
		open(t, address(""))
	})
	t.Run("PGPASSFILE", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "pgpass")
		if err := os.WriteFile(file, []byte("127.0.0.1:*:*:postgres:"+server.Password+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("PGPASSFILE", file)
		at := locate(t, address(""))
		if err := os.Remove(file); err != nil { // a sensor may open no file any more
			t.Fatal(err)
		}
		s, err := Open(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		_ = s.Close()
	})
}
