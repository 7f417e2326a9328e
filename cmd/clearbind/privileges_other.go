//go:build !linux

package main

// dropPrivileges has nothing to do where interfaces cannot be watched.
func dropPrivileges(*config) error { return nil }
