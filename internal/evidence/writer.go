package evidence

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/clearbind/clearbind/detect"
)

// MaxFiles bounds the files of a folder: beyond it, folders become slow.
const MaxFiles = 100_000

// Config is what a Writer may be told.
type Config struct {
	Dir      string // made if it is not there
	MaxBytes int64  // octets of all captures in it, those of earlier runs too
	Wait     bool   // for a slow disk; else what it cannot take is left out
	Log      *slog.Logger
}

// Loss is why evidence was not written.
type Loss uint8

// Reasons.
const (
	LossFull  Loss = iota // the folder has as much as it may
	LossSlow              // the disk did not keep up
	LossError             // of the disk
	NumLosses
)

var lossNames = [NumLosses]string{"full", "slow", "error"}

func (l Loss) String() string { return lossNames[l] }

// Counts is what became of the evidence. It is a plain value.
type Counts struct {
	Files uint64
	Lost  [NumLosses]uint64
}

// queued files hold a burst while the disk stalls: at most 70 KiB each.
const queued = 64

// suffix is what the names of captures end in.
const suffix = ".pcapng"

// Writer puts captures into a folder. Put is for one goroutine; a goroutine of
// its own writes.
type Writer struct {
	cfg  Config
	jobs chan job
	over chan struct{} // closed when the goroutine has ended

	mu     sync.Mutex
	known  map[string]file // that are in the folder or on their way
	bytes  int64           // of those
	counts Counts
	said   [NumLosses]bool
	err    error // the first
}

// job is a file to write; without a name, a request to look at the folder again.
type job struct {
	name string
	data []byte
}

type file struct {
	size    int64
	ours    bool // of this run: another finding must not take its name
	waiting bool // in jobs
}

// Open makes the folder and starts to write.
func Open(cfg Config) (*Writer, error) {
	if err := makeDir(cfg.Dir); err != nil {
		return nil, err
	}
	w := &Writer{cfg: cfg, jobs: make(chan job, queued), over: make(chan struct{}), known: make(map[string]file)}
	if err := w.scan(); err != nil {
		return nil, err
	}
	probe, err := os.CreateTemp(cfg.Dir, ".clearbind-*")
	if err != nil {
		return nil, err
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
		return nil, err
	}
	// Writes, so that whoever tells alerts need not. Ends with Close.
	go w.write()
	return w, nil
}

func makeDir(dir string) error {
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	return os.Chmod(dir, 0o750) //nolint:gosec // whoever reads the alert log by group reads this too
}

// Put takes the evidence of an alert, and notes in it the name that the file has
// or will have.
func (w *Writer) Put(a *detect.Alert) {
	if a.Evidence == nil {
		return
	}
	data, err := encode(a)
	if err != nil {
		w.lose(LossError, err)
		return
	}
	name, ok := w.reserve(nameOf(a), int64(len(data)))
	if !ok {
		w.lose(LossFull, nil)
		return
	}
	if w.cfg.Wait {
		w.jobs <- job{name, data}
	} else {
		select {
		case w.jobs <- job{name, data}:
		default:
			w.forget(name)
			w.lose(LossSlow, nil)
			return
		}
	}
	a.EvidenceFile = name
}

// nameOf gives the name of a file: when, what, who, where in the capture. No
// name from the wire is in it.
func nameOf(a *detect.Alert) string {
	client := strings.ReplaceAll(a.Client.Addr().WithZone("").String(), ":", "-")
	return fmt.Sprintf("%s_%s_%s_%d_p%d", a.Time.UTC().Format("20060102T150405.000000Z"), a.Rule, client, a.Client.Port(), a.Packet)
}

