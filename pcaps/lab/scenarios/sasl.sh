# SASL: mechanisms that carry a password, that can be guessed, and what protection follows them.

# serve_sasl [LINE...] starts a slapd that takes every mechanism, also without TLS, for the people of its directory.
serve_sasl() {
  network
  # ip netns exec lays /etc/netns/cb-server over /etc: the machine's own files stay as they are.
  cp -r /etc/ldap /etc/netns/cb-server/ldap
  mkdir -p /etc/netns/cb-server/ldap/sasl2
  printf 'pwcheck_method: auxprop\nauxprop_plugin: slapd\n' >/etc/netns/cb-server/ldap/sasl2/slapd.conf
  serve "$@" "sasl-host $SERVER_NAME" 'sasl-realm example.org' 'sasl-secprops none' \
    "authz-regexp uid=([^,@]*)[^,]*(,cn=[^,]*)?,cn=[^,]*,cn=auth uid=\$1,$PEOPLE" \
    "authz-regexp cn=lab-client,o=example $PRINTER"
}

# sasl MECHANISM [ldapsearch arguments] binds mira and searches.
sasl() {
  local mechanism=$1
  shift
  # The library refuses PLAIN, LOGIN and ANONYMOUS without this.
  export LDAPSASL_SECPROPS=none
  in_client ldapsearch -LLL -Q -N -H "ldap://$SERVER_NAME" -Y "$mechanism" -b "$PEOPLE" "$@" '(uid=jonas)' cn
}

as_mira=(-U mira -w "$MIRA_PW")

sasl-plain.pcap() {
  serve_sasl
  capture
  sasl PLAIN "${as_mira[@]}"
}

sasl-plain-wrong-password.pcap() {
  serve_sasl
  capture
  expect 49 sasl PLAIN -U mira -w "$WRONG_PW"
}

# PLAIN for another identity: authorisation and authentication names differ.
sasl-plain-authzid.pcap() {
  serve_sasl 'authz-policy to'
  ldapmodify_as_admin <<LDIF
dn: $MIRA
changetype: modify
add: authzTo
authzTo: dn:$JONAS
LDIF
  capture
  sasl PLAIN "${as_mira[@]}" -X u:jonas
}

ldapmodify_as_admin() { in_client ldapmodify -x -H "ldap://$SERVER" -D "$ADMIN" -w "$ADMIN_PW"; }

sasl-plain-jndi.pcap() {
  serve_sasl
  capture
  in_client "${jndi[@]}" "ldap://$SERVER_NAME" sasl PLAIN mira "$MIRA_PW" auth search "$PEOPLE" '(uid=jonas)' cn
}

sasl-login.pcap() {
  serve_sasl
  capture
  sasl LOGIN "${as_mira[@]}"
}

# Look-alike of sasl-plain: the same inside TLS.
sasl-plain-starttls.pcap() {
  trust
  serve_sasl "$(tls)"
  capture
  sasl PLAIN "${as_mira[@]}" -ZZ
}

sasl-cram-md5.pcap() {
  serve_sasl
  capture
  sasl CRAM-MD5 "${as_mira[@]}"
}

sasl-cram-md5-wrong-password.pcap() {
  serve_sasl
  capture
  expect 49 sasl CRAM-MD5 -U mira -w "$WRONG_PW"
}

sasl-digest-md5-auth.pcap() {
  serve_sasl
  capture
  sasl DIGEST-MD5 "${as_mira[@]}" -O maxssf=0
}

sasl-digest-md5-auth-int.pcap() {
  serve_sasl
  capture
  sasl DIGEST-MD5 "${as_mira[@]}" -O minssf=1,maxssf=1
}

sasl-digest-md5-auth-conf.pcap() {
  serve_sasl
  capture
  sasl DIGEST-MD5 "${as_mira[@]}" -O minssf=128
}

sasl-digest-md5-auth-int-jndi.pcap() {
  serve_sasl
  capture
  in_client "${jndi[@]}" "ldap://$SERVER_NAME" sasl DIGEST-MD5 mira "$MIRA_PW" auth-int search "$PEOPLE" '(uid=jonas)' cn
}

sasl-digest-md5-auth-conf-jndi.pcap() {
  serve_sasl
  capture
  in_client "${jndi[@]}" "ldap://$SERVER_NAME" sasl DIGEST-MD5 mira "$MIRA_PW" auth-conf search "$PEOPLE" '(uid=jonas)' cn
}

