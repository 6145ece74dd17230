#!/usr/bin/env python3
# quick: --quick
"""Odd archives and odd files: holes of a tebibyte, files whose file system gives them no blocks, 600 directory levels,
names of 4095 bytes and more, zeros, NULs behind gzip's end, old forms of tar, and maps that claim exabytes.

Local runtime; root. The part with a FUSE file system needs /dev/fuse, fuse3 and python3-fusepy.
"""

import gzip
import io
import os
import random
import shutil
import signal
import subprocess
import sys
import tarfile
import time

from acceptance import blockless, report
from acceptance.cell import ROOT, archives, local

sys.path.insert(0, os.path.join(ROOT, "Tests/ArchiveTests/Corpus"))
import rawtar  # noqa: E402

TIB = 1 << 40


class Place:
    """A cell with one volume."""

    def __init__(self, scratch, name):
        self.cell = local(scratch.directory(name), {"notes": [("cell-notes", "/data", "data")]})
        self.volume = self.cell.local_volume("cell-notes", "/data")
        self.scratch = scratch

    def write(self, name, content):
        path = os.path.join(self.volume, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)
        return path

    def backup(self, **options):
        """The finished backup and the archive's record."""
        time.sleep(1.1)  # snapshots are named by the second
        done = self.cell.backup(**options)
        found = archives(done.json)
        return done, next((whole for _, name, _, whole in found if name == "data"), {})

    @property
    def snapshot(self):
        return self.cell.published()[-1]

    @property
    def archive(self):
        return os.path.join(self.cell.backup_root, self.snapshot, "service_data/notes/data.tar.gz")

    def with_tar(self, name):
        """From now on `tar` is another program: None for the system's own."""
        if name is None:
            self.cell.environment.pop("PATH", None)
            return
        tools = os.path.join(self.cell.path, "tools")
        os.makedirs(tools, exist_ok=True)
        link = os.path.join(tools, "tar")
        if not os.path.lexists(link):
            os.symlink(shutil.which(name), link)
        self.cell.environment["PATH"] = tools + ":" + os.environ["PATH"]


def stored(path, name):
    """The bytes of a file in an archive, as Python's own reader sees them."""
    with tarfile.open(path, "r:gz") as tar:
        return tar.extractfile(tar.getmember(name)).read()


def noise(size, seed=1):
    return random.Random(seed).randbytes(size)


