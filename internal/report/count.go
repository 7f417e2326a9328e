package report

import (
	"github.com/clearbind/clearbind/detect"
)

func byProtection(n *[detect.NumProtections]uint64) ByProtection {
	return ByProtection{n[detect.None], n[detect.SASLSigned], n[detect.SASLSealed], n[detect.TLS]}
}

// Sum is of all protections.
func (b ByProtection) Sum() uint64 { return b.None + b.SASLSigned + b.SASLSealed + b.TLS }

// Protected counts what nobody on the path could read.
func (b ByProtection) Protected() uint64 { return b.SASLSealed + b.TLS }

// Readable counts what anybody on the path could read.
func (b ByProtection) Readable() uint64 { return b.None + b.SASLSigned }

func (b *ByProtection) add(o ByProtection) {
	b.None += o.None
	b.SASLSigned += o.SASLSigned
	b.SASLSealed += o.SASLSealed
	b.TLS += o.TLS
}

// each gives the counts in detect's order.
func (b ByProtection) each() [detect.NumProtections]uint64 {
	return [detect.NumProtections]uint64{
		detect.None: b.None, detect.SASLSigned: b.SASLSigned, detect.SASLSealed: b.SASLSealed, detect.TLS: b.TLS,
	}
}

// Sum is of all verdicts.
func (b ByVerdict) Sum() uint64 { return b.Refused + b.RefusedAlready + b.Unknown + b.Ready }

func (b *ByVerdict) count(v detect.Verdict) {
	switch v {
	case detect.Refused:
		b.Refused++
	case detect.Already:
		b.RefusedAlready++
	case detect.Unsure:
		b.Unknown++
	default:
		b.Ready++
	}
}

// Sum is of all severities.
func (b BySeverity) Sum() uint64 { return b.Critical + b.High + b.Medium + b.Low + b.Info }

func bySeverity(c *detect.Counts) (b BySeverity) {
	for _, n := range c.Alerts {
		b.Critical += n[detect.Critical]
		b.High += n[detect.High]
		b.Medium += n[detect.Medium]
		b.Low += n[detect.Low]
		b.Info += n[detect.Info]
	}
	return b
}

// urgency orders verdicts by how soon somebody has to act: what works today
// and would stop comes before what fails already, as nobody has noticed it.
func urgency(v detect.Verdict) int {
	return [detect.NumVerdicts]int{detect.Ready: 0, detect.Unsure: 1, detect.Already: 2, detect.Refused: 3}[v]
}

// worse gives the more urgent of two verdicts.
func worse(a, b detect.Verdict) detect.Verdict {
	if urgency(b) > urgency(a) {
		return b
	}
	return a
}
