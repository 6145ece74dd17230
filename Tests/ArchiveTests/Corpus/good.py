"""Odd but legitimate archives: every one must be accepted and restored exactly."""
import pathlib
import struct
import zlib

import rawtar as t
from damaged import sound_tar
from hostile import named, parents, path
from rawtar import (END, USTAR, directory, fifo, file, hardlink, header, longlink, longname, pax, sparse, sparse10, symlink)

ROOT = directory(b"./")
GOLDEN = pathlib.Path(__file__).with_name("golden")


def cases():
    """Yield (slug, note, gzip file, number of entries, options)."""

    def case(slug, note, body, entries, end=END, front=ROOT, **options):
        count = entries + (1 if front else 0)
        return slug, note, body if front is None else t.gzip(front + body + end), count, options

    for slug, name in (("dots-two-in-name", b"..foo"), ("dots-three", b"..."), ("dots-inside", b"a..b"), ("dots-at-end", b"foo.."),
                       ("backslash", b"a\\b"), ("backslash-dotdot", b"..\\..\\x"), ("newline", b"a\nb"), ("invalid-utf8", b"\xff\xfe\x80"),
                       ("overlong-utf8", b"\xc0\xae\xc0\xae"), ("nfd", "e\u0301".encode()), ("nfc", "\u00e9".encode()),
                       ("escape-codes", b"\x1b[31mred\x1b[0m"), ("space", b" "), ("dash", b"-rf"), ("colon", b"host:file"),
                       ("star", b"*"), ("tab-and-bell", b"\t\a"), ("drive-letter", b"C:evil"), ("tilde", b"~root")):
        yield case("name-" + slug, "a name that a careless reader changes", file(b"./" + name), 1)
    yield case("name-nfc-and-nfd", "two names that differ only in normalisation",
               file(b"./" + "e\u0301".encode()) + file(b"./" + "\u00e9".encode()), 2)
    yield case("name-case", "two names that differ only in case", file(b"./a") + file(b"./A"), 2)
    yield case("name-plain", "names without a leading ./", directory(b"d/") + file(b"d/f") + file(b"g"), 3, front=b"")
    yield case("name-dot-slash-dot", "extra slashes and dots", directory(b"./d//") + file(b".//d/./f"), 2)
    for size in (100, 155, 256, 4095):
        name = path(size)
        above = parents(name)
        count = name.count(b"/") + 1
        yield case(f"path-{size}-by-longname", "a long path by L", above + named(name, file), count, limits_path=size)
        yield case(f"path-{size}-by-pax", "a long path by pax", above + pax((b"path", name)) + file(b"short", magic=USTAR), count, limits_path=size)
    yield case("path-201-by-prefix", "a path by the ustar prefix", pax((b"path", b"p" * 100)) + directory(b"p", magic=USTAR)
               + file(b"q" * 100, magic=USTAR, prefix=b"p" * 100), 2)
    yield case("path-name-full", "a name of exactly 100 bytes, without a NUL", file(b"n" * 100), 1)
    yield case("component-255", "a component of 255 bytes", named(b"c" * 255, file), 1)
    deep = b"/".join([b"d"] * 512)
    yield case("depth-512", "512 components", parents(deep[:-2]) + named(deep[:-2], lambda n: directory(n + b"/"))
               + named(deep, file), 512)
    yield case("longname-without-nul", "a long name without the closing NUL", longname(b"n" * 120, terminator=b"") + file(b"n" * 100), 1)
    yield case("longname-and-longlink", "L and K for one entry, in both orders",
               longname(b"n" * 120) + longlink(b"t" * 120) + symlink(b"n" * 100, b"t" * 100)
               + longlink(b"t" * 120) + longname(b"m" * 120) + symlink(b"m" * 100, b"t" * 100), 2)
    yield case("longlink-4000", "a link target of 4000 bytes", longlink(path(4000)) + symlink(b"./l", b"p" * 100), 1)
    yield case("empty-file", "a file without content", file(b"./e", b""), 1)
    yield case("file-of-512", "a body of exactly one block", file(b"./e", bytes(512)), 1)
    yield case("file-of-headers", "a body that is itself a tar archive", file(b"./inner.tar", file(b"../x") + END), 1)
    yield case("type-nul", "a regular file of type NUL", file(b"./f", type=b"\0"), 1)
    yield case("base256-numbers", "uid, gid, size and mtime in base-256",
               file(b"./f", raw={108: t.base256(3_000_000, 8), 116: t.base256(2 ** 32 - 2, 8), 124: t.base256(5, 12), 136: t.base256(2 ** 33, 12)}), 1)
    yield case("mtime-negative", "a time before 1970", file(b"./f", mtime=-86400), 1)
    yield case("mtime-negative-pax", "the same by pax, with nanoseconds", pax((b"mtime", b"-1.5")) + file(b"./f", magic=USTAR), 1)
    yield case("mtime-nanoseconds", "pax times with nanoseconds",
               pax((b"mtime", b"1700000000.123456789"), (b"atime", b"1700000001.5"), (b"ctime", b"1700000002")) + file(b"./f", magic=USTAR), 1)
    yield case("pax-ids", "owner numbers by pax", pax((b"uid", b"4000000000"), (b"gid", b"12")) + file(b"./f", magic=USTAR), 1)
    yield case("pax-names", "user and group names that are no UTF-8", pax((b"uname", b"\xff\xfe"), (b"gname", b"g")) + file(b"./f", magic=USTAR), 1)
    yield case("pax-size-equal", "a pax size equal to the header's", pax((b"size", b"5")) + file(b"./f", magic=USTAR), 1)
    yield case("pax-newline-in-value", "a path with newline and =", pax((b"path", b"./a\n12 b=c\n")) + file(b"./f", magic=USTAR), 1)
    yield case("pax-comment", "a comment for one entry", pax((b"comment", b"hello")) + file(b"./f", magic=USTAR), 1)
    yield case("pax-xattr", "extended attributes, one with NUL and newline",
               pax((b"SCHILY.xattr.user.note", b"a\0b\nc"), (b"SCHILY.xattr.user.empty", b"")) + file(b"./f", magic=USTAR), 1)
    yield case("pax-xattr-32k", "an extended attribute of 32 KiB", pax((b"SCHILY.xattr.user.big", b"v" * 32768)) + file(b"./f", magic=USTAR), 1)
    yield case("pax-linkpath", "a link target by pax, not UTF-8", pax((b"linkpath", b"\xff" * 120)) + symlink(b"./l", b"x", magic=USTAR), 1)
    yield case("global-comment", "a global header with a comment, as git archive writes",
               pax((b"comment", b"0" * 40), type=b"g") + file(b"./f", magic=USTAR), 1)
    yield case("directory-repeated", "the same directory three times", directory(b"./d/") * 3 + file(b"./d/f") + directory(b"./d/") + ROOT, 6)
    yield case("directory-without-slash", "a directory entry whose name has no slash", directory(b"./d") + file(b"./d/f"), 2)
    yield case("hardlink", "a hard link to an earlier file", file(b"./f") + hardlink(b"./h", b"f"), 2)
    yield case("hardlink-to-hardlink", "a hard link to a hard link", file(b"./f") + hardlink(b"./g", b"./f") + hardlink(b"./h", b"./g"), 3)
    yield case("hardlink-to-symlink", "a hard-linked symlink, as GNU tar writes", symlink(b"./l", b"nowhere") + hardlink(b"./h", b"./l"), 2)
    yield case("hardlink-to-fifo", "a hard-linked fifo, as busybox writes", fifo(b"./p") + hardlink(b"./h", b"./p"), 2, host=False)
    yield case("hardlink-long", "a hard link to a long name",
               longname(b"n" * 120) + file(b"n" * 100) + longlink(b"n" * 120) + hardlink(b"./h", b"n" * 100), 2)
    yield case("symlink-dangling", "a link to nothing", symlink(b"./l", b"no/such/thing"), 1)
    yield case("symlink-self", "a link to itself", symlink(b"./l", b"l"), 1)
    yield case("symlink-newline", "a link target with newline and backslash", symlink(b"./l", b"a\n\\b"), 1)
    yield case("setuid", "setuid, setgid and sticky", file(b"./s", mode=0o6755) + directory(b"./t/", mode=0o1777), 2)
    yield case("mode-none", "a file nobody may read", file(b"./s", mode=0), 1)
    yield case("sparse", "old-GNU sparse, three chunks and a hole at the end", sparse(b"./s", [(512, 512), (4096, 512), (8192, 100), (1 << 20, 0)], 1 << 20), 1)
    yield case("sparse-extended", "old-GNU sparse with an extension block",
               sparse(b"./s", [(i * 2048, 512) for i in range(4)], 32768, extended=[(i * 2048, 512) for i in range(4, 12)] + [(32768, 0)]), 1)
    yield case("sparse-only-hole", "a sparse file that is one hole", sparse(b"./s", [(65536, 0)], 65536), 1)
    yield case("sparse10", "pax sparse 1.0", sparse10(b"./s", b"2\n512\n512\n8192\n512\n", t.noise(1024), 16384), 1)
    yield case("sparse10-only-hole", "pax sparse 1.0 that is one hole", sparse10(b"./s", b"1\n16384\n0\n", b"", 16384), 1)
    yield case("padding-10k", "zero blocks up to 10 KiB, as GNU tar writes", file(b"./f"), 1, end=bytes(10240 - 1536))
    yield case("padding-1m", "zero blocks up to 1 MiB (-b 2048)", file(b"./f"), 1, end=bytes((1 << 20) - 1536))
    yield case("ustar-magic", "POSIX magic, with names and device numbers", file(b"./f", magic=USTAR, uname=b"root", gname=b"root", major=0, minor=0), 1)
    yield case("only-root", "nothing but the root directory", b"", 0)
    yield case("many", "2000 entries", b"".join(file(b"./f%04d" % i, b"%d\n" % i) for i in range(2000)), 2000)

    # gzip: one member, made in other ways
    tar = sound_tar()
    level9 = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_FIXED)
    stored = zlib.compressobj(0, zlib.DEFLATED, -15)
    for slug, note, data in (
        ("gzip-fname", "a file name, as gzip FILE writes", t.gzip(tar, flg=8, extra=b"backup.tar\0", mtime=t.MTIME, os=3)),
        ("gzip-fextra", "an extra field, as dictzip writes", t.gzip(tar, flg=4, extra=struct.pack("<H", 6) + b"XX\2\0ab")),
        ("gzip-fcomment", "a comment, as pigz -C writes", t.gzip(tar, flg=16, extra=b"comment\0")),
        ("gzip-mtime", "a time and XFL 2, as gzip -9 from a pipe", t.gzip(tar, mtime=t.MTIME, xfl=2, os=3)),
        ("gzip-stored", "stored blocks only", t.gzip(tar, body=stored.compress(tar) + stored.flush())),
        ("gzip-fixed", "fixed Huffman codes only", t.gzip(tar, body=level9.compress(tar) + level9.flush())),
        ("gzip-regions", "full-flush regions, our own format", t.gzip(tar, body=b"".join(t.regions(tar, 4096)) + t.FINAL_BLOCK)),
        ("gzip-padded", "NULs behind the trailer, as bsdtar -czf writes", t.gzip(tar) + bytes(-len(t.gzip(tar)) % 10240)),
        ("gzip-padded-byte", "one NUL behind the trailer", t.gzip(tar) + b"\0"),
        ("gzip-empty-blocks", "a hundred empty blocks in front", t.gzip(tar, body=b"\0\0\0\xff\xff" * 100 + t.deflate(tar))),
    ):
        yield case(slug, note, data, 9, front=None)
    for name, entries, note in (
        ("gnu", 16, "GNU tar 1.34 --format=gnu -S --sort=name"),
        ("gnu-posix", 16, "GNU tar 1.34 --format=posix --xattrs -S --sort=name"),
        ("busybox", 16, "busybox 1.35 tar"),
        ("bsdtar-ustar", 9, "bsdtar 3.6.2 --format=ustar"),
        ("python-pax", 16, "Python 3.11 tarfile, PAX_FORMAT: hdrcharset=BINARY for the name that is no UTF-8"),
    ):
        yield case(f"made-by-{name}", note + ", then gzip -9n", (GOLDEN / f"{name}.tar.gz").read_bytes(), entries, front=None,
                   host=False)  # each holds a fifo
