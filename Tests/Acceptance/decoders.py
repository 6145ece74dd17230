#!/usr/bin/env python3
# quick:
"""Every published archive decodes to the same bytes with every decoder, and restores with tar and sha256sum alone."""

import gzip
import hashlib
import os
import subprocess
import tarfile

import compare
from acceptance import report, trees
from acceptance.cell import binary, local

PERL = ("use IO::Uncompress::Gunzip qw(gunzip $GunzipError); binmode STDOUT; "
        "gunzip($ARGV[0] => '-') or die $GunzipError;")
DECODERS = {
    "gzip": ["gzip", "-dc"],
    "pigz": ["pigz", "-dc"],
    "busybox gzip": ["busybox", "gzip", "-dc"],
    "busybox zcat": ["busybox", "zcat"],
    "perl IO::Uncompress::Gunzip": ["perl", "-e", PERL],
}
# bsdtar reads a name that is not UTF-8 from a pax header all the same, and says this about it.
BSDTAR_ALLOWED = {b"bsdtar: Pathname can't be converted from UTF-8 to current locale.",
                  b"bsdtar: Linkname can't be converted from UTF-8 to current locale.",
                  b"bsdtar: Error exit delayed from previous errors."}
SERVICES = {
    "notes": [("cell-notes", "/data/notes", "notes_data")],
    "files": [("cell-files", "/srv/one", "one"), ("cell-files", "/srv/two", "two")],
}


def digest(stream):
    """SHA-256 of a whole stream."""
    found = hashlib.sha256()
    while piece := stream.read(1 << 20):
        found.update(piece)
    return found.hexdigest()


def decode(result, archive, name):
    """One digest per decoder, all equal."""
    digests = {}
    for decoder, command in DECODERS.items():
        process = subprocess.Popen([*command, archive], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        found = digest(process.stdout)
        noise = process.stderr.read()
        digests[decoder] = found if process.wait() == 0 and not noise else f"exit {process.returncode}: {noise!r}"
    with gzip.open(archive) as stream:
        digests["python gzip"] = digest(stream)
    result.check(f"{name}: {len(digests)} decoders agree", len(set(digests.values())) == 1,
                 "\n".join(f"{d}: {h}" for d, h in digests.items()))
    with open(archive, "rb") as file:
        head = file.read(10)
    result.equal(f"{name}: one member, no flags, no time", (head[:4], head[4:8]), (b"\x1f\x8b\x08\x00", b"\0" * 4))


def listings(result, archive, name):
    """Every reader sees as many entries and the same contents; python's stream reader reads them all."""
    with open(archive, "rb") as file, tarfile.open(fileobj=file, mode="r|gz") as stream:
        seen = 0
        for entry in stream:
            seen += 1
            if entry.isreg():
                digest(stream.extractfile(entry))
    utf8 = {**os.environ, "LC_ALL": "C.UTF-8"}
    gnu = subprocess.run(["tar", "tzf", archive], capture_output=True)
    result.equal(f"{name}: tar tzf lists what tarfile r|gz reads ({seen} entries)",
                 (gnu.returncode, gnu.stderr, len(gnu.stdout.splitlines())), (0, b"", seen))
    bsd = subprocess.run(["bsdtar", "tzf", archive], capture_output=True, env=utf8)
    complaints = set(bsd.stderr.splitlines()) - BSDTAR_ALLOWED
    result.check(f"{name}: bsdtar lists them too", len(bsd.stdout.splitlines()) == seen and not complaints
                 and (bsd.returncode == 0 or bsd.stderr), bsd.stderr.decode(errors="replace"))
    contents = [hashlib.sha256(subprocess.run([*command, archive], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                              env=utf8).stdout).hexdigest()
                for command in (["tar", "-xOzf"], ["bsdtar", "-xOf"])]
    result.equal(f"{name}: bsdtar and tar read the same contents", contents[1], contents[0])


def by_hand(result, scratch, snapshot, archive, name, volume):
    """The restore that the documentation shows: sha256sum against snapshot.json, then tar."""
    done = subprocess.run(["sha256sum", archive], capture_output=True, text=True, check=True)
    with open(os.path.join(snapshot, "snapshot.json")) as file:
        result.check(f"{name}: sha256sum is what snapshot.json says", done.stdout.split()[0] in file.read())
    target = scratch.directory(f"by-hand-{name}")
    done = subprocess.run(["tar", "--xattrs", "--numeric-owner", "-C", target, "-xpzf", archive], capture_output=True)
    result.check(f"{name}: tar restores it", done.returncode == 0, done.stderr.decode(errors="replace"))
    found = [d for d in compare.differences(compare.listing(volume), compare.listing(target)) if d.kind != "s"]
    result.check(f"{name}: the tree restored by hand is the volume", not found, "\n".join(map(str, found)))


def body(result, scratch):
    binary()
    report.need("gzip", "pigz", "busybox", "bsdtar", "perl", "tar", "sha256sum")
    cell = local(scratch.directory("cell"), SERVICES)
    volumes = {}
    for entries in SERVICES.values():
        for seed, (container, path, name) in enumerate(entries):
            volumes[name] = cell.local_volume(container, path)
            trees.small(volumes[name], seed, files=120, largest=200_000)
    trees.awkward(volumes["one"])
    trees.real(volumes["two"], 40)
    done = cell.backup()
    if not result.check("backup exits 0", done.status == 0, done):
        return
    snapshot = os.path.join(cell.backup_root, cell.published()[-1])
    seen = 0
    for service, entries in SERVICES.items():
        for _, _, name in entries:
            archive = os.path.join(snapshot, "service_data", service, f"{name}.tar.gz")
            if not result.check(f"{name}: published", os.path.isfile(archive)):
                continue
            seen += 1
            result.note(f"{name}: {os.path.getsize(archive)} bytes")
            decode(result, archive, name)
            listings(result, archive, name)
            by_hand(result, scratch, snapshot, archive, name, volumes[name])
            done = cell.run("archive", "check", archive)
            result.check(f"{name}: archive check", done.status == 0, done)
    result.check("all archives were seen", seen == 3)


if __name__ == "__main__":
    report.run("other decoders", body)
