# Searches: what they ask for, how much comes back, and the look-alikes that expose nothing.

# No bind at all, only the rootDSE: what every LDAP library does to find out what a server can do.
rootdse-only.pcap() {
  serve
  capture
  in_client "${raw_client[@]}" "$SERVER" 389 search '' base 'objectClass=*,supportedExtension,namingContexts' unbind
}

# A search without any bind: readable, but nobody bound.
search-without-bind.pcap() {
  serve
  capture
  in_client "${raw_client[@]}" "$SERVER" 389 search "$PEOPLE" sub uid=mira,cn unbind
}

# Every filter choice of RFC 4511 4.5.1.7 in one filter, with UTF-8 and escaped octets.
search-every-filter.pcap() {
  serve
  capture
  in_client ldapsearch -x -LLL -H "ldap://$SERVER" -D "$MIRA" -w "$MIRA_PW" -b "$PEOPLE" \
    "(&(|(uid=mira)(cn=*a*b c*d)(cn=Zo*)(cn=M*nd*qvist)(cn=*Ångström))(!(mail=\\2a\\28\\29\\5c\\00\\ff))(uidNumber>=20000)(uidNumber<=29999)(objectClass=*)(sn~=lindqvist)(cn:caseIgnoreMatch:=Zoë Ångström)(ou:dn:2.5.13.2:=people)(:dn:caseExactMatch:=people))" \
    cn 'mail;lang-sv' '*' +
}

search-references.pcap() {
  serve
  capture
  in_client ldapsearch -x -LLL -H "ldap://$SERVER" -D "$MIRA" -w "$MIRA_PW" -b "ou=abroad,$BASE" '(objectClass=*)' ou
}

# The whole result is a referral: code 10.
result-referral.pcap() {
  serve 'referral ldap://ldap.elsewhere.example.net'
  capture
  expect 10 in_client ldapsearch -x -LLL -H "ldap://$SERVER" -D "$MIRA" -w "$MIRA_PW" -b 'dc=elsewhere,dc=example,dc=net' '(uid=mira)'
}

search-paged.pcap() {
  ldif=$(crowd 60) serve
  capture
  in_client ldapsearch -x -LLL -H "ldap://$SERVER" -D "$MIRA" -w "$MIRA_PW" -E pr=20/noprompt -b "$PEOPLE" '(objectClass=inetOrgPerson)' cn
}

# Thousands of entries over many segments.
search-large.pcap.zst() {
  ldif=$(crowd 3000) serve
  capture
  in_client ldapsearch -x -LLL -H "ldap://$SERVER" -D "$MIRA" -w "$MIRA_PW" -b "$PEOPLE" '(objectClass=inetOrgPerson)' cn mail >/dev/null
}

# A few entries of many segments each: photographs.
search-large-entries.pcap() {
  ldif=$(photographs) serve
  capture
  in_client ldapsearch -x -LLL -H "ldap://$SERVER" -D "$MIRA" -w "$MIRA_PW" -b "$PEOPLE" '(jpegPhoto=*)' jpegPhoto >/dev/null
}

# crowd N writes N people and prints the name of the file.
crowd() {
  awk -v n="$1" -v base="$PEOPLE" 'BEGIN {
    for (i = 1; i <= n; i++)
      printf "dn: uid=u%04d,%s\nobjectClass: inetOrgPerson\nuid: u%04d\ncn: User %04d\nsn: %04d\nmail: u%04d@example.org\n\n", i, base, i, i, i, i
  }' >"$scratch/crowd.ldif"
  echo "$scratch/crowd.ldif"
}

# photographs writes four people with 3 to 48 kB of octets that stand for a picture, the same at every recording.
photographs() {
  local i
  for i in 1 4 8 16; do
    printf 'dn: uid=p%d,%s\nobjectClass: inetOrgPerson\nuid: p%d\ncn: P %d\nsn: %d\njpegPhoto:: ' "$i" "$PEOPLE" "$i" "$i" "$i"
    head -c $((i * 3000)) /dev/zero | openssl enc -aes-128-ctr -K 00 -iv 00 2>/dev/null | base64 -w 0
    printf '\n\n'
  done >"$scratch/photographs.ldif"
  echo "$scratch/photographs.ldif"
}

# A consumer asks for the content of a subtree and for what changes of it (RFC 4533).
search-syncrepl.pcap() {
  dblines=$'overlay syncprov' serve 'moduleload syncprov'
  capture
  in_client ldapsearch -x -LLL -H "ldap://$SERVER" -D "$MIRA" -w "$MIRA_PW" -b "$PEOPLE" -E '!sync=ro' '(uid=jonas)' cn
}
