# OpenLDAP: one slapd in the server's namespace, with the lines that a scenario adds to a small configuration.

BASE=dc=example,dc=org
PEOPLE=ou=people,$BASE
ADMIN=cn=admin,$BASE            ADMIN_PW='Kelp-Marmot-54%'
MIRA=uid=mira,$PEOPLE           MIRA_PW='Zebra-Quartz-71!'
JONAS=uid=jonas,$PEOPLE         JONAS_PW='Umbra-Falcon-38?'
VERA=uid=vera,$PEOPLE           VERA_PW='Velvet-Tapir-19='
PRINTER=cn=printer,ou=services,$BASE  PRINTER_PW='Toner-Okapi-27#'
WRONG_PW='Wrong-Gibbon-05~'     NEW_PW='Nimbus-Walrus-62+'     TOKEN='Bearer-Quokka-88='

# make_certificates DIR makes a CA and a certificate for the server, and one for a client.
make_certificates() {
  mkdir -p "$1"
  (
    cd "$1"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj '/CN=clearbind lab CA' \
      -keyout ca.key -out ca.pem
    certificate server /CN=$SERVER_NAME "DNS:$SERVER_NAME,IP:$SERVER,IP:$SERVER6"
    certificate client '/O=example/CN=lab-client' 'DNS:client.example.org'
  ) 2>/dev/null
}

# certificate NAME SUBJECT ALTERNATIVE-NAMES
certificate() {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "$2" -keyout "$1.key" -out "$1.csr"
  openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 3650 -out "$1.pem" \
    -extfile <(printf 'subjectAltName=%s\n' "$3")
}

# TLS is what a scenario hands to serve for a server with a certificate.
tls() {
  printf 'TLSCACertificateFile %s\nTLSCertificateFile %s\nTLSCertificateKeyFile %s\n' \
    "$work/tls/ca.pem" "$work/tls/server.pem" "$work/tls/server.key"
}

# serve [LINE...] starts slapd with these global configuration lines. Variables a scenario may set before:
#   uris     where it listens (default ldap on port 389, IPv4 and IPv6)
#   ldif     more entries, a file
#   dblines  lines for the database
serve() {
  network
  local dir=$scratch/slapd line
  mkdir -p "$dir/db"
  {
    printf 'include /etc/ldap/schema/%s.schema\n' core cosine inetorgperson nis
    echo "pidfile $dir/pid"
    echo 'modulepath /usr/lib/ldap'
    echo 'moduleload back_mdb'
    for line in "$@"; do echo "$line"; done
    echo 'database mdb'
    echo "suffix $BASE"
    echo "directory $dir/db"
    echo 'maxsize 67108864'
    echo 'index objectClass,uid eq'
    echo "rootdn $ADMIN"
    echo "rootpw $ADMIN_PW"
    echo 'sizelimit unlimited'
    echo "${dblines-}"
    echo 'access to attrs=userPassword by self write by anonymous auth by * none'
    echo 'access to * by self write by * read'
  } >"$dir/slapd.conf"
  fill "$lab/slapd/directory.ldif" >"$dir/directory.ldif"
  slapadd -q -f "$dir/slapd.conf" -l "$dir/directory.ldif"
  [[ -z ${ldif-} ]] || slapadd -q -f "$dir/slapd.conf" -l "$ldif"
  in_server env KRB5_KTNAME="${keytab-}" slapd -d stats -f "$dir/slapd.conf" \
    -h "${uris:-ldap://$SERVER:389/ ldap://[$SERVER6]:389/}" 2>"$scratch/slapd.log" &
  await 10 grep -q 'slapd starting' "$scratch/slapd.log"
}

# fill FILE puts the passwords of this file into a template.
fill() {
  sed -e "s|@MIRA_PW@|$MIRA_PW|" -e "s|@JONAS_PW@|$JONAS_PW|" -e "s|@PRINTER_PW@|$PRINTER_PW|" "$1"
}
