// Command clearbind reports LDAP that travels in the clear.
package main

import "os"

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }
