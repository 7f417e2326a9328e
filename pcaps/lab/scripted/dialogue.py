#!/usr/bin/python3
"""Plays one end of a fixed dialogue between a Windows client and a Windows server.

dialogue.py client|server ADDRESS PORT NAME [USER PASSWORD]

NAME: long-lengths      a simple bind; both ends write lengths of four octets, as in all of these
      ntlm-signed       GSS-SPNEGO with NTLM, SIGN without SEAL; signed-only buffers (MS-NLMP 3.4.4)
      ntlm-sealed       the same with SEAL, but the unbind, which Windows only signs
      rfc1964-signed    GSS-SPNEGO with Kerberos, tokens of RFC 1964 with SEAL_ALG FF FF (none)
      rfc1964-sealed    the same with SEAL_ALG 10 00 (RC4, RFC 4757)

Each end sends its lines and waits for the whole of the other's. Signatures of NTLM are computed; what only a KDC, a
domain controller or the holder of a key could make (tickets, proofs, Kerberos checksums) is made-up octets.
"""
import hashlib
import hmac
import random
import socket
import struct
import sys

import ntlm
from ber import bind, entry, integer, message, result, search, tlv

JONAS = "CN=jonas,CN=Users,DC=ad,DC=example,DC=org"
USERS = "CN=Users,DC=ad,DC=example,DC=org"
OID_SPNEGO = bytes.fromhex("06062b0601050502")
OID_NTLM = bytes.fromhex("060a2b06010401823702020a")
OID_KRB5 = bytes.fromhex("06092a864886f712010202")
OID_MS_KRB5 = bytes.fromhex("06092a864882f712010202")
made_up = random.Random(1964).randbytes  # the same at every recording


def der(tag, *parts):
    body = b"".join(parts)
    size = b"" if len(body) < 128 else len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag]) + (bytes([0x80 | len(size)]) + size if size else bytes([len(body)])) + body


def neg_init(token, *mechanisms):
    return der(0x60, OID_SPNEGO, der(0xA0, der(0x30, der(0xA0, der(0x30, *mechanisms)), der(0xA2, der(0x04, token)))))


def neg_resp(state, mechanism=b"", token=b""):
    parts = [der(0xA0, der(0x0A, bytes([state])))] if state is not None else []
    parts += [der(0xA1, mechanism)] if mechanism else []
    parts += [der(0xA2, der(0x04, token))] if token else []
    return der(0xA1, der(0x30, *parts))


def spnego_bind(number, token):
    return bind(number, "", tlv(0xA3, tlv(4, "GSS-SPNEGO"), tlv(4, token)))


def spnego_answer(number, code, token):
    return message(number, result(0x61, code, "", "", tlv(0x87, token)))


def work(first):
    """A search and a change after the login, as (side, message)."""
    mail = tlv(0x30, integer(2, 10), tlv(0x30, tlv(4, "mail"), tlv(0x31, tlv(4, "j.okonkwo@example.org"))))
    return (("client", search(first, USERS, 2, "sAMAccountName", "jonas", "cn")),
            ("server", message(first, entry(JONAS, cn="jonas")) + message(first, result(0x65, 0))),
            ("client", message(first + 1, tlv(0x66, tlv(4, JONAS), tlv(0x30, mail)))),
            ("server", message(first + 1, result(0x67, 0))),
            ("client", message(first + 2, tlv(0x42))))


def wrapped(lines, wrap):
    """Each message of work in a buffer of its own."""
    sequence = {"client": 0, "server": 0}
    for side, plain in lines:
        token = wrap(side, sequence[side], plain)
        sequence[side] += 1
        yield side, struct.pack(">I", len(token)) + token


