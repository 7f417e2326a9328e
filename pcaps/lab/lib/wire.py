#!/usr/bin/python3
"""The lab's switch: carries frames between client and server, and copies them to a mirror port.

wire.py [options] CLIENT-NAMESPACE SERVER-NAMESPACE MIRROR-NAMESPACE

Makes lan0 in each namespace (TAP devices) and says "ready" when they are there. What it does to frames is told by
number, not by chance, so that a recording shows the same trouble every time. Frames that carry TCP data are counted
from 1 for each direction, c from the client and s from the server; "s3" is the third frame of data from the server.

On the way to the other side:
  --lose s3,s7      drop them; TCP sends them again
  --late s5         hold them back until the next has gone
  --twice c2        deliver them twice
  --fragment N      cut IPv4 packets of more than N octets into fragments, as a router with a small link does
  --backwards       and send the last of them first
On the way to the mirror port:
  --mirror-lose s4  leave them out: an overloaded mirror port
  --mirror-copies 2 one copy as it comes in and one as it goes out: a mirror of both ports
  --only c|s        one direction
  --wrap KIND[=N]   vlan, qinq, mpls, pppoe, gre, erspan2, erspan3, vxlan, geneve, ipip: how the copy is wrapped
"""
import argparse
import ctypes
import errno
import fcntl
import os
import select
import struct

CLONE_NEWNET, TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x40000000, 0x400454CA, 2, 0x1000
COLLECTOR = bytes([0x02, 0, 0, 0, 0, 0x99]) + bytes([0x02, 0, 0, 0, 0, 0x98])  # the tunnel's two ends
TUNNEL = bytes([10, 39, 9, 1]) + bytes([10, 39, 9, 2])


def tap(namespace):
    """Makes lan0 in a namespace; the file stays ours wherever we are."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/self/ns/net") as home, open("/run/netns/" + namespace) as there:
        if libc.setns(there.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns " + namespace)
        device = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH", b"lan0", IFF_TAP | IFF_NO_PI))
        if libc.setns(home.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns back")
    return device


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ipv4(protocol, addresses, payload, identifier=0):
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), identifier, 0, 64, protocol, 0) + addresses
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def carries_data(frame):
    """Whether an Ethernet frame holds a TCP segment with payload."""
    if frame[12:14] == b"\x08\x00" and frame[23] == 6:
        start = 14 + (frame[14] & 15) * 4
        end = 14 + int.from_bytes(frame[16:18], "big")
    elif frame[12:14] == b"\x86\xdd" and frame[20] == 6:
        start, end = 54, 54 + int.from_bytes(frame[18:20], "big")
    else:
        return False
    return end - start > (frame[start + 12] >> 4) * 4


def fragments(frame, limit):
    """Cuts an IPv4 packet that is longer than limit; everything else passes."""
    if frame[12:14] != b"\x08\x00" or len(frame) - 14 <= limit or frame[20] & 0x40:
        return [frame]
    head, body, step = frame[14:34], frame[34:], (limit - 20) // 8 * 8
    out = []
    for start in range(0, len(body), step):
        part = body[start:start + step]
        flags = start // 8 | (0x2000 if start + step < len(body) else 0)
        new = head[:2] + struct.pack("!H", 20 + len(part)) + head[4:6] + struct.pack("!H", flags) + head[8:10] + b"\0\0" + head[12:]
        out.append(frame[:14] + new[:10] + struct.pack("!H", checksum(new)) + new[12:] + part)
    return out


class Wrapper:
    """Wraps the mirror's copy of a frame."""

    def __init__(self, kind):
        self.kind, _, number = kind.partition("=")
        self.number = int(number or 10)
        self.sequence = 0

    def outer(self, protocol, payload):
        self.sequence += 1
        return COLLECTOR + b"\x08\x00" + ipv4(protocol, TUNNEL, payload, self.sequence & 0xFFFF)

    def udp(self, port, payload):
        return self.outer(17, struct.pack("!HHHH", 49152, port, 8 + len(payload), 0) + payload)

    def __call__(self, frame):
        macs, ethertype, packet, n = frame[:12], frame[12:14], frame[14:], self.number
        match self.kind:
            case "":
                return frame
            case "vlan":
                return macs + struct.pack("!HH", 0x8100, n) + ethertype + packet
            case "qinq":
                return macs + struct.pack("!HHHH", 0x88A8, n, 0x8100, n + 1) + ethertype + packet
            case "vxlan":
                return self.udp(4789, struct.pack("!BxxxI", 8, n << 8) + frame)
            case "geneve":
                return self.udp(6081, struct.pack("!BBHI", 0, 0, 0x6558, n << 8) + frame)
            case "erspan2":
                return self.outer(47, struct.pack("!HHIHHI", 0x1000, 0x88BE, self.sequence, 0x1000 | n, 1, 0) + frame)
            case "erspan3":
                return self.outer(47, struct.pack("!HHIHHIHH", 0x1000, 0x22EB, self.sequence, 0x2000 | n, 1, self.sequence, 0, 0) + frame)
        if ethertype != b"\x08\x00":  # the rest carries IPv4 only
            return None
        packet = packet[:int.from_bytes(packet[2:4], "big")]
        match self.kind:
            case "mpls":
                return macs + b"\x88\x47" + struct.pack("!II", 16 << 12 | 64, (n + 16) << 12 | 0x100 | 64) + packet
            case "pppoe":
                return macs + b"\x88\x64" + struct.pack("!BBHHH", 0x11, 0, n, len(packet) + 2, 0x0021) + packet
            case "gre":
                return self.outer(47, struct.pack("!HHI", 0x2000, 0x0800, n) + packet)
            case "ipip":
                return self.outer(4, packet)
        raise ValueError("no such wrap: " + self.kind)


