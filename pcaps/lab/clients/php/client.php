<?php
// The lab's PHP client: takes one connection through the steps named on its command line.
//
//   client.php URL STEP...
//   steps: starttls | bind DN PASSWORD | search BASE FILTER ATTRIBUTES | password DN OLD NEW | unbind

$words = array_slice($argv, 1);
if (getenv('LDAPTLS_CACERT')) {
    ldap_set_option(null, LDAP_OPT_X_TLS_CACERTFILE, getenv('LDAPTLS_CACERT'));
}
$c = ldap_connect(array_shift($words));
ldap_set_option($c, LDAP_OPT_PROTOCOL_VERSION, 3);

$steps = [
    'starttls' => [0, fn() => ldap_start_tls($c)],
    'bind' => [2, fn($dn, $password) => ldap_bind($c, $dn, $password)],
    'search' => [3, fn($base, $filter, $wanted) => ldap_count_entries($c, ldap_search($c, $base, $filter, explode(',', $wanted)))],
    'password' => [3, fn($dn, $old, $new) => ldap_exop_passwd($c, $dn, $old, $new)],
    'unbind' => [0, fn() => ldap_unbind($c)],
];

while ($words) {
    $verb = array_shift($words);
    [$count, $run] = $steps[$verb];
    if ($run(...array_splice($words, 0, $count)) === false) {
        fwrite(STDERR, "$verb: " . ldap_error($c) . "\n");
        exit(1);
    }
}
