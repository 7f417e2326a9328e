package inventory

import (
	"context"
	"database/sql"
	"time"
)

// run is what is read in one go: by a sensor from its start to its end, or one
// capture.
type run struct {
	id      int64
	sensor  string
	kind    string
	source  string
	reading int64 // this process
	frames  uint64
	version string
	started time.Time
}

// Kinds of runs.
const (
	kindLive    = "live"
	kindCapture = "capture"
)

// change is a part, and what of it the database has.
type change struct {
	now, before *part // before: nil: nothing
}

// write writes what changed of a run. A capture that another process has read
// further is left as it is: written is false then.
//
// The sums of a part take the place of those that are there, so it does no harm
// to write them again when nobody can tell whether a transaction was committed.
func (s *Store) write(ctx context.Context, r *run, changes []change, now time.Time) (written bool, err error) {
	if err := s.check(ctx); err != nil {
		return false, s.tell(err)
	}
	err = s.transact(ctx, func(tx *sql.Tx) error {
		const fresh = -1
		var reading, frames int64
		// Locks the run's row, and tells whose it is.
		if err := tx.QueryRowContext(ctx, `INSERT INTO runs (id, sensor, kind, source, reading, frames, version, started, written) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			ON CONFLICT (id) DO UPDATE SET sensor = runs.sensor RETURNING reading, frames`,
			r.id, name(r.sensor), r.kind, text(r.source), r.reading, int64(fresh), r.version, stamp(r.started), stamp(now)).Scan(&reading, &frames); err != nil {
			return err
		}
		mine := reading == r.reading && frames != fresh
		if reading != r.reading {
			if frames > number(r.frames) {
				return nil
			}
			if err := forget(ctx, tx, r.id); err != nil {
				return err
			}
		}
		written = true
		if _, err := tx.ExecContext(ctx, "UPDATE runs SET sensor = $2, source = $3, reading = $4, frames = $5, version = $6, started = $7, written = $8 WHERE id = $1",
			r.id, name(r.sensor), text(r.source), r.reading, number(r.frames), r.version, stamp(r.started), stamp(now)); err != nil {
			return err
		}
		for _, c := range changes {
			if !mine { // somebody has taken away what was there
				c.before = nil
			}
			if err := s.put(ctx, tx, r.id, c); err != nil {
				return err
			}
		}
		return nil
	})
	return written && err == nil, s.tell(err)
}

func (s *Store) put(ctx context.Context, tx *sql.Tx, id int64, c change) error {
	day := c.now.day.String()
	for i, list := range c.now.changed(c.before) {
		t := &tables[i]
		for len(list) > 0 {
			n := min(len(list), maxBatch)
			args := make([]any, 0, n*(2+len(list[0])))
			for _, row := range list[:n] {
				args = append(append(args, id, day), row...)
			}
			if _, err := tx.ExecContext(ctx, t.upsert(n, s.dialect.numbered), args...); err != nil {
				return err
			}
			list = list[n:]
		}
	}
	return nil
}

// forget deletes the rows of a run, but for its own.
func forget(ctx context.Context, tx *sql.Tx, id int64) error {
	for i := range tables {
		if _, err := tx.ExecContext(ctx, "DELETE FROM "+tables[i].name+" WHERE run = $1", id); err != nil { //nolint:gosec // names of our own
			return err
		}
	}
	return nil
}

// prune forgets the days before day of a sensor's interfaces, and its runs of
// which nothing is left, but for current.
func (s *Store) prune(ctx context.Context, sensor string, current int64, day Day) error {
	if err := s.check(ctx); err != nil {
		return s.tell(err)
	}
	return s.tell(s.transact(ctx, func(tx *sql.Tx) error {
		for i := range tables {
			if _, err := tx.ExecContext(ctx, "DELETE FROM "+tables[i].name+" WHERE day < $1 AND run IN (SELECT id FROM runs WHERE sensor = $2 AND kind = 'live')", //nolint:gosec // names of our own
				day.String(), name(sensor)); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, "DELETE FROM runs WHERE sensor = $1 AND kind = 'live' AND id <> $2 AND written < $3 AND NOT EXISTS (SELECT 1 FROM days WHERE days.run = runs.id)",
			name(sensor), current, day.String())
		return err
	}))
}
