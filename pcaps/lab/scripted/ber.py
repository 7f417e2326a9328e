"""BER as Active Directory writes it: constructed elements with lengths of four octets, 84 00 00 xx xx."""


def tlv(tag, *parts):
    body = b"".join(p.encode() if isinstance(p, str) else p for p in parts)
    if tag & 0x20:
        return bytes([tag, 0x84]) + len(body).to_bytes(4, "big") + body
    if len(body) < 128:
        return bytes([tag, len(body)]) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + body


def integer(value, tag=2):
    return tlv(tag, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def message(identifier, *operation):
    return tlv(0x30, integer(identifier), *operation)


def read(data):
    """Gives (tag, body, rest) of the first element; None while it is not whole."""
    if len(data) < 2:
        return None
    size, head = data[1], 2
    if size & 0x80:
        head += size & 0x7F
        size = int.from_bytes(data[2:head], "big")
    if len(data) < head or len(data) < head + size:
        return None
    return data[0], data[head:head + size], data[head + size:]


def elements(body):
    while body:
        tag, inner, body = read(body)
        yield tag, inner


def result(tag, code, matched="", diagnostic="", *more):
    return tlv(tag, integer(code, 10), tlv(4, matched), tlv(4, diagnostic), *more)


def entry(dn, **attributes):
    listed = (tlv(0x30, tlv(4, name), tlv(0x31, tlv(4, value))) for name, value in attributes.items())
    return tlv(0x64, tlv(4, dn), tlv(0x30, *listed))


def bind(identifier, name, choice):
    return message(identifier, tlv(0x60, integer(3), tlv(4, name), choice))


def search(identifier, base, scope, attribute, value, *wanted):
    filter_ = tlv(0xA3, tlv(4, attribute), tlv(4, value)) if value != "*" else tlv(0x87, attribute)
    return message(identifier, tlv(0x63, tlv(4, base), integer(scope, 10), integer(0, 10), integer(0), integer(0), tlv(1, b"\0"),
                                   filter_, tlv(0x30, *(tlv(4, w) for w in wanted))))
