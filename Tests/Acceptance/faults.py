#!/usr/bin/env python3
# quick:
"""Bad input: each gets one clear line and the right exit code, nothing is half-published, the others are backed up.

The containers are played by a fake `docker`; the full disk is a small tmpfs (needs root, said when skipped).
"""

import argparse
import json
import os
import re
import shutil
import subprocess

from acceptance import report, trees
from acceptance.cell import Cell, binary, verdicts
from acceptance.fake import FakeDocker
from acceptance.report import Skip

GOOD = ("ok", "warnings")
CANARY = b"CANARY-that-must-never-be-copied"


class Stage:
    """A cell with a service that goes wrong (`bad`) and one that does not (`good`)."""

    def __init__(self, result, scratch):
        self.result, self.scratch = result, scratch
        self.fake = FakeDocker(scratch.directory("bin"))
        self.count = 0
        self.canary = os.path.join(scratch.path, "canary")
        with open(self.canary, "wb") as file:
            file.write(CANARY)

    def cell(self, settings=""):
        self.count += 1
        at = self.scratch.directory(f"case-{self.count}")
        cell = Cell(os.path.join(at, "cell"), "runtime: docker\nstall_timeout: 1\n" + settings, self.fake.environment)
        for name in ("bad", "good"):
            volume = os.path.join(at, "volumes", name)
            trees.small(volume, 1, files=12)
            cell.service(name, [(f"cell-{name}", volume, f"{name}_data")], [f"config/{name}"])
        self.fake.order()
        return cell

    def bad(self, **order):
        self.fake.order(containers={"cell-bad": order})

    def partial(self, what, cell, statuses=(3,), mention="bad", bad_in=None, timeout=120):
        """A backup in which `bad` fails and `good` does not."""
        done = cell.backup(timeout=timeout)
        found = verdicts(done.json)
        check = self.result.check
        check(f"{what}: exit {done.status}", done.status in statuses, done)
        lines = [line for line in done.err.splitlines() if mention in line]
        check(f"{what}: a clear line names {mention}: {(lines or [''])[0][:150]}", 1 <= len(lines) <= 3
              and len(done.err.splitlines()) <= 12, done.err)
        check(f"{what}: the other service is backed up", found.get("good_data") in GOOD, done)
        if bad_in is not None:
            check(f"{what}: verdict {found.get('bad_data')}", found.get("bad_data") in bad_in, done)
        self.unharmed(what, cell)
        return done

    def unharmed(self, what, cell):
        """Nothing half-made is there, and what was published verifies."""
        check = self.result.check
        check(f"{what}: nothing half-made", not cell.leftovers(), cell.leftovers())
        names = cell.published()
        if names:
            done = cell.run("snapshots", "verify")
            check(f"{what}: what was published verifies", done.status == 0, done)
            path = os.path.join(cell.backup_root, names[-1], "service_data/good/good_data.tar.gz")
            listed = subprocess.run(["tar", "tzf", path], capture_output=True)
            check(f"{what}: the other archive is a good tar", listed.returncode == 0, listed.stderr)
        copied = [os.path.join(at, name) for at, _, files in os.walk(cell.backup_root) for name in files
                  if not os.path.islink(os.path.join(at, name))
                  and CANARY in open(os.path.join(at, name), "rb").read()]
        check(f"{what}: the canary was not copied", not copied, copied)


def manifests(stage):
    cell = stage.cell()
    cell.write("data/services/bad/manifest.json", '{"schema_version": 3, "id": "bad", ')
    stage.partial("a manifest that does not parse", cell)
    cell = stage.cell()
    cell.write("data/services/bad/manifest.json", b"\xff\xfe\0")
    stage.partial("a manifest of garbage", cell)
    cell = stage.cell()
    path = os.path.join(cell.path, "data/services/bad/manifest.json")
    with open(path) as file:
        manifest = json.load(file)
    manifest["backup"]["volumes"][0]["container"] = "--privileged"
    cell.write("data/services/bad/manifest.json", json.dumps(manifest))
    stage.partial("a container name that is an option", cell)
    cell = stage.cell()
    manifest["backup"]["volumes"][0].update(container="cell-bad", name="../../escape")
    cell.write("data/services/bad/manifest.json", json.dumps(manifest))
    stage.partial("an archive name that leaves its directory", cell)


def containers(stage):
    lost = ("failed", "incomplete", None)
    cases = [
        ("a container that does not run", {"state": "exited"}),
        ("a container that does not exist", {"state": "missing"}),
        ("a container without a tar", {"tar": "absent"}),
        ("a container that dies in the middle", {"create": {"cut": 3072, "exit": 137}}),
        ("a tar that closes its output early", {"create": {"cut": 3072}}),
        ("a tar that says nothing at all", {"create": {"cut": 0}}),
        ("a tar that hangs", {"create": {"hang": 1024}}),
        ("a flood on standard error", {"create": {"flood": 20_000_000}}),
    ]
    for name, order in cases:
        cell = stage.cell()
        stage.bad(**order)
        stage.partial(name, cell, bad_in=lost)


