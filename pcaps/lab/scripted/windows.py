#!/usr/bin/python3
"""Answers LDAP as Active Directory does where no server of this laboratory can.

windows.py ADDRESS PORT REASON

Simple binds are refused with 49 and Active Directory's "data REASON", or accepted where REASON is "ok". Sicily binds
(MS-ADTS 5.1.1.1.3) get the list of packages, then the NTLM challenge where matchedDN stands, then the same verdict.
It does not know any password and does not ask whether one is right. A search finds jonas.
"""
import socketserver
import sys

import ntlm
from ber import elements, entry, message, read, result

PACKAGES, NEGOTIATE, RESPONSE = 0x89, 0x8A, 0x8B
REFUSED = "80090308: LdapErr: DSID-0C090439, comment: AcceptSecurityContext error, data {}, v4563\0"
JONAS = "CN=jonas,CN=Users,DC=ad,DC=example,DC=org"


def verdict(reason):
    return result(0x61, 0) if reason == "ok" else result(0x61, 49, "", REFUSED.format(reason))


def answer_bind(body, reason):
    choice = list(elements(body))[2][0]
    if choice == PACKAGES:
        return result(0x61, 0, "NTLM")
    if choice == NEGOTIATE:
        return result(0x61, 0, ntlm.challenge(0))
    return verdict(reason)


class Connection(socketserver.BaseRequestHandler):
    def handle(self):
        data = b""
        while more := self.request.recv(65536):
            data += more
            while whole := read(data):
                (_, number), (tag, body) = list(elements(whole[1]))[:2]
                data = whole[2]
                if not self.answer(int.from_bytes(number, "big"), tag, body):
                    return

    def answer(self, number, tag, body):
        if tag == 0x60:
            self.request.sendall(message(number, answer_bind(body, self.server.reason)))
        elif tag == 0x63:
            self.request.sendall(message(number, entry(JONAS, cn="jonas")) + message(number, result(0x65, 0)))
        elif tag == 0x77:
            self.request.sendall(message(number, result(0x78, 0)))
        return tag != 0x42


def main(address, port, reason):
    socketserver.ThreadingTCPServer.allow_reuse_address = True
    with socketserver.ThreadingTCPServer((address, int(port)), Connection) as server:
        server.reason = reason
        server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
