// Command go-ldap is the lab's Go client: it takes one connection through the
// steps named on its command line.
//
//	go-ldap URL STEP...
//	steps: starttls | bind DN PASSWORD | unauthenticated DN | ntlm DOMAIN USER PASSWORD | md5 HOST USER PASSWORD
//	       search BASE FILTER ATTRIBUTES | paged BASE FILTER SIZE | compare DN ATTRIBUTE VALUE
//	       replace DN ATTRIBUTE VALUE | password DN OLD NEW | whoami | unbind
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

type step struct {
	arguments int
	run       func(*ldap.Conn, []string) error
}

var steps = map[string]step{
	"starttls":        {0, func(c *ldap.Conn, _ []string) error { return c.StartTLS(trust()) }},
	"bind":            {2, func(c *ldap.Conn, a []string) error { return c.Bind(a[0], a[1]) }},
	"unauthenticated": {1, func(c *ldap.Conn, a []string) error { return c.UnauthenticatedBind(a[0]) }},
	"ntlm":            {3, func(c *ldap.Conn, a []string) error { return c.NTLMBind(a[0], a[1], a[2]) }},
	"md5":             {3, func(c *ldap.Conn, a []string) error { return c.MD5Bind(a[0], a[1], a[2]) }},
	"search":          {3, search},
	"paged":           {3, paged},
	"compare":         {3, func(c *ldap.Conn, a []string) error { _, err := c.Compare(a[0], a[1], a[2]); return err }},
	"replace":         {3, replace},
	"password":        {3, password},
	"whoami":          {0, func(c *ldap.Conn, _ []string) error { _, err := c.WhoAmI(nil); return err }},
	"unbind":          {0, func(c *ldap.Conn, _ []string) error { return c.Unbind() }},
}

// trust believes the lab's CA, and nobody where none is named.
func trust() *tls.Config {
	pool := x509.NewCertPool()
	if pem, err := os.ReadFile(os.Getenv("LDAPTLS_CACERT")); err == nil {
		pool.AppendCertsFromPEM(pem)
	}
	at, _ := url.Parse(os.Args[1])
	return &tls.Config{RootCAs: pool, ServerName: at.Hostname(), MinVersion: tls.VersionTLS12}
}

func request(base, filter, attributes string) *ldap.SearchRequest {
	return ldap.NewSearchRequest(base, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false,
		filter, strings.Split(attributes, ","), nil)
}

func search(c *ldap.Conn, a []string) error {
	result, err := c.Search(request(a[0], a[1], a[2]))
	if err == nil {
		fmt.Println(len(result.Entries), "entries")
	}
	return err
}

func paged(c *ldap.Conn, a []string) error {
	size, err := strconv.ParseUint(a[2], 10, 32)
	if err == nil {
		_, err = c.SearchWithPaging(request(a[0], a[1], "cn"), uint32(size))
	}
	return err
}

func replace(c *ldap.Conn, a []string) error {
	change := ldap.NewModifyRequest(a[0], nil)
	change.Replace(a[1], []string{a[2]})
	return c.Modify(change)
}

func password(c *ldap.Conn, a []string) error {
	_, err := c.PasswordModify(ldap.NewPasswordModifyRequest(a[0], a[1], a[2]))
	return err
}

func run(at string, words []string) error {
	c, err := ldap.DialURL(at, ldap.DialWithTLSConfig(trust()))
	if err != nil {
		return err
	}
	defer c.Close()
	for len(words) > 0 {
		s, known := steps[words[0]]
		if !known || len(words) <= s.arguments {
			return fmt.Errorf("no such step, or too few arguments: %s", words[0])
		}
		if err := s.run(c, words[1:s.arguments+1]); err != nil {
			return fmt.Errorf("%s: %w", words[0], err)
		}
		words = words[s.arguments+1:]
	}
	return nil
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: go-ldap URL STEP...")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "go-ldap:", err)
		os.Exit(1)
	}
}
