#!/usr/bin/python3
"""StartTLS that ends, with plain LDAP behind it on the same connection (RFC 4511 4.14.3).

ended.py client|server ADDRESS PORT CERTIFICATES NAME PASSWORD [again]

Inside TLS the client binds and searches. Then both sides close TLS and the client searches in the clear; "again": it
binds in the clear first.
"""
import socket
import ssl
import sys

from ber import bind, elements, entry, message, read, result, search, tlv

STARTTLS = "1.3.6.1.4.1.1466.20037"
PEOPLE = "ou=people,dc=example,dc=org"
JONAS = "uid=jonas," + PEOPLE


def receive(sock):
    """Gives the next message as (ID, tag of its operation); None at the end. What an end sends here fits in a read."""
    data = b""
    while not (whole := read(data)):
        more = sock.recv(65536)
        if not more:
            return None
        data += more
    (_, number), (tag, _) = list(elements(whole[1]))[:2]
    return int.from_bytes(number, "big"), tag


def ask(sock, request):
    sock.sendall(request)
    receive(sock)


def client(address, port, folder, name, password, again=""):
    context = ssl.create_default_context(cafile=folder + "/ca.pem")
    login = tlv(0x80, password)
    with socket.create_connection((address, int(port)), 5) as sock:
        ask(sock, message(1, tlv(0x77, tlv(0x80, STARTTLS))))
        inside = context.wrap_socket(sock, server_hostname="ldap.example.org")
        ask(inside, bind(2, name, login))
        ask(inside, search(3, PEOPLE, 2, "uid", "jonas", "cn"))
        outside = inside.unwrap()
        if again:
            ask(outside, bind(4, name, login))
        ask(outside, search(5, PEOPLE, 2, "uid", "zoe", "cn"))
        outside.sendall(message(6, tlv(0x42)))


def server(address, port, folder, *_):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder + "/server.pem", folder + "/server.key")
    with socket.create_server((address, int(port))) as listener:
        sock, _ = listener.accept()
    while asked := receive(sock):
        number, tag = asked
        if tag == 0x60:
            sock.sendall(message(number, result(0x61, 0)))
        elif tag == 0x63:
            sock.sendall(message(number, entry(JONAS, cn="Jonas Okonkwo")) + message(number, result(0x65, 0)))
        elif tag == 0x77:
            sock.sendall(message(number, result(0x78, 0)))
            sock = context.wrap_socket(sock, server_side=True)
        else:
            return
        if number == 3:
            sock = sock.unwrap()


if __name__ == "__main__":
    {"client": client, "server": server}[sys.argv[1]](*sys.argv[2:])
