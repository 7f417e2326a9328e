package inventory

import (
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Location says which database. It may hold a password: it is never shown.
type Location struct {
	file     string // of SQLite; "": PostgreSQL
	postgres *pgx.ConnConfig
	told     bool // the address holds the password
}

// Parse reads sqlite:FILE or postgres://…. Its errors never show the text, as a
// part of it may be a password. What PGPASSFILE, PGPASSWORD and their like say
// is read here: later the program may open no file.
func Parse(s string) (*Location, error) {
	if file, ok := strings.CutPrefix(s, "sqlite:"); ok {
		file = strings.TrimPrefix(file, "//") // as in sqlite:///var/lib/…
		if file == "" || strings.Contains(file, "\x00") || strings.HasPrefix(file, ":memory:") {
			return nil, errors.New("give sqlite: the name of a file, as in sqlite:/var/lib/clearbind/inventory.db")
		}
		return &Location{file: file}, nil
	}
	if !strings.HasPrefix(s, "postgres://") && !strings.HasPrefix(s, "postgresql://") {
		return nil, errors.New("give sqlite:FILE or postgres://USER@HOST/DATABASE")
	}
	cfg, err := pgx.ParseConfig(s)
	if err != nil { // whose words may be a part of the password
		return nil, errors.New("this is no address such as postgres://USER@HOST:5432/DATABASE?sslmode=verify-full, or a file or setting that it names cannot be read (it is not shown, as it may hold a password)")
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = connectTimeout
	}
	if cfg.RuntimeParams["application_name"] == "" {
		cfg.RuntimeParams["application_name"] = "clearbind"
	}
	// No statement is prepared by name: poolers in front of PostgreSQL mix those up.
	cfg.DefaultQueryExecMode = pgx.QueryExecModeExec
	at, err := url.Parse(s)
	told := err == nil && at.Query().Has("password")
	if err == nil && at.User != nil {
		_, has := at.User.Password()
		told = told || has
	}
	return &Location{postgres: cfg, told: told}, nil
}

// TellsPassword says whether the password stands in the address, where lists of
// processes show it.
func (l *Location) TellsPassword() bool { return l.told }

// File gives the database's file; "": it is none.
func (l *Location) File() string { return l.file }

// String gives what may be shown.
func (l *Location) String() string {
	if l.file != "" {
		return "sqlite:" + l.file
	}
	return fmt.Sprintf("postgres://%s:%d/%s", l.postgres.Host, l.postgres.Port, l.postgres.Database)
}

// GoString keeps %#v from showing more.
func (l *Location) GoString() string { return l.String() }

const (
	connectTimeout = 5 * time.Second
	// busyTimeout is how long SQLite waits for another process that writes.
	busyTimeout = 5 * time.Second
)

// Store is a database with an inventory. One goroutine uses it at a time.
type Store struct {
	db      *sql.DB
	dialect *dialect
	at      *Location
	checked bool // its schema is there, and ours
}

// dialect is what the two databases do not say alike.
type dialect struct {
	known    string // how many tables of the name $1 there are
	others   string // how many tables of others are in our way
	snapshot string // begins to read without seeing what others write meanwhile
	lock     string // keeps others from making the schema at the same time; "": BEGIN does
	table    string // ends CREATE TABLE
	encoding string // of text; "": always UTF8
	numbered bool   // see table.upsert
}

var sqliteDialect = dialect{
	known:    "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = $1",
	others:   "SELECT count(*) FROM sqlite_master",
	snapshot: "BEGIN DEFERRED",
	table:    "\n) WITHOUT ROWID;", // the key is the table: half the size
}

var postgresDialect = dialect{
	known:    "SELECT count(*) FROM pg_class WHERE oid = to_regclass($1)",
	others:   "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = current_schema() AND c.relname IN ('runs', 'days', 'uses', 'use_counts', 'accounts', 'account_peers', 'account_fingerprints', 'queries', 'query_clients', 'hours', 'findings', 'counters')",
	snapshot: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
	lock:     "SELECT pg_advisory_xact_lock(7166183829137940836)", // any number of our own
	table:    "\n);",
	encoding: "SHOW server_encoding",
	numbered: true,
}

// Open opens a database for writing: a new file is made, a schema that is not
// there or is older is brought to ours. Where that fails and may succeed later
// (see Away), the Store is given as well: each use of it tries again.
func Open(ctx context.Context, at *Location) (*Store, error) {
	if at.file != "" {
		// SQLite would make it for all to read.
		file, err := os.OpenFile(at.file, os.O_RDWR|os.O_CREATE, 0o640) //nolint:gosec // reports are made by the group
		if err != nil {
			return nil, err
		}
		if err := file.Close(); err != nil {
			return nil, err
		}
	}
	s := at.open()
	if err := s.check(ctx); err != nil {
		if Away(err) {
			return s, s.tell(err)
		}
		return nil, errors.Join(s.tell(err), s.Close())
	}
	return s, nil
}

// OpenToRead opens a database that is there, for reading.
func OpenToRead(ctx context.Context, at *Location) (*Store, error) {
	if at.file != "" {
		if _, err := os.Stat(at.file); err != nil {
			return nil, err
		}
	}
	s := at.open()
	version, err := s.version(ctx)
	switch {
	case err != nil:
	case version == 0:
		err = errors.New("no clearbind has written an inventory there")
	case version < len(migrations):
		err = fmt.Errorf("its schema %d is older than this clearbind's %d; let a sensor of this version write to it first", version, len(migrations))
	}
	if err != nil {
		return nil, errors.Join(s.tell(err), s.Close())
	}
	s.checked = true
	return s, nil
}

func (l *Location) open() *Store {
	s := &Store{at: l}
	if l.file != "" {
		// Writers queue from their first statement on, or two that have read and
		// want to write would stand in each other's way. Nothing is kept outside
		// of the database's folder.
		address := "file:" + (&url.URL{Path: l.file}).EscapedPath() +
			fmt.Sprintf("?_txlock=immediate&_pragma=busy_timeout(%d)&_pragma=foreign_keys(1)&_pragma=synchronous(NORMAL)&_pragma=temp_store(MEMORY)", busyTimeout.Milliseconds())
		connector, err := sqlite.NewConnector(address)
		if err != nil {
			panic(fmt.Sprintf("inventory: the address of a file: %v", err)) // which we made
		}
		s.db, s.dialect = sql.OpenDB(connector), &sqliteDialect
	} else {
		s.db, s.dialect = stdlib.OpenDB(*l.postgres), &postgresDialect
	}
	s.db.SetMaxOpenConns(1)
	s.db.SetMaxIdleConns(1)
	return s
}

// Close implements io.Closer.
func (s *Store) Close() error { return s.db.Close() }

// tell puts an error into one line that names the database.
func (s *Store) tell(err error) error {
	if err == nil {
		return nil
	}
	return &storeError{s.at.String(), err}
}

// storeError names the database.
type storeError struct {
	at  string
	err error
}

func (e *storeError) Error() string {
	words := strings.Join(strings.Fields(e.err.Error()), " ")
	if lite, ok := errors.AsType[*sqlite.Error](e.err); ok {
		switch lite.Code() & 0xff {
		case sqlite3.SQLITE_NOTADB:
			words = "this is no SQLite database; name another file"
		case sqlite3.SQLITE_CORRUPT:
			words = "the database is damaged: " + words + "; name another file, or repair it with sqlite3's .recover"
		case sqlite3.SQLITE_CANTOPEN:
			words += "; SQLite writes beside the file too: the folder has to be writable"
		case sqlite3.SQLITE_BUSY:
			words = "another program keeps it locked"
		}
	}
	return e.at + ": " + words
}

func (e *storeError) Unwrap() error { return e.err }

// Away says whether an error may go away by itself: the database is not there,
// busy or full. Wrong passwords, foreign files and their like do not.
func Away(err error) bool {
	var (
		server  *pgconn.PgError
		connect *pgconn.ConnectError
		badCert *tls.CertificateVerificationError
		lite    *sqlite.Error
	)
	switch {
	case errors.As(err, &server):
		switch server.Code[:min(2, len(server.Code))] {
		case "08", "40", "53", "57", "58": // connection, conflict, resources, an operator, the system
			return true
		}
		return server.Code == "25006" // read only: a standby that will be promoted
	case errors.As(err, &badCert):
		return false
	case errors.As(err, &connect), errors.Is(err, context.DeadlineExceeded):
		return true
	case errors.As(err, &lite):
		switch lite.Code() & 0xff {
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN:
			return true
		}
	}
	return false
}
