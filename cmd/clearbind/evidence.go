package main

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/alecthomas/units"
	"github.com/clearbind/clearbind/detect"
	"github.com/clearbind/clearbind/internal/evidence"
)

// maxProofs is how many octets of evidence may wait to be told by a live sensor.
// What is beyond goes without.
const maxProofs = 64 << 20

// proofs counts them. Workers add, whoever tells takes away.
type proofs struct{ octets atomic.Int64 }

// admit says whether a batch may carry its evidence, and strips it if not: how
// many alerts lost theirs.
func (p *proofs) admit(b *batch) (stripped int) {
	if b.weight == 0 || p.octets.Add(int64(b.weight)) <= maxProofs {
		return 0
	}
	p.release(b)
	for i := range b.alerts {
		if b.alerts[i].Evidence != nil {
			b.alerts[i].Evidence = nil
			stripped++
		}
	}
	b.weight = 0
	return stripped
}

func (p *proofs) release(b *batch) { p.octets.Add(-int64(b.weight)) }

// evidenceFlags reads what evidence there is to be. It needs the keys.
func (c *config) evidenceFlags(limit string) error {
	switch {
	case c.detect.PseudonymKey == nil:
	case c.evidence != "":
		return errors.New("--evidence with --pseudonyms: names stand in the captures; give one of the two")
	case len(c.events) > 0:
		return errors.New("--events-2889 with --pseudonyms: names stand in the events; give one of the two")
	}
	n, err := units.ParseBase2Bytes(limit)
	if err != nil || n < 1<<20 {
		return fmt.Errorf("--evidence-limit=%s: give a size of 1MiB or more", limit)
	}
	c.evidenceLimit = int64(n)
	c.detect.Evidence = c.evidence != ""
	return nil
}

// openEvidence opens the folder of evidence, if there is to be one.
func (p *program) openEvidence() error {
	if p.cfg.evidence == "" {
		return nil
	}
	w, err := evidence.Open(evidence.Config{Dir: p.cfg.evidence, MaxBytes: p.cfg.evidenceLimit, Wait: !p.cfg.live(), Log: p.log})
	if err != nil {
		return fmt.Errorf("--evidence: %w", err)
	}
	p.out.evidence, p.board.evidence = w, w
	return nil
}

// closeEvidence writes what waits.
func (p *program) closeEvidence() error {
	if p.out.evidence == nil || p.stuck { // whoever is stuck may still put something
		return nil
	}
	if p.cfg.live() {
		return p.out.evidence.Close(lastWords)
	}
	return p.out.evidence.Close(0)
}

// prove puts the evidence of an alert that is told into the folder.
func (o *output) prove(a *detect.Alert) {
	if o.evidence != nil {
		o.evidence.Put(a)
	}
}

// evidenceLine says what became of the evidence.
func evidenceLine(dir string, c *evidence.Counts) string {
	parts := []string{fmt.Sprintf("%s in %s", count(c.Files, "capture"), dir)}
	for why, n := range c.Lost {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d not written (%s)", n, evidence.Loss(why)))
		}
	}
	return strings.Join(parts, "; ")
}
