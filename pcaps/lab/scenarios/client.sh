# The same small session by different clients: their encodings, their habits before and after a bind.

simple-bind-go-ldap.pcap() {
  serve
  capture
  in_client "${go_ldap[@]}" "ldap://$SERVER" bind "$MIRA" "$MIRA_PW" search "$PEOPLE" '(uid=jonas)' cn,mail whoami unbind
}

simple-bind-jndi.pcap() {
  serve
  capture
  in_client "${jndi[@]}" "ldap://$SERVER" bind "$MIRA" "$MIRA_PW" search "$PEOPLE" '(uid=jonas)' cn,mail
}

simple-bind-ldapts.pcap() {
  serve
  capture
  in_client "${ldapts[@]}" "ldap://$SERVER" bind "$MIRA" "$MIRA_PW" search "$PEOPLE" '(uid=jonas)' cn,mail unbind
}

simple-bind-net-ldap.pcap() {
  serve
  capture
  in_client "${net_ldap[@]}" "ldap://$SERVER" bind "$MIRA" "$MIRA_PW" search "$PEOPLE" '(uid=jonas)' cn,mail unbind
}

simple-bind-python-ldap.pcap() {
  serve
  capture
  in_client "${python_ldap[@]}" "ldap://$SERVER" bind "$MIRA" "$MIRA_PW" search "$PEOPLE" '(uid=jonas)' cn,mail unbind
}

# ldap3 reads the rootDSE and the schema right after its bind; the schema lies in cn=Subschema, so that is a search.
simple-bind-ldap3.pcap() {
  serve
  capture
  in_client "${python_ldap3[@]}" --info "$SERVER:389" bind "$MIRA" "$MIRA_PW" search "$PEOPLE" '(uid=jonas)' cn,mail unbind
}

# One connection, two identities: the second bind takes over.
rebind-as-another.pcap() {
  serve
  capture
  in_client "${go_ldap[@]}" "ldap://$SERVER" bind "$MIRA" "$MIRA_PW" search "$PEOPLE" '(uid=jonas)' cn \
    bind "$JONAS" "$JONAS_PW" search "$PEOPLE" '(uid=mira)' cn unbind
}

compare-userpassword-go-ldap.pcap() {
  serve
  capture
  in_client "${go_ldap[@]}" "ldap://$SERVER" bind "$ADMIN" "$ADMIN_PW" compare "$JONAS" userPassword "$JONAS_PW" unbind
}

password-modify-net-ldap.pcap() {
  serve
  capture
  in_client "${net_ldap[@]}" "ldap://$SERVER" bind "$MIRA" "$MIRA_PW" password "$MIRA" "$MIRA_PW" "$NEW_PW" unbind
}

modify-userpassword-jndi.pcap() {
  serve
  capture
  in_client "${jndi[@]}" "ldap://$SERVER" bind "$MIRA" "$MIRA_PW" replace "$MIRA" userPassword "$NEW_PW"
}

search-paged-go-ldap.pcap() {
  ldif=$(crowd 30) serve
  capture
  in_client "${go_ldap[@]}" "ldap://$SERVER" bind "$MIRA" "$MIRA_PW" paged "$PEOPLE" '(objectClass=inetOrgPerson)' 12 unbind
}

simple-bind-php.pcap() {
  serve
  capture
  in_client "${php[@]}" "ldap://$SERVER" bind "$MIRA" "$MIRA_PW" search "$PEOPLE" '(uid=jonas)' cn,mail unbind
}

password-modify-php.pcap() {
  serve
  capture
  in_client "${php[@]}" "ldap://$SERVER" bind "$JONAS" "$JONAS_PW" password "$JONAS" "$JONAS_PW" "$NEW_PW" unbind
}

simple-bind-ruby-net-ldap.pcap() {
  serve
  capture
  in_client "${ruby_net_ldap[@]}" "$SERVER" 389 plain "$MIRA" "$MIRA_PW" "$PEOPLE" '(uid=jonas)' cn,mail
}

starttls-good-ruby-net-ldap.pcap() {
  trust
  serve "$(tls)"
  capture
  in_client "${ruby_net_ldap[@]}" "$SERVER_NAME" 389 starttls "$MIRA" "$MIRA_PW" "$PEOPLE" '(uid=jonas)' cn,mail
}

