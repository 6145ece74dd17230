"""Archives that are valid gzip with a right CRC, and break exactly one rule each."""
import rawtar as t
from rawtar import END, USTAR, device, directory, fifo, file, hardlink, header, longlink, longname, pax, sparse, sparse10, symlink

# What a reader that writes while it reads would leave behind before it meets the bad entry.
OPENING = directory(b"./") + file(b"./ok", b"fine\n")


def path(size, component=100):
    """A path of exactly `size` bytes whose components are at most `component` bytes long."""
    parts = []
    left = size
    while left > component:
        take = component if left > component + 1 else component - 1
        parts.append(b"p" * take)
        left -= take + 1
    return b"/".join(parts + [b"q" * left])


def parents(name):
    """Directory entries for everything above `name`, outermost first."""
    parts = name.split(b"/")[:-1]
    out = b""
    for i in range(1, len(parts) + 1):
        out += named(b"/".join(parts[:i]), lambda n: directory(n + b"/"))
    return out


def named(name, make):
    """`make(name)` with a GNU long name in front where the field is too short."""
    return make(name) if len(name) < 99 else longname(name) + make(name[:99])


def raw(offset, data, **fields):
    return file(b"./bad", raw={offset: data}, **fields)


def cases(canary):
    """Yield (slug, rule, note, tar stream or callable making the gzip file, options)."""
    absolute = canary.encode() + b"/absolute"
    victim = canary.encode() + b"/victim"

    def case(slug, rule, note, body, also=(), end=END, opening=OPENING, **options):
        data = body if callable(body) else opening + body + end
        return slug, rule, note, data, dict(options, also_accept=list(also))

    # names
    yield case("dotdot-first", "name.dotdot", "a file named ../outside/planted", file(b"../outside/planted"), escapes=True)
    yield case("dotdot-middle", "name.dotdot", "a .. that leaves through a directory of the archive",
               directory(b"./d/") + file(b"./d/../../outside/planted"), escapes=True)
    yield case("dotdot-inside", "name.dotdot", "a .. that stays inside is refused too",
               directory(b"./d/") + file(b"./d/../e"))
    yield case("dotdot-end", "name.dotdot", "a directory whose last component is ..", directory(b"./d/") + directory(b"./d/.."))
    yield case("dotdot-alone", "name.dotdot", "a directory named .. changes the parent's mode", directory(b"..", mode=0o777), escapes=True)
    yield case("dotdot-by-longname", "name.dotdot", "the long name has the .., the header is innocent",
               longname(b"../outside/planted") + file(b"./innocent"), escapes=True)
    yield case("dotdot-by-pax", "name.dotdot", "the pax path has the .., the header is innocent",
               pax((b"path", b"../outside/planted")) + file(b"./innocent", magic=USTAR), escapes=True)
    yield case("dotdot-by-prefix", "name.dotdot", "the ustar prefix has the ..",
               file(b"planted", magic=USTAR, prefix=b"../outside"), escapes=True)
    yield case("absolute", "name.absolute", "an absolute path", file(absolute), escapes=True)
    yield case("absolute-double-slash", "name.absolute", "two leading slashes", file(b"/" + absolute), escapes=True)
    yield case("absolute-by-longname", "name.absolute", "the long name is absolute", longname(absolute) + file(b"./innocent"), escapes=True)
    yield case("absolute-by-pax", "name.absolute", "the pax path is absolute",
               pax((b"path", absolute)) + file(b"./innocent", magic=USTAR), escapes=True)
    yield case("absolute-by-prefix", "name.absolute", "the ustar prefix is absolute",
               file(b"absolute", magic=USTAR, prefix=canary.encode()), escapes=True)
    yield case("absolute-root", "name.absolute", "the root directory itself", directory(b"/", mode=0o755))
    yield case("empty-name", "name.empty", "a file without a name", file(b""))
    yield case("dot-as-file", "name.empty", "a regular file named .", file(b"."), also=["tree.type-changed", "tree.duplicate"])
    yield case("nul-in-pax-path", "name.nul", "path=./a NUL /../../x: C readers see only ./a",
               pax((b"path", b"./a\0/../../x")) + file(b"./a", magic=USTAR), also=["pax.malformed"])
    yield case("nul-in-pax-linkpath", "name.nul", "linkpath with a NUL",
               pax((b"linkpath", b"ok\0more")) + symlink(b"./l", b"ok", magic=USTAR), also=["pax.malformed"])
    yield case("nul-in-longname", "name.nul", "a long name with a NUL in the middle",
               longname(b"./a\0/../../x") + file(b"./a"), also=["tar.name-after-nul"])
    yield case("path-4096", "name.too-long", "a path of 4096 bytes; 4095 is the limit",
               parents(path(4096)) + named(path(4096), file))
    yield case("component-256", "name.component-too-long", "a component of 256 bytes; 255 is the limit",
               named(b"c" * 256, file), also=["name.too-long"])
    yield case("component-256-by-pax", "name.component-too-long", "the same by pax",
               pax((b"path", b"./" + b"c" * 256)) + file(b"./c", magic=USTAR), also=["name.too-long"])
    deep = b"/".join([b"d"] * 513)
    yield case("depth-513", "name.too-deep", "513 components; 512 is the limit", parents(deep) + named(deep, file))

    # the tree
    yield case("below-symlink-relative", "tree.parent-not-directory", "a link to ../outside, then a file below the link",
               symlink(b"./l", b"../outside") + file(b"./l/planted"), escapes=True)
    yield case("below-symlink-absolute", "tree.parent-not-directory", "a link to an absolute directory, then a file below it",
               symlink(b"./l", canary.encode()) + file(b"./l/planted"), escapes=True)
    yield case("below-symlink-inside", "tree.parent-not-directory", "the link stays inside; refused all the same",
               directory(b"./d/") + symlink(b"./l", b"d") + file(b"./l/f"))
    yield case("below-symlink-chain", "tree.parent-not-directory", "two links that leave only together",
               symlink(b"./a", b".") + symlink(b"./b", b"a/../outside") + file(b"./b/planted"), escapes=True)
    yield case("below-hardlinked-symlink", "tree.parent-not-directory", "a hard link to a symlink, then a file below it",
               symlink(b"./l", b"../outside") + hardlink(b"./h", b"./l") + file(b"./h/planted"), escapes=True)
    yield case("below-file", "tree.parent-not-directory", "an entry below a regular file", file(b"./f") + file(b"./f/g"))
    yield case("below-fifo", "tree.parent-not-directory", "an entry below a fifo", fifo(b"./p") + file(b"./p/g"))
    yield case("dir-becomes-symlink", "tree.type-changed", "a directory replaced by a link to outside",
               directory(b"./d/") + symlink(b"./d", b"../outside"), also=["tree.duplicate"])
    yield case("symlink-becomes-dir", "tree.type-changed", "a link to outside, then a directory of that name",
               symlink(b"./l", b"../outside") + directory(b"./l/", mode=0o777), also=["tree.duplicate"], escapes=True)
    yield case("symlink-becomes-file", "tree.type-changed", "a link to a victim, then a file of that name",
               symlink(b"./l", victim) + file(b"./l", b"overwritten\n"), also=["tree.duplicate"], escapes=True)
    yield case("file-becomes-dir", "tree.type-changed", "a file, then a directory a/", file(b"./a") + directory(b"./a/"), also=["tree.duplicate"])
    yield case("file-becomes-fifo", "tree.type-changed", "a file, then a fifo", file(b"./a") + fifo(b"./a"), also=["tree.duplicate"])
    yield case("root-becomes-symlink", "tree.type-changed", "the archive's root as a link",
               symlink(b"./", b"../outside"), also=["tree.duplicate", "name.empty"])
    yield case("duplicate-file", "tree.duplicate", "the same path twice", file(b"./a", b"1") + file(b"./a", b"2"))
    yield case("duplicate-spelled-differently", "tree.duplicate", "./a and a are one path", file(b"./a", b"1") + file(b"a", b"2"))
    yield case("duplicate-by-slashes", "tree.duplicate", "d/a and .//d/.//a are one path",
               directory(b"./d/") + file(b"d/a", b"1") + file(b".//d/.//a", b"2"))
    yield case("duplicate-by-pax", "tree.duplicate", "the second name comes from a pax header",
               file(b"./a", b"1") + pax((b"path", b"./a")) + file(b"./b", b"2", magic=USTAR))
    yield case("duplicate-symlink", "tree.duplicate", "two links of one name", symlink(b"./l", b"ok") + symlink(b"./l", b"nowhere"))
    yield case("duplicate-directory-differs", "tree.duplicate", "a repeated directory with another mode",
               directory(b"./d/") + directory(b"./d/", mode=0o4777))
    yield case("hardlink-outside", "tree.hardlink-target", "a hard link to ../outside/victim",
               hardlink(b"./h", b"../outside/victim"), also=["name.dotdot"], escapes=True)
    yield case("hardlink-absolute", "tree.hardlink-target", "a hard link to an absolute path",
               hardlink(b"./h", victim), also=["name.absolute"], escapes=True)
    yield case("hardlink-absolute-by-longlink", "tree.hardlink-target", "the same target by a K header",
               longlink(victim) + hardlink(b"./h", b"./ok"), also=["name.absolute"], escapes=True)
    yield case("hardlink-absolute-by-pax", "tree.hardlink-target", "the same target by linkpath",
               pax((b"linkpath", victim)) + hardlink(b"./h", b"./ok", magic=USTAR), also=["name.absolute"], escapes=True)
    yield case("hardlink-later", "tree.hardlink-target", "a hard link to an entry that comes later", hardlink(b"./h", b"./f") + file(b"./f"))
    yield case("hardlink-missing", "tree.hardlink-target", "a hard link to nothing", hardlink(b"./h", b"./missing"))
    yield case("hardlink-directory", "tree.hardlink-target", "a hard link to a directory", directory(b"./d/") + hardlink(b"./h", b"./d"))
    yield case("hardlink-root", "tree.hardlink-target", "a hard link to the root", hardlink(b"./h", b"."), also=["name.empty"])
    yield case("hardlink-self", "tree.hardlink-target", "a hard link to itself", hardlink(b"./h", b"./h"))
    yield case("hardlink-through-symlink", "tree.hardlink-target", "a target below a link",
               symlink(b"./l", b"../outside") + hardlink(b"./h", b"./l/victim"), also=["tree.parent-not-directory"], escapes=True)
    yield case("hardlink-empty-target", "tree.hardlink-target", "a hard link without a target", hardlink(b"./h", b""), also=["name.empty"])

    # header fields
    yield case("checksum-bad", "tar.checksum", "the checksum is one too high", file(b"./bad", checksum="bad"))
    yield case("checksum-signed", "tar.checksum", "only the signed sum of old Suns is right", file(b"./b\xe9d", checksum="signed"))
    yield case("magic-unknown", "tar.magic", "neither ustar nor GNU", file(b"./bad", magic=b"uztar\x0000"))
    yield case("magic-mixed", "tar.magic", "POSIX magic with version 99", file(b"./bad", magic=b"ustar\x0099"))
    yield case("magic-gnu-with-prefix", "tar.magic", "GNU magic with bytes in POSIX's prefix: some readers prepend them",
               file(b"./planted", raw={345: b"../outside"}), also=["name.dotdot", "tar.name-after-nul"], escapes=True)
    yield case("magic-v7", "tar.magic", "a v7 header in an archive nobody recorded", file(b"./bad", magic=t.V7))
    for letter, what in ((b"V", "GNU volume label"), (b"M", "GNU continuation of another volume"), (b"N", "old GNU long names"),
                         (b"D", "GNU dump directory"), (b"A", "Solaris ACL"), (b"X", "Solaris extended header"),
                         (b"7", "contiguous file"), (b"Z", "unknown type"), (b"\xff", "unknown type, high bit"), (b"8", "unknown type 8")):
        slug = "type-" + (letter.decode() if letter < b"\x80" else "ff")
        body = t.record(b"path", b"../outside/planted") if letter == b"X" else b"x"
        yield case(slug, "tar.type", what, file(b"./bad", body, type=letter) + (file(b"./innocent") if letter == b"X" else b""))
    yield case("number-not-octal-size", "tar.number", "the digit 8 in the size", raw(124, b"00000000008\0", size=0, body=b""))
    yield case("number-letters-in-mode", "tar.number", "letters in the mode", raw(100, b"00rwx44\0"))
    yield case("number-trailing-garbage", "tar.number", "a digit, a NUL, then more", raw(108, b"0\0zzzzz\0"))
    yield case("number-minus", "tar.number", "a minus sign in the mtime", raw(136, b"-0000000001\0"))
    yield case("number-hexadecimal", "tar.number", "0x in the gid", raw(116, b"0x00001\0"))
    yield case("number-negative-size", "tar.number", "a size of -512 in base-256: some readers step back and loop",
               raw(124, t.base256(-512, 12), size=0, body=b""))
    yield case("number-overflow-size", "tar.number", "a size of 2^63", raw(124, t.base256(2 ** 63, 12), size=0, body=b""), also=["tar.truncated", "limit.bytes"])
    yield case("number-overflow-size-padding", "tar.number", "a size of 2^63-1: rounding it up to blocks overflows",
               raw(124, t.base256(2 ** 63 - 1, 12), size=0, body=b""), also=["tar.truncated", "limit.bytes"])
    yield case("number-size-beyond-64-bits", "tar.number", "a size of 2^70+1: 64-bit readers see 1",
               raw(124, t.base256(2 ** 70 + 1, 12), size=1, body=b"x"))
    yield case("number-uid-minus-one", "tar.number", "uid 2^32-1: chown(-1) changes nothing", file(b"./bad", uid=2 ** 32 - 1))
    yield case("number-gid-beyond", "tar.number", "gid 2^32: truncates to root", file(b"./bad", gid=2 ** 32))
    yield case("number-negative-uid", "tar.number", "uid -1 in base-256", file(b"./bad", raw={108: b"\xff" * 8}))
    yield case("number-pax-uid", "tar.number", "the same uid by pax",
               pax((b"uid", b"4294967295")) + file(b"./bad", magic=USTAR), also=["pax.malformed"])
    yield case("nul-after-name", "tar.name-after-nul", "bytes after the NUL in the name field", raw(50, b"../../etc"))
    yield case("nul-after-link", "tar.name-after-nul", "bytes after the NUL in the link field",
               symlink(b"./l", b"ok", raw={200: b"hidden"}))
    yield case("nul-after-prefix", "tar.name-after-nul", "bytes after the NUL in the ustar prefix",
               directory(b"./d/") + file(b"f", magic=USTAR, prefix=b"./d", raw={400: b"hidden"}))
    yield case("symlink-with-size", "tar.size-on-link", "a symlink with a body that hides an entry",
               symlink(b"./l", b"ok", size=512) + file(b"./hidden", b""), also=["tar.truncated"])
    yield case("hardlink-with-body", "tar.size-on-link", "a hard link with a body: libarchive's disk writer overwrote the target",
               hardlink(b"./h", b"./ok", size=5) + t.padded(b"data\n"))
    yield case("fifo-with-size", "tar.size-on-link", "a fifo with a body", fifo(b"./p", size=512) + file(b"./hidden", b""),
               also=["tar.body-on-directory"])
    yield case("directory-with-size", "tar.body-on-directory", "a directory with a body: readers disagree whether 512 bytes follow",
               directory(b"./d/", size=512) + file(b"./hidden", b""), also=["tar.size-on-link"])
    yield case("file-with-slash-and-body", "tar.body-on-directory", "a regular file d/ with a body: some call it a directory",
               file(b"./d/", bytes(512)), also=["tar.type"])
    yield case("file-with-linkname", "tar.linkname-on-file", "a regular file with a link name", file(b"./f", link=b"../outside/victim"))
    yield case("directory-with-linkname", "tar.linkname-on-file", "a directory with a link name", directory(b"./d/", link=b"../outside"))
    yield case("file-with-pax-linkpath", "tar.linkname-on-file", "linkpath on a regular file",
               pax((b"linkpath", b"../outside/victim")) + file(b"./f", magic=USTAR), also=["tar.extension-dangling"])
    yield case("file-with-longlink", "tar.linkname-on-file", "K in front of a regular file",
               longlink(b"../outside/victim") + file(b"./f"), also=["tar.extension-dangling"])
    yield case("truncated-in-header", "tar.truncated", "the stream ends within a header", file(b"./a")[:300], end=b"",
               also=["tar.end-missing"])
    yield case("truncated-in-body", "tar.truncated", "the stream ends within a body", header(b"./a", size=5000) + bytes(1024), end=b"")
    yield case("body-swallows-end", "tar.truncated", "the size claims the end of the archive", header(b"./a", size=1024) + END, end=b"",
               also=["tar.end-missing"])
    yield case("end-missing", "tar.end-missing", "no zero blocks at all", file(b"./a"), end=b"")
    yield case("end-half", "tar.end-missing", "one zero block", file(b"./a"), end=bytes(512), also=["tar.truncated"])
    yield case("end-single-then-entries", "tar.end-missing", "one zero block, then entries that most readers never see",
               bytes(512) + file(b"./hidden"), also=["tar.after-end", "tar.checksum", "tar.magic"])
    yield case("after-end-entry", "tar.after-end", "an entry after the end", END + file(b"./hidden"))
    yield case("after-end-archive", "tar.after-end", "a second archive after the end", END + OPENING)
    yield case("after-end-byte", "tar.after-end", "one byte far behind the end", END + bytes(8000) + b"x")
    yield case("empty", "tar.empty", "only the two zero blocks", b"", opening=b"")
    yield case("empty-long", "tar.empty", "10 KiB of zeros", bytes(9216), opening=b"")
    yield case("only-a-comment", "tar.empty", "a global comment and no entry", pax((b"comment", b"hi"), type=b"g"), opening=b"")

    # extension headers
    two = pax((b"path", b"./one"))
    yield case("two-x", "tar.extension-repeated", "two x headers for one entry",
               two + pax((b"path", b"./two")) + file(b"./three", magic=USTAR))
    yield case("two-L", "tar.extension-repeated", "two long names for one entry", longname(b"./one") + longname(b"./two") + file(b"./three"))
    yield case("two-K", "tar.extension-repeated", "two long link targets for one entry",
               longlink(b"one") + longlink(b"two") + symlink(b"./l", b"three"))
    yield case("L-K-L", "tar.extension-repeated", "a repeat with another header between",
               longname(b"./one") + longlink(b"t") + longname(b"./two") + symlink(b"./l", b"three"))
    yield case("L-then-x", "tar.extension-mixed", "a long name and a pax header", longname(b"./one") + two + file(b"./three", magic=USTAR))
    yield case("x-then-L", "tar.extension-mixed", "a pax header and a long name", two + longname(b"./one") + file(b"./three"))
    yield case("K-then-x", "tar.extension-mixed", "a long target and a pax header",
               longlink(b"one") + pax((b"linkpath", b"two")) + symlink(b"./l", b"three", magic=USTAR))
    yield case("dangling-L", "tar.extension-dangling", "a long name, then the end", longname(b"./one"))
    yield case("dangling-K", "tar.extension-dangling", "a long target, then the end", longlink(b"one"))
    yield case("dangling-x", "tar.extension-dangling", "a pax header, then the end", pax((b"path", b"./one")))
    yield case("x-then-g", "tar.extension-dangling", "a global header between a pax header and its entry",
               two + pax((b"comment", b"hi"), type=b"g") + file(b"./f", magic=USTAR), also=["tar.extension-mixed", "pax.global"])

    # pax records
    good = file(b"./f", magic=USTAR)
    for slug, note, records, also in (
        ("length-zero", "a length of 0", b"0 path=./x\n", ()),
        ("length-short", "a length that ends before the newline", b"9 path=./x\n", ()),
        ("length-long", "a length beyond the header's end", b"999 path=./x\n", ()),
        ("length-huge", "a length beyond 64 bits", b"99999999999999999999999 path=./x\n", ()),
        ("length-missing", "no length", b"path=./x\n", ()),
        ("length-negative", "a negative length", b"-13 path=./x\n", ()),
        ("length-plus", "a signed length", b"+13 path=./x\n", ()),
        ("no-equals", "no = in the record", b"11 path./x\n", ()),
        ("no-newline", "a record that ends in another byte", b"13 path=./xy!", ()),
        ("no-space", "no space after the length", b"12path=./xy\n", ()),
        ("empty-key", "a record without a key", b"5 =x\n", ("pax.key",)),
        ("trailing-bytes", "bytes behind the last record", t.record(b"comment", b"a") + b"junk", ()),
        ("trailing-nul", "NULs behind the last record", t.record(b"comment", b"a") + bytes(7), ()),
        ("mtime-letters", "a time that is no number", t.record(b"mtime", b"now"), ("tar.number",)),
        ("mtime-two-points", "a time with two points", t.record(b"mtime", b"1.2.3"), ("tar.number",)),
        ("mtime-exponent", "a time with an exponent", t.record(b"mtime", b"1e9"), ("tar.number",)),
        ("uid-negative", "a negative uid", t.record(b"uid", b"-1"), ("tar.number",)),
        ("gid-hexadecimal", "a hexadecimal gid", t.record(b"gid", b"0x10"), ("tar.number",)),
    ):
        yield case("pax-" + slug, "pax.malformed", note, pax(records) + good, also=also)
    for key, value in ((b"path", b"./x"), (b"mtime", b"1"), (b"uid", b"1"), (b"SCHILY.xattr.user.a", b"1")):
        slug = key.decode().split(".")[0].lower()
        yield case("pax-twice-" + slug, "pax.duplicate", "the key twice: readers take the first or the last",
                   pax((key, value), (key, b"./y" if key == b"path" else b"2")) + good)
    for slug, key, value in (("unknown", b"EVIL.key", b"1"), ("charset", b"hdrcharset", b"ISO-IR 8859 1 1998"),
                             ("volume", b"GNU.volume.filename", b"x"), ("dumpdir", b"GNU.dumpdir", b"Yx\0"),
                             ("filetype", b"SCHILY.filetype", b"sym")):
        yield case("pax-key-" + slug, "pax.key", "a key that changes what the entry is, or that nobody knows",
                   pax((key, value)) + good, also=["pax.malformed"])
    yield case("pax-size-larger", "pax.size-differs", "pax hides the next entry in the body",
               pax((b"size", b"1029")) + header(b"./f", size=5, magic=USTAR) + t.padded(b"data\n") + file(b"./hidden", magic=USTAR))
    yield case("pax-size-smaller", "pax.size-differs", "pax shows an entry that the header hides",
               pax((b"size", b"0")) + header(b"./f", size=512, magic=USTAR) + header(b"./hidden", magic=USTAR))
    yield case("pax-size-negative", "pax.size-differs", "a negative size", pax((b"size", b"-512")) + good,
               also=["pax.malformed", "tar.number"])
    yield case("pax-size-beyond-64-bits", "pax.size-differs", "a size of 2^64+5: wraps to the header's",
               pax((b"size", b"18446744073709551621")) + good, also=["pax.malformed", "tar.number"])
    yield case("pax-size-on-symlink", "pax.size-differs", "a size on a link by pax",
               pax((b"size", b"512")) + symlink(b"./l", b"ok", magic=USTAR) + file(b"./hidden", b"", magic=USTAR), also=["tar.size-on-link"])
    for key, value in ((b"path", b"../outside/planted"), (b"linkpath", b"../outside/victim"), (b"size", b"512"), (b"uid", b"0"),
                       (b"GNU.sparse.major", b"1"), (b"hdrcharset", b"BINARY")):
        yield case("global-" + key.decode().split(".")[0].lower(), "pax.global", "a global header that is more than a comment",
                   pax((key, value), type=b"g") + good, also=["pax.key"])
    yield case("global-malformed", "pax.malformed", "a global header that does not parse", pax(b"junk", type=b"g") + good, also=["pax.global"])

    # sparse maps
    yield case("sparse-overlap", "sparse.map", "two chunks overlap", sparse(b"./s", [(0, 1024), (512, 1024)], 4096))
    yield case("sparse-unordered", "sparse.map", "chunks out of order", sparse(b"./s", [(2048, 512), (0, 512)], 4096))
    yield case("sparse-beyond-size", "sparse.map", "a chunk behind the real size", sparse(b"./s", [(0, 512), (8192, 512)], 4096))
    yield case("sparse-body-too-long", "sparse.map", "the body is longer than the map says", sparse(b"./s", [(0, 512)], 4096, body=bytes(1024)))
    yield case("sparse-body-too-short", "sparse.map", "the body is shorter than the map says", sparse(b"./s", [(0, 1024)], 4096, body=bytes(512)))
    yield case("sparse-overflow", "sparse.map", "offset plus length overflows",
               sparse(b"./s", [(0, 512)], 4096, raw={410: t.base256(2 ** 63 - 256, 12) + t.octal(512, 12)}), also=["tar.number"])
    yield case("sparse-real-negative", "sparse.map", "a negative real size",
               sparse(b"./s", [(0, 512)], 4096, raw={483: t.base256(-1, 12)}), also=["tar.number"])
    yield case("sparse-extended-unordered", "sparse.map", "the extension block goes back",
               sparse(b"./s", [(0, 512), (1024, 512), (2048, 512), (3072, 512)], 8192, extended=[(512, 512)]))
    yield case("sparse10-no-count", "sparse.map", "pax 1.0: the map is no number", sparse10(b"./s", b"many\n0\n512\n", bytes(512), 4096))
    yield case("sparse10-overlap", "sparse.map", "pax 1.0: chunks overlap", sparse10(b"./s", b"2\n0\n512\n256\n512\n", bytes(1024), 4096))
    yield case("sparse10-beyond", "sparse.map", "pax 1.0: a chunk behind the real size", sparse10(b"./s", b"1\n8192\n512\n", bytes(512), 4096))
    yield case("sparse10-count-huge", "sparse.map", "pax 1.0: a count that would allocate gigabytes",
               sparse10(b"./s", b"99999999999\n0\n512\n", bytes(512), 4096), also=["limit.entries", "limit.header"])
    yield case("sparse10-body-long", "sparse.map", "pax 1.0: more data than the map", sparse10(b"./s", b"1\n0\n512\n", bytes(1024), 4096))
    yield case("sparse10-no-real-size", "sparse.map", "pax 1.0 without a real size",
               pax((b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"), (b"GNU.sparse.name", b"./s"))
               + file(b"./GNUSparseFile.0/s", t.padded(b"1\n0\n512\n") + bytes(512), magic=USTAR), also=["pax.malformed"])

    yield case("sparse00", "sparse.map", "GNU tar's pax form 0.0: the map in repeated records",
               pax((b"GNU.sparse.size", b"4096"), (b"GNU.sparse.numblocks", b"1"), (b"GNU.sparse.offset", b"0"),
                   (b"GNU.sparse.numbytes", b"512")) + file(b"./s", bytes(512), magic=USTAR))
    yield case("sparse01", "sparse.map", "GNU tar's pax form 0.1: the map in one record",
               pax((b"GNU.sparse.size", b"4096"), (b"GNU.sparse.numblocks", b"1"), (b"GNU.sparse.map", b"0,512"),
                   (b"GNU.sparse.name", b"./s")) + file(b"./GNUSparseFile.1/s", bytes(512), magic=USTAR))

    # names that an extension header overrides: who does not know it obeys them
    yield case("raw-dotdot-below-longname", "name.dotdot", "the long name is clean, the header's own has the ..",
               longname(b"./clean") + file(b"../outside/planted"))
    yield case("raw-dotdot-below-pax", "name.dotdot", "the pax path is clean, the header's own has the ..",
               pax((b"path", b"./clean")) + file(b"../outside/planted", magic=USTAR))
    yield case("raw-dotdot-in-prefix-below-pax", "name.dotdot", "the same in the ustar prefix",
               pax((b"path", b"./clean")) + file(b"planted", magic=USTAR, prefix=b"../outside"))
    yield case("raw-dotdot-below-sparse-name", "name.dotdot", "the name of a sparse file is clean, the header's own has the ..",
               pax((b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"), (b"GNU.sparse.name", b"./s"),
                   (b"GNU.sparse.realsize", b"4096")) + file(b"../outside/s", t.padded(b"1\n0\n512\n") + bytes(512), magic=USTAR))
    yield case("raw-absolute-below-longname", "name.absolute", "the long name is clean, the header's own is absolute",
               longname(b"./clean") + file(absolute))
    yield case("raw-dotdot-long-behind-dots", "name.dotdot", "a hundred bytes that lead to the parent",
               longname(b"./clean") + file(b"./" * 49 + b".."))
    yield case("raw-dotdot-link-below-pax", "name.dotdot", "a hard link's clean target covers one that leads outside",
               pax((b"linkpath", b"./ok")) + hardlink(b"./h", b"../outside/victim", magic=USTAR))
    yield case("raw-dotdot-in-x", "name.dotdot", "the extension header's own name leads outside: old readers make a file of it",
               file(b"../outside/planted", t.record(b"path", b"./clean"), type=b"x", magic=USTAR) + good)
    yield case("raw-absolute-in-g", "name.absolute", "a global header's own name is absolute",
               file(absolute, t.record(b"comment", b"hi"), type=b"g", magic=USTAR) + good)

    # limits
    yield case("longname-64k", "limit.header", "a long name of 64 KiB and one byte", longname(b"n" * 65536) + file(b"./n"),
               also=["name.too-long", "name.component-too-long"])
    yield case("pax-64k", "limit.header", "a pax comment of more than 64 KiB", pax((b"comment", b"c" * 70000)) + good)
    yield case("global-64k", "limit.header", "a global comment of more than 64 KiB", pax((b"comment", b"c" * 70000), type=b"g") + good,
               also=["pax.global"])
    yield case("pax-size-claim", "limit.header", "a pax header that claims 7 GiB and ends",
               header(b"./PaxHeaders/x", size=7 << 30, type=b"x", magic=USTAR), also=["tar.truncated", "limit.xattr"])
    yield case("xattr-1m", "limit.xattr", "an extended attribute of 1 MiB and one byte",
               pax((b"SCHILY.xattr.user.big", b"v" * (1 << 20) + b"v")) + good, also=["limit.header"])
    yield case("time-over-limit", "limit.time", "a second is needed where none is allowed", file(b"./a"), limits={"seconds": 0})
    yield case("zeros-behind-end", "limit.bytes", "1 GiB of zero blocks behind the end",
               lambda: t.run_member(OPENING + file(b"./a") + END, 0, 1 << 30, b""), also=["tar.after-end"], slow=True)
    yield case("sparse-real-size", "limit.bytes", "16 bytes that claim to be 4 EiB",
               sparse(b"./s", [(0, 16)], 1 << 62), also=["sparse.map", "tar.number"])
    yield case("entries-over-limit", "limit.entries", "300 entries where 100 are allowed",
               b"".join(file(b"./e%03d" % i, b"") for i in range(300)), limits={"entries": 100})
    yield case("bytes-over-limit", "limit.bytes", "1 MiB of content where 64 KiB are allowed",
               file(b"./big", t.noise(1 << 20)), limits={"bytes": 65536})

    # the host: sound archives that only an extraction onto the host refuses
    for slug, rule, note, body in (
        ("device-character", "host.device", "the memory device", device(b"./null", b"3", 1, 3)),
        ("device-block", "host.device", "the first disk", device(b"./disk", b"4", 8, 0)),
        ("fifo", "host.fifo", "a fifo: who opens it hangs", fifo(b"./pipe")),
        ("hardlinked-fifo", "host.fifo", "a fifo and its hard link", fifo(b"./pipe") + hardlink(b"./h", b"./pipe")),
        ("symlink-absolute", "host.link-outside", "a link to an absolute path", symlink(b"./l", victim)),
        ("symlink-dotdot", "host.link-outside", "a link to ../outside", symlink(b"./l", b"../outside/victim")),
        ("symlink-dotdot-deep", "host.link-outside", "a link that climbs once too often",
         directory(b"./d/") + symlink(b"./d/l", b"../../outside")),
        ("symlink-chain", "host.link-outside", "lexically inside; through the other link it leaves",
         directory(b"./d/") + directory(b"./d/e/") + symlink(b"./d/e/up", b"..") + symlink(b"./l", b"d/e/up/../../outside")),
    ):
        yield case("host-" + slug, rule, note, body, only="extract", also=["name.absolute"] if slug == "symlink-absolute" else [])

    # gzip around it
    yield case("gzip-in-gzip", "tar.magic", "a gzip file instead of a tar stream", lambda: t.gzip(t.gzip(OPENING + END)),
               also=["tar.checksum", "tar.truncated", "tar.number"])
    yield case("gzip-nested-fname", "tar.truncated", "4 GiB of file name, deflated three times: libarchive's bidding never ends",
               nested_fname, also=["tar.checksum", "tar.magic", "tar.number", "tar.end-missing"])
    yield case("gzip-fname-200k", "gzip.header", "a file name of 200 000 bytes",
               lambda: t.gzip(OPENING + END, flg=8, extra=b"A" * 200000 + b"\0"), also=["limit.header"])


def nested_fname():
    """A gzip header with an endless FNAME, deflated three times: libarchive unpacks each and peeks byte by byte.

    Only the outermost CRC is right; libarchive never looks at one.
    """
    inner = b"\x1f\x8b\x08\x08\0\0\0\0\0\xff"
    return t.gzip(t.gzip(t.run_member(inner, 0x41, 4 << 30, b"", crc=0)))
