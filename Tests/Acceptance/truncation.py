#!/usr/bin/env python3
# quick: --every 9
"""A fake `docker` that cuts the stream at every block and says all is well: never once ok.

Then one that exits 1, 2 and 137, hangs, and floods standard error. Needs neither root nor Docker.
"""

import argparse
import gzip
import json
import os
import shutil
import time

from acceptance import report, trees
from acceptance.cell import Cell, binary, verdicts
from acceptance.fake import FakeDocker, end_of_archive

SETTINGS = "runtime: docker\ntransport: exec\nstall_timeout: 1\n"
GOOD = ("ok", "warnings")


def volume(path):
    """A volume of a few dozen blocks: directories, an empty file, links, long names, contents."""
    os.makedirs(os.path.join(path, "a/b"))
    for name, size in (("empty", 0), ("one", 1), ("block", 512), ("more", 1300), ("a/b/deep", 3000), ("a/zz", 700)):
        with open(os.path.join(path, name), "wb") as file:
            file.write(b"x" * size)
    with open(os.path.join(path, "n" * 150), "w") as file:
        file.write("long name\n")
    os.symlink("t" * 120, os.path.join(path, "a/long-link"))
    os.link(os.path.join(path, "one"), os.path.join(path, "a/hard"))
    os.mkdir(os.path.join(path, "z-empty-dir"))


def cut_backups(result, cell, fake, end, every):
    """Cuts at every boundary before the end of the second zero block."""
    boundaries = range(0, end, 512 * every)
    statuses = {}
    for cut in boundaries:
        fake.order(create={"cut": cut})
        done = cell.backup()
        verdict = verdicts(done.json).get("data")
        statuses[(done.status, verdict)] = statuses.get((done.status, verdict), 0) + 1
        result.tally(f"a stream cut at {cut} of {end} is not ok", done.status in (1, 3) and verdict not in GOOD, done)
        result.tally(f"a stream cut at {cut} is not published as good", not_good(cell), done)
        reset(cell)
    result.check(f"{len(boundaries)} cuts of a backup were tried", len(boundaries) > 0)
    result.note(f"exit status and verdict: {statuses}")


def not_good(cell):
    """No snapshot directory holds the archive as ok, read from snapshot.json directly."""
    for name in cell.published():
        path = os.path.join(cell.backup_root, name, "snapshot.json")
        with open(path) as file:
            if verdicts(json.load(file)).get("data") in GOOD:
                return False
    return True


def reset(cell):
    shutil.rmtree(cell.backup_root, ignore_errors=True)


def cut_restores(result, cell, fake, path, every):
    """Lets the container's tar see only the first bytes of what a restore sends."""
    reset(cell)
    fake.order()
    done = cell.backup()
    if not result.check("an honest docker gives an ok backup", done.status == 0, done):
        return
    restored = trees.state(path)

    def change():
        with open(os.path.join(path, "changed-since"), "w") as file:
            file.write("must survive a failed restore\n")
        os.unlink(os.path.join(path, "block"))
        return trees.state(path)

    old = change()
    archive = next(os.path.join(at, name) for at, _, names in os.walk(cell.backup_root) for name in names
                   if name == "data.tar.gz")
    with gzip.open(archive) as file:
        end = end_of_archive(file.read())
    statuses = {}
    for swallow in (True, False):
        for cut in range(0, end, 512 * every):
            fake.order(extract={"cut": cut, "swallow": swallow})
            done = cell.run("restore", "latest", "--all", "--no-safety-snapshot")
            statuses[done.status] = statuses.get(done.status, 0) + 1
            now = trees.state(path)
            how = "rest swallowed" if swallow else "stream closed"
            if done.status == 0:
                # Only the archive's end was lost: every entry arrived, and the program has compared them all.
                result.tally(f"a restore cut at {cut} ({how}) that succeeds is equal", now == restored,
                             trees.state_difference(restored, now))
                old = change()
                continue
            result.tally(f"a restore cut at {cut} ({how}) fails", done.status in (1, 3), done)
            result.tally(f"a restore cut at {cut} ({how}) leaves the old volume", now == old,
                         trees.state_difference(old, now))
    result.check(f"{2 * len(range(0, end, 512 * every))} cuts of a restore were tried", True)
    result.note(f"exit status: {statuses}")
    fake.order()
    done = cell.run("restore", "latest", "--all", "--no-safety-snapshot")
    result.check("an honest docker then restores", done.status == 0, done)


def liars(result, cell, fake):
    """Exit statuses, a hang and a flood."""
    cases = [
        ("exits 1 without a word", {"exit": 1}, ("incomplete", "failed"), 20),
        ("exits 2", {"exit": 2, "stderr": "tar: ./one: Cannot open: Permission denied\n"
                                          "tar: Exiting with failure status due to previous errors\n"},
         ("incomplete",), 20),
        ("exits 2 without a word", {"exit": 2}, ("incomplete", "failed"), 20),
        ("exits 137", {"exit": 137}, ("incomplete", "failed"), 20),
        ("exits 137 in the middle", {"exit": 137, "cut": 2048}, ("incomplete", "failed"), 20),
        ("hangs from the start", {"hang": 0}, ("failed",), 25),
        ("hangs in the middle", {"hang": 2048}, ("failed",), 25),
        ("hangs after the last byte", {"hang": 1 << 30}, ("failed",), 25),
        ("floods stderr with 100 MB and exits 0", {"flood": 100_000_000}, ("incomplete", "failed"), 60),
        ("says something unknown and exits 0", {"stderr": "tar: the moon is full\n"}, ("incomplete", "failed"), 20),
    ]
    for name, order, wanted, seconds in cases:
        reset(cell)
        fake.order(create=order)
        began = time.monotonic()
        done = cell.backup(timeout=60)
        took = time.monotonic() - began
        verdict = verdicts(done.json).get("data")
        result.check(f"{name}: {verdict}, exit {done.status}, {took:.1f} s",
                     verdict in wanted and done.status in (1, 3) and took < seconds, done)
        result.check(f"{name}: said in few lines ({len(done.err)} bytes)", 0 < len(done.err) < 20_000, done.err[:500])
    reset(cell)
    fake.order()
    done = cell.backup()
    result.check("an honest docker afterwards: exit 0", done.status == 0, done)


def body(result, scratch):
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--every", type=int, default=1, help="try only every Nth boundary")
    every = options.parse_args().every
    binary()
    fake = FakeDocker(scratch.directory("bin"))
    path = os.path.join(scratch.directory("volumes"), "data")
    volume(path)
    cell = Cell(scratch.directory("cell"), SETTINGS, fake.environment)
    cell.service("notes", [("cell-notes", path, "data")])
    stream = os.path.join(scratch.path, "stream")
    fake.order(create={"record": stream})
    done = cell.backup()
    if not result.check("an honest docker gives an ok backup", done.status == 0
                        and verdicts(done.json).get("data") == "ok", done):
        return
    with open(stream, "rb") as file:
        end = end_of_archive(file.read())
    result.note(f"the stream's second zero block ends at {end}: {end // 512} boundaries")
    reset(cell)
    cut_backups(result, cell, fake, end, every)
    liars(result, cell, fake)
    cut_restores(result, cell, fake, path, every)


if __name__ == "__main__":
    report.run("truncated streams and lying tars", body)
