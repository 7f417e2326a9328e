package report

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browser is a Chromium of this machine with one page.
type browser struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	trouble  []string // console messages, exceptions, policy violations
	requests []string
}

// open starts Chromium on a report that lies in a file.
func open(t *testing.T, in *Input) *browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium here:", err)
	}
	var page bytes.Buffer
	if err := HTML(&page, in); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(file, page.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	b := &browser{t: t}
	deadline, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true))
	allocator, cancel := chromedp.NewExecAllocator(deadline, options...)
	t.Cleanup(cancel)
	b.ctx, cancel = chromedp.NewContext(allocator, chromedp.WithListener(b.listen))
	t.Cleanup(cancel)
	b.do(chromedp.Navigate("file://" + file))
	return b
}

func (b *browser) listen(ev any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch ev := ev.(type) {
	case *runtime.EventConsoleAPICalled:
		b.trouble = append(b.trouble, fmt.Sprint("console ", ev.Type))
	case *runtime.EventExceptionThrown:
		b.trouble = append(b.trouble, "exception "+ev.ExceptionDetails.Text)
	case *log.EventEntryAdded:
		b.trouble = append(b.trouble, "log "+ev.Entry.Text)
	case *network.EventRequestWillBeSent:
		if !strings.HasPrefix(ev.Request.URL, "data:,") {
			b.requests = append(b.requests, ev.Request.URL)
		}
	}
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// ask evaluates an expression of the page.
func ask[T any](b *browser, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// look sets the width and the system's theme, and takes a picture where
// CLEARBIND_SCREENSHOTS names a folder for it.
func (b *browser) look(width int64, theme, name string) {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(width, 900), chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}},
		})
		return err
	}))
	folder := os.Getenv("CLEARBIND_SCREENSHOTS")
	if folder == "" {
		return
	}
	shot, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%s-%d-%s.png", name, width, theme)), shot, 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// cutText gives the elements whose text does not fit them, and says whether
// the page is wider than its window.
const cutText = `(() => {
	const bad = [];
	const width = document.documentElement.clientWidth;
	if (document.documentElement.scrollWidth > width) bad.push('page is ' + document.documentElement.scrollWidth + ' wide, not ' + width);
	for (const e of document.body.querySelectorAll('*')) {
		if (e.closest('caption,.skip,.defs,script,select,svg,details:not([open])') || !e.getClientRects().length) continue;
		const r = e.getBoundingClientRect();
		if (r.right > width + 1 || r.left < -1) bad.push('outside: ' + e.tagName + '.' + e.className + ' ' + e.textContent.slice(0, 40));
		if (e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0 && getComputedStyle(e).display !== 'inline') bad.push('cut: ' + e.tagName + '.' + e.className + ' ' + e.textContent.slice(0, 40));
	}
	for (const s of document.querySelectorAll('svg.picture')) {
		if (!s.getClientRects().length) continue;
		const f = s.getBoundingClientRect(), seen = [];
		for (const t of s.querySelectorAll('text')) {
			const r = t.getBoundingClientRect();
			if (r.left < f.left || r.right > f.right + 1 || r.top < f.top || r.bottom > f.bottom + 1) bad.push('drawn outside: ' + t.textContent);
			if (seen.some(o => o.left < r.right - 1 && r.left < o.right - 1 && o.top < r.bottom - 3 && r.top < o.bottom - 3)) bad.push('drawn over another: ' + t.textContent);
			seen.push(r);
		}
	}
	const seen = [];
	for (const e of document.querySelectorAll('h1,h2,h3,p,dd,dt,td,tbody th,.figure,.what,.more,.quiet')) {
		if (!e.getClientRects().length || e.closest('.skip,.tools,details:not([open])')) continue;
		const r = e.getBoundingClientRect();
		for (const o of seen.slice(-40)) if (!o[0].contains(e) && o[1].left < r.right - 1 && r.left < o[1].right - 1 && o[1].top < r.bottom - 1 && r.top < o[1].bottom - 1) bad.push('overlap: ' + e.textContent.slice(0, 30) + ' / ' + o[0].textContent.slice(0, 30));
		seen.push([e, r]);
	}
	return bad;
})()`

func TestPageInABrowser(t *testing.T) {
	in := everything(t)
	in.Blind = []string{"3 connections were seen in one direction only: the mirror is half blind, or the route is asymmetric.", "12 gaps in streams, 48213 octets in all."}
	inputs := map[string]*Input{
		"office":     office(60),
		"everything": in, "empty": {}, "clean": shipped(t, "starttls-good.pcap", "ldaps-636.pcap", "sasl-gssapi-sealed.pcap"),
		"one": shipped(t, "simple-bind-success.pcap"),
	}
	for name, in := range inputs {
		t.Run(name, func(t *testing.T) {
			b := open(t, in)
			for _, width := range []int64{390, 768, 1180, 1440} {
				for _, theme := range []string{"light", "dark"} {
					b.look(width, theme, name)
					if bad := ask[[]string](b, cutText); len(bad) > 0 {
						t.Errorf("at %d pixels, %s:\n%s", width, theme, strings.Join(bad[:min(len(bad), 12)], "\n"))
					}
				}
			}
			b.mu.Lock()
			defer b.mu.Unlock()
			if len(b.trouble) > 0 {
				t.Errorf("the browser says %q", b.trouble)
			}
			if len(b.requests) != 1 || !strings.HasPrefix(b.requests[0], "file://") {
				t.Errorf("requests: %q", b.requests)
			}
		})
	}
}
