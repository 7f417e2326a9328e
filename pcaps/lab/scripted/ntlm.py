"""NTLMSSP messages (MS-NLMP 2.2.1), as Windows lays them out."""
import struct

UNICODE, TARGET, SIGN, SEAL, NTLM, ANONYMOUS = 0x1, 0x4, 0x10, 0x20, 0x200, 0x800
ALWAYS_SIGN, TARGET_DOMAIN, EXTENDED, TARGET_INFO, VERSION = 0x8000, 0x10000, 0x80000, 0x800000, 0x2000000
KEY128, KEY_EXCH, KEY56 = 0x20000000, 0x40000000, 0x80000000
COMMON = UNICODE | TARGET | NTLM | ALWAYS_SIGN | EXTENDED | VERSION | KEY128 | KEY56
WINDOWS = bytes.fromhex("0a00634500 00000f".replace(" ", ""))  # 10.0 build 17763, revision 15
CHALLENGE = bytes.fromhex("c1ea12b0a7d10405")


def wide(text):
    return text.encode("utf-16-le")


def buffers(head, tail, *values):
    """Puts values behind a header of fixed fields and the buffers that point at them."""
    at, fields, body = len(head) + 8 * len(values) + len(tail), b"", b""
    for value in values:
        fields += struct.pack("<HHI", len(value), len(value), at + len(body))
        body += value
    return fields, body


def negotiate(flags):
    return b"NTLMSSP\0" + struct.pack("<II", 1, COMMON | flags) + bytes(16) + WINDOWS


def challenge(flags):
    domain = wide("LAB")
    pairs = ((2, domain), (1, wide("DC1")), (4, wide("ad.example.org")), (3, wide("dc1.ad.example.org")),
             (7, bytes.fromhex("00803ed5deb1da01")), (0, b""))
    info = b"".join(struct.pack("<HH", kind, len(value)) + value for kind, value in pairs)
    flags |= COMMON | TARGET_DOMAIN | TARGET_INFO
    return (b"NTLMSSP\0" + struct.pack("<IHHI", 2, len(domain), len(domain), 56) + struct.pack("<I", flags) + CHALLENGE + bytes(8)
            + struct.pack("<HHI", len(info), len(info), 56 + len(domain)) + WINDOWS + domain + info)


def authenticate(flags, domain, user, workstation, lm, nt, key):
    values = (lm, nt, wide(domain), wide(user), wide(workstation), key)
    head = b"NTLMSSP\0" + struct.pack("<I", 3)
    tail = struct.pack("<I", COMMON | TARGET_INFO | flags) + WINDOWS + bytes(16)
    fields, body = buffers(head, tail, *values)
    return head + fields + tail + body
