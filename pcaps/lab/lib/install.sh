# What the lab needs from Debian. Services are not started: the lab starts its own.

packages=(
  ca-certificates ethtool gzip iproute2 openssl procps python3 tcpdump tshark zstd
  haproxy
  slapd ldap-utils libsasl2-modules libsasl2-modules-gssapi-mit sasl2-bin
  samba samba-ad-provision samba-dsdb-modules samba-vfs-modules samba-common-bin ldb-tools winbind
  krb5-kdc krb5-admin-server krb5-user 389-ds-base
  nslcd libnss-ldapd sssd-ldap libnss-sss libpam-sss pamtester gss-ntlmssp php-cli php-ldap ruby ruby-net-ldap adcli
  python3-ldap python3-ldap3 libnet-ldap-perl libio-socket-ssl-perl libauthen-sasl-perl libdigest-hmac-perl
)

install_debian() {
  local missing=() name
  for name in "${packages[@]}"; do
    dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null | grep -qx installed || missing+=("$name")
  done
  # Any Node or JDK that is there already will do.
  command -v npm >/dev/null || missing+=(nodejs npm)
  command -v javac >/dev/null || missing+=(default-jdk-headless)
  command -v go >/dev/null || { echo 'record: needs go (the version in go.mod) on the PATH' >&2; return 1; }
  ((${#missing[@]})) || return 0
  without_services apt_install "${missing[@]}"
}

apt_install() {
  export DEBIAN_FRONTEND=noninteractive
  echo 'slapd slapd/no_configuration boolean true' | debconf-set-selections
  apt-get update -qq
  apt-get install -qq -y --no-install-recommends "$@" >/dev/null
}

# without_services runs a command while packages may not start what they install.
without_services() {
  local policy=/usr/sbin/policy-rc.d status=0
  if [[ -e $policy ]]; then
    "$@"
    return
  fi
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
  "$@" || status=$?
  rm -f "$policy"
  return "$status"
}
