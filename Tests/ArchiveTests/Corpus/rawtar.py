"""Raw 512-byte tar headers and raw gzip members, built by hand so that every byte can be wrong on purpose.

Python 3.11, standard library only, deterministic: no clock, no random source, no file system.
"""
import hashlib
import struct
import zlib

BLOCK = 512
END = bytes(1024)
MTIME = 1_700_000_000
GNU = b"ustar  \0"
USTAR = b"ustar\00000"
V7 = bytes(8)


def octal(value, width):
    """An octal field of `width` bytes with a closing NUL; base-256 where octal can't hold the value."""
    if 0 <= value < 8 ** (width - 1):
        return b"%0*o\0" % (width - 1, value)
    return base256(value, width)


def base256(value, width):
    """GNU's binary number: the first byte 0x80 (positive) or 0xff (negative), the rest big-endian two's complement."""
    raw = bytearray((value % (1 << (8 * width))).to_bytes(width, "big"))
    raw[0] = 0xFF if value < 0 else raw[0] | 0x80
    return bytes(raw)


def header(name, size=0, type=b"0", mode=0o644, uid=0, gid=0, mtime=MTIME, link=b"", magic=GNU, uname=b"", gname=b"",
           major=None, minor=None, prefix=b"", raw=None, checksum="unsigned"):
    """One header block; `raw` maps an offset to bytes that overwrite the block before the checksum is made."""
    block = bytearray(BLOCK)

    def put(offset, data, width):
        if len(data) > width:
            raise ValueError(f"field at {offset} takes {width} bytes, not {len(data)}")
        block[offset:offset + len(data)] = data

    put(0, name, 100)
    put(100, octal(mode, 8), 8)
    put(108, octal(uid, 8), 8)
    put(116, octal(gid, 8), 8)
    put(124, octal(size, 12), 12)
    put(136, octal(mtime, 12), 12)
    put(156, type, 1)
    put(157, link, 100)
    put(257, magic, 8)
    put(265, uname, 32)
    put(297, gname, 32)
    if major is not None:
        put(329, octal(major, 8), 8)
        put(337, octal(minor, 8), 8)
    if prefix:
        put(345, prefix, 155)
    for offset, data in (raw or {}).items():
        block[offset:offset + len(data)] = data
    seal(block, checksum)
    return bytes(block)


def seal(block, checksum="unsigned"):
    """Write the checksum: unsigned as POSIX says, signed as old Suns did, or off by one."""
    block[148:156] = b" " * 8
    total = sum(block)
    if checksum == "signed":
        total = sum(b - 256 if b > 127 else b for b in block)
    elif checksum == "bad":
        total += 1
    block[148:156] = b"%06o\0 " % total


def padded(body):
    return body + bytes(-len(body) % BLOCK)


def file(name, body=b"data\n", **fields):
    fields.setdefault("size", len(body))
    return header(name, **fields) + padded(body)


def directory(name, **fields):
    return header(name, **({"type": b"5", "mode": 0o755} | fields))


def symlink(name, target, **fields):
    return header(name, **({"type": b"2", "mode": 0o777, "link": target} | fields))


def hardlink(name, target, **fields):
    return header(name, **({"type": b"1", "link": target} | fields))


def fifo(name, **fields):
    return header(name, **({"type": b"6"} | fields))


def device(name, type, major, minor, **fields):
    return header(name, type=type, major=major, minor=minor, **fields)


def longname(name, type=b"L", terminator=b"\0", **fields):
    """GNU's ././@LongLink: the next entry's name (L) or link target (K)."""
    return file(b"././@LongLink", name + terminator, type=type, mode=0, mtime=0, **fields)


def longlink(target, **fields):
    return longname(target, type=b"K", **fields)


def record(key, value):
    """One pax record; its length counts its own digits."""
    rest = b" " + key + b"=" + value + b"\n"
    length = len(rest) + 1
    while len(str(length)) + len(rest) != length:
        length += 1
    return str(length).encode() + rest