def ntlm_layer(flags):
    key, last = made_up(16), message(5, tlv(0x42))

    def wrap(side, number, plain):
        way = b"client-to-server" if side == "client" else b"server-to-client"
        signing = hashlib.md5(key + b"session key to " + way + b" signing key magic constant\0").digest()
        mac = hmac.new(signing, struct.pack("<I", number) + plain, "md5").digest()[:8]
        if flags & ntlm.SEAL and plain != last:
            mac, plain = made_up(8), made_up(len(plain))
        return struct.pack("<I", 1) + mac + struct.pack("<I", number) + plain

    blob = b"\1\1" + bytes(6) + bytes.fromhex("00803ed5deb1da01") + made_up(8) + bytes(4) + bytes(8)
    answer = ntlm.authenticate(flags, "LAB", "mira", "WS1", bytes(24), made_up(16) + blob, b"")
    yield "client", spnego_bind(1, neg_init(ntlm.negotiate(flags), OID_NTLM))
    yield "server", spnego_answer(1, 14, neg_resp(1, OID_NTLM, ntlm.challenge(flags)))
    yield "client", spnego_bind(2, neg_resp(None, b"", answer))
    yield "server", spnego_answer(2, 0, neg_resp(0))
    yield from wrapped(work(3), wrap)


def ap_req():
    """RFC 4120 5.5.1 in the token of RFC 1964 1.1.1: realm and service are readable, the rest is sealed."""
    def number(value):
        return der(0x02, bytes([value]))

    def sealed(size):
        return der(0x30, der(0xA0, number(23)), der(0xA2, der(0x04, made_up(size))))

    names = der(0x30, *(der(0x1B, n) for n in (b"ldap", b"dc1.ad.example.org")))
    ticket = der(0x61, der(0x30, der(0xA0, number(5)), der(0xA1, der(0x1B, b"AD.EXAMPLE.ORG")),
                           der(0xA2, der(0x30, der(0xA0, number(2)), der(0xA1, names))), der(0xA3, sealed(180))))
    request = der(0x6E, der(0x30, der(0xA0, number(5)), der(0xA1, number(14)), der(0xA2, der(0x03, bytes.fromhex("0020000000"))),
                            der(0xA3, ticket), der(0xA4, sealed(120))))
    return der(0x60, OID_KRB5, b"\1\0", request)


def ap_rep():
    body = der(0x30, der(0xA0, der(0x02, b"\5")), der(0xA1, der(0x02, b"\x0f")),
               der(0xA2, der(0x30, der(0xA0, der(0x02, b"\x17")), der(0xA2, der(0x04, made_up(60))))))
    return der(0x60, OID_KRB5, b"\2\0", der(0x6F, body))


def rfc1964(seal):
    def wrap(_side, _number, plain):
        body = made_up(8) + plain + b"\1"  # confounder, message, padding (RFC 4757 7.3)
        if seal:
            body = made_up(len(body))
        algorithms = bytes.fromhex("1100") + (bytes.fromhex("1000") if seal else b"\xff\xff")
        return der(0x60, OID_KRB5, b"\2\1", algorithms, b"\xff\xff", made_up(8), made_up(8), body)

    yield "client", spnego_bind(1, neg_init(ap_req(), OID_MS_KRB5, OID_KRB5, OID_NTLM))
    yield "server", spnego_answer(1, 0, neg_resp(0, OID_MS_KRB5, ap_rep()))
    yield from wrapped(work(2), wrap)


def simple(user, password):
    yield "client", bind(1, user, tlv(0x80, password))
    yield "server", message(1, result(0x61, 0))
    yield from work(2)


DIALOGUES = {"long-lengths": simple,
             "ntlm-signed": lambda: ntlm_layer(ntlm.SIGN), "ntlm-sealed": lambda: ntlm_layer(ntlm.SIGN | ntlm.SEAL),
             "rfc1964-signed": lambda: rfc1964(False), "rfc1964-sealed": lambda: rfc1964(True)}


def play(side, sock, lines):
    for speaker, octets in lines:
        if speaker == side:
            sock.sendall(octets)
            continue
        while octets:
            more = sock.recv(len(octets))
            if not more:
                raise EOFError("the other end hung up")
            octets = octets[len(more):]


def main(side, address, port, name, *who):
    lines = list(DIALOGUES[name](*who))
    if side == "client":
        with socket.create_connection((address, int(port)), 5) as sock:
            play(side, sock, lines)
        return
    with socket.create_server((address, int(port))) as listener:
        sock, _ = listener.accept()
        with sock:
            play(side, sock, lines)


if __name__ == "__main__":
    main(*sys.argv[1:])
