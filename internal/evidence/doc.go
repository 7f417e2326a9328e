// Package evidence writes the messages a finding was told from as a small
// capture that any analyser opens. The messages come without their secrets; the
// frames around them are made up again.
package evidence
