package inventory

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/clearbind/clearbind/detect"
)

// work is the goroutine that waits for the database.
func (k *Keeper) work() {
	defer close(k.stopped)
	tick := time.NewTicker(k.cfg.Interval)
	defer tick.Stop()
	for {
		end, wait := false, patience
		select {
		case <-tick.C:
		case <-k.wake:
		case <-k.stop:
			if end = true; k.cfg.Live {
				wait = lastWords
			}
		}
		ctx, cancel := context.WithTimeout(context.Background(), wait)
		k.wrote(k.write(ctx))
		if !end {
			k.tidy(ctx)
		}
		cancel()
		if end {
			return
		}
	}
}

// unwritten is a stretch as it stands.
type unwritten struct {
	Stretch
	of       []*detect.Inventory
	part     part
	complete bool
}

// gather gives every stretch that there is something of, in order.
func (k *Keeper) gather() (list []*unwritten, captures map[int]captured) {
	k.mu.Lock()
	defer k.mu.Unlock()
	all := make(map[Stretch]*gathered)
	for s, g := range k.parts {
		all[s] = &gathered{slices.Clone(g.turned), g.counters, g.first, g.last}
	}
	frames := uint64(0)
	for i := range k.workers {
		w := &k.workers[i]
		if w.now == nil {
			frames += w.base.Frames
			continue
		}
		frames += w.now.Counters.Frames
		if all[w.at] == nil {
			all[w.at] = new(gathered)
		}
		all[w.at].take(w)
	}
	for s, g := range all {
		list = append(list, &unwritten{s, g.turned, part{day: s.Day, counters: g.counters, first: g.first, last: g.last}, k.complete(s)})
	}
	slices.SortFunc(list, func(a, b *unwritten) int { return cmp.Or(cmp.Compare(a.Capture, b.Capture), cmp.Compare(a.Day, b.Day)) })
	captures = map[int]captured{0: {source: k.cfg.Source, frames: frames}}
	for i, c := range k.captures {
		captures[i] = *c
	}
	return list, captures
}

// write writes all that changed since the last time.
func (k *Keeper) write(ctx context.Context) error {
	list, captures := k.gather()
	k.ended = k.ended[:0]
	if len(list) == 0 && k.cfg.Live { // it tells all the same that it is there
		_, err := k.store.write(ctx, &k.run, nil, time.Now())
		return err
	}
	for len(list) > 0 {
		n := 1
		for n < len(list) && list[n].Capture == list[0].Capture {
			n++
		}
		r, c := k.run, captures[list[0].Capture]
		r.source, r.frames = c.source, c.frames
		if !k.cfg.Live {
			r.id = c.mark.id()
		}
		if r.id != 0 { // a capture whose first frames are still to come has none yet
			if err := k.writeRun(ctx, &r, list[:n]); err != nil {
				return err
			}
		}
		list = list[n:]
	}
	return nil
}

// writeRun writes the stretches of one run. Those of captures that are complete
// are forgotten then.
func (k *Keeper) writeRun(ctx context.Context, r *run, list []*unwritten) error {
	var changes []change
	for _, u := range list {
		u.part.inventory = new(detect.Inventory)
		for _, n := range u.of {
			u.part.inventory.Merge(n)
		}
		changes = append(changes, change{&u.part, k.written[u.Stretch]})
	}
	written, err := k.store.write(ctx, r, changes, time.Now())
	if err != nil {
		return err
	}
	for _, u := range list {
		if written {
			k.written[u.Stretch] = &u.part
		}
		switch {
		case u.complete && !k.cfg.Live:
			k.forget(u.Stretch)
		case u.complete: // and was so before it was written
			k.ended = append(k.ended, u.Stretch)
		}
	}
	if !written && list[0].complete {
		k.cfg.Log.Info("the inventory has this capture from a longer reading, and keeps that", "file", r.source)
	}
	return nil
}

// forget drops a stretch, and gives how many entries it had.
func (k *Keeper) forget(s Stretch) (entries int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if g := k.parts[s]; g != nil {
		for _, n := range g.turned {
			entries += n.Len()
		}
	}
	k.waiting -= entries
	delete(k.parts, s)
	delete(k.written, s)
	return entries
}

// wrote takes what came of a write. The first failure is told, and then that it
// is over.
func (k *Keeper) wrote(err error) {
	k.mu.Lock()
	before := k.err
	k.err = err
	if err == nil {
		k.status.Writes++
		k.status.LastWrite = time.Now()
	} else {
		k.status.Failures++
	}
	k.room.Broadcast()
	k.mu.Unlock()
	switch {
	case err != nil && before == nil:
		k.cfg.Log.Error("the inventory cannot be written; it is kept in memory, and written when that works again", "err", err)
	case err == nil && before != nil:
		k.cfg.Log.Info("the inventory is written again")
	}
	if err != nil {
		k.shed()
	}
}

// shed makes room: what waits for longest is lost, and counted.
func (k *Keeper) shed() {
	for {
		k.mu.Lock()
		var oldest *Stretch
		for s := range k.parts {
			if k.waiting > maxWaiting && k.complete(s) && (oldest == nil || s.Capture < oldest.Capture || s.Capture == oldest.Capture && s.Day < oldest.Day) {
				oldest = &s
			}
		}
		k.mu.Unlock()
		if oldest == nil {
			return
		}
		lost := k.forget(*oldest)
		k.mu.Lock()
		k.status.Lost += uint64(lost)
		k.mu.Unlock()
		k.cfg.Log.Error("a day of the inventory is lost: too much waits for the database", "day", oldest.Day, "entries", lost)
	}
}

// tidy does what is due once a day: days that have ended are remembered as the
// database has them, and those that are too old are taken away.
func (k *Keeper) tidy(ctx context.Context) {
	if !k.cfg.Live || k.err != nil {
		return
	}
	if k.past == nil || len(k.ended) > 0 {
		k.report("days before cannot be read", k.remember(ctx, k.ended))
	}
	if today := DayOf(time.Now()); k.cfg.Keep > 0 && k.pruned != today {
		err := k.store.prune(ctx, k.cfg.Sensor, k.run.id, today-Day(k.cfg.Keep)+1)
		k.report("old days cannot be taken away", err)
		if err == nil {
			k.pruned = today
		}
	}
}

func (k *Keeper) report(what string, err error) {
	if err != nil {
		k.cfg.Log.Warn("inventory: "+what, "err", err)
	}
}

// remember reads what the sensor has written in Days, and forgets the ended
// stretches that are a part of it.
func (k *Keeper) remember(ctx context.Context, ended []Stretch) error {
	since := DayOf(time.Now()) - Days + 1
	sel := Selection{Sensors: []string{k.cfg.Sensor}, Since: &since, live: true, without: k.run.id}
	k.mu.Lock()
	all := make(map[Day]bool)
	for s := range k.parts {
		all[s.Day] = true
	}
	for i := range k.workers {
		all[k.workers[i].at.Day] = true
	}
	k.mu.Unlock()
	for _, s := range ended {
		delete(all, s.Day)
	}
	sel.days = slices.Collect(maps.Keys(all))
	past, err := k.store.Read(ctx, sel)
	if err != nil {
		return err
	}
	past.Inventory.Trim()
	k.mu.Lock()
	k.past = past
	for _, s := range ended {
		for _, n := range k.parts[s].turned {
			k.waiting -= n.Len()
		}
		delete(k.parts, s)
		delete(k.written, s)
	}
	k.mu.Unlock()
	return nil
}
