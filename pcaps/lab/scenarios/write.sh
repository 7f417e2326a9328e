# Writes without secrets.

add-modify-modrdn-delete.pcap() {
  serve
  capture
  in_client ldapmodify -x -H "ldap://$SERVER" -D "$ADMIN" -w "$ADMIN_PW" <<LDIF
dn: uid=tove,$PEOPLE
changetype: add
objectClass: inetOrgPerson
uid: tove
cn: Tove Berg
sn: Berg

dn: uid=tove,$PEOPLE
changetype: modify
replace: mail
mail: tove@example.org
-
add: description
description: new

dn: uid=tove,$PEOPLE
changetype: modrdn
newrdn: uid=tberg
deleteoldrdn: 1

dn: uid=tberg,$PEOPLE
changetype: delete
LDIF
}

# The server refuses, and the change was readable all the same.
modify-refused.pcap() {
  serve
  capture
  expect 50 in_client ldapmodify -x -H "ldap://$SERVER" -D "$JONAS" -w "$JONAS_PW" <<LDIF
dn: $MIRA
changetype: modify
replace: mail
mail: elsewhere@example.org
LDIF
}
