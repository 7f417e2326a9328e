# The clients that are not ldap-utils. Each takes a URL and steps; compiled ones are built once, into .cache.

raw_client=(/usr/bin/python3 "$lab/clients/raw/client.py")
python_ldap=(/usr/bin/python3 "$lab/clients/python-ldap/client.py")
python_ldap3=(/usr/bin/python3 "$lab/clients/ldap3/client.py")
php=(/usr/bin/php -n -d extension=ldap "$lab/clients/php/client.php")
ruby_net_ldap=(/usr/bin/ruby "$lab/clients/ruby-net-ldap/client.rb")
net_ldap=(/usr/bin/perl "$lab/clients/net-ldap/client.pl")
go_ldap=("$cache/go-ldap")
jndi=(java -cp "$cache/jndi" Client)
ldapts=(node "$cache/ldapts/client.js")

build_go_ldap() {
  (cd "$lab/clients/go-ldap" && CGO_ENABLED=0 go build -o "$cache/go-ldap" .)
}

build_jndi() {
  javac -d "$cache/jndi" "$lab/clients/jndi/Client.java"
}

build_ldapts() {
  mkdir -p "$cache/ldapts"
  cp "$lab/clients/ldapts/"{package.json,package-lock.json,client.js} "$cache/ldapts/"
  [[ -d $cache/ldapts/node_modules ]] || npm ci --silent --prefix "$cache/ldapts" 2>/dev/null
}

build_clients() {
  mkdir -p "$cache"
  build_go_ldap
  build_jndi
  build_ldapts
}
