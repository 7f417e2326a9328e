package report

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
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
		t.Skip("chromium is not installed (Debian: apt-get install chromium)")
	}
	var page bytes.Buffer
	if err := HTML(&page, Build(in), nil); err != nil {
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

// quiet wants no word on the console and no request but for the page.
func (b *browser) quiet() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.trouble) > 0 {
		b.t.Errorf("the browser says %q", b.trouble)
	}
	if len(b.requests) != 1 || !strings.HasPrefix(b.requests[0], "file://") {
		b.t.Errorf("requests: %q", b.requests)
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
	file := filepath.Join(folder, fmt.Sprintf("%s-%d-%s.png", name, width, theme))
	if err := os.WriteFile(file, shot, 0o600); err != nil { //nolint:gosec // whoever runs the test named the folder
		b.t.Fatal(err)
	}
}

// script reads an expression that is too long for a line.
func script(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestPageInABrowser(t *testing.T) {
	cutText, contrast := script(t, "cut.js"), script(t, "contrast.js")
	in := everything(t)
	in.Blind = []string{"3 connections were seen in one direction only: the mirror is half blind, or the route is asymmetric.", "12 gaps in streams, 48213 octets in all."}
	busy := office(60)
	busy.Events = officeEvents(t)
	inputs := map[string]*Input{
		"office":     busy,
		"everything": in, "empty": {}, "clean": shipped(t, "starttls-good.pcap", "ldaps-636.pcap", "sasl-gssapi-sealed.pcap"),
		"one": shipped(t, "simple-bind-success.pcap"), "hostile": hostileInput(),
	}
	for name, in := range inputs {
		t.Run(name, func(t *testing.T) {
			b := open(t, in)
			for _, width := range []int64{390, 768, 1180, 1440} {
				for _, theme := range []string{"light", "dark"} {
					b.look(width, theme, name)
					bad := append(ask[[]string](b, cutText), ask[[]string](b, contrast)...)
					if len(bad) > 0 {
						t.Errorf("at %d pixels, %s:\n%s", width, theme, strings.Join(bad[:min(len(bad), 12)], "\n"))
					}
				}
			}
			b.quiet()
		})
	}
}

// column gives a column of a table as it is shown.
func (b *browser) column(table string, n int) []string {
	b.t.Helper()
	return ask[[]string](b, fmt.Sprintf(`[...document.querySelector(%q).tBodies[0].rows].filter(r => !r.hidden).map(r => r.cells[%d].textContent.trim())`, table, n))
}

func TestPageInUse(t *testing.T) {
	b := open(t, office(60))
	b.look(1440, "light", "use")

	t.Run("a click sorts numbers, the largest first, and another turns that round", func(t *testing.T) {
		const head = `#t-clients thead th:nth-child(4)`
		for _, want := range []struct {
			sort string
			less func(a, b int) bool
		}{{"descending", func(a, b int) bool { return a > b }}, {"ascending", func(a, b int) bool { return a < b }}} {
			b.do(chromedp.Click(chromedp.CSS(head + " button")))
			var have []int
			for _, text := range b.column("#t-clients", 3) {
				n, err := strconv.Atoi(strings.ReplaceAll(strings.Fields(text)[0], ",", ""))
				if err != nil {
					t.Fatal(err)
				}
				have = append(have, n)
			}
			if len(have) != 60 || !slices.IsSortedFunc(have, func(a, b int) int {
				switch {
				case a == b:
					return 0
				case want.less(a, b):
					return -1
				}
				return 1
			}) {
				t.Errorf("%s: %v", want.sort, have)
			}
			if now := ask[string](b, `document.querySelector("`+head+`").getAttribute("aria-sort")`); now != want.sort {
				t.Errorf("aria-sort is %s, not %s", now, want.sort)
			}
		}
	})

	t.Run("the keyboard sorts too, and addresses by their numbers", func(t *testing.T) {
		b.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
			_, err := chromedp.Evaluate[chromedp.Void](`document.querySelector("#t-clients thead button").focus()`)(ctx, target)
			return err
		}), chromedp.KeyEvent("\r"))
		have := b.column("#t-clients", 0)
		if nine, ten := slices.Index(have, "10.21.0.9"), slices.Index(have, "10.21.0.10"); nine < 0 || nine > ten {
			t.Errorf("sorted: %q", have)
		}
	})

	t.Run("verdicts sort by how soon somebody has to act", func(t *testing.T) {
		b.do(chromedp.Click(chromedp.CSS("#t-clients thead th:nth-child(2) button")))
		have := slices.Compact(b.column("#t-clients", 1))
		if want := []string{"would be refused", "refused today", "ready"}; !slices.Equal(have, want) {
			t.Errorf("sorted: %q, want %q", have, want)
		}
	})

	t.Run("a search leaves the rows that have all its words", func(t *testing.T) {
		b.do(chromedp.SendKeys(chromedp.CSS("#find"), "SVC-004 10.21"))
		b.until(`document.getElementById("status").textContent.includes(" of ")`)
		if have := b.column("#t-accounts", 0); len(have) != 1 || !strings.HasPrefix(have[0], "cn=svc-004,") {
			t.Errorf("accounts shown: %q", have)
		}
		if !ask[bool](b, `!document.querySelector("#t-hours").nextSibling.hidden`) {
			t.Error("a table without a match does not say so")
		}
		b.do(chromedp.Click(chromedp.CSS("#clear")))
		b.until(`document.getElementById("status").textContent === ""`)
		if have := b.column("#t-clients", 0); len(have) != 60 {
			t.Errorf("%d clients after clearing", len(have))
		}
	})

	t.Run("filters leave a protection, a severity and above, a verdict", func(t *testing.T) {
		for id, want := range map[string]string{"by-p": `r.dataset.p === "tls"`, "by-s": `["critical", "high"].includes(r.dataset.s)`, "by-v": `r.dataset.v === "refused"`} {
			value := map[string]string{"by-p": "tls", "by-s": "high", "by-v": "refused"}[id]
			set := func(v string) {
				ask[bool](b, fmt.Sprintf(`(() => { const e = document.getElementById(%q); e.value = %q; e.dispatchEvent(new Event("change", {bubbles: true})); return true })()`, id, v))
			}
			set(value)
			have := ask[[]bool](b, `[...document.querySelector("#t-uses").tBodies[0].rows].filter(r => !r.hidden).map(r => `+want+`)`)
			if len(have) == 0 || len(have) == 60 || slices.Contains(have, false) {
				t.Errorf("%s=%s shows %d rows: %v", id, value, len(have), have)
			}
			set("")
		}
	})

	t.Run("the theme goes round", func(t *testing.T) {
		paper := func() string { return ask[string](b, `getComputedStyle(document.body).backgroundColor`) }
		system := paper()
		var seen []string
		for range 3 {
			b.do(chromedp.Click(chromedp.CSS("#theme")))
			seen = append(seen, ask[string](b, `document.getElementById("theme-name").textContent`)+" "+paper())
		}
		if seen[0] != "light "+system || seen[1] == "dark "+system || !strings.HasPrefix(seen[1], "dark ") || seen[2] != "system "+system {
			t.Errorf("themes: %q, the system's: %s", seen, system)
		}
	})
	b.quiet()
}

