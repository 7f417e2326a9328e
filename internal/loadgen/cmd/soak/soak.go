//go:build linux

package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/clearbind/clearbind/internal/words"
)

// soak sends, and judges what the sensor counted.
func soak(c *config, l *load, s *sensor) error {
	j := &judge{}
	passes := max(1, c.packets/l.tally.Packets)
	fmt.Printf("load before %s; %d passes of %d packets, %d connections\n", loads(), passes, l.tally.Packets, l.tally.Connections)
	samples, err := j.long(c, l, s, passes)
	if err != nil {
		return err
	}
	now, err := settled(l, s)
	if err != nil {
		return err
	}
	j.tally(l, now, passes)
	j.growth(samples)
	if c.climb {
		if err := climb(l, s, c.rate); err != nil {
			return err
		}
	}
	if err := j.overdrive(l, s); err != nil {
		return err
	}
	fmt.Printf("load after %s\n", loads())
	return errors.Join(j.errs...)
}

// loads gives the machine's, of one, five and fifteen minutes.
func loads() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "not known"
	}
	return strings.Join(strings.Fields(string(text))[:3], " ")
}

// judge collects what is not as it has to be.
type judge struct{ errs []error }

func (j *judge) want(what string, have, want float64) {
	if have != want {
		j.errs = append(j.errs, fmt.Errorf("%s: counted %.0f, sent %.0f", what, have, want))
	}
}

// long sends the passes at the rate, and looks at the sensor meanwhile.
func (j *judge) long(c *config, l *load, s *sensor, passes int) (samples []sample, err error) {
	before, err := s.processor()
	if err != nil {
		return nil, err
	}
	stop, looked := make(chan struct{}), make(chan error, 1)
	go func() { // until stop is closed
		for {
			select {
			case <-stop:
				looked <- nil
				return
			case <-time.After(250 * time.Millisecond):
			}
			now, err := s.sample()
			if err != nil {
				looked <- err
				return
			}
			samples = append(samples, now)
		}
	}()
	n := passes * l.tally.Packets
	reached, err := l.send(n, c.rate)
	close(stop)
	if err := errors.Join(err, <-looked); err != nil {
		return nil, err
	}
	after, err := s.processor()
	if err != nil {
		return nil, err
	}
	took := (after - before).Seconds()
	fmt.Printf("%d packets at %.0f packets/s; the sensor took %.1f s of processor: %.2f µs a packet, %.0f%% of a core\n",
		n, reached, took, took/float64(n)*1e6, took*reached/float64(n)*100)
	return samples, nil
}

// settled waits until the sensor has counted every packet that was sent.
func settled(l *load, s *sensor) (now counters, err error) {
	for range 150 {
		if now, err = s.scrape(); err != nil {
			return nil, err
		}
		if now.sum("clearbind_packets_total", "")+now.dropped() == float64(l.sent.Load()) {
			time.Sleep(time.Second) // what waits for its answer
			return s.scrape()
		}
		time.Sleep(200 * time.Millisecond)
	}
	return nil, fmt.Errorf("%d packets were sent, %.0f seen and %.0f counted as dropped", l.sent.Load(), now.sum("clearbind_packets_total", ""), now.dropped())
}

// tally holds the counters against the generator's tally.
func (j *judge) tally(l *load, now counters, passes int) {
	times := func(n int) float64 { return float64(passes) * float64(n) }
	j.want("packets", now.sum("clearbind_packets_total", ""), times(l.tally.Packets))
	j.want("dropped packets", now.dropped(), 0)
	j.want("gaps", now.sum("clearbind_stream_gaps_total", ""), 0)
	j.want("rejected messages", now.sum("clearbind_messages_rejected_total", ""), 0)
	j.want("panics", now.sum("clearbind_panics_total", ""), 0)
	j.want("lost alerts", now.sum("clearbind_alerts_lost_total", ""), 0)
	j.want("limits", now.sum("clearbind_limit_reached_total", ""), 0)
	j.want("connections", now.sum("clearbind_connections_total", ""), times(l.tally.Connections))
	j.want("open connections", now.sum("clearbind_connections_open", ""), 0)
	j.want("bind requests", now.sum("clearbind_messages_total", `operation="bind_request"`), times(l.tally.BindRequests))
	j.want("searches", now.sum("clearbind_messages_total", `operation="search_request"`), times(l.tally.Searches))
	j.want("entries", now.sum("clearbind_search_entries_total", ""), times(l.tally.Entries))
	for _, rule := range slices.Sorted(maps.Keys(l.tally.Alerts)) {
		j.want(rule, now.sum("clearbind_alerts_total", `rule="`+rule+`"`), times(l.tally.Alerts[rule]))
	}
	fmt.Printf("counted: %.0f connections, %.0f binds, %.0f searches, %.0f entries, %.0f findings of %d rules, %.0f packets dropped\n",
		now.sum("clearbind_connections_total", ""), now.sum("clearbind_binds_total", ""), now.sum("clearbind_searches_total", ""),
		now.sum("clearbind_search_entries_total", ""), now.sum("clearbind_alerts_total", ""), len(l.tally.Alerts), now.dropped())
}

