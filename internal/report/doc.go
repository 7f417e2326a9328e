// Package report puts an inventory and its readiness answer into one file: an
// HTML page for people, CSV for spreadsheets, JSON for programs and for the
// comparison with a later report.
//
// It is given values and owns none of them: it reads an Input and keeps
// nothing. The same Input gives the same bytes, so it asks neither the clock
// nor the order of a map. It opens no file; cmd does.
package report
