package report

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"io"
)

// assets are the parts of the page; nothing of it is anywhere else.
//
//go:embed assets
var assets embed.FS

// HTML writes the report as one page that needs nothing but itself. Its policy
// (CSP) allows the one style and the one script by their hashes, and no
// request at all: not even a hostile name could make it call home. Links lead to
// what is served beside it; nil: none.
func HTML(w io.Writer, m *Model, links []Link) error {
	v := newView(m)
	v.Links = links
	style, err := assets.ReadFile("assets/page.css")
	if err != nil {
		return err
	}
	script, err := assets.ReadFile("assets/page.js")
	if err != nil {
		return err
	}
	v.Style, v.Script = template.CSS(style), template.JS(script) //nolint:gosec // our own files, not data
	v.CSP = "default-src 'none'; img-src data:; style-src '" + hashOf(style) + "'; script-src '" + hashOf(script) + "'; base-uri 'none'; form-action 'none'"
	// Parsed when it is needed: most runs make no page.
	page, err := template.New("page.html").Funcs(pageFuncs()).ParseFS(assets, "assets/page.html", "assets/tables.html", "assets/event2889.html")
	if err != nil {
		return err
	}
	return page.Execute(w, v)
}

// hashOf is a hash source of CSP level 2 (W3C, 4.2.5).
func hashOf(text []byte) string {
	sum := sha256.Sum256(text)
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
