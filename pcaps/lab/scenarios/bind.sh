# Simple binds: good, refused, anonymous, without a password, and what only looks like one of them.

simple-bind-success.pcap() {
  serve
  capture
  in_client ldapsearch -x -LLL -H "ldap://$SERVER" -D "$MIRA" -w "$MIRA_PW" -b "$PEOPLE" '(uid=jonas)' cn mail
}

simple-bind-wrong-password.pcap() {
  serve
  capture
  expect 49 in_client ldapwhoami -x -H "ldap://$SERVER" -D "$MIRA" -w "$WRONG_PW"
}

anonymous-bind-search.pcap() {
  serve
  capture
  in_client ldapsearch -x -LLL -H "ldap://$SERVER" -b "$PEOPLE" '(objectClass=inetOrgPerson)' cn
}

# Look-alike of anonymous-bind-search: an anonymous session that asks for nothing but the rootDSE.
anonymous-bind-rootdse-only.pcap() {
  serve
  capture
  in_client ldapsearch -x -LLL -H "ldap://$SERVER" -b '' -s base '(objectClass=*)' namingContexts supportedSASLMechanisms
}

unauthenticated-bind-accepted.pcap() {
  serve 'allow bind_anon_dn'
  capture
  in_client ldapsearch -x -LLL -H "ldap://$SERVER" -D "$MIRA" -w '' -b "$PEOPLE" '(uid=jonas)' cn
}

unauthenticated-bind-refused.pcap() {
  serve
  capture
  expect 53 in_client ldapwhoami -x -H "ldap://$SERVER" -D "$MIRA" -w ''
}

# The other half-empty bind: a password and no name. slapd calls that anonymous; the password has gone out.
password-without-name.pcap() {
  serve 'allow bind_anon_cred'
  capture
  in_client ldapwhoami -x -H "ldap://$SERVER" -D '' -w "$JONAS_PW"
}

# ssf for simple binds, and none to be had: result 13, confidentialityRequired. The password has gone out.
confidentiality-required.pcap() {
  serve 'security simple_bind=128'
  capture
  expect 13 in_client ldapwhoami -x -H "ldap://$SERVER" -D "$MIRA" -w "$MIRA_PW"
}

# The password is right and has expired: slapd refuses it as it does a wrong one, and says so to a client that asks.
password-expired.pcap() {
  dblines=$'overlay ppolicy\nppolicy_default cn=policy,dc=example,dc=org' ldif=$(expired) serve 'moduleload ppolicy'
  capture
  expect 49 in_client ldapwhoami -x -e ppolicy -H "ldap://$SERVER" -D "$VERA" -w "$WRONG_PW"
  expect 49 in_client ldapwhoami -x -e ppolicy -H "ldap://$SERVER" -D "$VERA" -w "$VERA_PW"
}

# expired makes a policy, and somebody whose password is older than it allows.
expired() {
  cat >"$scratch/expired.ldif" <<LDIF
dn: cn=policy,$BASE
objectClass: device
objectClass: pwdPolicy
cn: policy
pwdAttribute: userPassword
pwdMaxAge: 86400

dn: $VERA
objectClass: inetOrgPerson
cn: Vera
sn: Vera
uid: vera
userPassword: $VERA_PW
pwdChangedTime: 20200101000000Z
LDIF
  echo "$scratch/expired.ldif"
}

# The server has no time to look at the password.
result-busy.pcap() {
  dblines=$'overlay retcode\nretcode-parent "ou=retcodes,dc=example,dc=org"\nretcode-item "cn=hasty" 0x33 op=bind' serve 'moduleload retcode'
  capture
  expect 51 in_client ldapwhoami -x -H "ldap://$SERVER" -D "cn=hasty,ou=retcodes,$BASE" -w "$MIRA_PW"
}

ldapv2-bind.pcap() {
  serve 'allow bind_v2'
  capture
  in_client ldapsearch -P 2 -x -LLL -H "ldap://$SERVER" -D "$JONAS" -w "$JONAS_PW" -b "$PEOPLE" '(uid=mira)' cn
}

ipv6.pcap() {
  serve
  capture
  in_client ldapsearch -x -LLL -H "ldap://[$SERVER6]" -D "$MIRA" -w "$MIRA_PW" -b "$PEOPLE" '(uid=jonas)' cn
}

whoami.pcap() {
  serve
  capture
  in_client ldapwhoami -x -H "ldap://$SERVER" -D "$JONAS" -w "$JONAS_PW"
}

# One name, one wrong password after the other.
password-guessing.pcap() {
  serve
  capture
  local n
  for n in 1 2 3 4 5 6 7 8 9 10 11 12; do
    expect 49 in_client ldapwhoami -x -H "ldap://$SERVER" -D "$MIRA" -w "$WRONG_PW$n"
  done
  in_client ldapwhoami -x -H "ldap://$SERVER" -D "$MIRA" -w "$MIRA_PW"
}

# One password, one name after the other.
password-spraying.pcap() {
  ldif=$(crowd 12) serve
  capture
  local n
  for n in 01 02 03 04 05 06 07 08 09 10 11 12; do
    expect 49 in_client ldapwhoami -x -H "ldap://$SERVER" -D "uid=u00$n,$PEOPLE" -w "$WRONG_PW"
  done
}

# A port that is neither 389 nor 3268.
unusual-port.pcap() {
  uris="ldap://$SERVER:10389/" serve
  capture
  in_client ldapsearch -x -LLL -H "ldap://$SERVER:10389" -D "$MIRA" -w "$MIRA_PW" -b "$PEOPLE" '(uid=jonas)' cn
}
