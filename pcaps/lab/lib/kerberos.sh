# An MIT KDC for EXAMPLE.ORG in the server's namespace, with a key for ldap/ldap.example.org and a ticket for mira.
# A scenario may set enctype before, to have keys of one old kind and no other.

kerberos() {
  network
  local dir=$scratch/krb5
  mkdir -p "$dir"
  export KRB5_CONFIG=$dir/krb5.conf KRB5_KDC_PROFILE=$dir/kdc.conf KRB5CCNAME=FILE:$dir/ticket
  keytab=$dir/keytab
  cat >"$KRB5_CONFIG" <<CONF
[libdefaults]
  default_realm = EXAMPLE.ORG
  dns_lookup_kdc = false
  dns_canonicalize_hostname = false
  rdns = false
${enctype:+  allow_rc4 = true
  allow_des3 = true
  permitted_enctypes = $enctype
}[realms]
  EXAMPLE.ORG = {
    kdc = $SERVER
  }
[domain_realm]
  .example.org = EXAMPLE.ORG
[logging]
  kdc = FILE:$dir/kdc.log
CONF
  cat >"$KRB5_KDC_PROFILE" <<CONF
[realms]
  EXAMPLE.ORG = {
    database_name = $dir/principal
    key_stash_file = $dir/stash
${enctype:+    master_key_type = $enctype
    supported_enctypes = $enctype:normal
}  }
CONF
  kdb5_util create -s -r EXAMPLE.ORG -P "$ADMIN_PW"
  kadmin.local -q "addprinc -pw $MIRA_PW mira"
  kadmin.local -q 'addprinc -randkey ldap/ldap.example.org'
  kadmin.local -q "ktadd -k $keytab ldap/ldap.example.org"
  in_server krb5kdc -n &
  await 10 listening cb-server udp 88
  in_client kinit mira <<<"$MIRA_PW"
}
