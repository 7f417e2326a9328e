#!/usr/bin/python3
"""The lab's ldap3 client: takes one connection through the steps named on its command line.

client.py [--info] HOST:PORT STEP...
steps: starttls | bind DN PASSWORD | ntlm DOMAIN\\\\USER PASSWORD | search BASE FILTER ATTRIBUTES
       password DN OLD NEW | replace DN ATTRIBUTE VALUE | try (the next step may fail) | unbind
--info: read rootDSE and schema after the bind, as ldap3 does unless told otherwise.
"""
import ssl
import os
import sys

import ldap3


def main(*words):
    words = list(words)
    info = ldap3.NONE
    if words[0] == "--info":
        info = ldap3.ALL
        words.pop(0)
    host, _, port = words.pop(0).partition(":")
    tls = ldap3.Tls(ca_certs_file=os.environ["LDAPTLS_CACERT"], validate=ssl.CERT_REQUIRED) \
        if os.environ.get("LDAPTLS_CACERT") else None
    c = ldap3.Connection(ldap3.Server(host, int(port), get_info=info, tls=tls), raise_exceptions=False)
    c.open(read_server_info=False)

    def rebind(user, password, authentication):
        c.user, c.password, c.authentication = user, password, authentication
        return c.bind()

    steps = {
        "starttls": (0, c.start_tls),
        "bind": (2, lambda dn, p: rebind(dn, p, ldap3.SIMPLE)),
        "ntlm": (2, lambda user, p: rebind(user, p, ldap3.NTLM)),
        "search": (3, lambda base, f, a: c.search(base, f, attributes=a.split(","))),
        "password": (3, c.extend.standard.modify_password),
        "replace": (3, lambda dn, a, v: c.modify(dn, {a: [(ldap3.MODIFY_REPLACE, [v])]})),
        "unbind": (0, c.unbind),
    }
    forgiving = False
    while words:
        verb = words.pop(0)
        if verb == "try":
            forgiving = True
            continue
        count, run = steps[verb]
        arguments, words = words[:count], words[count:]
        try:
            done = run(*arguments)
        except ldap3.core.exceptions.LDAPException as error:
            print(verb, "failed:", error)
            done = False
        print(verb, done, c.result)
        if done is False and not forgiving:
            sys.exit(f"{verb}: {c.result}")
        forgiving = False


if __name__ == "__main__":
    main(*sys.argv[1:])
