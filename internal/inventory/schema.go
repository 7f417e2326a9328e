package inventory

import (
	"context"
	"database/sql"
	_ "embed" // schema.sql
	"errors"
	"fmt"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

//go:embed schema.sql
var schema string

// migrations bring a database from one version of the schema to the next; the
// first makes it. They are only ever added to.
var migrations = []string{schema}

// version gives that of the database's schema; 0: there is none yet.
func (s *Store) version(ctx context.Context) (int, error) {
	var n int
	if err := s.db.QueryRowContext(ctx, s.dialect.known, "clearbind_schema").Scan(&n); err != nil {
		return 0, err
	}
	if n == 0 {
		if err := s.db.QueryRowContext(ctx, s.dialect.others).Scan(&n); err != nil {
			return 0, err
		}
		if n > 0 { // ours, if another process has just made it
			if err := s.db.QueryRowContext(ctx, s.dialect.known, "clearbind_schema").Scan(&n); err != nil || n > 0 {
				return 0, err
			}
			return 0, errors.New("this is the database of another program; give the inventory one of its own (of PostgreSQL, a schema in search_path will do)")
		}
		return 0, nil
	}
	if err := s.db.QueryRowContext(ctx, "SELECT coalesce(max(version), 0) FROM clearbind_schema").Scan(&n); err != nil {
		return 0, err
	}
	if n > len(migrations) {
		return 0, fmt.Errorf("a newer clearbind wrote it: its schema is %d, and this program knows up to %d", n, len(migrations))
	}
	return n, nil
}

// check sees to it that the schema is ours, once.
func (s *Store) check(ctx context.Context) error {
	if s.checked {
		return nil
	}
	version, err := s.version(ctx)
	if err != nil {
		return err
	}
	if s.dialect.encoding != "" {
		var encoding string
		if err := s.db.QueryRowContext(ctx, s.dialect.encoding).Scan(&encoding); err != nil {
			return err
		}
		if encoding != "UTF8" {
			return fmt.Errorf("its encoding is %s, which lacks letters that names may have; give one with UTF8", encoding)
		}
	} else if err := s.look(ctx); err != nil {
		return err
	}
	if version < len(migrations) {
		if err := s.migrate(ctx); err != nil {
			return err
		}
	}
	s.checked = true
	return nil
}

// look wants a file of SQLite to be whole, and lets readers and a writer go on
// beside each other.
func (s *Store) look(ctx context.Context) error {
	var words string
	if err := s.db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&words); err != nil {
		return err
	}
	if words != "ok" {
		return fmt.Errorf("the database is damaged: %s; name another file, or repair it with sqlite3's .recover", words)
	}
	// Nobody else may be at it for that, and SQLite does not wait here as it does
	// elsewhere.
	for end := time.Now().Add(busyTimeout); ; time.Sleep(busyTimeout / 500) {
		err := s.db.QueryRowContext(ctx, "PRAGMA journal_mode(WAL)").Scan(&words)
		if lite, ok := errors.AsType[*sqlite.Error](err); !ok || lite.Code()&0xff != sqlite3.SQLITE_BUSY || time.Now().After(end) {
			return err
		}
	}
}

// migrate brings the schema to ours, or nothing of it.
func (s *Store) migrate(ctx context.Context) error {
	return s.transact(ctx, func(tx *sql.Tx) error {
		if s.dialect.lock != "" {
			if _, err := tx.ExecContext(ctx, s.dialect.lock); err != nil {
				return err
			}
		}
		// Another process may have been here first.
		if _, err := tx.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS clearbind_schema (version BIGINT NOT NULL)"); err != nil {
			return err
		}
		var version int
		if err := tx.QueryRowContext(ctx, "SELECT coalesce(max(version), 0) FROM clearbind_schema").Scan(&version); err != nil {
			return err
		}
		for ; version < len(migrations); version++ {
			for statement := range strings.SplitAfterSeq(strings.ReplaceAll(migrations[version], "\n);", s.dialect.table), ";\n") {
				if strings.TrimSpace(statement) == "" {
					continue
				}
				if _, err := tx.ExecContext(ctx, statement); err != nil {
					return fmt.Errorf("make schema %d: %w", version+1, err)
				}
			}
			if _, err := tx.ExecContext(ctx, "INSERT INTO clearbind_schema (version) VALUES ($1)", int64(version+1)); err != nil {
				return err
			}
		}
		return nil
	})
}

// transact does all of f, or nothing of it.
func (s *Store) transact(ctx context.Context, f func(tx *sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		_ = tx.Rollback() // the first error tells
		return err
	}
	return tx.Commit()
}
