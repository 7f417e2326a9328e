# Samba as an Active Directory domain controller: what it refuses, how it signs and seals, and CLDAP.

weak='ldap server require strong auth = no'

ad_search() { in_client ldapsearch -LLL -N -H "ldap://$AD_NAME" "$@" -b "$AD_USERS" '(sAMAccountName=jonas)' cn; }

# The default: a simple bind without TLS is refused with 8, strongerAuthRequired. The password has gone out.
ad-stronger-auth-required.pcap() {
  samba_dc
  capture
  expect 8 ad_search -x -D "$AD_MIRA" -w "$MIRA_PW"
}

ad-simple-bind-upn.pcap() {
  samba_dc "$weak"
  capture
  ad_search -x -D "$AD_MIRA" -w "$MIRA_PW"
}

ad-simple-bind-down-level-name.pcap() {
  samba_dc "$weak"
  capture
  ad_search -x -D 'LAB\mira' -w "$MIRA_PW"
}

# data 52e
ad-simple-bind-wrong-password.pcap() {
  samba_dc "$weak"
  capture
  expect 49 ad_search -x -D "$AD_MIRA" -w "$WRONG_PW"
}

# data 533: the server says that the account is disabled, and with it that the password is right.
ad-simple-bind-disabled-account.pcap() {
  samba_dc "$weak"
  in_server samba-tool user disable mira -s "$samba_conf"
  capture
  expect 49 ad_search -x -D "$AD_MIRA" -w "$MIRA_PW"
}

# data 773: the password must be changed first.
ad-simple-bind-must-change.pcap() {
  samba_dc "$weak"
  in_server samba-tool user setpassword mira --newpassword="$MIRA_PW" --must-change-at-next-login -s "$samba_conf"
  capture
  expect 49 ad_search -x -D "$AD_MIRA" -w "$MIRA_PW"
}

ad-global-catalog-3268.pcap() {
  samba_dc "$weak"
  await 20 listening cb-server tcp 3268
  capture
  in_client ldapsearch -x -LLL -H "ldap://$AD_NAME:3268" -D "$AD_MIRA" -w "$MIRA_PW" -b "$AD_BASE" '(sAMAccountName=jonas)' cn
}

ad-starttls-good.pcap() {
  trust
  mapfile -t with_tls < <(samba_tls)
  samba_dc "${with_tls[@]}"
  capture
  in_client ldapsearch -ZZ -x -LLL -H "ldap://$SERVER_NAME" -D "$AD_MIRA" -w "$MIRA_PW" -b "$AD_USERS" '(sAMAccountName=jonas)' cn
}

# ldb WRAPPING ARGUMENTS... searches with Samba's own client library.
ldb() {
  in_client ldbsearch -H "ldap://$AD_NAME" -s sub -b "$AD_USERS" --option="client ldap sasl wrapping=$1" "${@:2}" \
    --configfile=/dev/null --option='workgroup=LAB' --option='realm=AD.EXAMPLE.ORG' '(sAMAccountName=jonas)' cn
}

with_ntlm=(--use-kerberos=off -U "LAB\\mira%$MIRA_PW")

ad-ntlm-plain.pcap() { samba_dc "$weak"; capture; ldb plain "${with_ntlm[@]}"; }
# NTLM with the flag for signing and not the one for sealing. Samba seals all the same, as Windows does in LDAP.
ad-ntlm-sign-flag-sealed.pcap() { samba_dc; capture; ldb sign "${with_ntlm[@]}"; }
ad-ntlm-sealed.pcap() { samba_dc; capture; ldb seal "${with_ntlm[@]}"; }

# The server refuses NTLM without signing with 8, and the client does it again with the flag for signing.
ad-ntlm-plain-refused-then-sealed.pcap() { samba_dc; capture; ldb plain "${with_ntlm[@]}"; }

# Kerberos in GSS-SPNEGO. Samba's client wants the ticket cache named with its type.
with_ticket() { ldb "$1" --use-kerberos=required --use-krb5-ccache="FILE:$scratch/ticket" -U "mira@AD.EXAMPLE.ORG%$MIRA_PW"; }

ad-kerberos-plain.pcap() { samba_dc "$weak"; samba_kerberos; capture not port 88; with_ticket plain; }
ad-kerberos-signed.pcap() { samba_dc; samba_kerberos; capture not port 88; with_ticket sign; }
ad-kerberos-sealed.pcap() { samba_dc; samba_kerberos; capture not port 88; with_ticket seal; }

# The tools that join a machine to a domain and keep its accounts: all of them seal.
ad-adcli-create-user-sealed.pcap() {
  samba_dc
  samba_kerberos Administrator "$ADMIN_PW"
  capture not port 88 and not port 464
  in_client adcli create-user tove --domain=ad.example.org --domain-controller="$AD_NAME" --login-ccache="$scratch/ticket" --display-name='Tove Berg'
}

