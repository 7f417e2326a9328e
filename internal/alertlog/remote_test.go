package alertlog

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clearbind/clearbind/detect"
)

// open gives a Remote for a destination, closed with the test.
func open(t *testing.T, destination string) *Remote {
	t.Helper()
	d, err := ParseDestination(destination)
	if err != nil {
		t.Fatal(err)
	}
	r, err := OpenRemote(d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func send(t *testing.T, r *Remote, line string) {
	t.Helper()
	if n, err := r.Write([]byte(line + "\n")); err != nil || n != len(line)+1 {
		t.Fatalf("%d octets, %v", n, err)
	}
}

// datagrams receives from a packet socket.
func datagrams(t *testing.T, network, address string) (net.PacketConn, func() string) {
	t.Helper()
	conn, err := net.ListenPacket(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	buf := make([]byte, 1<<16)
	return conn, func() string {
		if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		n, _, err := conn.ReadFrom(buf)
		if err != nil {
			t.Fatal(err)
		}
		return string(buf[:n])
	}
}

// accept takes the next connection of a collector.
func accept(t *testing.T, l net.Listener) net.Conn {
	t.Helper()
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

func listen(t *testing.T, network, address string) net.Listener {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// counted reads a frame of octet counting (RFC 6587 3.4.1).
func counted(t *testing.T, r *bufio.Reader) string {
	t.Helper()
	head, err := r.ReadString(' ')
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(strings.TrimSuffix(head, " "))
	if err != nil {
		t.Fatal(err)
	}
	line := make([]byte, n)
	if _, err := io.ReadFull(r, line); err != nil {
		t.Fatal(err)
	}
	return string(line)
}

func TestRemoteDatagrams(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	_, local := datagrams(t, "unixgram", path)
	udp, distant := datagrams(t, "udp", "127.0.0.1:0")
	for destination, receive := range map[string]func() string{"unix://" + path: local, "udp://" + udp.LocalAddr().String(): distant} {
		r := open(t, destination)
		for _, line := range []string{"<85>1 one", "<85>1 two"} {
			send(t, r, line)
			if got := receive(); got != line {
				t.Errorf("%s: got %q", destination, got)
			}
		}
	}
}

func TestRemoteLocalStream(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	l := listen(t, "unix", path)
	r := open(t, "unix://"+path)
	send(t, r, "<85>1 one")
	send(t, r, "<85>1 two")
	in := bufio.NewReader(accept(t, l))
	for _, want := range []string{"<85>1 one\n", "<85>1 two\n"} {
		if got, err := in.ReadString('\n'); err != nil || got != want {
			t.Errorf("got %q, %v", got, err)
		}
	}
}

// Frames are counted in octets, so that what a message holds ends no frame.
func TestRemoteTCP(t *testing.T) {
	l := listen(t, "tcp", "127.0.0.1:0")
	r := open(t, "tcp://"+l.Addr().String())
	w := NewSyslog(r, SyslogConfig{})
	alerts := everyAlert()
	var want strings.Builder
	plain := NewSyslog(&want, SyslogConfig{})
	for _, a := range alerts {
		if err := errors.Join(w.Write(a), plain.Write(a)); err != nil {
			t.Fatal(err)
		}
	}
	in := bufio.NewReader(accept(t, l))
	var got strings.Builder
	for range alerts {
		got.WriteString(counted(t, in) + "\n")
	}
	if got.String() != want.String() {
		t.Error("what arrived is not what was written")
	}
}

// clock is a time that a test moves; a Remote's watch asks it too.
type clock struct{ offset atomic.Int64 }

func (c *clock) now() time.Time          { return at.Add(time.Duration(c.offset.Load())) }
func (c *clock) advance(d time.Duration) { c.offset.Add(int64(d)) }

// A collector that restarts costs nothing once its socket is back: the next
// line goes over a new connection.
func TestRemoteReconnects(t *testing.T) {
	l := listen(t, "tcp", "127.0.0.1:0")
	r := open(t, "tcp://"+l.Addr().String())
	var c clock
	r.now = c.now
	send(t, r, "one")
	conn := accept(t, l)
	if got := counted(t, bufio.NewReader(conn)); got != "one" {
		t.Fatalf("got %q", got)
	}
	c.advance(time.Hour)
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	<-r.gone
	send(t, r, "two")
	if got := counted(t, bufio.NewReader(accept(t, l))); got != "two" {
		t.Errorf("got %q", got)
	}
}

// The same for a local socket whose daemon restarts: its path is a new socket.
func TestRemoteLocalReconnects(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	first, _ := datagrams(t, "unixgram", path)
	r := open(t, "unix://"+path)
	send(t, r, "one")
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	_ = os.Remove(path)
	_, receive := datagrams(t, "unixgram", path)
	send(t, r, "two")
	if got := receive(); got != "two" {
		t.Errorf("got %q", got)
	}
}

// While a collector is away each line is lost at once, and the collector is
// asked less and less often.
func TestRemoteBacksOff(t *testing.T) {
	l := listen(t, "tcp", "127.0.0.1:0")
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	r := open(t, "tcp://"+address)
	var c clock
	r.now = c.now
	pause := firstPause
	for range 12 {
		if _, err := r.Write([]byte("asked\n")); err == nil || errors.Is(err, errDown) || !strings.Contains(err.Error(), "tcp://"+address) {
			t.Fatalf("the collector was not asked: %v", err)
		}
		c.advance(pause - 1)
		if _, err := r.Write([]byte("not asked\n")); !errors.Is(err, errDown) {
			t.Fatalf("asked again before %s were over: %v", pause, err)
		}
		c.advance(1)
		pause = min(2*pause, longestPause)
	}
	if pause != longestPause {
		t.Errorf("the last pause is %s", pause)
	}
	back := listen(t, "tcp", address)
	send(t, r, "back")
	if got := counted(t, bufio.NewReader(accept(t, back))); got != "back" {
		t.Errorf("got %q", got)
	}
	send(t, r, "again")
	if r.pause != 0 || r.cause != nil {
		t.Errorf("the pause did not end: %s, %v", r.pause, r.cause)
	}
}

// A collector that accepts and closes at once, as a balancer without a backend
// does, is a failure, or each line would be lost without a word.
func TestRemoteClosedAtOnce(t *testing.T) {
	l := listen(t, "tcp", "127.0.0.1:0")
	r := open(t, "tcp://"+l.Addr().String())
	var c clock
	r.now = c.now
	send(t, r, "one") // into the kernel: nobody can know yet
	if err := accept(t, l).Close(); err != nil {
		t.Fatal(err)
	}
	<-r.gone
	if _, err := r.Write([]byte("two\n")); err == nil || errors.Is(err, errDown) {
		t.Fatalf("not told: %v", err)
	}
	if _, err := r.Write([]byte("three\n")); !errors.Is(err, errDown) {
		t.Errorf("no pause: %v", err)
	}
}

// A daemon that stands still fills its queue; then a line is lost in bounded
// time instead of waiting for it.
func TestRemoteDoesNotWaitForever(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	datagrams(t, "unixgram", path)
	overfill(t, open(t, "unix://"+path))
}

func TestRemoteTLSDoesNotWaitForever(t *testing.T) {
	ca := newAuthority(t)
	l := ca.collector(t)
	r := open(t, "tls://"+l.Addr().String()+"?ca="+ca.file+ca.client(t))
	accepted := shake(t, l)
	send(t, r, "one")
	conn := <-accepted
	if conn == nil {
		t.Fatal("no handshake")
	}
	t.Cleanup(func() { _ = conn.Close() })
	overfill(t, r)
}

// overfill writes until nothing more goes in.
func overfill(t *testing.T, r *Remote) {
	t.Helper()
	r.timeout = 20 * time.Millisecond
	line := []byte(strings.Repeat("x", 4096) + "\n")
	for range 10_000 {
		if _, err := r.Write(line); err != nil {
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("lost by %v", err)
			}
			return
		}
	}
	t.Error("10,000 lines went to a daemon that reads none")
}

func TestRemoteUDPWithoutListener(t *testing.T) {
	conn, _ := datagrams(t, "udp", "127.0.0.1:0")
	address := conn.LocalAddr().String()
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	r := open(t, "udp://"+address)
	for range 3 { // nobody answers, and the answer of the host that nobody does is no failure for ever
		send(t, r, "lost on the way")
	}
}

// authority makes certificates for a test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string // of cert
}

func newAuthority(t *testing.T) *authority {
	a := &authority{file: filepath.Join(t.TempDir(), "ca.pem")}
	a.cert, a.key = a.issue(t, "authority", nil)
	writePEM(t, a.file, "CERTIFICATE", a.cert.Raw)
	return a
}

func writePEM(t *testing.T, path, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (a *authority) issue(t *testing.T, name string, parent *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		IsCA: parent == nil, BasicConstraintsValid: true,
	}
	signer := a.key
	if parent == nil {
		parent, signer = tmpl, key
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key
}

// collector listens with TLS as RFC 5425 wants it, asking for a certificate.
func (a *authority) collector(t *testing.T) net.Listener {
	t.Helper()
	cert, key := a.issue(t, "collector", a.cert)
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return tls.NewListener(listen(t, "tcp", "127.0.0.1:0"), &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{cert.Raw}, PrivateKey: key}},
		ClientAuth:   tls.RequireAndVerifyClientCert, ClientCAs: pool, MinVersion: tls.VersionTLS12,
	})
}

// client writes a certificate and its key, and gives them as options.
func (a *authority) client(t *testing.T) string {
	t.Helper()
	cert, key := a.issue(t, "tap-1", a.cert)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	writePEM(t, dir+"/cert.pem", "CERTIFICATE", cert.Raw)
	writePEM(t, dir+"/key.pem", "PRIVATE KEY", der)
	return "&cert=" + dir + "/cert.pem&key=" + dir + "/key.pem"
}

// shake takes the next connection of a collector and shakes hands, while the
// test's Write does. The channel then gives the connection, or is closed.
func shake(t *testing.T, l net.Listener) <-chan net.Conn {
	t.Helper()
	done := make(chan net.Conn, 1)
	// Ends with the handshake, or with the listener.
	go func() {
		defer close(done)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		if tc, ok := conn.(*tls.Conn); !ok || tc.SetDeadline(time.Now().Add(10*time.Second)) != nil || tc.Handshake() != nil {
			_ = conn.Close()
			return
		}
		done <- conn
	}()
	return done
}

func TestRemoteTLS(t *testing.T) {
	ca := newAuthority(t)
	l := ca.collector(t)
	r := open(t, "tls://"+l.Addr().String()+"?ca="+ca.file+ca.client(t))
	accepted := shake(t, l)
	send(t, r, "<85>1 one")
	send(t, r, "<85>1 two")
	conn := <-accepted
	if conn == nil {
		t.Fatal("no handshake")
	}
	t.Cleanup(func() { _ = conn.Close() })
	in := bufio.NewReader(conn)
	for _, want := range []string{"<85>1 one", "<85>1 two"} {
		if got := counted(t, in); got != want {
			t.Errorf("got %q", got)
		}
	}
}

// A collector that does not like our certificate says so when our side of the
// handshake is done; a slow one when the first line is out.
func TestRemoteTLSRefused(t *testing.T) {
	ca := newAuthority(t)
	l := ca.collector(t)
	r := open(t, "tls://"+l.Addr().String()+"?ca="+ca.file)
	var c clock
	r.now = c.now
	accepted := shake(t, l)
	_, err := r.Write([]byte("one\n"))
	if conn := <-accepted; conn != nil {
		t.Fatal("the collector took a client without a certificate")
	}
	if err == nil {
		<-r.gone
		_, err = r.Write([]byte("two\n"))
	}
	if err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("why is not told: %v", err)
	}
	if _, err := r.Write([]byte("three\n")); !errors.Is(err, errDown) {
		t.Errorf("no pause: %v", err)
	}
}

func TestRemoteTLSDistrustsOthers(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	l := ca.collector(t)
	r := open(t, "tls://"+l.Addr().String()+"?ca="+other.file)
	accepted := shake(t, l)
	var unknown x509.UnknownAuthorityError
	if _, err := r.Write([]byte("one\n")); !errors.As(err, &unknown) {
		t.Errorf("sent to a stranger: %v", err)
	}
	if conn := <-accepted; conn != nil {
		t.Error("a handshake with a stranger")
	}
}

func TestOpenRemoteErrors(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{
		"ca=/nowhere/ca.pem":              "syslog authorities: open /nowhere/ca.pem",
		"ca=" + empty:                     "no certificate in " + empty,
		"cert=" + empty + "&key=" + empty: "syslog client certificate",
	} {
		d, err := ParseDestination("tls://logs?" + query)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := OpenRemote(d); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", query, err, want)
		}
	}
}

func BenchmarkJSON(b *testing.B) {
	j, a := NewJSON(io.Discard, Observer{}), ofRule(detect.CleartextBind)
	b.ReportAllocs()
	for b.Loop() {
		if err := j.Write(a); err != nil {
			b.Fatal(err)
		}
	}
}
