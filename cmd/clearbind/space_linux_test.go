package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// space is a network namespace of a test. It is gone when its file is closed
// and what was started in it has ended.
type space struct{ file *os.File }

// newSpace makes a network namespace with nothing but the loopback interface.
func newSpace(t *testing.T) *space {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root, to make network interfaces")
	}
	need(t, "ip", "iproute2")
	made := make(chan error)
	s := new(space)
	go func() { // ends with its thread, which is in the new namespace
		runtime.LockOSThread()
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			s.file, err = os.Open("/proc/thread-self/ns/net")
		}
		made <- err
	}()
	if err := <-made; err != nil {
		t.Skip("no network namespace to be had:", err)
	}
	t.Cleanup(func() { _ = s.file.Close() })
	s.ip(t, "link set lo up")
	return s
}

// need skips the test where a program is missing.
func need(t *testing.T, program, debian string) string {
	t.Helper()
	for _, name := range []string{program, "/usr/sbin/" + program} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skipf("%s is not installed (Debian: apt-get install %s)", program, debian)
	return ""
}

// path names the namespace to programs.
func (s *space) path() string { return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), s.file.Fd()) }

// do runs act on a thread that is in the namespace: what it starts is there too.
func (s *space) do(t *testing.T, act func() error) error {
	t.Helper()
	runtime.LockOSThread()
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if unix.Setns(int(home.Fd()), unix.CLONE_NEWNET) == nil { // else the thread ends with the test
			runtime.UnlockOSThread()
		}
		_ = home.Close()
	}()
	if err := unix.Setns(int(s.file.Fd()), unix.CLONE_NEWNET); err != nil {
		t.Fatal(err)
	}
	return act()
}

// patience is how long a program may take.
const patience = 60 * time.Second

// run runs a program to its end and gives what it said.
func (s *space) run(t *testing.T, env []string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = append(os.Environ(), env...)
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := s.do(t, cmd.Start); err != nil {
		t.Fatal(err)
	}
	err := cmd.Wait()
	return said.String(), err
}

// ip runs iproute2, which must succeed.
func (s *space) ip(t *testing.T, args string) {
	t.Helper()
	if out, err := s.tryIP(t, args); err != nil {
		t.Fatalf("ip %s: %v: %s", args, err, out)
	}
}

func (s *space) tryIP(t *testing.T, args string) (string, error) {
	t.Helper()
	return s.run(t, nil, append([]string{"ip"}, strings.Fields(args)...)...)
}

// set changes a setting below /proc/sys/net, where there is one.
func (s *space) set(t *testing.T, name, value string) {
	t.Helper()
	_ = s.do(t, func() error { return os.WriteFile("/proc/sys/net/"+name, []byte(value), 0) })
}

// serve starts a program that is ended with the test. It waits until something
// answers at a TCP address, within the namespace; said is what it printed.
func (s *space) serve(t *testing.T, env []string, address string, args ...string) (up bool, said string) {
	t.Helper()
	log := filepath.Join(t.TempDir(), "log")
	file, err := os.Create(log)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = file, file
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // if the tests are killed themselves
	if err := s.do(t, cmd.Start); err != nil {
		t.Fatal(err)
	}
	_ = file.Close()
	ended := make(chan struct{})
	go func() { // ends with the program
		defer close(ended)
		err = cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
	})
	for range 500 {
		select {
		case <-ended:
			said, _ := os.ReadFile(log)
			return false, fmt.Sprintf("%v: %s", err, said)
		default:
		}
		if conn, err := s.dial(t, address); err == nil {
			_ = conn.Close()
			return true, ""
		}
		time.Sleep(20 * time.Millisecond)
	}
	text, _ := os.ReadFile(log)
	return false, string(text)
}

// dial connects from within the namespace.
func (s *space) dial(t *testing.T, address string) (conn net.Conn, err error) {
	t.Helper()
	err = s.do(t, func() error {
		conn, err = net.DialTimeout("tcp", address, time.Second)
		return err
	})
	return conn, err
}

// cable joins two namespaces by a veth pair; both ends have its name.
func cable(t *testing.T, a, b *space, name string) {
	t.Helper()
	a.ip(t, "link add "+name+" type veth peer name "+name+" netns "+b.path())
	for _, s := range []*space{a, b} {
		s.ip(t, "link set "+name+" up")
	}
}

const (
	suffix   = "dc=example,dc=org"
	people   = "ou=people," + suffix
	manager  = "cn=admin," + suffix
	password = "Larch-Tern-62," // of everybody in the directory
	wrong    = "Alder-Wren-17;"
)

// person is the name of the ith of those in the directory.
func person(i int) string { return fmt.Sprintf("uid=p%d,%s", i, people) }

// directory starts OpenLDAP in a namespace, with as many people.
func (s *space) directory(t *testing.T, size int) {
	t.Helper()
	slapd, slapadd := need(t, "slapd", "slapd"), need(t, "slapadd", "slapd")
	need(t, "ldapsearch", "ldap-utils")
	dir := t.TempDir()
	config, ldif := filepath.Join(dir, "slapd.conf"), filepath.Join(dir, "people.ldif")
	lines := []string{
		"include /etc/ldap/schema/core.schema", "include /etc/ldap/schema/cosine.schema", "include /etc/ldap/schema/inetorgperson.schema",
		"pidfile " + dir + "/pid", "modulepath /usr/lib/ldap", "moduleload back_mdb",
		"database mdb", "suffix " + suffix, "directory " + dir, "maxsize 67108864", "dbnosync", "rootdn " + manager, "rootpw " + password,
		"access to attrs=userPassword by anonymous auth", "access to * by * read", "",
	}
	entries := []string{"dn: " + suffix, "objectClass: dcObject", "objectClass: organization", "o: example", "", "dn: " + people, "objectClass: organizationalUnit", ""}
	for i := range size {
		entries = append(entries, "dn: "+person(i), "objectClass: inetOrgPerson", fmt.Sprintf("cn: Person %d", i), "sn: Person",
			"userPassword: "+password, "description: "+strings.Repeat("x", 900), "")
	}
	for path, text := range map[string][]string{config: lines, ldif: entries} {
		if err := os.WriteFile(path, []byte(strings.Join(text, "\n")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := s.run(t, nil, slapadd, "-q", "-f", config, "-l", ldif); err != nil {
		t.Skipf("slapadd does not work here: %v: %s", err, out)
	}
	if up, said := s.serve(t, nil, "127.0.0.1:389", slapd, "-d", "0", "-f", config, "-h", "ldap:///"); !up {
		t.Skip("slapd does not start here: ", said)
	}
}

// search binds and searches the whole directory with ldapsearch; it gives the
// exit status, which is the LDAP result.
func (s *space) search(t *testing.T, host, name, secret, filter string) (status int, said string) {
	t.Helper()
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := s.run(t, []string{"LDAPNOINIT=1"}, "ldapsearch", "-x", "-LLL", "-o", "nettimeout=20", "-H", "ldap://"+host, "-D", name, "-y", file, "-b", suffix, filter)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode(), out
	}
	if err != nil {
		t.Fatal(err)
	}
	return 0, out
}
