#!/usr/bin/env python3
# quick:
"""Every hostile and damaged archive of the corpus as the archive of a snapshot that is signed: restore refuses it.

Its SHA-256 and sizes are recorded and the record is signed with the cell's own key, so that nothing but the rules for
archives stands between the file and the volume. Local runtime.
"""

import hashlib
import hmac
import json
import os
import re
import shutil
import subprocess
import sys

from acceptance import report, trees
from acceptance.cell import ROOT, local

ARCHIVE = "service_data/notes/data.tar.gz"


def sign(cell, document):
    """The bytes of snapshot.json as docs/snapshot-format.md says."""
    with open(os.path.join(cell.path, "data/keys/snapshot.key")) as file:
        key = bytes.fromhex(file.read().split()[1])
    document["authentication"]["hmac_sha256"] = "0" * 64
    text = json.dumps(document, indent=2)
    return text.replace("0" * 64, hmac.new(key, text.encode(), hashlib.sha256).hexdigest())


def record(cell, snapshot, original, content):
    """Puts an archive into the snapshot, with limits that it can't be refused for."""
    with open(os.path.join(snapshot, ARCHIVE), "wb") as file:
        file.write(content)
    document = json.loads(original)
    archive = document["services"][0]["archives"][0]
    archive.update(sha256=hashlib.sha256(content).hexdigest(), size=len(content), raw_size=1 << 40, entries=10_000_000)
    archive["totals"]["content_bytes"] = 1 << 40
    with open(os.path.join(snapshot, "snapshot.json"), "w") as file:
        file.write(sign(cell, document))


def body(result, scratch):
    outside = scratch.directory("outside")
    corpus = os.path.join(scratch.path, "corpus")
    script = os.path.join(ROOT, "Tests/ArchiveTests/Corpus/make_corpus.py")
    subprocess.run([sys.executable, "-B", script, corpus, "--canary", outside], check=True, stdout=subprocess.DEVNULL)
    with open(os.path.join(corpus, "corpus.json")) as file:
        entries = json.load(file)["files"]
    with open(os.path.join(outside, "victim"), "w") as file:
        file.write("canary\n")
    cell = local(scratch.directory("cell"), {"notes": [("cell-notes", "/data/notes", "data")]})
    volume = cell.local_volume("cell-notes", "/data/notes")
    trees.small(volume, 1)
    done = cell.backup()
    if not result.check("backup exits 0", done.status == 0, done):
        return
    snapshot = os.path.join(cell.backup_root, cell.published()[0])
    with open(os.path.join(snapshot, "snapshot.json")) as file:
        original = file.read()
    with open(os.path.join(snapshot, ARCHIVE), "rb") as file:
        good = file.read()
    volume_before, outside_before = trees.state(volume), trees.state(outside)
    tried = {"hostile": 0, "damaged": 0}
    for entry in entries:
        # Devices, fifos and outward links are legitimate in a volume; lowered limits are the unit tests' matter.
        if entry["class"] not in tried or entry.get("only") or "limits" in entry:
            continue
        with open(os.path.join(corpus, entry["file"]), "rb") as file:
            record(cell, snapshot, original, file.read())
        done = cell.run("restore", "latest", "--all", "--no-safety-snapshot")
        name = entry["file"]
        result.tally(f"{name}: exit 65", done.status == 65, done)
        result.tally(f"{name}: one line that names a rule", len(done.error_lines) == 1
                     and re.search(r"\[[a-z]+\.[a-z-]+\]$", done.error_lines[0]), done)
        result.tally(f"{name}: the volume is untouched", trees.state(volume) == volume_before)
        result.tally(f"{name}: the canary is untouched", trees.state(outside) == outside_before)
        tried[entry["class"]] += 1
    result.note(f"tried {tried}")
    result.check("at least 60 hostile and 40 damaged ones", tried["hostile"] >= 60 and tried["damaged"] >= 40, tried)
    # The way of recording itself is right: the good archive, recorded in the same way but truly, is restored.
    with open(os.path.join(snapshot, ARCHIVE), "wb") as file:
        file.write(good)
    with open(os.path.join(snapshot, "snapshot.json"), "w") as file:
        file.write(sign(cell, json.loads(original)))
    shutil.rmtree(volume)
    os.mkdir(volume)
    done = cell.run("restore", "latest", "--all", "--no-safety-snapshot")
    result.check("the good archive, signed by this script, is restored", done.status == 0
                 and trees.state(volume) == volume_before, done)


if __name__ == "__main__":
    report.run("hostile archives in signed snapshots", body)
