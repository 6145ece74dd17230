#!/usr/bin/env python3
# quick: --snapshots 150 --limits 256 128 64 32
"""A store of 1200 snapshots and few open files: no snapshot is called damaged for it, no trap, no hang.

Below the least number that the program works with it says so, before it begins. Needs neither root nor Docker.
"""

import argparse
import hashlib
import hmac
import json
import os
import re
import resource
import shutil
import threading
import time

from acceptance import report
from acceptance.cell import binary, local

LEAST = 128


def seal(cell, document):
    """The bytes of a snapshot.json with its authentication (docs/snapshot-format.md)."""
    with open(os.path.join(cell.path, "data/keys/snapshot.key")) as file:
        key = bytes.fromhex(file.read().split()[1])
    document["authentication"]["hmac_sha256"] = "0" * 64
    text = json.dumps(document, indent=2, sort_keys=True).encode() + b"\n"
    code = hmac.new(key, text, hashlib.sha256).hexdigest()
    return text.replace(b'"hmac_sha256": "' + b"0" * 64, b'"hmac_sha256": "' + code.encode())


def multiply(cell, count):
    """Makes `count` authentic snapshots out of the one that is there, with archives that are hard links."""
    first = cell.published()[0]
    source = os.path.join(cell.backup_root, first)
    with open(os.path.join(source, "snapshot.json")) as file:
        document = json.load(file)
    for number in range(count - 1):
        document["id"] = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(1_600_000_000 + 3600 * number))
        target = os.path.join(cell.backup_root, document["id"])
        shutil.copytree(source, target, copy_function=os.link, symlinks=True)
        os.remove(os.path.join(target, "snapshot.json"))
        with open(os.path.join(target, "snapshot.json"), "wb") as file:
            file.write(seal(cell, document))


def limited(cell, limit, *words, hard=True):
    """Runs the program with a limit of open files."""
    def lower():
        resource.setrlimit(resource.RLIMIT_NOFILE,
                           (limit, limit if hard else resource.getrlimit(resource.RLIMIT_NOFILE)[1]))

    process = cell.start(*words, preexec_fn=lower)
    try:
        out, err = process.communicate(timeout=120)
    except Exception:
        process.kill()
        process.communicate()
        return None, "", "still running after 120 s"
    return process.returncode, out.decode(errors="replace"), err.decode(errors="replace")


def low(result, cell, limit, count):
    """Every command with that few files."""
    for words in (["snapshots", "list", "--json"], ["backup"], ["snapshots", "verify", "latest"],
                  ["snapshots", "prune", "--keep-last", str(count + 50), "--dry-run"], ["jobs", "history"],
                  ["restore", "latest", "--dry-run"]):
        status, out, err = limited(cell, limit, *words)
        name = f"{limit} files, {' '.join(words[:2])}: exit {status}"
        if limit >= LEAST:
            result.check(name, status == 0, err[-500:])
        else:
            result.check(name, status == 1 and "files may be open" in err, err[-500:])
        result.check(f"{name}: nothing is called damaged", "damaged" not in out + err, (out + err)[-500:])
    if limit >= LEAST:
        _, out, _ = limited(cell, limit, "snapshots", "list", "--json")
        result.check(f"{limit} files: all are listed", len(json.loads(out)["snapshots"]) >= count)


def beside_prune(result, cell):
    """Readers while snapshots are removed: they pass over what goes, and call nothing damaged."""
    stop = threading.Event()
    found = []

    def read():
        while not stop.is_set():
            for words in (["snapshots", "list"], ["snapshots", "show", "latest"], ["snapshots", "verify"]):
                done = cell.run(*words)
                if done.status != 0:
                    found.append(done)

    reader = threading.Thread(target=read)
    reader.start()
    for keep in (40, 20, 10, 5, 2):
        cell.run("snapshots", "prune", "--keep-last", str(keep))
        cell.backup()
    time.sleep(0.5)
    stop.set()
    reader.join()
    result.check("readers beside a prune see no damage", not found, "\n".join(str(done) for done in found[:3]))


def body(result, scratch):
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--snapshots", type=int, default=1200)
    options.add_argument("--limits", type=int, nargs="+",
                         default=[1024, 512, 256, 192, 160, 144, 136, 128, 127, 100, 64, 56, 48, 40, 36, 32])
    options = options.parse_args()
    binary()
    cell = local(scratch.directory("cell"), {"notes": [("cell-notes", "/data", "data")]})
    cell.write("data/containers/cell-notes/data/file", "x" * 5000)
    done = cell.backup()
    if not result.check("the first backup", done.status == 0, done):
        return
    multiply(cell, options.snapshots)
    done = cell.run("snapshots", "list", "--json")
    listed = done.json.get("snapshots", [])
    result.check(f"{len(listed)} snapshots are listed, all authentic", len(listed) == options.snapshots and all(
        one["authenticity"] == "ok" for one in listed), done.err[-500:])
    status, out, err = limited(cell, 64, "snapshots", "list", "--json", hard=False)
    result.check("a low soft limit is raised by the program itself", status == 0, err)
    for limit in options.limits:
        low(result, cell, limit, options.snapshots)
    result.check("no half snapshot is left", not cell.leftovers(), cell.leftovers())
    with open(os.path.join(os.path.dirname(__file__), "../../jobs/systemd/picjobs-nightly-backup.service")) as file:
        result.check("the unit has its own limit", re.search(r"^LimitNOFILE=\d+$", file.read(), re.MULTILINE))
    beside_prune(result, cell)


if __name__ == "__main__":
    report.run("many snapshots, few open files", body)