# name_service LINE... starts nslcd, which answers getent from the directory as the printer's account.
name_service() {
  local dir=/etc/netns/cb-client line
  printf 'passwd: files ldap\ngroup: files\nshadow: files\n' >"$dir/nsswitch.conf"
  {
    printf 'uid root\ngid root\nbase %s\nbinddn %s\nbindpw %s\n' "$BASE" "$PRINTER" "$PRINTER_PW"
    for line in "$@"; do echo "$line"; done
  } >"$dir/nslcd.conf"
  chmod 600 "$dir/nslcd.conf" # nslcd refuses to read a password that everybody may read
  rm -f /run/nslcd/{socket,nslcd.pid} # of one that was ended before
  in_client nslcd -n &
  await 10 in_client test -S /run/nslcd/socket
}

# A Linux host's name service: a bind of its own, then the account that somebody asks for.
name-service-nslcd.pcap() {
  serve
  capture
  name_service "uri ldap://$SERVER"
  in_client getent passwd mira
}

# Look-alike: the same with StartTLS.
name-service-nslcd-starttls.pcap() {
  trust
  serve "$(tls)"
  capture
  name_service "uri ldap://$SERVER_NAME" 'ssl start_tls' "tls_cacertfile $LDAPTLS_CACERT" 'tls_reqcert demand'
  in_client getent passwd mira
}

# sssd without TLS for names: it asks with a service's account, in the clear, and checks a password inside StartTLS all the same.
name-service-sssd.pcap() {
  trust
  serve "$(tls)"
  sssd_configuration >"$scratch/sssd.conf"
  capture
  # All of sssd's state is in a file system of its own, which only what runs in here sees.
  in_client bash -e <<SH
mount -t tmpfs tmpfs /var/lib/sss
mkdir -p /var/lib/sss/{db,deskprofile,gpo_cache,keytabs,mc,pipes/private,pubconf,secrets}
mkdir -p $scratch/sssd $scratch/pam.d
install -m 600 $scratch/sssd.conf $scratch/sssd/sssd.conf
printf 'auth required pam_sss.so\n' >$scratch/pam.d/lab
mount --bind $scratch/sssd /etc/sssd
mount --bind $scratch/pam.d /etc/pam.d
rm -f /run/sssd.pid
sssd -i &
until getent -s sss passwd mira; do sleep 0.2; done
pamtester lab mira authenticate <<<'$MIRA_PW'
! pamtester lab mira authenticate <<<'$WRONG_PW'
kill %1
wait
SH
}

sssd_configuration() {
  cat <<CONF
[sssd]
services = nss, pam
domains = lab
[domain/lab]
id_provider = ldap
auth_provider = ldap
access_provider = permit
sudo_provider = none
ldap_uri = ldap://$SERVER_NAME
ldap_search_base = $BASE
ldap_tls_cacert = $LDAPTLS_CACERT
ldap_default_bind_dn = $PRINTER
ldap_default_authtok = $PRINTER_PW
CONF
}

# slapd as a proxy (back-ldap), in front of the client's own slapd: both hosts are servers on port 389, and one of them is a client too.
directory-proxy.pcap() {
  serve
  local dir=$scratch/proxy
  mkdir -p "$dir"
  printf '%s\n' "include /etc/ldap/schema/core.schema" "pidfile $dir/pid" 'modulepath /usr/lib/ldap' 'moduleload back_ldap' \
    'database ldap' "suffix $BASE" "uri ldap://$SERVER/" 'rebind-as-user yes' >"$dir/slapd.conf"
  in_client slapd -d stats -f "$dir/slapd.conf" -h "ldap://$CLIENT:389/" 2>"$scratch/proxy.log" &
  await 10 grep -q 'slapd starting' "$scratch/proxy.log"
  capture
  in_server ldapsearch -x -LLL -H "ldap://$CLIENT" -D "$MIRA" -w "$MIRA_PW" -b "$PEOPLE" '(uid=jonas)' cn
  expect 49 in_server ldapwhoami -x -H "ldap://$CLIENT" -D "$JONAS" -w "$WRONG_PW"
}
