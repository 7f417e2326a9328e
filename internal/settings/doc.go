// Package settings reads clearbind's configuration file: the allow list, own
// severities, more secret attributes, networks. It tells every mistake of a
// file at once, each with its line. It starts nothing and keeps no file open.
package settings