// TestPageThatLoadsItselfAgain: a live page keeps what its reader does.
func TestPageThatLoadsItselfAgain(t *testing.T) {
	in := office(20)
	in.Live = true
	b := open(t, in)
	b.do(chromedp.Click(chromedp.CSS("#t-clients thead th:nth-child(4) button")), chromedp.SendKeys(chromedp.CSS("#find"), "svc"), chromedp.Reload())
	state := ask[[]string](b, `[document.getElementById("find").value, document.activeElement.id,
		document.querySelector("#t-clients thead th:nth-child(4)").getAttribute("aria-sort"), document.querySelector("meta[http-equiv=refresh]").content]`)
	if want := []string{"svc", "find", "descending", "30"}; !slices.Equal(state, want) {
		t.Errorf("after loading again %q, want %q", state, want)
	}
	b.until(`document.getElementById("status").textContent.includes(" of ")`)
}

// TestPageWithoutScript: everything is there all the same, and no control that
// would do nothing.
func TestPageWithoutScript(t *testing.T) {
	b := open(t, office(20))
	b.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	}), chromedp.Reload())
	b.look(390, "light", "noscript")
	hidden := ask[[]string](b, `[...document.querySelectorAll("main *, #theme")].filter(e => !e.getClientRects().length && !e.closest("svg,.wide,.narrow,caption,wbr,[hidden]")).map(e => e.outerHTML.slice(0, 80))`)
	if len(hidden) > 0 {
		t.Errorf("not to be seen: %q", hidden)
	}
	for _, id := range []string{"tools", "theme"} {
		if ask[bool](b, `document.getElementById("`+id+`").getClientRects().length > 0`) {
			t.Errorf("%s is there and does nothing", id)
		}
	}
	if bad := ask[[]string](b, script(t, "cut.js")); len(bad) > 0 {
		t.Errorf("unfolded, at 390 pixels: %q", bad)
	}
}

// until waits for a condition of the page.
func (b *browser) until(condition string) {
	b.t.Helper()
	for range 100 {
		if ask[bool](b, condition) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	b.t.Fatalf("never: %s", condition)
}
