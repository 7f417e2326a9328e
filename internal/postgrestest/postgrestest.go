// Package postgrestest starts a real PostgreSQL for tests, where Debian's
// package postgresql is installed. Nothing of the program imports it.
package postgrestest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Server is one that ends with its test.
type Server struct {
	Socket   string // folder of its socket, where nobody is asked for a password
	Port     int    // of 127.0.0.1, where everybody is
	Password string // of the user postgres

	tb   testing.TB
	bin  string
	dir  string
	cred *syscall.Credential
	cmd  *exec.Cmd
	log  strings.Builder
}

// Start starts a server with an empty database for each test that asks.
func Start(tb testing.TB) *Server {
	tb.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		tb.Skip("needs Debian's package postgresql")
	}
	dir, err := os.MkdirTemp("", "pg") // short: the path of a socket is
	if err != nil {
		tb.Fatal(err)
	}
	s := &Server{tb: tb, bin: filepath.Dir(found[len(found)-1]), dir: dir, Socket: dir, Password: rand.Text()}
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	if os.Getuid() == 0 { // as which PostgreSQL does not run
		s.cred = nobody(tb)
		if err := os.Chown(dir, int(s.cred.Uid), int(s.cred.Gid)); err != nil {
			tb.Fatal(err)
		}
	}
	secret := filepath.Join(dir, "password")
	if err := os.WriteFile(secret, []byte(s.Password+"\n"), 0o644); err != nil { //nolint:gosec // lives as long as the test
		tb.Fatal(err)
	}
	out, err := s.command("initdb", "--no-sync", "--username=postgres", "--pwfile="+secret, "--auth-local=trust", "--auth-host=scram-sha-256",
		"--encoding=UTF8", "--locale=C", "-D", filepath.Join(dir, "data")).CombinedOutput()
	if err != nil {
		tb.Fatalf("initdb: %v\n%s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	s.Port = l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		tb.Fatal(err)
	}
	s.Up()
	return s
}

// nobody is the account that it runs as under root.
func nobody(tb testing.TB) *syscall.Credential {
	tb.Helper()
	for _, name := range []string{"postgres", "nobody"} {
		if u, err := user.Lookup(name); err == nil {
			uid, _ := strconv.Atoi(u.Uid)
			gid, _ := strconv.Atoi(u.Gid)
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		}
	}
	tb.Skip("needs an account postgres or nobody")
	return nil
}

func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, name), args...) //nolint:gosec // PostgreSQL's own programs
	cmd.Dir, cmd.Env = s.dir, []string{"PATH=" + s.bin + ":/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.cred, Pdeathsig: 0}
	return cmd
}

// Up starts it (again).
func (s *Server) Up() {
	s.tb.Helper()
	s.cmd = s.command("postgres", "-D", filepath.Join(s.dir, "data"), "-k", s.dir, "-p", strconv.Itoa(s.Port), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off")
	s.cmd.Stdout, s.cmd.Stderr = &s.log, &s.log
	if err := s.cmd.Start(); err != nil {
		s.tb.Fatal(err)
	}
	cmd := s.cmd
	s.tb.Cleanup(func() { s.down(cmd) })
	for range 600 {
		if s.command("pg_isready", "-q", "-h", s.dir, "-p", strconv.Itoa(s.Port)).Run() == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	s.tb.Fatal("PostgreSQL does not start")
}

// Down stops it at once, as a host that goes down.
func (s *Server) Down() { s.down(s.cmd) }

func (s *Server) down(cmd *exec.Cmd) {
	if cmd.ProcessState == nil {
		_ = cmd.Process.Signal(syscall.SIGQUIT)
		_ = cmd.Wait() // by the signal
	}
}

// Database makes an empty database and gives its address through the socket.
func (s *Server) Database(name string, options ...string) string {
	s.tb.Helper()
	s.SQL("postgres", "CREATE DATABASE "+name+" "+strings.Join(options, " "))
	return fmt.Sprintf("postgres://postgres@/%s?host=%s&port=%d", name, s.Socket, s.Port)
}

// SQL gives what psql says to a statement.
func (s *Server) SQL(database, statement string) string {
	s.tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	psql := s.command("psql", "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", s.dir, "-p", strconv.Itoa(s.Port), "-U", "postgres", "-d", database, "-c", statement)
	cmd := exec.CommandContext(ctx, psql.Path, psql.Args[1:]...) //nolint:gosec // PostgreSQL's own program
	cmd.Dir, cmd.Env, cmd.SysProcAttr = psql.Dir, psql.Env, psql.SysProcAttr
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.tb.Fatalf("psql: %v\n%s", err, out)
	}
	return strings.TrimSpace(string(out))
}
