"""Sound archives after an accident: cut, flipped, extended, glued together."""
import zlib

import rawtar as t
from rawtar import END, directory, file, hardlink, symlink

ANY = ["*"]  # A flip inside the deflate data may show up as anything; that it is refused is what counts.


def sound_tar():
    """Nine entries, small and large, compressible and not; 60 KiB."""
    return (directory(b"./") + file(b"./first", b"first\n") + directory(b"./d/") + file(b"./d/noise", t.noise(20000))
            + file(b"./d/text", b"the same line again\n" * 1500) + symlink(b"./d/link", b"noise") + hardlink(b"./d/hard", b"./first")
            + file(b"./empty", b"") + file(b"./last", b"last\n") + END)


def flip(data, position, mask=0x10):
    out = bytearray(data)
    out[position] ^= mask
    return bytes(out)


def cases():
    """Yield (slug, rule, note, gzip file, options)."""
    tar = sound_tar()
    whole = t.gzip(tar)
    size = len(whole)
    pieces = t.regions(tar, 8192)
    head = whole[:10]
    spliced = head + b"".join(pieces) + t.FINAL_BLOCK + t.trailer(tar)

    def case(slug, rule, note, data, also=()):
        return slug, rule, note, data, {"also_accept": list(also)}

    # cut short
    for length in (0, 1, 2, 5, 9):
        yield case(f"cut-{length}", "gzip.truncated", f"only {length} bytes of the gzip header", whole[:length], also=["gzip.header"])
    yield case("cut-10", "gzip.truncated", "only the gzip header", whole[:10])
    for percent in (1, 10, 25, 50, 75, 90, 99):
        yield case(f"cut-{percent:02}-percent", "gzip.truncated", f"cut after {percent} % of the file", whole[:max(11, size * percent // 100)])
    for missing in range(1, 9):
        yield case(f"cut-trailer-{missing}", "gzip.truncated", f"the last {missing} bytes of the trailer are missing", whole[:-missing])
    yield case("cut-last-deflate-byte", "gzip.truncated", "trailer and one byte of deflate data are missing", whole[:-9])
    yield case("cut-region", "gzip.truncated", "cut after a full-flush region", head + b"".join(pieces[:4]))
    yield case("cut-before-final-block", "gzip.truncated", "all regions, but neither final block nor trailer", head + b"".join(pieces))
    yield case("hole-in-front", "gzip.header", "the first 512 bytes are missing", whole[512:])
    yield case("hole-in-middle", "gzip.crc", "4 KiB are missing in the middle", whole[:8192] + whole[12288:], also=ANY)
    yield case("zeroed-block", "gzip.crc", "a 512-byte sector was read as zeros", whole[:4096] + bytes(512) + whole[4608:], also=ANY)
    yield case("zeroed-tail", "gzip.data", "the second half was never written", whole[:size // 2] + bytes(size - size // 2), also=ANY)

    # flipped bits
    for position in (0, 1):
        yield case(f"flip-magic-{position}", "gzip.header", "a flipped bit in the magic", flip(whole, position))
    yield case("flip-method", "gzip.header", "the method is not deflate", flip(whole, 2))
    for bit in (5, 6, 7):
        yield case(f"flip-reserved-{bit}", "gzip.header", f"reserved flag bit {bit}", flip(whole, 3, 1 << bit))
    yield case("flip-flag-fextra", "gzip.header", "FEXTRA without an extra field: its length is deflate data", flip(whole, 3, 4), also=ANY)
    yield case("flip-flag-fname", "gzip.data", "FNAME without a name: deflate data is taken for one", flip(whole, 3, 8), also=ANY)
    yield case("flip-flag-fhcrc", "gzip.header", "FHCRC without a header CRC", flip(whole, 3, 2), also=ANY)
    for index, position in enumerate((10, 11, 100, size // 4, size // 3, size // 2, size * 3 // 4, size - 20, size - 9)):
        yield case(f"flip-deflate-{index}", "gzip.crc", f"a flipped bit at byte {position}", flip(whole, position), also=ANY)
    for position in (-8, -7, -5):
        yield case(f"flip-crc{position}", "gzip.crc", "a flipped bit in the CRC", flip(whole, position))
    for position in (-4, -1):
        yield case(f"flip-length{position}", "gzip.length", "a flipped bit in the length", flip(whole, position, 1))
    yield case("flip-region", "gzip.crc", "a flipped bit inside a full-flush region", flip(spliced, len(spliced) // 2), also=ANY)
    yield case("wrong-crc", "gzip.crc", "the CRC of other data", t.gzip(tar, crc=0xDEADBEEF))
    yield case("wrong-length", "gzip.length", "the length is one too high", t.gzip(tar, length=len(tar) + 1))
    yield case("zero-trailer", "gzip.crc", "CRC and length are 0", whole[:-8] + bytes(8))

    # wrong pieces
    yield case("regions-swapped", "gzip.crc", "two regions changed places: the length is right",
               head + pieces[0] + pieces[2] + pieces[1] + b"".join(pieces[3:]) + t.FINAL_BLOCK + t.trailer(tar), also=ANY)
    yield case("region-missing", "gzip.crc", "one region is missing", head + b"".join(pieces[:2] + pieces[3:]) + t.FINAL_BLOCK + t.trailer(tar), also=ANY)
    yield case("region-twice", "gzip.crc", "one region is there twice",
               head + b"".join(pieces[:2] + pieces[1:]) + t.FINAL_BLOCK + t.trailer(tar), also=ANY)
    yield case("trailer-of-another", "gzip.crc", "the trailer belongs to another archive", whole[:-8] + t.trailer(tar[:-1] + b"x"))

    # too much
    yield case("trailing-garbage", "gzip.trailing", "text behind the trailer", whole + b"garbage")
    yield case("trailing-byte", "gzip.trailing", "one byte behind the trailer", whole + b"\x1f")
    yield case("trailing-zeros-and-byte", "gzip.trailing", "zeros and one other byte behind the trailer", whole + bytes(5000) + b"x")
    yield case("trailing-zeros-32m", "gzip.trailing", "32 MiB of zeros behind the trailer", whole + bytes(32 << 20))
    yield case("second-member", "gzip.trailing", "a second gzip member with another archive", whole + whole)
    yield case("second-member-empty", "gzip.trailing", "an empty second member", whole + t.gzip(b""))
    yield case("second-member-cut", "gzip.trailing", "half of a second member", whole + whole[:size // 2])
    yield case("two-halves", "gzip.trailing", "one archive in two members (pigz -i, cat): Python r|gz stops early",
               t.gzip(tar[:30720]) + t.gzip(tar[30720:]), also=["tar.truncated", "tar.end-missing"])
    yield case("leading-zero", "gzip.header", "one byte in front", b"\0" + whole)
    yield case("not-gzip-tar", "gzip.header", "the tar itself, not compressed", tar)
    yield case("not-gzip-zlib", "gzip.header", "a zlib stream", zlib.compress(tar))
    yield case("not-gzip-bzip2", "gzip.header", "a bzip2 file's magic", b"BZh91AY&SY" + t.noise(500))
    yield case("not-gzip-zstd", "gzip.header", "a zstd file's magic", b"\x28\xb5\x2f\xfd" + t.noise(500))
    yield case("not-gzip-xz", "gzip.header", "an xz file's magic", b"\xfd7zXZ\0" + t.noise(500))
    yield case("only-zeros", "gzip.header", "a file of zeros", bytes(4096))

    # optional header fields that do not hold together
    yield case("header-fextra-beyond", "gzip.header", "an extra field that is longer than the file",
               t.gzip(tar[:1536], flg=4, extra=b"\xff\xff"), also=["gzip.truncated"])
    yield case("header-fname-endless", "gzip.truncated", "a file name without an end", t.gzip(b"", flg=8, extra=b"A" * 1000, body=b"")[:-8],
               also=["gzip.header"])
    yield case("header-fhcrc-wrong", "gzip.header", "a header CRC that is wrong", t.gzip(tar, flg=2, extra=b"\0\0"))

    # the right CRC around a cut tar: what a stopped container or a full disk leaves
    for slug, end in (("entry", 512), ("second-entry", 1536), ("before-noise", 2048)):
        yield case(f"recompressed-at-{slug}", "tar.end-missing", f"cut at the entry boundary {end}, compressed with a right CRC", t.gzip(tar[:end]))
    yield case("recompressed-no-end", "tar.end-missing", "everything but the two zero blocks", t.gzip(tar[:-1024]))
    yield case("recompressed-half-end", "tar.end-missing", "only one zero block", t.gzip(tar[:-512]), also=["tar.truncated"])
    yield case("recompressed-odd-end", "tar.end-missing", "one and a half zero blocks", t.gzip(tar[:-256]), also=["tar.truncated"])
    for slug, end in (("header", 2048 + 100), ("body", 2560 + 3000), ("body-block", 2560 + 5120), ("padding", 2560 + 20000)):
        yield case(f"recompressed-in-{slug}", "tar.truncated", f"cut within a {slug}, compressed with a right CRC", t.gzip(tar[:end]),
                   also=["tar.end-missing"])
    yield case("recompressed-nothing", "tar.empty", "an empty stream with a right CRC", t.gzip(b""),
               also=["tar.end-missing", "tar.truncated"])
    yield case("tar-flip-name", "tar.checksum", "a flipped bit in a name, CRC right", t.gzip(flip(tar, 512 + 3)))
    yield case("tar-flip-checksum", "tar.checksum", "a flipped bit in a checksum, CRC right", t.gzip(flip(tar, 512 + 150, 1)), also=["tar.number"])
    yield case("tar-flip-end", "tar.after-end", "a flipped bit in the second zero block, CRC right", t.gzip(flip(tar, len(tar) - 300)),
               also=["tar.end-missing", "tar.checksum"])
    yield case("tar-shifted", "tar.checksum", "one byte lost in a body: every later header is shifted",
               t.gzip(tar[:3000] + tar[3001:]), also=["tar.magic", "tar.number", "tar.truncated"])
    yield case("tar-appended", "tar.after-end", "tar -A without tar: two archives glued together", t.gzip(tar + tar))