def config_paths(stage):
    cell = stage.cell()
    shutil.rmtree(os.path.join(cell.path, "config/bad"))
    stage.partial("a missing config_path", cell, statuses=(0, 3))
    for what, where in (("a config_path that is a link", "config/bad"),
                        ("a link where a configuration file should be", "config/bad/service.conf")):
        cell = stage.cell()
        path = os.path.join(cell.path, where)
        shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
        os.symlink(stage.canary, path)
        stage.partial(what, cell, statuses=(0, 3) if where.endswith("conf") else (3,))
    cell = stage.cell()
    os.unlink(os.path.join(cell.path, "config/bad/service.conf"))
    os.mkfifo(os.path.join(cell.path, "config/bad/service.conf"))
    stage.partial("a fifo where a configuration file should be", cell, statuses=(0, 3))
    cell = stage.cell()
    path = os.path.join(cell.path, "data/services/bad/manifest.json")
    os.rename(path, path + ".real")
    os.symlink("manifest.json.real", path)
    stage.partial("a manifest that is a link", cell, statuses=(0, 3))
    cell = stage.cell()
    os.symlink(stage.canary, os.path.join(cell.path, "data/service_secrets.json"))
    done = cell.backup()
    stage.result.check(f"secrets that are a link: exit {done.status}, named", done.status != 0
                       and "service_secrets.json" in done.err, done)
    stage.unharmed("secrets that are a link", cell)


def settings(stage):
    cell = stage.cell()
    cell.settings("runtime: [docker\n")
    done = cell.backup()
    stage.result.check(f"settings that do not parse: exit {done.status}", done.status == 78, done)
    stage.result.check("settings that do not parse: one line", len(done.error_lines) == 1, done.err)
    cell.settings("runtime: kubernetes\n")
    done = cell.backup()
    stage.result.check(f"an unknown runtime: exit {done.status}", done.status == 78, done)
    done = cell.run("backup", "--service", "nobody")
    stage.result.check(f"an unknown service: exit {done.status}", done.status in (64, 78), done)
    done = cell.run("backup", "--no-such-option")
    stage.result.check(f"an unknown option: exit {done.status}", done.status == 64, done)


def foreign(stage):
    check = stage.result.check
    cell = stage.cell()
    done = cell.backup()
    if not check("a first backup exits 0", done.status == 0, done):
        return
    good = cell.published()[-1]
    root = cell.backup_root
    for name, content in (("20200101T000000Z", b"{ not json"), ("20200102T000000Z", b"{}"),
                          ("20200103T000000Z", json.dumps({"format": 999}).encode())):
        os.makedirs(os.path.join(root, name))
        with open(os.path.join(root, name, "snapshot.json"), "wb") as file:
            file.write(content)
    os.makedirs(os.path.join(root, "20200104T000000Z"))
    os.symlink("/etc", os.path.join(root, "20200105T000000Z"))
    os.makedirs(os.path.join(root, "not-a-snapshot"))
    with open(os.path.join(root, "20200106T000000Z"), "w") as file:
        file.write("a file\n")
    done = cell.run("snapshots", "list", "--json")
    check("foreign snapshots: the good one is listed", good in done.out, done)
    check("foreign snapshots: few lines", len(done.err.splitlines()) <= 10, done.err)
    for name in ("20200101T000000Z", "20200102T000000Z", "20200103T000000Z", "20200104T000000Z"):
        done = cell.run("snapshots", "verify", name)
        check(f"{name}: verify exits {done.status}", done.status in (4, 65), done)
        done = cell.run("restore", name, "--all")
        check(f"{name}: restore exits {done.status}", done.status in (4, 65), done)
    done = cell.run("snapshots", "show", "20190101T000000Z")
    check(f"a snapshot that is not there: exit {done.status}", done.status in (1, 64, 65), done)
    done = cell.run("restore", "../../etc", "--all")
    check(f"a snapshot name with ..: exit {done.status}", done.status in (1, 64, 65), done)
    done = cell.backup()
    check("foreign snapshots: the next backup exits 0", done.status == 0, done)
    done = cell.run("snapshots", "prune", "--keep-last", "1")
    check("foreign snapshots: prune touches nothing foreign", os.path.isdir(os.path.join(root, "not-a-snapshot"))
          and os.path.isdir(os.path.join(root, "20200101T000000Z")), done)


