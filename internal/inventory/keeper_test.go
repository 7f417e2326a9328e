package inventory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clearbind/clearbind/capture"
	"github.com/clearbind/clearbind/decode"
	"github.com/clearbind/clearbind/detect"
	"github.com/clearbind/clearbind/internal/postgrestest"
)

// said is a log that may be written and read at the same time.
type said struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *said) times(what string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Count(s.text.String(), what)
}

func (s *said) logger() *slog.Logger { return slog.New(slog.NewTextHandler(s, nil)) }

func keepIn(t *testing.T, s *Store, cfg Config) *Keeper {
	t.Helper()
	if cfg.Log == nil {
		cfg.Log = new(said).logger()
	}
	cfg.Workers = max(cfg.Workers, 1)
	k, err := Keep(t.Context(), s, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func done(t *testing.T, k *Keeper) {
	t.Helper()
	if err := k.Close(); err != nil {
		t.Error(err)
	}
}

// use gives an inventory of one use with so many writes.
func use(identity string, writes uint64, at time.Time) *detect.Inventory {
	key := detect.UseKey{Client: address("10.0.0.7"), Identity: identity}
	return &detect.Inventory{Uses: map[detect.UseKey]*detect.Use{key: {Writes: writes, First: at, Last: at}}}
}

// writes adds up the writes of an inventory.
func writes(list ...*detect.Inventory) (n uint64) {
	for _, inventory := range list {
		for _, u := range inventory.Uses {
			n += u.Writes
		}
	}
	return n
}

func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	for range 3000 {
		if is() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("waited in vain for ", what)
}

// replay runs decoder and engine over a capture, and calls each before every
// frame.
func replay(t *testing.T, path string, each func(e *detect.Engine, f *capture.Frame)) *detect.Engine {
	t.Helper()
	src := capture.OpenFiles([]string{path})
	defer func() { _ = src.Close() }()
	var (
		engine  = detect.New(detect.Config{RepeatInterval: -1})
		packets decode.Packets
		frame   capture.Frame
		seg     decode.Segment
	)
	for order := uint64(1); ; order++ {
		if err := src.Next(&frame); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		each(engine, &frame)
		at := detect.Packet{Time: frame.Time, Order: order, Number: frame.Number}
		link := decode.Frame{Link: frame.Link, Data: frame.Data, WireLen: frame.WireLen, Time: frame.Time, VLAN: frame.VLAN}
		if packets.Decode(&link, &seg) == decode.OK {
			engine.Observe(&at, &seg)
		} else {
			engine.Tick(&at)
		}
	}
	engine.Finish()
	return engine
}

func pcaps(t *testing.T) []string {
	t.Helper()
	all, err := filepath.Glob("../../pcaps/*.pcap")
	if err != nil || len(all) < 50 {
		t.Fatalf("%d captures, %v", len(all), err)
	}
	return all
}

// TestTurnsOfCapturesAddUp begins the notes anew before every frame of every
// capture, and wants the sum to be what one inventory is.
func TestTurnsOfCapturesAddUp(t *testing.T) {
	for _, path := range pcaps(t) {
		want := replay(t, path, func(*detect.Engine, *capture.Frame) {}).Inventory()
		var sum detect.Inventory
		last := replay(t, path, func(e *detect.Engine, _ *capture.Frame) { sum.Merge(e.Turn()) })
		sum.Merge(last.Turn())
		// The words for a search are those of the first, and another may be the first
		// of a turn: one that is cut has none.
		if asked(&sum) != asked(want) {
			t.Errorf("%s: %d queries, want %d", path, asked(&sum), asked(want))
		}
		sum.Queries, want.Queries = nil, nil
		if !reflect.DeepEqual(&sum, want) {
			t.Errorf("%s: noted %+v\nwant %+v", path, sum, want)
		}
	}
}

func asked(n *detect.Inventory) (sum uint64) {
	for _, q := range n.Queries {
		sum += q.Count
	}
	return sum
}

// daysAddUp writes every capture, each a run of two days, and reads back what
// they are together.
func daysAddUp(t *testing.T, empty maker) {
	s := open(t, empty(t))
	var want detect.Inventory
	for i, path := range pcaps(t) {
		frames, half := 0, new(detect.Inventory)
		e := replay(t, path, func(e *detect.Engine, _ *capture.Frame) {
			if frames++; frames == 12 {
				half = e.Turn()
			}
		})
		rest := e.Turn()
		want.Merge(half)
		want.Merge(rest)
		write(t, s, run{id: int64(i + 1), sensor: "captures", kind: kindCapture, source: path}, &part{day: 1, inventory: half}, &part{day: 2, inventory: rest})
	}
	have := readAll(t, s, Selection{}).Inventory
	if have.Len() < 90 || !reflect.DeepEqual(have, &want) {
		t.Errorf("%d entries are not the %d that were written", have.Len(), want.Len())
		different(t, have.Uses, want.Uses)
		different(t, have.Accounts, want.Accounts)
		different(t, have.Queries, want.Queries)
		different(t, have.Hours, want.Hours)
	}
}

func different[K comparable, V any](t *testing.T, have, want map[K]*V) {
	t.Helper()
	for key, v := range want {
		if !reflect.DeepEqual(have[key], v) {
			t.Errorf("%v: read %+v\nwant %+v", key, have[key], v)
		}
	}
	if len(have) != len(want) {
		t.Errorf("read %v\nwant %v", have, want)
	}
}

// aSensorRemembers runs a sensor over midnight, ends it, and starts it again.
func aSensorRemembers(t *testing.T, empty maker) {
	at := empty(t)
	today := DayOf(time.Now())
	note := func(day Day, identity string, n uint64) *Note {
		return &Note{Stretch: Stretch{Day: day}, Inventory: use(identity, n, day.Start()), Counters: Counters{Frames: 100 * n}, First: day.Start(), Last: day.Start()}
	}
	old := open(t, at)
	write(t, old, run{id: 5, sensor: "east", kind: kindLive, reading: 5}, &part{day: today - Days, inventory: use("too old", 1000, time.Now())})
	write(t, old, run{id: 6, sensor: "west", kind: kindLive, reading: 6}, &part{day: today, inventory: use("another", 1000, time.Now())})

	cfg := Config{Sensor: "east", Live: true, Source: "eth1", Keep: Days, Interval: 20 * time.Millisecond}
	k := keepIn(t, open(t, at), cfg)
	k.Note(0, note(today-1, "a", 1))
	await(t, "a write", func() bool { return k.Status().Writes > 1 })
	k.Turn(0, note(today-1, "a", 2), Stretch{Day: today}, false)
	now := note(today, "a", 3)
	k.Note(0, now)
	// The day that has ended is soon remembered as the database has it.
	await(t, "the end of a day", func() bool { k.mu.Lock(); defer k.mu.Unlock(); return len(k.parts) == 0 && k.pruned != 0 })
	if n := writes(append(k.Rest(), now.Inventory)...); n != 5 {
		t.Errorf("remembers %d writes", n)
	}
	if c, first, last := k.Totals(); c.Frames != 300 || !first.Equal((today - 1).Start()) || !last.Equal(today.Start()) {
		t.Errorf("counts %d frames from %s to %s", c.Frames, first, last)
	}
	k.Turn(0, note(today, "a", 4), Stretch{Day: today}, true)
	done(t, k)

	k = keepIn(t, open(t, at), cfg) // the update is installed
	if n := writes(k.Rest()...); n != 6 {
		t.Errorf("after a restart it remembers %d writes", n)
	}
	k.Turn(0, note(today, "b", 1), Stretch{Day: today}, true)
	if c, _, _ := k.Totals(); c.Frames != 500 || writes(k.Rest()...) != 7 {
		t.Errorf("counts %d frames, %d writes", c.Frames, writes(k.Rest()...))
	}
	done(t, k)
	r := readAll(t, open(t, at), Selection{Sensors: []string{"east"}})
	if len(r.Inventory.Uses) != 2 || writes(r.Inventory) != 7 { // what was too old is gone
		t.Errorf("the database has %+v", r.Inventory)
	}
}

// capturesAreKept reads two captures by two workers, more days than there is
// room for, and again.
func capturesAreKept(t *testing.T, empty maker) {
	at := empty(t)
	const days, entries = 10, 10_000
	read := func() {
		k := keepIn(t, open(t, at), Config{Sensor: "captures", Workers: 2, Interval: time.Hour})
		var wait sync.WaitGroup
		for worker := range 2 {
			wait.Go(func() {
				for c := 1; c <= 2; c++ {
					for day := Day(1); day <= days; day++ {
						n := &Note{Stretch: Stretch{c, day}, Inventory: &detect.Inventory{Accounts: map[string]*detect.Account{}}}
						for i := range entries / 100 {
							n.Inventory.Accounts[fmt.Sprint(worker, i)] = &detect.Account{Count: 1}
						}
						if worker == 0 {
							n.Source, n.Mark, n.Frames = fmt.Sprint(c), Mark{byte(c)}, 100
						}
						next := Stretch{c, day + 1}
						if day == days {
							next = Stretch{c + 1, 1}
						}
						k.Turn(worker, n, next, c == 2 && day == days)
						k.WaitForRoom()
					}
				}
			})
		}
		wait.Wait()
		all := new(detect.Inventory)
		for _, n := range k.Rest() {
			all.Merge(n)
		}
		if len(all.Accounts) != 2*entries/100 || all.Accounts["1 7"].Count != 2*days {
			t.Errorf("the run has %d accounts", len(all.Accounts))
		}
		done(t, k)
	}
	for range 2 {
		read()
		n := readAll(t, open(t, at), Selection{}).Inventory
		if len(n.Accounts) != 2*entries/100 || n.Accounts["1 7"].Count != 2*days {
			t.Errorf("the database has %d accounts", len(n.Accounts))
		}
	}
}

// TestManyCapturesWaitForTheDatabase has more than may wait in memory, and
// wants nothing lost.
func TestManyCapturesWaitForTheDatabase(t *testing.T) {
	at := "sqlite:" + filepath.Join(t.TempDir(), "i.db")
	k := keepIn(t, open(t, at), Config{Sensor: "captures", Interval: time.Hour})
	const captures, each = 8, maxWaiting / 4
	for c := range captures {
		n := &Note{Stretch: Stretch{c + 1, 1}, Source: "x", Mark: Mark{byte(c + 1)}, Inventory: &detect.Inventory{Accounts: map[string]*detect.Account{}}}
		for i := range each {
			n.Inventory.Accounts[fmt.Sprint(i)] = &detect.Account{Count: 1}
		}
		k.Turn(0, n, Stretch{c + 2, 1}, c == captures-1)
		k.WaitForRoom()
		k.mu.Lock()
		if k.waiting > maxWaiting+each {
			t.Errorf("%d entries wait", k.waiting)
		}
		k.mu.Unlock()
	}
	done(t, k)
	if n := k.Status().Lost; n != 0 {
		t.Errorf("%d lost", n)
	}
	s := open(t, at)
	var rows int
	if err := s.db.QueryRow("SELECT count(*) FROM accounts").Scan(&rows); err != nil || rows != captures*each {
		t.Errorf("%d rows, %v", rows, err)
	}
}

// TestALockedFileStallsNobody keeps the database locked for longer than a write
// waits.
func TestALockedFileStallsNobody(t *testing.T) {
	at := "sqlite:" + filepath.Join(t.TempDir(), "i.db")
	var log said
	k := keepIn(t, open(t, at), Config{Sensor: "east", Live: true, Interval: 10 * time.Millisecond, Log: log.logger()})
	other := open(t, at)
	tx, err := other.db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec("INSERT INTO runs VALUES (1, '', 'live', '', 0, 0, '', '', '')"); err != nil {
		t.Fatal(err)
	}
	noted := make(chan bool)
	go func() { // and none of this waits
		defer close(noted)
		for i := range uint64(1000) {
			k.Note(0, &Note{Stretch: Stretch{Day: 1}, Inventory: use("a", i, time.Now())})
			k.Rest()
			k.Totals()
			k.Status()
		}
	}()
	<-noted
	await(t, "a failure", func() bool { return k.Status().Failures > 0 })
	if n := log.times("the inventory cannot be written"); n != 1 || log.times("another program keeps it locked") != 1 {
		t.Errorf("said %d times", n)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	await(t, "better times", func() bool { return log.times("the inventory is written again") == 1 })
	done(t, k)
	if n := writes(readAll(t, other, Selection{}).Inventory); n != 999 {
		t.Errorf("%d writes", n)
	}
}

// aServerThatIsAway stops PostgreSQL before a sensor starts and while it runs.
func aServerThatIsAway(t *testing.T, server *postgrestest.Server) {
	address := server.Database("away")
	server.Down()
	at := locate(t, address)
	if _, err := OpenToRead(t.Context(), at); err == nil || !Away(err) {
		t.Errorf("reading: %v", err)
	}
	s, err := Open(t.Context(), at)
	if s == nil || !Away(err) {
		t.Fatalf("a server that is down: %v", err)
	}
	var log said
	k := keepIn(t, s, Config{Sensor: "east", Live: true, Interval: 10 * time.Millisecond, Log: log.logger()})
	k.Note(0, &Note{Stretch: Stretch{Day: 1}, Inventory: use("a", 1, time.Now())})
	await(t, "failures", func() bool { return k.Status().Failures > 2 })
	server.Up()
	await(t, "a write", func() bool { return k.Status().Writes > 0 })
	server.Down()
	failures := k.Status().Failures
	k.Turn(0, &Note{Stretch: Stretch{Day: 1}, Inventory: use("a", 2, time.Now())}, Stretch{Day: 2}, false)
	k.Note(0, &Note{Stretch: Stretch{Day: 2}, Inventory: use("a", 3, time.Now())})
	await(t, "failures", func() bool { return k.Status().Failures > failures })
	server.Up()
	writesBefore := k.Status().Writes
	await(t, "a write", func() bool { return k.Status().Writes > writesBefore })
	done(t, k)
	if n := writes(readAll(t, open(t, address), Selection{}).Inventory); n != 5 {
		t.Errorf("%d writes", n)
	}
	if a, b := log.times("the inventory cannot be written"), log.times("the inventory is written again"); a != 2 || b != 2 {
		t.Errorf("said %d and %d times", a, b)
	}
}

// TestWhatWaitsIsBounded has a database that never comes back.
func TestWhatWaitsIsBounded(t *testing.T) {
	s, err := Open(t.Context(), locate(t, "postgres://nobody@127.0.0.1:1/none?sslmode=disable"))
	if s == nil || !Away(err) {
		t.Fatalf("nobody is there: %v", err)
	}
	var log said
	k := keepIn(t, s, Config{Sensor: "east", Live: true, Interval: 5 * time.Millisecond, Log: log.logger()})
	const days, each = 10, maxWaiting / 5
	for day := Day(1); day <= days; day++ {
		n := &Note{Stretch: Stretch{Day: day}, Inventory: &detect.Inventory{Accounts: map[string]*detect.Account{}}}
		for i := range each {
			n.Inventory.Accounts[fmt.Sprint(i)] = new(detect.Account)
		}
		k.Turn(0, n, Stretch{Day: day + 1}, false)
	}
	await(t, "room", func() bool { k.mu.Lock(); defer k.mu.Unlock(); return k.waiting <= maxWaiting })
	if lost := k.Status().Lost; lost != (days-5)*each {
		t.Errorf("%d entries are lost", lost)
	}
	k.mu.Lock()
	for day := Day(days - 4); day <= days; day++ { // the oldest are
		if k.parts[Stretch{Day: day}] == nil {
			t.Errorf("day %d is lost", day)
		}
	}
	k.mu.Unlock()
	if err := k.Close(); err == nil || !strings.Contains(err.Error(), "not everything was written") {
		t.Errorf("the end says %v", err)
	}
}

// TestMarks wants a capture to keep its mark as it grows.
func TestMarks(t *testing.T) {
	mark := func(frames int, end bool) Mark {
		var m Marker
		for i := range frames {
			m.Add(time.Unix(int64(i), 5), 100, []byte{1, 2, 3, byte(i)})
		}
		return m.Mark(end)
	}
	if mark(10, false) != (Mark{}) || mark(0, true) != (Mark{}) {
		t.Error("a mark of too few frames")
	}
	if mark(10, true) == mark(11, true) || mark(markedFrames, false) != mark(2*markedFrames, true) || mark(64, false) == (Mark{}) {
		t.Error("marks do not tell captures apart, or do where they grow")
	}
}

func TestDays(t *testing.T) {
	for text, want := range map[string]string{
		"2026-03-01T00:00:00Z": "2026-03-01", "2026-02-28T23:59:59.999999999Z": "2026-02-28", "1969-12-31T23:59:59Z": "1969-12-31", "1970-01-01T00:00:00Z": "1970-01-01",
	} {
		at, err := time.Parse(time.RFC3339Nano, text)
		if have := DayOf(at).String(); err != nil || have != want || stamp(unstamp(stamp(at))) != stamp(at) {
			t.Errorf("%s is of %s", text, have)
		}
	}
	if stamp(time.Time{}) != "" || !unstamp("").IsZero() || !unstamp("yesterday").IsZero() {
		t.Error("no time is one")
	}
}

func TestAStoreCanBeCancelled(t *testing.T) {
	s := open(t, "sqlite:"+filepath.Join(t.TempDir(), "i.db"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Read(ctx, Selection{}); !errors.Is(err, context.Canceled) {
		t.Errorf("read: %v", err)
	}
	same(t, readAll(t, s, Selection{})) // and goes on
}
