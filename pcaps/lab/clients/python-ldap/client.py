#!/usr/bin/python3
"""The lab's python-ldap client: takes one connection through the steps named on its command line.

client.py URL STEP...
steps: starttls | bind DN PASSWORD | search BASE FILTER ATTRIBUTES | password DN OLD NEW | compare DN ATTRIBUTE VALUE
       replace DN ATTRIBUTE VALUE | whoami | try (the next step may fail) | unbind
"""
import sys

import ldap  # reads LDAPTLS_CACERT


def main(url, *words):
    c = ldap.initialize(url)
    steps = {
        "starttls": (0, c.start_tls_s),
        "bind": (2, c.simple_bind_s),
        "search": (3, lambda base, f, a: c.search_s(base, ldap.SCOPE_SUBTREE, f, a.split(","))),
        "password": (3, c.passwd_s),
        "compare": (3, lambda dn, a, v: c.compare_s(dn, a, v.encode())),
        "replace": (3, lambda dn, a, v: c.modify_s(dn, [(ldap.MOD_REPLACE, a, [v.encode()])])),
        "whoami": (0, c.whoami_s),
        "unbind": (0, c.unbind_s),
    }
    words, forgiving = list(words), False
    while words:
        verb = words.pop(0)
        if verb == "try":
            forgiving = True
            continue
        count, run = steps[verb]
        arguments, words = words[:count], words[count:]
        try:
            print(verb, run(*arguments))
        except ldap.LDAPError as error:
            if not forgiving:
                raise
            print(verb, "failed:", error)
        forgiving = False


if __name__ == "__main__":
    main(*sys.argv[1:])
