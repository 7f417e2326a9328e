package alertlog

import (
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"

	"github.com/clearbind/clearbind/detect"
)

// SyslogConfig says what stands in front of each message.
type SyslogConfig struct {
	Observer Observer
	Facility Facility // 0: authpriv
	PID      int      // PROCID; 0: none
}

// maxMessage bounds a message, in octets: rsyslog takes that many by default,
// where others take more.
const maxMessage = 8192

// Syslog writes RFC 5424 messages, one a line. The message is the JSON object
// that JSON writes, so a collector has one form to read whichever way it came.
//
// Structured data holds two elements that IANA registers (RFC 5424 7): origin,
// and meta with a sequenceId by which a collector sees what was lost on the way.
// An element of our own would have to be named after a private enterprise number
// (6.3.2); this project has none, and 32473 is for examples only (RFC 5612).
type Syslog struct {
	w    io.Writer
	cfg  SyslogConfig
	json JSON
	buf  []byte
	seq  uint32 // sequenceId of the last message
}

// NewSyslog gives a writer of syslog messages. Each alert is one Write on w, a
// line feed behind it; a Remote frames it as its transport wants.
func NewSyslog(w io.Writer, cfg SyslogConfig) *Syslog {
	if cfg.Facility == 0 {
		cfg.Facility = Authpriv
	}
	// No host's own names are longer; what is written into each message is bounded all the same.
	o := cfg.Observer
	o.Hostname, o.Version = cut(o.Hostname, 255), cut(o.Version, 64)
	// RFC 5424 6.4: UTF-8 has a byte order mark before it, which readers of JSON
	// choke on. ASCII needs none.
	return &Syslog{w: w, cfg: cfg, json: JSON{observer: o, ascii: true}}
}

// Write writes one alert. An error says that it is lost.
func (s *Syslog) Write(a *detect.Alert) error {
	s.seq = s.seq%(1<<31-1) + 1 // RFC 5424 7.3.1: 1 to 2147483647, and from the start again
	s.message(a)
	// A collector cuts what is too long for it, and JSON that is cut is no JSON:
	// long names are shortened instead, until it fits.
	for limit := 512; len(s.buf) > maxMessage && limit >= 8; limit /= 4 {
		s.message(shortened(a, limit))
	}
	s.buf = append(s.buf, '\n')
	if _, err := s.w.Write(s.buf); err != nil {
		return fmt.Errorf("send an alert: %w", err)
	}
	return nil
}

// levels are the severities of RFC 5424 6.2.1: critical, error, warning, notice
// and informational. Nothing that is found on a wire is an emergency of this host.
var levels = [detect.NumSeverities]int{detect.Info: 6, detect.Low: 5, detect.Medium: 4, detect.High: 3, detect.Critical: 2}

func (s *Syslog) message(a *detect.Alert) {
	b := append(s.buf[:0], '<')
	b = strconv.AppendInt(b, int64(int(s.cfg.Facility)*8+levels[a.Severity]), 10)
	b = append(b, ">1 "...)
	b = readable(a.Time).UTC().AppendFormat(b, "2006-01-02T15:04:05.000000Z") // 6.2.3: no more than microseconds
	b = appendName(append(b, ' '), s.cfg.Observer.Hostname, 255)
	b = append(b, " clearbind "...)
	pid := ""
	if s.cfg.PID != 0 {
		pid = strconv.Itoa(s.cfg.PID)
	}
	b = appendName(b, pid, 128)
	b = appendName(append(b, ' '), a.Rule.String(), 32)
	b = append(b, ` [origin software="clearbind"`...)
	if v := s.cfg.Observer.Version; v != "" {
		b = append(appendParam(append(b, ` swVersion="`...), v, 32), '"')
	}
	b = append(b, `][meta sequenceId="`...)
	b = strconv.AppendUint(b, uint64(s.seq), 10)
	b = append(b, `"] `...)
	s.json.encode(a)
	s.buf = append(b, s.json.buf...)
}

// appendName writes a field of the header: PRINTUSASCII up to its length, or
// the nil value (6).
func appendName(dst []byte, name string, most int) []byte {
	from := len(dst)
	for i := 0; i < len(name) && len(dst)-from < most; i++ {
		if name[i] > ' ' && name[i] < 0x7f {
			dst = append(dst, name[i])
		}
	}
	if len(dst) == from {
		dst = append(dst, '-')
	}
	return dst
}

// appendParam writes a value of structured data, escaped as 6.3.3 says and
// without what is not printable ASCII.
func appendParam(dst []byte, value string, most int) []byte {
	for i := 0; i < len(value) && i < most; i++ {
		switch c := value[i]; {
		case c == '"' || c == '\\' || c == ']':
			dst = append(dst, '\\', c)
		case c >= ' ' && c < 0x7f:
			dst = append(dst, c)
		}
	}
	return dst
}

// shortened gives a copy of a in which limit octets are left of a longer string
// and limit/8 members of a longer list; … stands for the rest.
func shortened(a *detect.Alert, limit int) *detect.Alert {
	short := *a
	short.User, short.Origin, short.Pattern = cut(a.User, limit), cut(a.Origin, limit), cut(a.Pattern, limit)
	if a.Bind != nil {
		short.Bind = &detect.Bind{Method: a.Bind.Method, Mechanism: cut(a.Bind.Mechanism, limit), Name: cut(a.Bind.Name, limit)}
	}
	if a.Search != nil {
		search := *a.Search
		search.Base, search.Filter, search.Attributes = cut(search.Base, limit), cut(search.Filter, limit), cutList(search.Attributes, limit)
		short.Search = &search
	}
	if a.Entry != nil {
		short.Entry = &detect.Entry{DN: cut(a.Entry.DN, limit), Attributes: cutList(a.Entry.Attributes, limit)}
	}
	if a.Result != nil {
		result := *a.Result
		result.Name, result.Diagnostic, result.ADReason = cut(result.Name, limit), cut(result.Diagnostic, limit), cut(result.ADReason, limit)
		short.Result = &result
	}
	return &short
}

func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit] + "…"
}

func cutList(list []string, limit int) []string {
	var short []string
	for i, s := range list {
		if i == limit/8 {
			return append(short, "…")
		}
		short = append(short, cut(s, limit))
	}
	return short
}
