package main

import (
	"io"
	"net"
	"strings"
	"testing"
)

// TestASensorWaitsForItsInterface takes the interface down, deletes it, and
// makes another under its name. The sensor says so, is not ready meanwhile, and
// sees the binds that come after.
func TestASensorWaitsForItsInterface(t *testing.T) {
	m := newMeeting(t, "wire0")
	plain := &tunnel{}
	talks := 0
	talk := func() {
		t.Helper()
		for end := range m.ends() {
			m.address(t, plain, talks, end, "wire0")
		}
		m.talk(t, plain, talks)
		talks++
	}
	awaitReady := func(ready bool) {
		t.Helper()
		await(t, "a change of /-/ready", func() bool { return m.ready(t) == ready })
	}
	talk()
	m.server.ip(t, "link set wire0 down")
	awaitReady(false)
	m.server.ip(t, "link set wire0 up")
	awaitReady(true)
	talk()
	m.server.ip(t, "link del wire0")
	awaitReady(false)
	cable(t, m.client, m.server, "wire0")
	awaitReady(true)
	talk()
	m.part(t)
	said := m.sensor.stderr.String()
	moments := strings.Count(said, "interface was down for a moment") // between two looks at it
	downs := strings.Count(said, "interface is down; it is picked up when it comes back")
	if downs+moments != 2 || strings.Count(said, "interface is back") != downs || !strings.Contains(said, "times_down=2") {
		t.Errorf("it went down twice and came back twice, and the sensor says: %s", said)
	}
}

// ready asks the sensor whether it is.
func (m *meeting) ready(t *testing.T) (is bool) {
	t.Helper()
	conn, err := m.server.dial(t, "127.0.0.1:9636")
	if err != nil {
		t.Fatal(err)
	}
	defer func(c net.Conn) { _ = c.Close() }(conn)
	if _, err := io.WriteString(conn, "GET /-/ready HTTP/1.0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(string(answer[:15]), " 200 ")
}
