# Samba as an Active Directory domain controller, provisioned anew for each scenario.

AD_BASE=DC=ad,DC=example,DC=org
AD_USERS=CN=Users,$AD_BASE
AD_NAME=dc1.ad.example.org
AD_MIRA=mira@ad.example.org

# samba_dc [smb.conf line...] starts a domain controller with users mira and jonas. It speaks LDAP, CLDAP and Kerberos.
samba_dc() {
  network
  local line options=()
  samba_conf=$scratch/samba/etc/smb.conf
  # The provisioning writes extended attributes and asks who the machine is: both in the server's namespace.
  in_server samba-tool domain provision --targetdir="$scratch/samba" --realm=AD.EXAMPLE.ORG --domain=LAB \
    --host-name=dc1 --host-ip="$SERVER" --adminpass="$ADMIN_PW" --server-role=dc --dns-backend=SAMBA_INTERNAL \
    >"$scratch/provision.log" 2>&1
  in_server samba-tool user create mira "$MIRA_PW" -s "$samba_conf"
  in_server samba-tool user create jonas "$JONAS_PW" -s "$samba_conf"
  # A service of the domain controller that does not run here would add this name.
  in_server samba-tool spn add ldap/$AD_NAME 'DC1$' -s "$samba_conf"
  for line in 'server services = ldap cldap kdc' 'tls enabled = no' 'log file = /dev/null' "$@"; do
    options+=("--option=$line")
  done
  in_server samba --foreground --no-process-group --debug-stdout -s "$samba_conf" "${options[@]}" >"$scratch/samba.log" 2>&1 &
  await 20 listening cb-server tcp 389
  await 20 listening cb-server tcp 88
  await 20 listening cb-server udp 389
}

# samba_tls is what a scenario hands to samba_dc for a domain controller with a certificate.
samba_tls() {
  chmod 600 "$work/tls/server.key"
  printf '%s\n' 'tls enabled = yes' "tls cafile = $work/tls/ca.pem" "tls certfile = $work/tls/server.pem" "tls keyfile = $work/tls/server.key"
}

# samba_kerberos [NAME PASSWORD] gives the client a ticket of the domain, mira's or another one's.
samba_kerberos() {
  export KRB5_CONFIG=$scratch/krb5.conf KRB5CCNAME=FILE:$scratch/ticket
  cat >"$KRB5_CONFIG" <<CONF
[libdefaults]
  default_realm = AD.EXAMPLE.ORG
  dns_lookup_kdc = false
  dns_canonicalize_hostname = false
  rdns = false
[realms]
  AD.EXAMPLE.ORG = {
    kdc = $SERVER
  }
[domain_realm]
  .ad.example.org = AD.EXAMPLE.ORG
CONF
  in_client kinit "${1-mira}" <<<"${2-$MIRA_PW}"
}