def tampered(stage):
    check = stage.result.check
    cell = stage.cell()
    done = cell.backup()
    if not check("a first backup exits 0", done.status == 0, done):
        return
    snapshot = os.path.join(cell.backup_root, cell.published()[-1])
    document = os.path.join(snapshot, "snapshot.json")
    with open(document, "rb") as file:
        original = file.read()
    volume = os.path.join(os.path.dirname(cell.path), "volumes/good")
    old = trees.state(volume)

    def refused(what, latest="latest"):
        done = cell.run("snapshots", "verify")
        check(f"{what}: verify exits {done.status}", done.status == 4, done)
        for words in (["restore", latest, "--all"], ["restore", latest, "--all", "--accept-unauthenticated"],
                      ["restore", latest, "--to", os.path.join(cell.path, "out")]):
            done = cell.run(*words)
            check(f"{what}: {' '.join(words[:3])} exits {done.status}", done.status in (4, 65), done)
            check(f"{what}: one line", len(done.error_lines) == 1, done.err)
        check(f"{what}: the volume is untouched", trees.state(volume) == old)
        out = os.path.join(cell.path, "out")
        check(f"{what}: nothing was written", not os.path.isdir(out) or not os.listdir(out))

    name = os.path.basename(snapshot)
    for what, edit in (("an edited verdict", lambda t: t.replace(b'"ok"', b'"warnings"', 1)),
                       ("one digit of a digest", flip_hex),
                       ("a truncated snapshot.json", lambda t: t[:len(t) // 2]),
                       ("an empty snapshot.json", lambda t: b"")):
        edited = edit(original)
        check(f"{what}: there was something to edit", edited != original)
        with open(document, "wb") as file:
            file.write(edited)
        refused(what, name)
    with open(document, "wb") as file:
        file.write(original)
    archive = os.path.join(snapshot, "service_data/good/good_data.tar.gz")
    with open(archive, "rb") as file:
        content = file.read()
    for what, edited in (("a flipped bit in an archive", content[:500] + bytes([content[500] ^ 4]) + content[501:]),
                         ("a shortened archive", content[:-9]), ("a byte behind an archive", content + b"\0")):
        with open(archive, "wb") as file:
            file.write(edited)
        refused(what, name)
    os.unlink(archive)
    refused("a missing archive", name)
    os.symlink("/etc/passwd", archive)
    refused("an archive that is a link", name)


def flip_hex(text):
    """Changes one digit of the first SHA-256."""
    found = re.search(rb'"([0-9a-f]{64})"', text)
    if not found:
        return text
    at = found.start(1)
    return text[:at] + (b"1" if text[at:at + 1] == b"0" else b"0") + text[at + 1:]


def full_disk(stage):
    check = stage.result.check
    if os.geteuid() != 0:
        raise Skip("a full disk needs root (unshare -m, tmpfs)")
    for size in ("16k", "200k", "1m"):
        cell = stage.cell()
        for name in ("bad", "good"):
            volume = os.path.join(os.path.dirname(cell.path), "volumes", name, "large")
            with open(volume, "wb") as file:
                file.write(os.urandom(3_000_000 if name == "bad" else 30_000))
        root = cell.backup_root
        os.makedirs(root, exist_ok=True)
        script = ('mount -t tmpfs -o size=$1,mode=700 none "$2" || exit 99; "$3" backup --json; code=$?; '
                  'find "$2" -mindepth 1 -printf "LEFT %P\\n"; '
                  'exit $code')
        done = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", size, root, binary()], cwd=cell.path,
                              env={**os.environ, **cell.environment, "PIC_CELL": cell.path}, capture_output=True,
                              text=True, timeout=120)
        shown = f"exit {done.returncode}\n{done.stdout[-1500:]}{done.stderr[-1500:]}"
        check(f"a disk of {size}: exit {done.returncode}", done.returncode in (1, 3), shown)
        check(f"a disk of {size}: a clear line", any("space" in line.lower() or "full" in line.lower()
                                                    for line in done.stderr.splitlines()), shown)
        left = [line[5:] for line in done.stdout.splitlines() if line.startswith("LEFT ")]
        halves = [name for name in left if name.startswith(".incomplete-") or name.endswith(".tmp")]
        check(f"a disk of {size}: nothing half-made", not halves, "\n".join(left))
        bad = [name for name in left if name.endswith("bad_data.tar.gz")]
        check(f"a disk of {size}: the volume that did not fit is not published", not bad, bad)


CASES = {"manifests": manifests, "containers": containers, "config_paths": config_paths, "settings": settings,
         "foreign": foreign, "tampered": tampered, "full_disk": full_disk}


def body(result, scratch):
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("only", nargs="*", choices=[[], *CASES], help="groups of cases; default all")
    chosen = options.parse_args().only or list(CASES)
    binary()
    stage = Stage(result, scratch)
    skipped = None
    for name in chosen:
        try:
            CASES[name](stage)
        except Skip as reason:
            skipped = reason
    if skipped:
        result.note(f"skipped: {skipped}")
        result.check("no case was skipped", os.environ.get("PICJOBS_REQUIRE_REAL") != "1", skipped)


if __name__ == "__main__":
    report.run("bad input", body)