ad-net-ads-search-sealed.pcap() {
  samba_dc
  capture not port 88
  in_client net ads search '(sAMAccountName=jonas)' cn -S "$AD_NAME" -U "mira%$MIRA_PW" \
    --configfile=/dev/null --option='workgroup=LAB' --option='realm=AD.EXAMPLE.ORG'
}

ad-samba-tool-sealed.pcap() {
  samba_dc
  capture not port 88
  in_client samba-tool user show jonas --attributes=cn -H "ldap://$AD_NAME" -U "mira%$MIRA_PW" --use-kerberos=off \
    --configfile=/dev/null --option='workgroup=LAB' --option='realm=AD.EXAMPLE.ORG'
}

ad-gssapi-signed.pcap() {
  samba_dc
  samba_kerberos
  capture not port 88
  ad_search -Q -Y GSSAPI -O minssf=1,maxssf=1
}

ad-gssapi-sealed.pcap() {
  samba_dc
  samba_kerberos
  capture not port 88
  ad_search -Q -Y GSSAPI -O minssf=56
}

# NTLM in Microsoft's own bind (Sicily): Samba does not know it and closes the connection.
ad-sicily-unanswered-ldap3.pcap() {
  samba_dc "$weak"
  capture
  in_client "${python_ldap3[@]}" "$AD_NAME:389" try ntlm 'LAB\mira' "$MIRA_PW" unbind
}

ad-sicily-unanswered-go-ldap.pcap() {
  samba_dc "$weak"
  capture
  expect 1 in_client "${go_ldap[@]}" "ldap://$AD_NAME" ntlm LAB mira "$MIRA_PW"
}

# unicodePwd without encryption: Windows would refuse it, this server takes it; the new password has gone out either way.
ad-unicodepwd.pcap() {
  samba_dc "$weak"
  capture
  in_client "${jndi[@]}" "ldap://$AD_NAME" bind "Administrator@ad.example.org" "$ADMIN_PW" \
    unicodepwd "CN=jonas,$AD_USERS" "$NEW_PW"
}

# Filters of known reconnaissance.
ad-recon.pcap() {
  samba_dc "$weak"
  capture
  in_client "${go_ldap[@]}" "ldap://$AD_NAME" bind "$AD_MIRA" "$MIRA_PW" \
    search "$AD_BASE" '(&(samAccountType=805306368)(servicePrincipalName=*)(!(samAccountName=krbtgt)))' samAccountName,servicePrincipalName \
    search "$AD_BASE" '(&(samAccountType=805306368)(userAccountControl:1.2.840.113556.1.4.803:=4194304))' samAccountName \
    search "$AD_BASE" '(userAccountControl:1.2.840.113556.1.4.803:=524288)' samAccountName \
    search "$AD_BASE" '(adminCount=1)' samAccountName unbind
}

# The domain controller locator over UDP (MS-ADTS 6.3.3), as Samba's own tools ask.
cldap-netlogon.pcap() {
  samba_dc
  capture
  in_client net ads lookup -S "$SERVER" --configfile=/dev/null --option='workgroup=LAB' --option='realm=AD.EXAMPLE.ORG'
}

cldap-rootdse.pcap() {
  samba_dc
  capture
  in_client "${raw_client[@]}" --udp "$SERVER" 389 search '' base 'objectClass=*'
}

# The same with globally routable addresses, many times: what reflection looks like.
cldap-amplification.pcap() {
  samba_dc
  capture
  local n
  for n in 1 2 3 4 5 6 7 8; do
    in_client "${raw_client[@]}" --udp "$SERVER" 389 search '' base 'objectClass=*,*,+'
  done
  edit "$lab/lib/rewrite.py" public
}

# Look-alike of ad-kerberos-plain: the same inside StartTLS.
ad-gss-spnego-starttls.pcap() {
  trust
  mapfile -t with_tls < <(samba_tls)
  samba_dc "$weak" "${with_tls[@]}"
  samba_kerberos
  capture not port 88
  LDAPTLS_REQCERT=allow ad_search -ZZ -Q -Y GSS-SPNEGO -O maxssf=0
}

# NTLM in GSS-SPNEGO, inside StartTLS. Samba refuses it there, because this client signs and seals as well: nobody outside sees that.
ad-ntlm-starttls.pcap() {
  trust
  mapfile -t with_tls < <(samba_tls)
  samba_dc "${with_tls[@]}"
  echo "LAB:mira:$MIRA_PW" >"$scratch/ntlm"
  capture
  expect 53 in_client env NTLM_USER_FILE="$scratch/ntlm" KRB5_CONFIG=/dev/null \
    ldapsearch -ZZ -Q -LLL -H "ldap://$SERVER_NAME" -Y GSS-SPNEGO -b "$AD_USERS" '(sAMAccountName=jonas)' cn
}