def huge_holes(result, scratch):
    """A tebibyte with three pages in it: saved, verified, listed, compared and restored in seconds, as a hole."""
    place = Place(scratch, "holes")
    path = os.path.join(place.volume, "lastlog")
    pages = {0: noise(100), TIB // 2: noise(8000, 2), TIB - 7: b"the end"}

    def fill():
        with open(path, "wb") as file:
            file.truncate(TIB)
            for offset, data in pages.items():
                file.seek(offset)
                file.write(data)
        os.utime(path, (1, 1))

    fill()
    with open(os.path.join(place.volume, "nothing"), "wb") as file:
        file.truncate(3 << 30)
    place.write("small", b"beside it\n")
    done, record = place.backup(timeout=60)
    result.equal("a volume with a hole of 1 TiB is saved as ok", (done.status, record.get("verdict")), (0, "ok"))
    result.check("in seconds", done.seconds < 30, done.seconds)
    for words in (["snapshots", "verify", place.snapshot], ["archive", "check", place.archive], ["archive", "list", place.archive]):
        done = place.cell.run(*words, timeout=60)
        result.check(f"{' '.join(words[:2])} takes seconds", done.status == 0 and done.seconds < 30, done)
    out = os.path.join(scratch.path, "holes-out")
    done = place.cell.run("archive", "extract", "--to", out, place.archive, timeout=60)
    result.check("archive extract makes the hole a hole", done.status == 0 and is_hole(os.path.join(out, "lastlog")), done)
    first = place.snapshot
    with open(path, "r+b") as file:
        file.seek(TIB // 4)
        file.write(b"changed")
    place.write("small", b"changed\n")
    place.backup(timeout=60)
    done = place.cell.run("snapshots", "diff", first, place.snapshot, timeout=60)
    result.check("snapshots diff sees the change in the hole, in seconds", "lastlog" in done.out and done.seconds < 30, done)
    done = place.cell.run("restore", first, "--service", "notes", timeout=120)
    result.check("restore puts it back in seconds", done.status == 0 and done.seconds < 60, done)
    result.check("as a hole", is_hole(path))
    with open(path, "rb") as file:
        good = all((file.seek(offset), file.read(len(data)))[1] == data for offset, data in pages.items())
        file.seek(TIB // 4)
        result.check("with the bytes it had", good and file.read(7) == bytes(7))
    # A tar that keeps no holes would write a tebibyte of zeros.
    place.with_tar("busybox")
    before = os.stat(path).st_mtime_ns
    done = place.cell.run("restore", first, "--service", "notes", "--no-safety-snapshot", timeout=60)
    result.check("a restore by busybox is refused with a sentence that names the file",
                 done.status != 0 and "holes" in done.err + done.out and "lastlog" in done.err + done.out, done)
    result.equal("and nothing was changed", (os.stat(path).st_mtime_ns, place.cell.leftovers()), (before, []))


def is_hole(path):
    status = os.stat(path)
    return status.st_size == TIB and status.st_blocks * 512 < 1 << 20


def no_blocks(result, scratch):
    """A file system that gives data no blocks: GNU tar --sparse would save zeros."""
    if not blockless.usable():
        result.note("no FUSE here: the file system without blocks was not tried")
        return
    place = Place(scratch, "blocks")
    below = scratch.directory("below")
    blockless.mount(scratch, below, place.volume)
    secret = noise(100_000)
    place.write("dir/secret", secret)
    place.write("zeros", bytes(50_000))
    place.write("tiny", b"tiny")
    result.equal("the file system gives no blocks", os.stat(os.path.join(place.volume, "dir/secret")).st_blocks, 0)
    done, record = place.backup(timeout=60)
    result.equal("its volume is saved as ok", (done.status, record.get("verdict")), (0, "ok"))
    result.check("with the bytes of the files", stored(place.archive, "./dir/secret") == secret)
    place.write("dir/secret", b"overwritten")
    done = place.cell.run("restore", place.snapshot, "--service", "notes", timeout=60)
    result.check("a restore into it compares bytes, not holes", done.status == 0, done)
    with open(os.path.join(below, "dir/secret"), "rb") as file:
        result.check("and puts them back", file.read() == secret)
    place.write("large", b"not a hole")
    os.truncate(os.path.join(place.volume, "large"), 1 << 35)
    done, record = place.backup(timeout=60)
    result.equal("what is too large to be read again is not called ok", record.get("verdict"), "incomplete")
    result.check("and is named", "large" in (record.get("error") or ""), done)


def odd_names(result, scratch, tar):
    """600 levels, a component of 255 bytes at 4000 bytes, and everything else that must not suffer for it."""
    place = Place(scratch, f"names-{tar or 'gnu'}")
    place.with_tar(tar)
    place.write("aaa/first", b"first\n")
    place.write("zzz/last", noise(300_000))
    place.write("new\nline", b"newline\n")
    os.symlink("zzz/last", os.path.join(place.volume, "link"))
    done, record = place.backup(timeout=60)
    result.equal(f"{tar or 'GNU tar'}: without odd entries it is ok", record.get("verdict"), "ok")
    full = place.snapshot
    at = os.open(place.volume, os.O_RDONLY)
    for _ in range(600):
        os.mkdir("d" * 20, dir_fd=at)
        below = os.open("d" * 20, os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
    file = os.open("file", os.O_WRONLY | os.O_CREAT, 0o644, dir_fd=at)
    os.write(file, b"deep")
    os.close(file)
    os.close(at)
    done, record = place.backup(timeout=60)
    result.equal(f"{tar or 'GNU tar'}: 600 levels make it incomplete", record.get("verdict"), "incomplete")
    result.check("the error names what was left out", "d" * 20 in (record.get("error") or ""), done)
    result.check("all else is in the archive", record.get("file") and stored(place.archive, "./zzz/last") == noise(300_000))
    check = place.cell.run("archive", "check", place.archive)
    result.equal("the archive holds to every rule", check.status, 0)
    with gzip.open(place.archive) as stream:
        listed = subprocess.run(["tar", "-tf", "-"], input=stream.read(), capture_output=True)
    result.equal("and GNU tar reads it", (listed.returncode, listed.stderr), (0, b""))
    os.unlink(os.path.join(place.volume, "aaa/first"))
    done = place.cell.run("restore", place.snapshot, "--service", "notes", timeout=120)
    result.check("a restore of it wants --accept-incomplete", done.status != 0 and "--accept-incomplete" in done.err + done.out, done)
    if tar is None:  # busybox can't read such a volume whole, so there is nothing to compare
        dry = place.cell.run("restore", "latest", "--service", "notes", "--dry-run", timeout=120)
        result.check("latest means the last full one", full in dry.out + dry.err, dry)
    out = os.path.join(scratch.path, f"names-out-{tar}")
    done = place.cell.run("restore", place.snapshot, "--service", "notes", "--accept-incomplete", "--to", out, timeout=120)
    result.check("with it, the rest comes back", done.status == 0 and os.path.exists(os.path.join(out, "notes/data/aaa/first")), done)
    subprocess.run(["find", place.volume, "-depth", "-delete"], check=True)


def honest_zeros(result, scratch, megabytes):
    """Zeros that databases preallocate pack better than 250:1."""
    place = Place(scratch, "zeros")
    place.write("preallocated", bytes(megabytes << 20))
    done, record = place.backup()
    result.equal(f"{megabytes} MiB of zeros are saved as ok", record.get("verdict"), "ok")
    done = place.cell.run("archive", "check", place.archive)
    result.check("archive check reads the program's own archive", done.status == 0, done)
    alone = shutil.copy(place.archive, os.path.join(scratch.path, "zeros.tar.gz"))
    done = place.cell.run("archive", "check", alone)
    result.check("and a copy of it without a record", done.status == 0, done)
    with open(place.archive, "r+b") as file:
        file.seek(0, os.SEEK_END)
        file.write(bytes(100))
    done = place.cell.run("archive", "check", place.archive)
    result.check("NULs behind a recorded archive are another file than the recorded one",
                 done.status == 65 and "record.digest" in done.err, done)


def other_tools(result, scratch):
    """What bsdtar writes, and forms that no tar of today writes by itself."""
    cell = Place(scratch, "tools").cell
    work = scratch.directory("tree")
    with open(os.path.join(work, "file"), "wb") as file:
        file.write(noise(5000))

    def packed(name, command):
        path = os.path.join(scratch.path, name)
        subprocess.run(command.format(path=path, work=work), shell=True, check=True)
        return path

    padded = packed("bsd.tar.gz", "bsdtar -C {work} --format=gnutar -czf - . >{path}")
    with open(padded, "rb") as file:
        result.check("bsdtar pads behind gzip's end", file.read().endswith(bytes(512)))
    for words in (["check"], ["list"], ["extract", "--unrecorded", "--to", os.path.join(scratch.path, "bsd-out")]):
        done = cell.run("archive", *words, padded)
        result.check(f"archive {words[0]} reads it", done.status == 0, done)
    with open(os.path.join(work, "holes"), "wb") as file:
        file.write(b"x" * 4096)
        file.truncate(1 << 20)
    for form in ("0.0", "0.1"):
        path = packed(f"sparse{form}.tar.gz", f"tar -C {{work}} --format=posix --sparse --sparse-version={form} -czf {{path}} .")
        done = cell.run("archive", "check", path)
        result.check(f"a sparse file of form {form} is refused by name", done.status == 65 and f"form {form}," in done.err
                     and "--sparse-version=1.0" in done.err, done)
    path = packed("v7.tar.gz", "tar -C {work} --format=v7 -czf {path} .")
    done = cell.run("archive", "check", path)
    result.check("v7 is refused by name", done.status == 65 and "form v7" in done.err, done)
    for slug, stream in (("L", rawtar.longname(b"./clean") + rawtar.file(b"../x")),
                         ("pax", rawtar.pax((b"path", b"./clean")) + rawtar.file(b"../x", magic=rawtar.USTAR))):
        path = os.path.join(scratch.path, f"raw-{slug}.tar.gz")
        with open(path, "wb") as file:
            file.write(rawtar.gzip(rawtar.directory(b"./") + stream + rawtar.END))
        done = cell.run("archive", "check", path)
        result.check(f"../x below a clean {slug} name is refused", done.status == 65 and "name.dotdot" in done.err, done)


def claims(result, scratch):
    """Maps that claim a pebibyte in empty stretches, and an answer to SIGTERM wherever it comes."""
    cell = Place(scratch, "claims").cell
    count = 120_000
    text = b"%d\n" % count + b"".join(b"%d\n0\n" % (i << 32) for i in range(count))
    for slug, real, status in (("pebibyte", 1 << 50, 0), ("exabytes", (1 << 63) - 1, 65)):
        path = os.path.join(scratch.path, f"{slug}.tar.gz")
        with open(path, "wb") as file:
            file.write(rawtar.gzip(rawtar.directory(b"./") + rawtar.sparse10(b"./lastlog", text, b"", real) + rawtar.END))
        done = cell.run("archive", "check", path, timeout=60)
        result.check(f"{count} empty stretches of {real} bytes: exit {status} in seconds", done.status == status and done.seconds < 60, done)
        if status:
            result.check("the file is called by its own name", "lastlog" in done.err and "GNUSparseFile" not in done.err, done)
    path = os.path.join(scratch.path, "zeros-16g.tar.gz")
    with open(path, "wb") as file:
        file.write(rawtar.run_member(rawtar.directory(b"./") + rawtar.header(b"./z", size=16 << 30), 0, 16 << 30, rawtar.END, crc=0))
    process = cell.start("archive", "check", path)
    time.sleep(1.5)
    process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    process.communicate(timeout=60)
    result.check("archive check answers SIGTERM at once", process.returncode == 143 and time.monotonic() - began < 3,
                 (process.returncode, time.monotonic() - began))


def siblings(result, scratch):
    """Other things that an honest volume may hold, each with a file beside it that must be saved."""
    place = Place(scratch, "siblings")
    path = place.write("GNUSparseFile.19/lastlog", b"a plain file with that name")
    place.write("PaxHeaders/x", b"and one of this")
    place.write("..dots", b"dots")
    place.write("n" * 253 + "..", b"a name that fills its field with dots")
    place.write("o" * 97 + "..", b"and one whose hundredth byte is a dot")
    far = place.write("future", b"far")
    os.utime(far, (1 << 33, 1 << 33))
    before = place.write("past", b"past")
    os.utime(before, (-2_000_000_000, -2_000_000_000))
    owner = place.write("owner", b"owner")
    os.chown(owner, 4294967294, 4294967294)
    many = place.write("attributes", b"many attributes")
    for index in range(40):
        try:
            os.setxattr(many, f"user.{index}=%", b"v" * 60)
        except OSError:
            break
    with open(os.path.join(place.volume, "fragments"), "wb") as file:
        file.truncate(400 << 20)
        for index in range(20_000):
            file.seek(index * 20_480)
            file.write(b"x")
    done, record = place.backup(timeout=120)
    result.equal("odd but possible names, times, owners and attributes are saved as ok", record.get("verdict"), "ok")
    os.unlink(path)
    done = place.cell.run("restore", place.snapshot, "--service", "notes", timeout=120)
    result.check("and come back", done.status == 0 and os.path.exists(path) and int(os.stat(far).st_mtime) == 1 << 33, done)


def body(result, scratch):
    quick = "--quick" in sys.argv
    report.need("tar", "bsdtar", "busybox", root=True)
    for name, part in (("a hole of 1 TiB", huge_holes), ("a file system without blocks", no_blocks)):
        print(f"-- {name}")
        part(result, scratch)
    for tar in (None,) if quick else (None, "busybox"):
        print(f"-- odd names, {tar or 'GNU tar'}")
        odd_names(result, scratch, tar)
    print("-- zeros, other tools, claims, siblings")
    honest_zeros(result, scratch, 80 if quick else 300)
    other_tools(result, scratch)
    claims(result, scratch)
    siblings(result, scratch)


if __name__ == "__main__":
    report.run("odd archives and odd files", body)