// growth compares the second quarter, after all was warm, with the last.
func (j *judge) growth(samples []sample) {
	quarter := len(samples) / 4
	if quarter < 4 {
		j.errs = append(j.errs, errors.New("too short to see growth: send more packets"))
		return
	}
	second, last := samples[quarter:2*quarter], samples[len(samples)-quarter:]
	for _, what := range []struct {
		name string
		of   func(*sample) float64
		most func(was float64) float64
	}{
		{"MiB resident", func(s *sample) float64 { return s.resident }, func(was float64) float64 { return was * 1.1 }},
		{"goroutines", func(s *sample) float64 { return s.goroutines }, func(was float64) float64 { return was + 2 }}, // the runtime has some that come and go
		{"file descriptors", func(s *sample) float64 { return s.descriptors }, func(was float64) float64 { return was }},
	} {
		from, to := median(second, what.of), median(last, what.of)
		fmt.Printf("%s: %.1f in the second quarter, %.1f in the last\n", what.name, from, to)
		if to > what.most(from) {
			j.errs = append(j.errs, fmt.Errorf("%s grow: from %.1f to %.1f", what.name, from, to))
		}
	}
}

func median(samples []sample, of func(*sample) float64) float64 {
	values := make([]float64, len(samples))
	for i := range samples {
		values[i] = of(&samples[i])
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// climb seeks the highest rate at which nothing is dropped in three seconds,
// from the one on that the sensor stood.
func climb(l *load, s *sensor, from int) error {
	best := 0.0
	for rate := from; ; rate += rate / 5 {
		before, err := s.scrape()
		if err != nil {
			return err
		}
		reached, err := l.send(3*rate, rate)
		if err != nil {
			return err
		}
		now, err := settled(l, s)
		if err != nil {
			return err
		}
		lost := now.dropped() - before.dropped()
		fmt.Printf("asked for %d packets/s, sent %.0f packets/s: %.0f of %d dropped\n", rate, reached, lost, 3*rate)
		if lost == 0 {
			best = max(best, reached)
		}
		if lost > 0 || reached < 0.5*float64(rate) { // or the sender is at its end
			fmt.Printf("highest without drops: %.0f packets/s\n", best)
			return nil
		}
	}
}

// overdrive sends while the sensor stands still, until its ring is full and far
// beyond: what it counts as dropped, and says at its end, is what it did not see.
func (j *judge) overdrive(l *load, s *sensor) error {
	const frames, fast = 500_000, 1_000_000
	before, err := s.scrape()
	if err != nil {
		return err
	}
	if err := s.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	_, err = l.send(frames, fast)
	if err := errors.Join(err, s.cmd.Process.Signal(syscall.SIGCONT)); err != nil {
		return err
	}
	now, err := settled(l, s)
	if err != nil {
		return err
	}
	fmt.Printf("overdriven: %.0f of %d packets dropped\n", now.dropped()-before.dropped(), frames)
	if now.dropped() == before.dropped() {
		j.errs = append(j.errs, errors.New("nothing was dropped: the ring holds more than was sent"))
	}
	summary, err := s.end()
	if err != nil {
		return fmt.Errorf("%w: %s", err, summary)
	}
	seen := now.sum("clearbind_packets_total", "")
	for _, said := range []string{words.Number(uint64(now.dropped())) + " packets dropped by the kernel on " + watched, words.Number(uint64(seen)) + " packets"} {
		if !strings.Contains(summary, said) {
			j.errs = append(j.errs, fmt.Errorf("the summary does not say %q: %s", said, summary))
		}
	}
	j.want("seen and dropped", seen+now.dropped(), float64(l.sent.Load()))
	return nil
}