def put(device, frame):
    """Sends a frame; a port that is not up yet takes none."""
    try:
        os.write(device, frame)
    except OSError as error:
        if error.errno != errno.EIO:
            raise


def numbers(text):
    return {(word[0], int(word[1:])) for word in text.split(",") if word}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--lose", "--late", "--twice", "--mirror-lose"):
        parser.add_argument(name, type=numbers, default=set())
    parser.add_argument("--fragment", type=int, default=0)
    parser.add_argument("--backwards", action="store_true")
    parser.add_argument("--mirror-copies", type=int, default=1)
    parser.add_argument("--only", default="")
    parser.add_argument("--wrap", type=Wrapper, default=Wrapper(""))
    parser.add_argument("client")
    parser.add_argument("server")
    parser.add_argument("mirror")
    args = parser.parse_args()
    ports = {"c": tap(args.client), "s": tap(args.server)}
    mirror = tap(args.mirror)
    other = {"c": "s", "s": "c"}
    count, held = {"c": 0, "s": 0}, {"c": [], "s": []}
    print("ready", flush=True)
    while True:
        readable, _, _ = select.select(list(ports.values()), [], [])
        for side in "cs":
            if ports[side] not in readable:
                continue
            frame = os.read(ports[side], 65536)
            number = None
            if carries_data(frame):
                count[side] += 1
                number = (side, count[side])
            out = [] if number in args.lose else [frame] * (2 if number in args.twice else 1)
            if number in args.late:
                held[side] += out
                continue
            if number:
                out, held[side] = out + held[side], []
            if args.fragment:
                out = [piece for whole in out for piece in fragments(whole, args.fragment)[::-1 if args.backwards else 1]]
            for whole in out:
                put(ports[other[side]], whole)
                copy = args.wrap(whole)
                if copy and number not in args.mirror_lose and args.only in ("", side):
                    for _ in range(args.mirror_copies):
                        put(mirror, copy)


if __name__ == "__main__":
    main()
