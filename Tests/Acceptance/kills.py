#!/usr/bin/env python3
# quick: --count 12 --docker-count 3
"""kill -9 at many moments of a backup and of a restore: always the old or the new, never a mix, nothing left.

Half of the kills are spread over the measured duration, half follow the lines of the run's journal, so that every
phase is hit. Local runtime; --count N kills of each kind (default 200). And --docker-count N (default 200) of a restore
into a real container, which is stopped and started by it: the service runs again after the next command, and what it
wrote meanwhile is somewhere and named. Needs root and dockerd for these.
"""

import argparse
import collections
import os
import random
import shutil
import signal
import subprocess
import time

from acceptance import report, trees
from acceptance.boxes import Box, Ground
from acceptance.cell import binary, local, phase

SERVICES = {
    "notes": [("cell-notes", "/data/notes", "notes_data")],
    "files": [("cell-files", "/srv/one", "one"), ("cell-files", "/srv/two", "two")],
}


class Killer:
    """Starts a command and kills it, and knows which phases of the journal were hit."""

    def __init__(self, cell, words):
        self.cell, self.words = cell, words
        self.hits = collections.Counter()
        self.finished = 0
        self.source = random.Random(1)
        self.runs = os.path.join(cell.path, "data/runs")

    def measure(self):
        """One undisturbed run: seconds, journal."""
        done = self.cell.run(*self.words)
        self.seconds, self.journal = done.seconds, self.cell.journal()
        return done

    def kill(self, number, count):
        """Kills at the moment that belongs to `number` of `count`."""
        known = set(os.listdir(self.runs)) if os.path.isdir(self.runs) else set()
        # What it has started may go on without it, and is not waited for.
        process = self.cell.start(*self.words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        began = time.monotonic()
        if number % 2 == 0 or not self.journal:
            wait = self.seconds * 1.1 * number / count
            while process.poll() is None and time.monotonic() - began < wait:
                time.sleep(0.0005)
        else:
            wanted = number // 2 % len(self.journal) + 1
            while process.poll() is None and self.lines(known) < wanted and time.monotonic() - began < 60:
                time.sleep(0.0002)
            time.sleep(self.source.choice((0, 0, 0.0005, 0.002, 0.005)))
        process.send_signal(signal.SIGKILL)
        process.wait()
        if process.returncode != -signal.SIGKILL:
            self.finished += 1
        elif self.lines(known) == 0:
            self.hits["before the journal"] += 1
        else:
            self.hits[phase(self.cell.journal()[-1])] += 1
        self.cell.age_unnamed_records()

    def lines(self, known):
        """Whole lines in the journal of a run that was not there before."""
        try:
            for name in os.listdir(self.runs):
                if name not in known:
                    with open(os.path.join(self.runs, name, "steps.jsonl"), "rb") as file:
                        return file.read().count(b"\n")
        except OSError:
            pass
        return 0

    def tell(self, result, what, count):
        """Prints the hits, and fails when `count` kills were enough and a phase of the journal was never hit."""
        for name, hits in self.hits.most_common():
            result.note(f"{what} killed in phase {name}: {hits}")
        result.note(f"{what} had already finished: {self.finished}")
        phases = [phase(line) for line in self.journal]
        missed = [name for name in dict.fromkeys(phases[:-1]) if name not in self.hits]
        result.note(f"{what}: phases never hit: {missed}")
        if count >= 3 * len(phases):
            result.check(f"{what}: every phase of the journal was hit", bool(phases) and not missed, missed)


def setup(cell, seed):
    """Fills the volumes from a seed, and returns their states."""
    states = {}
    for volumes in SERVICES.values():
        for number, (container, path, name) in enumerate(volumes):
            root = cell.local_volume(container, path)
            trees.wipe(root)
            trees.small(root, seed * 10 + number)
            states[name] = trees.state(root)
    return states


def states(cell):
    return {name: trees.state(cell.local_volume(container, path))
            for volumes in SERVICES.values() for container, path, name in volumes}


def check_snapshots(result, cell, verified, where):
    """Only complete snapshots are listed, and each that is new verifies."""
    done = cell.run("snapshots", "list", "--json")
    result.tally(f"{where}: the list can be read", done.status == 0, done)
    listed = cell.snapshots()
    for name in listed:
        if name in verified:
            continue
        complete = os.path.isfile(os.path.join(cell.backup_root, name, "snapshot.json"))
        result.tally(f"{where}: {name} is complete", complete)
        done = cell.run("snapshots", "verify", name)
        result.tally(f"{where}: {name} verifies", done.status == 0, done)
        verified.add(name)


def recover(result, cell, where):
    """The next backup finishes or undoes what was interrupted, and succeeds."""
    done = cell.backup(timeout=120)
    result.tally(f"{where}: the next backup exits 0", done.status == 0, done)
    left = cell.leftovers()
    result.tally(f"{where}: nothing is left", not left, "\n".join(left))


def tidy(result, cell, where):
    done = cell.run("snapshots", "prune", "--keep-last", "2", "--keep-safety", "1")
    result.tally(f"{where}: prune exits 0", done.status == 0, done)


def backups(result, cell, count):
    """kill -9 during backups."""
    old = setup(cell, 1)
    killer, verified = Killer(cell, ["backup", "--json"]), set()
    done = killer.measure()
    if not result.check("an undisturbed backup exits 0", done.status == 0, done):
        return
    result.note(f"an undisturbed backup: {killer.seconds:.3f} s, {len(killer.journal)} journal lines")
    for number in range(count):
        killer.kill(number, count)
        where = f"backup kill {number}"
        check_snapshots(result, cell, verified, where)
        now = states(cell)
        result.tally(f"{where}: the volumes are untouched", now == old, "a volume changed")
        recover(result, cell, where)
        if number % 10 == 9:
            tidy(result, cell, where)
    killer.tell(result, "backup", count)


def restores(result, cell, count, safety):
    """kill -9 during restores of a snapshot over volumes that have changed since."""
    new = setup(cell, 2)
    done = cell.backup()
    if not result.check("the backup to restore from exits 0", done.status == 0, done):
        return
    wanted = cell.snapshots()[-1]
    words = ["restore", wanted, "--all", "--json"] + ([] if safety else ["--no-safety-snapshot"])
    killer, verified, ends = Killer(cell, words), set(), collections.Counter()
    old = setup(cell, 3)
    done = killer.measure()
    if not result.check("an undisturbed restore exits 0", done.status == 0, done):
        return
    result.check("an undisturbed restore restores", states(cell) == new,
                 "\n".join(trees.state_difference(new[n], s) for n, s in states(cell).items()))
    result.note(f"an undisturbed restore: {killer.seconds:.3f} s, {len(killer.journal)} journal lines")
    for number in range(count):
        old = setup(cell, 3)
        killer.kill(number, count)
        where = f"restore kill {number}"
        recover(result, cell, where)
        for name, now in states(cell).items():
            end = "new" if now == new[name] else "old" if now == old[name] else "mix"
            ends[end] += 1
            result.tally(f"{where}: {name} is the old or the new volume", end != "mix",
                         "to old: " + trees.state_difference(old[name], now) + "\nto new: "
                         + trees.state_difference(new[name], now))
        check_snapshots(result, cell, verified, where)
        if number % 10 == 9:
            thin(cell, wanted)
    killer.tell(result, "restore", count)
    result.note(f"volumes after recovery: {dict(ends)}")


SERVICE = """
trap 'echo "$s" >/data/last-stop; exit 0' TERM
s=$(cat /proc/sys/kernel/random/uuid)
while :; do sleep 0.1; done"""
MEANWHILE = {"meanwhile": "precious\n", "dir0/meanwhile-too": "also\n", "top0": "rewritten\n"}
OURS = (b"last-stop", b"dir0", b"meanwhile", b"dir0/meanwhile-too", b"top0")


def containers(result, scratch, count):
    """kill -9 during restores into a real container, which may be running, stopped or in between then."""
    ground = Ground(result, scratch)
    box = Box(ground, "docker", script=SERVICE, options=("--restart", "unless-stopped"))
    cell, live = box.cell, box.live

    def fill(seed):
        """The same as in `setup`, while the service runs."""
        trees.wipe(live)
        trees.small(live, seed, files=25)
        return trees.state(live)

    new = fill(2)
    box.backup()
    words = ["restore", box.snapshot, "--service", "svc"]
    killer, ends, verified = Killer(cell, words), collections.Counter(), set()
    fill(3)
    done = killer.measure()
    if not result.check("docker: an undisturbed restore exits 0", done.status == 0, done):
        return
    result.note(f"docker: an undisturbed restore: {killer.seconds:.3f} s, {[phase(line) for line in killer.journal]}")
    for number in range(count):
        old = fill(3)
        killer.kill(number, count)
        where = f"docker kill {number}"
        state = box.engine.inspect(box.name)["State"]
        written = number % 3 != 0
        if written:  # somebody starts it again, or it runs still, and it writes
            if not state["Running"]:
                box.engine.docker("start", box.name)
            try:
                box.run("sh", "-c", "mkdir -p /data/dir0; " + "; ".join(
                    f"echo {text.strip()} >/data/{name}" for name, text in MEANWHILE.items()))
            except RuntimeError:  # what the killed run had asked for has stopped it in this moment
                written = False
        done = cell.backup(timeout=180)
        result.tally(f"{where}: the next backup exits 0", done.status == 0, done)
        now = trees.state(live)
        strip = lambda state: {name: value for name, value in state.items()
                               if name not in OURS and not name.startswith(b".picjobs-")}
        end = "new" if strip(now) == strip(new) else "old" if strip(now) == strip(old) else "mix"
        ends[end] += 1
        result.tally(f"{where}: the volume is the old or the new one", end != "mix", "to old: "
                     + trees.state_difference(strip(old), strip(now)) + "\nto new: "
                     + trees.state_difference(strip(new), strip(now)))
        deadline = time.monotonic() + 60
        while not box.health().startswith("running") and time.monotonic() < deadline:
            time.sleep(0.1)
        result.tally(f"{where}: the service runs", box.health().startswith("running"), f"{box.health()}\n{done}")
        policy = box.engine.inspect(box.name)["HostConfig"]["RestartPolicy"]["Name"]
        result.tally(f"{where}: its restart policy is its own", policy == "unless-stopped", f"{policy}\n{done}")
        if policy != "unless-stopped":
            box.engine.docker("update", "--restart", "unless-stopped", box.name)
        if not box.health().startswith("running"):
            box.engine.docker("start", box.name)
        own = done.json.get("snapshot")
        for name, text in MEANWHILE.items() if written else ():
            places = box.somewhere(os.path.basename(name), text)
            said = [place for place in places if place != own and any(
                part in done.out + done.err for part in (place, place.split("/")[0]))]
            result.tally(f"{where}: {name}, written meanwhile, is in its place or where is said", name in places or said,
                         f"{places}\n{done}")
        others = box.containers() - {box.name}
        result.tally(f"{where}: no other container is left", not others, f"{others}\n{done}")
        if others:  # told once
            box.engine.docker("rm", "-f", "-v", *others)
        left = [entry for entry in os.listdir(live) if entry.startswith(".picjobs-")] if not written else []
        result.tally(f"{where}: nothing is left", not left and not cell.leftovers(), f"{left} {cell.leftovers()}")
        check_snapshots(result, cell, verified, where)
        if number % 10 == 9:
            thin(cell, box.snapshot)
            box.engine.docker("restart", box.name)
    killer.tell(result, "docker", count)
    result.note(f"docker: volumes after recovery: {dict(ends)}")


def thin(cell, wanted):
    """Removes all snapshots but the one under test and the newest, so that the disk does not fill."""
    names = cell.published()
    for name in names[:-1]:
        if name != wanted:
            shutil.rmtree(os.path.join(cell.backup_root, name))


def body(result, scratch):
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--count", type=int, default=200)
    options.add_argument("--docker-count", type=int, default=200)
    options.add_argument("--only", choices=("backup", "restore", "docker"))
    options.add_argument("--no-safety-snapshot", action="store_true")
    chosen = options.parse_args()
    binary()
    for kind in ("backup", "restore"):
        if chosen.only not in (None, kind):
            continue
        cell = local(scratch.directory(f"cell-{kind}"), SERVICES)
        if kind == "backup":
            backups(result, cell, chosen.count)
        else:
            restores(result, cell, chosen.count, not chosen.no_safety_snapshot)
        done = cell.run("snapshots", "verify")
        result.check(f"{kind}: in the end every snapshot verifies", done.status == 0, done)
        result.check(f"{kind}: in the end nothing is left", not cell.leftovers(), cell.leftovers())
    if chosen.only in (None, "docker") and chosen.docker_count:
        try:
            containers(result, scratch, chosen.docker_count)
        except report.Skip as reason:
            if os.environ.get("PICJOBS_REQUIRE_REAL") == "1":
                raise
            result.note(f"docker: skipped: {reason}")


if __name__ == "__main__":
    report.run("kill -9", body)