def pax(*records, type=b"x", **fields):
    """An extended header for the next entry; records are (key, value) pairs or raw bytes."""
    body = b"".join(r if isinstance(r, bytes) else record(*r) for r in records)
    return file(b"./PaxHeaders/x", body, type=type, magic=USTAR, **fields)


def sparse(name, chunks, real, body=None, extended=None, **fields):
    """An old-GNU sparse entry (type S): at most four chunks in the header, `extended` in one extra block."""
    body = b"".join(bytes([65 + i % 26]) * n for i, (_, n) in enumerate(chunks + (extended or []))) if body is None else body
    raw = {386 + 24 * i: octal(o, 12) + octal(n, 12) for i, (o, n) in enumerate(chunks)}
    raw[482] = b"\1" if extended else b"\0"
    raw[483] = octal(real, 12)
    head = header(name, type=b"S", size=len(body), raw=raw | fields.pop("raw", {}), **fields)
    if extended:
        extra = b"".join(octal(o, 12) + octal(n, 12) for o, n in extended)
        head += extra + bytes(BLOCK - len(extra))
    return head + padded(body)


def sparse10(name, map_text, data, real, extra=()):
    """A pax 1.0 sparse entry: the map stands in front of the data."""
    body = padded(map_text) + data
    return pax((b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"), (b"GNU.sparse.name", name),
               (b"GNU.sparse.realsize", str(real).encode()), *extra) + file(b"./GNUSparseFile.0/s", body, magic=USTAR)


def noise(size, seed=b"picjobs"):
    """Incompressible bytes, the same on every machine."""
    out = bytearray()
    counter = 0
    while len(out) < size:
        out += hashlib.sha256(seed + struct.pack(">Q", counter)).digest()
        counter += 1
    return bytes(out[:size])


# gzip --------------------------------------------------------------------------------------------------------------

def deflate(data, level=6, strategy=zlib.Z_DEFAULT_STRATEGY):
    c = zlib.compressobj(level, zlib.DEFLATED, -15, 9, strategy)
    return c.compress(data) + c.flush()


def gzip(data, flg=0, extra=b"", mtime=0, xfl=0, os=255, body=None, crc=None, length=None, magic=b"\x1f\x8b", method=8):
    """One gzip member; every field can be set to a wrong value."""
    head = magic + bytes([method, flg]) + struct.pack("<I", mtime) + bytes([xfl, os]) + extra
    return head + (deflate(data) if body is None else body) + trailer(data, crc, length)


def trailer(data, crc=None, length=None):
    return struct.pack("<II", zlib.crc32(data) if crc is None else crc,
                       (len(data) if length is None else length) & 0xFFFFFFFF)


def regions(data, size):
    """`data` as full-flush regions of `size` bytes: a list of independently decodable pieces, without the final block."""
    out = []
    for start in range(0, len(data), size):
        c = zlib.compressobj(6, zlib.DEFLATED, -15)
        out.append(c.compress(data[start:start + size]) + c.flush(zlib.Z_FULL_FLUSH))
    return out


FINAL_BLOCK = b"\x03\x00"  # an empty final block with fixed codes


def run_member(front, byte, count, back, chunk=1 << 20, crc=None):
    """A gzip member of `front`, `count` times `byte` and `back`: one region repeated, never held as a whole."""
    run = bytes([byte]) * chunk
    piece = regions(run, chunk)[0]
    full, rest = divmod(count, chunk)
    tail = run[:rest] + back
    if crc is None:
        crc = zlib.crc32(front)
        for _ in range(full):
            crc = zlib.crc32(run, crc)
        crc = zlib.crc32(tail, crc)
    ends = [regions(part, len(part))[0] if part else b"" for part in (front, tail)]
    body = ends[0] + piece * full + ends[1] + FINAL_BLOCK
    return (b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + body
            + struct.pack("<II", crc, (len(front) + count + len(back)) & 0xFFFFFFFF))
