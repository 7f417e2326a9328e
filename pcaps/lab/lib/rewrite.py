#!/usr/bin/python3
"""Rewrites a classic pcap file: what no recorder on this machine would write.

rewrite.py KIND OLD NEW
  big-endian    the other byte order
  raw | null    the link header gone (raw IP), or a BSD loopback header in its place
  public        the client and the server get globally routable addresses, checksums mended
  cut=N         the file ends N octets before its end, in the middle of a packet
  apart=N       two taps, merged by time: the server's frames are N microseconds early
  keep-alive    the first frame comes twice, once as an octet of 00 in front of it, as Windows keeps a connection alive
  spread=N      each connection begins N seconds after the one before
"""
import ipaddress
import struct
import sys

SERVER = ipaddress.ip_address("10.39.0.5").packed
RAW, NULL = 101, 0
# From the lab to special-purpose addresses that IANA lists as globally reachable: nobody's host. Nothing is sent there.
ADDRESSES = {
    ipaddress.ip_address("10.39.0.7").packed: ipaddress.ip_address("192.31.196.7").packed,
    ipaddress.ip_address("10.39.0.5").packed: ipaddress.ip_address("192.175.48.5").packed,
}


def read(path):
    with open(path, "rb") as file:
        data = file.read()
    header, records, at = struct.unpack("<IHHiIII", data[:24]), [], 24
    while at < len(data):
        seconds, fraction, captured, length = struct.unpack("<IIII", data[at:at + 16])
        records.append((seconds, fraction, length, data[at + 16:at + 16 + captured]))
        at += 16 + captured
    return header, records


def write(path, header, records, order="<"):
    with open(path, "wb") as file:
        file.write(struct.pack(order + "IHHiIII", *header))
        for seconds, fraction, length, frame in records:
            file.write(struct.pack(order + "IIII", seconds, fraction, len(frame), length) + frame)


def relink(header, records, link):
    """Replaces the Ethernet header of IP packets; what is not IP goes."""
    out = []
    for seconds, fraction, length, frame in records:
        family = {b"\x08\x00": 2, b"\x86\xdd": 10}.get(frame[12:14])
        if family:
            head = struct.pack("<I", family) if link == NULL else b""
            out.append((seconds, fraction, length - 14 + len(head), head + frame[14:]))
    return (*header[:6], link), out


def total(data):
    value = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while value >> 16:
        value = (value & 0xFFFF) + (value >> 16)
    return ~value & 0xFFFF


def publish(frame):
    """Gives an IPv4 packet without options, or a fragment of one, its new addresses."""
    if frame[12:14] != b"\x08\x00":
        return frame
    old, new = frame[26:34], ADDRESSES[frame[26:30]] + ADDRESSES[frame[30:34]]
    head = frame[14:24] + b"\0\0" + new
    head = head[:10] + struct.pack("!H", total(head)) + head[12:]
    body = bytearray(frame[34:])
    if not int.from_bytes(frame[20:22], "big") & 0x1FFF:  # the first fragment has the transport header
        at = {6: 16, 17: 6}[frame[23]]
        # RFC 1624: the new checksum from the old one and what has changed.
        change = struct.pack("!H", ~int.from_bytes(body[at:at + 2], "big") & 0xFFFF) + bytes(b ^ 0xFF for b in old) + new
        body[at:at + 2] = struct.pack("!H", total(change))
    return frame[:14] + head + bytes(body)


def moved(record, microseconds):
    at = record[0] * 1000000 + record[1] + microseconds
    return (at // 1000000, at % 1000000, *record[2:])


def apart(records, microseconds):
    records = [moved(r, -microseconds) if r[3][26:30] == SERVER else r for r in records]
    return sorted(records, key=lambda r: r[:2])


def keep_alive(record):
    """Gives the octet that stands, acknowledged long ago, in front of an IPv4 frame's data."""
    frame = bytearray(record[3])
    tcp = 14 + 4 * (frame[14] & 15)
    frame = frame[:tcp + 4 * (frame[tcp + 12] >> 4)] + b"\0"
    frame[tcp + 4:tcp + 8] = struct.pack("!I", struct.unpack("!I", frame[tcp + 4:tcp + 8])[0] - 1 & 0xFFFFFFFF)
    frame[tcp + 13] = 0x10
    frame[tcp + 16:tcp + 18] = b"\0\0"
    ip = frame[14:tcp]
    ip[2:4], ip[10:12] = struct.pack("!H", len(frame) - 14), b"\0\0"
    frame[14:tcp] = ip[:10] + struct.pack("!H", total(ip)) + ip[12:]
    head = frame[26:34] + struct.pack("!HH", 6, len(frame) - tcp)
    frame[tcp + 16:tcp + 18] = struct.pack("!H", total(head + frame[tcp:] + b"\0" * (len(frame) - tcp & 1)))
    return (*moved(record, -200000)[:2], len(frame), bytes(frame))


def spread(records, seconds):
    ports = {}
    for record in records:
        frame = record[3]
        if frame[12:14] != b"\x08\x00" or frame[23] != 6:
            continue
        at = 34 if frame[26:30] != SERVER else 36
        nth = ports.setdefault(frame[at:at + 2], len(ports))
        yield moved(record, nth * seconds * 1000000)


def main(kind, old, new):
    header, records = read(old)
    kind, _, number = kind.partition("=")
    if kind == "big-endian":
        write(new, header, records, ">")
    elif kind in ("raw", "null"):
        write(new, *relink(header, records, {"raw": RAW, "null": NULL}[kind]))
    elif kind == "public":
        records = [r for r in records if r[3][12:14] == b"\x08\x00"]
        write(new, header, [(*r[:3], publish(r[3])) for r in records])
    elif kind == "apart":
        write(new, header, apart(records, int(number)))
    elif kind == "keep-alive":
        write(new, header, [keep_alive(records[0]), *records])
    elif kind == "spread":
        write(new, header, sorted(spread(records, int(number)), key=lambda r: r[:2]))
    elif kind == "cut":
        with open(old, "rb") as source, open(new, "wb") as target:
            target.write(source.read()[:-int(number)])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(*sys.argv[1:])
