#!/usr/bin/python3
"""Sends LDAP messages octet by octet, all at once, or otherwise as no library would.

client.py [--udp] [--chunk N] [--pipeline] [--long] [--hide HOW] HOST PORT STEP...

Steps, each with its arguments:
  bind DN PASSWORD | sasl MECH [=HEX] | search BASE SCOPE ATTR=VALUE[,LIST] | compare DN ATTR VALUE
  abandon ID | unbind | ext OID [=HEX] | text STRING | hex OCTETS | wait SECONDS
A search for ATTR=* is a presence filter. --chunk sends N octets a segment, --pipeline everything in one segment,
--long every length in four octets (84 00 00 xx xx), --hide what RFC 4511 forbids: "id" negative message IDs, "tags" names as
UTF8String and integers as ENUMERATED, "length" operations that claim no length and have their contents behind their end.
"""
import argparse
import socket
import sys
import time


long_lengths = False
hide = ""


def tlv(tag, *parts):
    if hide == "tags":
        tag = {4: 0x0C, 2: 10}.get(tag, tag)
    return element(tag, *parts)


def element(tag, *parts):
    body = b"".join(p.encode() if isinstance(p, str) else p for p in parts)
    if long_lengths:
        return bytes([tag, 0x84]) + len(body).to_bytes(4, "big") + body
    if len(body) < 128:
        return bytes([tag, len(body)]) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + body


def message(identifier, operation):
    octets = identifier.to_bytes(identifier.bit_length() // 8 + 1, "big")
    if hide == "id":
        octets = (-identifier).to_bytes(4, "big", signed=True)
    if hide == "length":
        operation = operation[:1] + b"\0" + operation[2:]  # all of them are short
    return element(0x30, element(2, octets), operation)


def integer(value, tag=2):
    return tlv(tag, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def bind(name, password):
    return tlv(0x60, integer(3), tlv(4, name), tlv(0x80, password))


def sasl(mechanism, credentials):
    inner = [tlv(4, mechanism)]
    if credentials.startswith("="):
        inner.append(tlv(4, bytes.fromhex(credentials[1:])))
    return tlv(0x60, integer(3), tlv(4, ""), tlv(0xA3, *inner))


def search(base, scope, wanted):
    assertion, _, attributes = wanted.partition(",")
    name, _, value = assertion.partition("=")
    filter_ = tlv(0x87, name) if value == "*" else tlv(0xA3, tlv(4, name), tlv(4, value))
    listed = [tlv(4, a) for a in attributes.split(",") if a]
    scopes = {"base": 0, "one": 1, "sub": 2}
    return tlv(0x63, tlv(4, base), integer(scopes[scope], 10), integer(0, 10), integer(0), integer(0), tlv(1, b"\0"),
               filter_, tlv(0x30, *listed))


def compare(dn, attribute, value):
    return tlv(0x6E, tlv(4, dn), tlv(0x30, tlv(4, attribute), tlv(4, value)))


def ext(oid, value):
    return tlv(0x77, tlv(0x80, oid), *([tlv(0x81, bytes.fromhex(value[1:]))] if value else []))


# name: (number of arguments, builder, whether an answer follows)
OPERATIONS = {
    "bind": (2, bind, True),
    "sasl": (2, sasl, True),
    "search": (3, search, True),
    "compare": (3, compare, True),
    "ext": (2, ext, True),
    "abandon": (1, lambda i: tlv(0x50, int(i).to_bytes(1, "big")), False),
    "unbind": (0, lambda: tlv(0x42), False),
}


def messages(steps):
    """Yields (octets, whether to wait for an answer, seconds to rest before)."""
    identifier, steps = 0, list(steps)
    while steps:
        verb = steps.pop(0)
        if verb == "text":
            yield steps.pop(0).encode().decode("unicode_escape").encode(), True, 0
        elif verb == "hex":
            yield bytes.fromhex(steps.pop(0)), True, 0
        elif verb == "wait":
            yield b"", False, float(steps.pop(0))
        else:
            count, build, answered = OPERATIONS[verb]
            arguments, steps = steps[:count], steps[count:]
            identifier += 1
            yield message(identifier, build(*arguments)), answered, 0


def complete(data):
    """Whether data holds a message that ends an operation: any but an entry or a reference."""
    while len(data) >= 2:
        size, head = data[1], 2
        if size & 0x80:
            head += size & 0x7F
            size = int.from_bytes(data[2:head], "big")
        if len(data) < head + size:
            return False
        operation = data[head + 2 + data[head + 1]]
        if operation not in (0x64, 0x73):
            return True
        data = data[head + size:]
    return False


def send(sock, data, chunk):
    for start in range(0, len(data), chunk or len(data) or 1):
        sock.sendall(data[start:start + chunk] if chunk else data)
        if chunk:
            time.sleep(0.002)


def receive(sock, until):
    data = b""
    try:
        while not until(data):
            more = sock.recv(65536)
            if not more:
                break
            data += more
    except socket.timeout:
        pass
    return data


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--udp", action="store_true")
    parser.add_argument("--chunk", type=int, default=0)
    parser.add_argument("--pipeline", action="store_true")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--hide", default="", choices=["id", "tags", "length"])
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("steps", nargs="+")
    args = parser.parse_args()
    global long_lengths, hide
    long_lengths, hide = args.long, args.hide
    kind = socket.SOCK_DGRAM if args.udp else socket.SOCK_STREAM
    family = socket.getaddrinfo(args.host, args.port, type=kind)[0][0]
    with socket.socket(family, kind) as sock:
        sock.settimeout(1)
        sock.connect((args.host, args.port))
        if not args.udp:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if args.pipeline:
            send(sock, b"".join(m[0] for m in messages(args.steps)), args.chunk)
            receive(sock, lambda _: False)
            return
        for data, answered, rest in messages(args.steps):
            time.sleep(rest)
            send(sock, data, args.chunk)
            if answered:
                answer = receive(sock, complete if data[:1] == b"0" else (lambda d: len(d) > 0))
                print(len(answer), "octets of answer", file=sys.stderr)


if __name__ == "__main__":
    main()
