#!/usr/bin/ruby
# The lab's Ruby client (net-ldap): binds and searches on one connection.
#
#   client.rb HOST PORT plain|starttls DN PASSWORD BASE FILTER ATTRIBUTES
require 'net/ldap'

host, port, security, name, password, base, filter, wanted = ARGV
tls = { method: :start_tls, tls_options: { ca_file: ENV['LDAPTLS_CACERT'], verify_mode: OpenSSL::SSL::VERIFY_PEER } }
Net::LDAP.open(host: host, port: port.to_i, encryption: security == 'starttls' ? tls : nil,
               auth: { method: :simple, username: name, password: password }) do |ldap|
  found = ldap.search(base: base, filter: Net::LDAP::Filter.construct(filter), attributes: wanted.split(','))
  abort ldap.get_operation_result.message unless found
  puts "#{found.size} entries"
end