sasl-digest-md5-go-ldap.pcap() {
  serve_sasl
  capture
  in_client "${go_ldap[@]}" "ldap://$SERVER_NAME" md5 "$SERVER_NAME" mira "$MIRA_PW" search "$PEOPLE" '(uid=jonas)' cn unbind
}

sasl-digest-md5-net-ldap.pcap() {
  serve_sasl
  capture
  in_client "${net_ldap[@]}" "ldap://$SERVER_NAME" sasl DIGEST-MD5 mira "$MIRA_PW" search "$PEOPLE" '(uid=jonas)' cn unbind
}

# A write and a password change inside a layer that signs only: readable.
sasl-signed-password-change.pcap() {
  serve_sasl
  capture
  in_client ldapmodify -Q -N -H "ldap://$SERVER_NAME" -Y DIGEST-MD5 "${as_mira[@]}" -O minssf=1,maxssf=1 <<LDIF
dn: $MIRA
changetype: modify
replace: mail
mail: m.lindqvist@example.org

dn: $MIRA
changetype: modify
replace: userPassword
userPassword: $NEW_PW
LDIF
}

sasl-scram-sha-256.pcap() {
  serve_sasl
  capture
  sasl SCRAM-SHA-256 "${as_mira[@]}"
}

sasl-scram-sha-1.pcap() {
  serve_sasl
  capture
  sasl SCRAM-SHA-1 "${as_mira[@]}"
}

sasl-anonymous.pcap() {
  serve_sasl
  capture
  sasl ANONYMOUS
}

# EXTERNAL: the client's certificate is its identity.
sasl-external-starttls.pcap() {
  trust
  serve_sasl "$(tls)" 'TLSVerifyClient demand'
  capture
  LDAPTLS_CERT=$work/tls/client.pem LDAPTLS_KEY=$work/tls/client.key sasl EXTERNAL -ZZ
}

sasl-gssapi-none.pcap() {
  kerberos
  serve_sasl
  capture not port 88
  sasl GSSAPI -O maxssf=0
}

sasl-gssapi-signed.pcap() {
  kerberos
  serve_sasl
  capture not port 88
  sasl GSSAPI -O minssf=1,maxssf=1
}

sasl-gssapi-sealed.pcap() {
  kerberos
  serve_sasl
  capture not port 88
  sasl GSSAPI -O minssf=56
}

sasl-gss-spnego-none.pcap() {
  kerberos
  serve_sasl
  capture not port 88
  sasl GSS-SPNEGO -O maxssf=0
}

# Cyrus' GSS-SPNEGO seals whenever it has a layer at all: there is no signed-only one to record here.
sasl-gss-spnego-sealed.pcap() {
  kerberos
  serve_sasl
  capture not port 88
  sasl GSS-SPNEGO -O minssf=56
}

# OAUTHBEARER (RFC 7628): slapd does not offer it and refuses; the token has gone out.
sasl-oauthbearer-refused.pcap() {
  serve
  capture
  in_client "${raw_client[@]}" "$SERVER" 389 sasl OAUTHBEARER \
    "=$(printf 'n,a=mira@example.org,\001host=%s\001port=389\001auth=Bearer %s\001\001' "$SERVER_NAME" "$TOKEN" | od -An -tx1 | tr -d ' \n')" unbind
}

# with_enctype ENCTYPE [ldapsearch arguments]
with_enctype() {
  enctype=$1 kerberos
  serve_sasl
  capture not port 88
  sasl GSSAPI "${@:2}"
}

# RC4 keys: the tokens have RFC 1964's form (RFC 4757 7.2), not RFC 4121's.
sasl-gssapi-rc4-signed.pcap() { with_enctype arcfour-hmac -O minssf=1,maxssf=1; }
sasl-gssapi-rc4-sealed.pcap() { with_enctype arcfour-hmac -O minssf=56; }

# Triple DES: RFC 1964's form again, with a checksum of 20 octets.
sasl-gssapi-des3-signed.pcap() { with_enctype des3-cbc-sha1 -O minssf=1,maxssf=1; }
sasl-gssapi-des3-sealed.pcap() { with_enctype des3-cbc-sha1 -O minssf=56; }
