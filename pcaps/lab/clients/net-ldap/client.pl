#!/usr/bin/perl
# The lab's Perl client (Net::LDAP): takes one connection through the steps named on its command line.
#
#   client.pl URL STEP...
#   steps: starttls | bind DN PASSWORD | sasl MECHANISM USER PASSWORD | search BASE FILTER ATTRIBUTES
#          password DN OLD NEW | replace DN ATTRIBUTE VALUE | unbind
use strict;
use warnings;
use Authen::SASL;
use Net::LDAP;
use Net::LDAP::Extension::SetPassword;

my $url = shift @ARGV;
my $ldap = Net::LDAP->new($url, cafile => $ENV{LDAPTLS_CACERT}) or die "$@\n";

sub sasl {
    my ($mechanism, $user, $password) = @_;
    return $ldap->bind('', sasl => Authen::SASL->new(mechanism => $mechanism,
        callback => { user => $user, pass => $password, authname => '' }));
}

my %steps = (
    starttls => [0, sub { $ldap->start_tls(verify => 'require', cafile => $ENV{LDAPTLS_CACERT}) }],
    bind     => [2, sub { $ldap->bind($_[0], password => $_[1]) }],
    sasl     => [3, \&sasl],
    search   => [3, sub { $ldap->search(base => $_[0], filter => $_[1], attrs => [split /,/, $_[2]]) }],
    password => [3, sub { $ldap->set_password(user => $_[0], oldpasswd => $_[1], newpasswd => $_[2]) }],
    replace  => [3, sub { $ldap->modify($_[0], replace => { $_[1] => $_[2] }) }],
    unbind   => [0, sub { $ldap->unbind }],
);

while (my $verb = shift @ARGV) {
    my ($count, $run) = @{ $steps{$verb} or die "no such step: $verb\n" };
    my $result = $run->(splice @ARGV, 0, $count);
    die "$verb: ", $result->error, "\n" if $result && $result->code;
}
