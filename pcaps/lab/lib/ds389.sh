# 389 Directory Server with the directory of slapd/, in the server's namespace. Nothing of it is left on the machine:
# its configuration is in the namespace's own /etc/dirsrv, all else in the scenario's folder.

DS_ADMIN='cn=Directory Manager'

# ds389 [ATTRIBUTE VALUE] starts it, with an attribute of cn=config set.
ds389() {
  network
  local dir=$scratch/ds389
  mkdir -p "$dir/bin" "/etc/netns/cb-server"
  cp -r /etc/dirsrv /etc/netns/cb-server/dirsrv
  ds389_systemctl >"$dir/bin/systemctl"
  chmod +x "$dir/bin/systemctl"
  ds389_answers "$dir" >"$dir/answers.inf"
  in_server env PATH="$dir/bin:$PATH" dscreate from-file "$dir/answers.inf"
  chmod 666 /dev/null # which it leaves writable for root alone
  # The suffix is there already.
  fill "$lab/slapd/directory.ldif" | sed '1,/^$/d' >"$dir/directory.ldif"
  as_ds_admin ldapadd -f "$dir/directory.ldif"
  as_ds_admin ldapmodify <<LDIF
dn: $BASE
changetype: modify
add: aci
aci: (targetattr != "userPassword")(version 3.0; acl "read"; allow (read, search, compare) userdn = "ldap:///all";)
LDIF
  [[ -z ${1-} ]] || as_ds_admin ldapmodify <<LDIF
dn: cn=config
changetype: modify
replace: $1
$1: $2
LDIF
}

as_ds_admin() { in_server "$1" -x -H "ldap://$SERVER" -D "$DS_ADMIN" -w "$ADMIN_PW" "${@:2}"; }

# ds389_systemctl is what dscreate asks of systemd, which is not here.
ds389_systemctl() {
  cat <<'SH'
#!/bin/sh
listens() { ss -Hltn 'sport = :389' | grep -q .; }
case $1 in
  start) ns-slapd -D /etc/dirsrv/slapd-lab; until listens; do sleep 0.1; done ;;
  is-active) listens ;;
esac
SH
}

# ds389_answers DIR
ds389_answers() {
  cat <<INF
[general]
full_machine_name = $SERVER_NAME
strict_host_checking = False
selinux = False
[slapd]
instance_name = lab
root_password = ${ADMIN_PW//%/%%}
user = root
group = root
self_sign_cert = False
db_dir = $1/db
db_home_dir = $1/db
backup_dir = $1/backup
ldif_dir = $1/ldif
lock_dir = $1/lock
log_dir = $1/log
run_dir = $1/run
ldapi = $1/socket
inst_dir = $1/instance
[backend-userroot]
suffix = $BASE
create_suffix_entry = True
INF
}
