#!/usr/bin/env python3
# quick: --count 3
"""A service that appends, replaces and deletes files all the time: 20 backups, each honest and each restorable.

With --docker in a real container (root); otherwise on the local runtime.
"""

import argparse
import json
import os
import subprocess
import sys

from acceptance import images, report, trees
from acceptance.cell import Cell, archives, binary, local
from acceptance.engine import Engine

WRITER = r"""
import os, random, sys, time
root, source = sys.argv[1], random.Random(7)
os.makedirs(root + "/work", exist_ok=True)
while True:
    name = f"{root}/work/busy-{source.randrange(60)}"
    choice = source.randrange(5)
    try:
        if choice == 0:
            with open(f"{root}/busy-log", "ab") as f: f.write(b"line of a log\n" * 200)
            if os.path.getsize(f"{root}/busy-log") > 30_000_000: os.truncate(f"{root}/busy-log", 0)
        elif choice == 1:
            with open(name + ".new", "wb") as f: f.write(source.randbytes(source.randrange(200_000)))
            os.rename(name + ".new", name)
        elif choice == 2:
            os.unlink(name)
        elif choice == 3:
            with open(name, "r+b") as f: f.truncate(100)
        else:
            os.makedirs(name + ".dir/sub", exist_ok=True); os.rmdir(name + ".dir/sub"); os.rmdir(name + ".dir")
    except OSError: pass
    if source.randrange(20) == 0: time.sleep(0.001)
"""


def body(result, scratch):
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--count", type=int, default=20)
    options.add_argument("--docker", action="store_true")
    chosen = options.parse_args()
    binary()
    if chosen.docker:
        engine = Engine(scratch)
        root = scratch.directory("root")
        images.gnu(root)
        engine.image("gnu", root)
        engine.start("cell-notes", "gnu", "sh", "-c", "trap 'exit 0' TERM; sleep infinity & wait",
                     volumes=[("notes", "/data/notes")])
        cell = Cell(scratch.directory("cell"), "runtime: docker\n", engine.environment)
        cell.service("notes")
        volume = engine.path("cell-notes", "/data/notes")
    else:
        cell = local(scratch.directory("cell"), {"notes": [("cell-notes", "/data/notes", "notes_data")]})
        volume = cell.local_volume("cell-notes", "/data/notes")
    trees.small(os.path.join(volume, "quiet"), 3, files=300)
    quiet = trees.state(os.path.join(volume, "quiet"))
    writer = subprocess.Popen([sys.executable, "-c", WRITER, volume])
    scratch.undo(lambda: (writer.kill(), writer.wait()))
    seen = {}
    for number in range(chosen.count):
        done = cell.backup()
        found = [(verdict, node) for _, name, verdict, node in archives(done.json) if name == "notes_data"]
        verdict = found[0][0] if found else None
        seen[verdict] = seen.get(verdict, 0) + 1
        result.tally(f"backup {number}: exit 0 and ok or warnings", done.status == 0 and verdict in ("ok", "warnings"),
                     done)
        if verdict == "warnings":
            named = any("busy-" in json.dumps(node) or "work" in json.dumps(node) for _, node in found)
            result.tally(f"backup {number}: warnings name the files", named, done)
    result.note(f"verdicts: {seen}")
    result.check("the service was still writing", writer.poll() is None)
    writer.kill()
    writer.wait()
    names = cell.published()
    result.check(f"{chosen.count} snapshots were published", len(names) == chosen.count, names)
    for name in names:
        archive = os.path.join(cell.backup_root, name, "service_data/notes/notes_data.tar.gz")
        if not result.tally(f"{name}: has the archive", os.path.isfile(archive)):
            continue
        done = cell.run("archive", "check", archive)
        result.tally(f"{name}: archive check", done.status == 0, done)
        target = os.path.join(scratch.path, f"to-{name}")
        done = cell.run("restore", name, "--to", target)
        result.tally(f"{name}: restore --to", done.status == 0, done)
        place = next((at for at, directories, _ in os.walk(target) if "quiet" in directories), None)
        same = place is not None and trees.state(os.path.join(place, "quiet")) == quiet
        result.tally(f"{name}: what nobody wrote to is restored to the byte", same, done)
        listed = subprocess.run(["tar", "tzf", archive], capture_output=True)
        result.tally(f"{name}: tar lists it", listed.returncode == 0, listed.stderr)
    done = cell.run("snapshots", "verify")
    result.check("all snapshots verify", done.status == 0, done)


if __name__ == "__main__":
    report.run("a service that never rests", body)