// reserve gives a name that no other finding of this run has, and room. A file
// of an earlier run is replaced: the same capture gives the same files.
func (w *Writer) reserve(base string, size int64) (name string, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	name = base + suffix
	for n := 2; w.known[name].ours; n++ {
		name = fmt.Sprintf("%s-%d%s", base, n, suffix)
	}
	old, replaced := w.known[name]
	if w.bytes-old.size+size > w.cfg.MaxBytes || !replaced && len(w.known) >= MaxFiles {
		return "", false
	}
	w.known[name] = file{size: size, ours: true, waiting: true}
	w.bytes += size - old.size
	return name, true
}

// forget gives the room of a file back.
func (w *Writer) forget(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bytes -= w.known[name].size
	delete(w.known, name)
}

// lose counts evidence that is not written. Each reason is told once.
func (w *Writer) lose(why Loss, err error) {
	w.mu.Lock()
	w.counts.Lost[why]++
	first := !w.said[why]
	w.said[why] = true
	if err != nil && w.err == nil {
		w.err = err
	}
	w.mu.Unlock()
	if !first {
		return
	}
	switch why {
	case LossFull:
		w.cfg.Log.Warn("the folder of evidence is full; alerts go on without. Move captures away and send SIGHUP, or raise --evidence-limit", "folder", w.cfg.Dir)
	case LossSlow:
		w.cfg.Log.Warn("the disk does not keep up with evidence; some is left out", "folder", w.cfg.Dir)
	default:
		w.cfg.Log.Error("evidence cannot be written; alerts go on without", "err", err)
	}
}

// write does what Put asks for.
func (w *Writer) write() {
	defer close(w.over)
	for j := range w.jobs {
		if j.name == "" {
			if err := w.scan(); err != nil {
				w.cfg.Log.Error("the folder of evidence cannot be read", "err", err)
			}
			continue
		}
		if err := w.save(j); err != nil {
			w.forget(j.name)
			w.lose(LossError, err)
			continue
		}
		w.mu.Lock()
		w.counts.Files++
		f := w.known[j.name]
		f.waiting = false
		w.known[j.name] = f
		w.mu.Unlock()
	}
}

// save writes a file as a whole or not at all.
func (w *Writer) save(j job) error {
	f, err := os.CreateTemp(w.cfg.Dir, ".clearbind-*")
	if err != nil {
		return err
	}
	_, err = f.Write(j.data)
	err = errors.Join(err, f.Chmod(0o640), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(w.cfg.Dir, j.name))
	}
	if err != nil {
		_ = os.Remove(f.Name()) // what is left of it is of no use
	}
	return err
}

// scan looks at what is in the folder.
func (w *Writer) scan() error {
	entries, err := os.ReadDir(w.cfg.Dir)
	if err != nil {
		return err
	}
	found := make(map[string]int64)
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && info.Mode().IsRegular() && strings.HasSuffix(e.Name(), suffix) { // else it has gone meanwhile
			found[e.Name()] = info.Size()
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	before := w.known
	w.known, w.bytes, w.said = make(map[string]file), 0, [NumLosses]bool{}
	for name, f := range before {
		if f.waiting {
			w.known[name] = f
			w.bytes += f.size
		}
	}
	for name, size := range found {
		if _, waiting := w.known[name]; !waiting {
			w.known[name] = file{size: size, ours: before[name].ours}
			w.bytes += size
		}
	}
	return nil
}

// Rescan looks at the folder again, in which somebody may have made room, when
// what waits has been written.
func (w *Writer) Rescan() {
	select {
	case w.jobs <- job{}:
	default: // the disk is slow: another time
	}
}

// Counts gives what became of the evidence so far.
func (w *Writer) Counts() Counts {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.counts
}

// Close writes what waits, for as long as given; 0 is for ever. It gives the
// first error there was.
func (w *Writer) Close(patience time.Duration) error {
	close(w.jobs)
	var late <-chan time.Time
	if patience > 0 {
		late = time.After(patience)
	}
	select {
	case <-w.over:
	case <-late:
		return errors.New("--evidence: the disk is stuck; the last captures are lost")
	}
	if w.err != nil {
		return fmt.Errorf("--evidence: %w", w.err)
	}
	return nil
}
