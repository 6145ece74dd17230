#!/usr/bin/env python3
# quick: --count 5 --systems ext4 --no-docker
"""Power cuts: what stands on the platter at some moment of a restore, prune or backup is enough for the next command.

The image of a mounted file system is copied (a reflink, so at one moment) while the program runs; what is only in the page cache is
lost with the power. The copy is mounted, which replays its log, and judged. ext4, XFS and btrfs, --count N images of each
(default 50). Half the cuts are spread over the run, half follow its journal; some come right after exit 0. In half of the
restores the cell is on another disk than the volume. Also the order of syncs and renames, as strace sees it.
"""

import argparse
import collections
import os
import random
import re
import shutil
import signal
import subprocess
import threading
import time

from acceptance import report, trees
from acceptance.boxes import Box, Ground
from acceptance.cell import Cell, binary, local, phase
from acceptance.loops import Loop

VOLUME = ("cell-notes", "/data/notes", "notes_data")
SIZES = {"ext4": 64, "xfs": 320, "btrfs": 256}


class Disk:
    """A place with reflinks, for images; a template of each file system, prepared once."""

    def __init__(self, scratch):
        self.scratch = scratch
        self.platter = Loop(scratch, "xfs", megabytes=6000)
        self.number = 0

    def path(self):
        self.number += 1
        return os.path.join(self.platter.path, f"{self.number}.img")

    def clone(self, image):
        """A copy of an image as it is at this moment."""
        target = self.path()
        subprocess.run(["cp", "--reflink=always", image, target], check=True)
        return target

    def format(self, system):
        """A new file system, mounted."""
        image = self.path()
        with open(image, "wb") as file:
            file.truncate(SIZES[system] << 20)
        make = {"ext4": ["mkfs.ext4", "-q", "-F"], "xfs": ["mkfs.xfs", "-q"], "btrfs": ["mkfs.btrfs", "-q"]}[system]
        subprocess.run([*make, image], check=True, capture_output=True)
        return self.mount(system, image)

    def mount(self, system, image):
        return Loop(self.scratch, system, image=image)


def away(loop):
    """Unmounts for certain: somebody else's new mount namespace may hold it for a moment longer."""
    for _ in range(1200):
        if os.path.ismount(loop.path):
            subprocess.run(["umount", loop.path], capture_output=True)
        elif not subprocess.run(["losetup", "-j", loop.image], capture_output=True).stdout:
            return
        time.sleep(0.05)
    raise RuntimeError(f"{loop.path} can't be unmounted")


def whole(path):
    """What a volume holds, without what a restore has put aside and not removed for good."""
    return {name: value for name, value in trees.state(path).items() if not name.startswith(b".picjobs-")}


class Kind:
    """A command, and what it starts from. `apart`: the cell is not on the disk that loses its power."""

    def __init__(self, name, words, apart=False):
        self.name, self.words, self.apart = name, words, apart

    def make(self, disk, system, home):
        """Prepares the template; the command's undisturbed seconds and its journal."""
        self.system, self.home = system, home
        loop = disk.format(system)
        self.template = loop.image
        cell = self.cell(loop.path, fresh=True)
        live = cell.local_volume(*VOLUME[:2])
        trees.small(live, 1, files=30)
        if self.name == "prune":
            for seed in (1, 2, 3):
                trees.wipe(live)
                trees.small(live, seed, files=12)
                cell.backup()
                time.sleep(1.1)
        else:
            cell.backup()
        self.new, self.saved = trees.state(live), cell.published()[-1]
        if self.name.startswith("restore"):
            trees.wipe(live)
            trees.small(live, 9, files=30)
            time.sleep(1.1)
        self.old = trees.state(live)
        away(loop)
        if self.apart:
            shutil.copytree(self.home, self.home + ".template", symlinks=True)
        loop, cell = self.begin(disk)
        done = cell.run(*self.command(loop.path))
        self.seconds, self.journal = done.seconds, cell.journal()
        away(loop)
        os.unlink(loop.image)
        return done

    def cell(self, mount, fresh=False):
        """The cell; its containers are on the disk."""
        at = self.home if self.apart else os.path.join(mount, "cell")
        containers = os.path.join(mount, "containers")
        if fresh:
            return local(at, {"notes": [VOLUME]}, containers=containers)
        cell = Cell.__new__(Cell)
        cell.path, cell.environment, cell.containers = at, {}, containers
        # The mount has another name each time.
        cell.settings(f"runtime: local\ncontainers:\n  cell-notes: {containers}/cell-notes\n")
        subprocess.run(["sync", "-f", mount], check=True)
        return cell

    def begin(self, disk):
        """A copy of the template, mounted, and its cell."""
        loop = disk.mount(self.system, disk.clone(self.template))
        if self.apart:
            shutil.rmtree(self.home)
            shutil.copytree(self.home + ".template", self.home, symlinks=True)
        return loop, self.cell(loop.path)

    def command(self, mount):
        words = [word.replace("SAVED", self.saved) for word in self.words]
        return [*words, "--to", os.path.join(mount, "to")] if self.name == "restore --to" else words

    def promised(self, cell, loop):
        """After exit 0: what is not there; nothing when all is."""
        if self.name == "restore --to":
            found = os.path.join(loop.path, "to/notes/notes_data")
            now = trees.state(found) if os.path.isdir(found) else {}
        elif self.name.startswith("restore"):
            now = whole(cell.local_volume(*VOLUME[:2]))
        else:
            return ""
        return "" if now == self.new else trees.state_difference(self.new, now)


def descendants(process):
    """All processes below one."""
    found, waiting = [], [process]
    while waiting:
        try:
            with open(f"/proc/{waiting[0]}/task/{waiting[0]}/children") as file:
                children = [int(word) for word in file.read().split()]
        except OSError:
            children = []
        found += children
        waiting = waiting[1:] + children
    return found


class Neighbour:
    """Somebody else on the same disk who syncs a file of his own: it makes the disk write its log, not our files."""

    def __init__(self, mount):
        self.path, self.over = os.path.join(mount, "neighbour"), False
        self.thread = threading.Thread(target=self._work)
        self.thread.start()

    def _work(self):
        with open(self.path, "wb", buffering=0) as file:
            while not self.over:
                file.write(b"x")
                os.fsync(file.fileno())
                time.sleep(0.01)

    def stop(self):
        self.over = True
        self.thread.join()


class Cutter:
    """Cuts the power of one kind of run on one file system."""

    def __init__(self, result, disk, kind, system, source):
        self.result, self.disk, self.kind, self.system, self.source = result, disk, kind, system, source
        self.what = f"{system}, {kind.name}" + (" (cell on another disk)" if kind.apart else "")
        self.hits, self.ends = collections.Counter(), collections.Counter()

    def cut(self, number, count):
        """One power cut, judged."""
        kind = self.kind
        loop, cell = kind.begin(self.disk)
        runs = os.path.join(cell.path, "data/runs")
        known = set(os.listdir(runs))
        neighbour = Neighbour(loop.path) if number % 2 else None
        process = cell.start(*kind.command(loop.path), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        began, steps = time.monotonic(), [phase(line) for line in kind.journal] or [None]
        if number % 4 == 3:  # right after its end
            process.wait(120)
        elif number % 4 == 2:
            wait = kind.seconds * 1.05 * self.source.random()
            while process.poll() is None and time.monotonic() - began < wait:
                time.sleep(0.0005)
        else:
            wanted = self.source.randrange(len(steps)) + 1
            while process.poll() is None and self.lines(runs, known) < wanted and time.monotonic() - began < 60:
                time.sleep(0.0002)
            time.sleep(self.source.choice((0, 0, 0.002, 0.01)))
        if process.poll() is None:
            process.send_signal(signal.SIGSTOP)
        image = self.disk.clone(loop.image)
        ended = process.poll()
        below = descendants(process.pid) if ended is None else []
        process.kill()
        for one in below:
            try:
                os.kill(one, signal.SIGKILL)
            except ProcessLookupError:
                pass
        errors = process.communicate()[1].decode(errors="replace")
        self.hits["ended" if ended is not None else phase((cell.journal() or [{}])[-1])
                  if self.lines(runs, known) else "before the journal"] += 1
        if neighbour:
            neighbour.stop()
        away(loop)
        os.unlink(loop.image)
        where = f"{self.what}, cut {number}"
        if ended not in (None, 0):
            self.result.check(f"{where}: undisturbed it exits 0", False, errors)
        copy = self.disk.mount(self.system, image)
        try:
            self.judge(where, self.kind.cell(copy.path), copy, ended == 0)
        finally:
            away(copy)
            os.unlink(copy.image)

    def judge(self, where, cell, copy, ended):
        """What the copy holds, and what the next command makes of it."""
        kind, tally = self.kind, self.result.tally
        if ended:
            bad = kind.promised(cell, copy)
            tally(f"{where}: right after exit 0 all of it is on the disk", not bad, bad)
        cell.age_unnamed_records()
        done = cell.backup(timeout=120)
        tally(f"{where}: the next backup exits 0", done.status == 0, done)
        now = trees.state(cell.local_volume(*VOLUME[:2]))
        kept = {name.split(b"/")[0] for name in now if name.startswith(b".picjobs-kept-")
                and name.split(b"/")[0].decode() in done.out + done.err}
        now = {name: value for name, value in now.items() if name.split(b"/")[0] not in kept}
        self.ends["kept beside"] += bool(kept)
        end = "new" if now == kind.new else "old" if now == kind.old else "mix"
        self.ends[end] += 1
        tally(f"{where}: the volume is the old or the new one", end != "mix", "to old: "
              + trees.state_difference(kind.old, now) + "\nto new: " + trees.state_difference(kind.new, now))
        done = cell.run("snapshots", "verify")
        tally(f"{where}: every published snapshot verifies", done.status == 0, done)
        left = [name for name in cell.leftovers() if ".picjobs-kept-" not in name]
        tally(f"{where}: nothing is left", not left, left)
        if ended and kind.name == "backup":
            tally(f"{where}: the snapshot of the run that ended is there", len(cell.published()) >= 3, cell.published())

    def lines(self, runs, known):
        """Lines in the journal of the new run."""
        try:
            for name in set(os.listdir(runs)) - known:
                with open(os.path.join(runs, name, "steps.jsonl"), "rb") as file:
                    return file.read().count(b"\n")
        except OSError:
            pass
        return 0

    def tell(self):
        self.result.note(f"{self.what}: cut in {dict(self.hits)}, volumes {dict(self.ends)}")


def containers(result, scratch, disk, systems, images):
    """The power goes right after a restore into a real container has ended with 0: all of it is on the disk."""
    ground = Ground(result, scratch)
    for system in systems:
        for image in images:
            loop = disk.format(system)
            box = Box(ground, f"{system}, a container of {image}", image, volume=loop.path)
            trees.small(loop.path, 1, files=20)
            for name in os.listdir(loop.path):  # what busybox keeps, too
                os.utime(os.path.join(loop.path, name), (1_700_000_000, 1_700_000_000))
            new = trees.state(loop.path)
            box.backup()
            trees.wipe(loop.path)
            trees.small(loop.path, 2, files=20)
            subprocess.run(["sync", "-f", loop.path], check=True)
            box.restore()
            copy = disk.mount(system, disk.clone(loop.image))
            kept = lambda state: {name: (value[0], value[3], value[6]) for name, value in state.items()}
            now = whole(copy.path)
            box.check("right after exit 0 all of it is on the disk", kept(now) == kept(new), trees.state_difference(new, now))
            # The same container, after the power is back; its cell is on another disk.
            box.remove()
            box.volume = copy.path
            box.create()
            box.engine.docker("start", box.name)
            box.backup()
            names = [name for name in [*os.listdir(copy.path), *box.names()] if name.startswith(".picjobs-")]
            box.check("and nothing of the restore is left after the next backup", not names, names)
            box.remove()
            for one in (copy, loop):
                away(one)
                os.unlink(one.image)


CALLS = "fsync,fdatasync,sync,syncfs,rename,renameat,renameat2,write,pwrite64,exit_group"
LINE = re.compile(r"^\[?(?:pid\s+)?(\d+)\]?\s+(?:[\d.]+\s+)?(\w+)\((.*)$")


def events(trace, live, target=None):
    """The order of what matters: `journal STEP`, `sync`, `rename FROM TO`."""
    found = []
    for line in trace.splitlines():
        match = LINE.match(line)
        if not match or "= -1" in line:
            continue
        call, rest = match[2], match[3]
        if call in ("write", "pwrite64") and "steps.jsonl" in rest:
            step = re.search(r'\\"step\\":\\"([a-z-]+)\\"', rest)
            if step:
                found.append(f"journal {step[1]}")
        elif call in ("syncfs", "fsync", "fdatasync"):
            path = re.search(r"<([^>]*)>", rest)
            if path and any(path[1].startswith(place) for place in (live, target) if place):
                found.append(f"sync {call} {path[1]}")
        elif call == "sync":
            found.append("sync sync /")
        elif call.startswith("rename"):
            found.append(f"rename {rest}")
    return found


def order(result, scratch):
    """The order of syncs, renames and the journal's lines. Local runtime, strace."""
    report.need("strace")
    cell = local(scratch.directory("order"), {"notes": [VOLUME]})
    live = cell.local_volume(*VOLUME[:2])
    trees.small(live, 1, files=12)
    saved = cell.backup().json["snapshot"]
    trees.small(live, 2, files=12)
    trace = os.path.join(scratch.path, "trace")

    def traced(*words):
        cell.prefix = ("strace", "-f", "-q", "-y", "-s", "4000", "-e", f"trace={CALLS}", "-o", trace, "--")
        done = cell.run(*words)
        cell.prefix = ()
        with open(trace, errors="replace") as file:
            return done, file.read()

    done, text = traced("restore", saved, "--service", "notes")
    found = events(text, live)
    steps = [number for number, event in enumerate(found) if event.startswith("journal")]
    name = lambda step: next((n for n in steps if found[n] == f"journal {step}"), None)
    result.check("order: the restore exits 0 and is seen", done.status == 0 and name("swap-out") is not None, done)
    shown = [event[:100] for event in found if event.startswith(("journal", "sync"))
             or f"{os.path.basename(live)}/" in event]
    def synced(first, last):
        if first is None or last is None:
            return False
        return any(event.startswith(("sync syncfs", "sync sync")) for event in found[first:last])
    result.check("order: what was staged is synced after the comparison, before `swap-out` is written",
                 synced(name("compare"), name("swap-out")), "\n".join(shown))
    result.check("order: what was moved is synced after `swap-in`, before `settled` is written",
                 synced(name("swap-in"), name("settled")), "\n".join(shown))
    target = os.path.join(scratch.path, "to")
    done, text = traced("restore", saved, "--service", "notes", "--to", target)
    found = events(text, live, target)
    renames = [n for n, event in enumerate(found) if event.startswith("rename") and "notes_data" in event and target in event]
    result.check("order: --to exits 0 and renames once", done.status == 0 and renames, f"{done}\n" + "\n".join(found[-20:]))
    if renames:
        result.check("order: --to syncs all before it renames", any(event.startswith(("sync syncfs", "sync sync"))
                     or event.startswith("sync fsync") and ".picjobs-tmp" in event for event in found[:renames[-1]]),
                     "\n".join(event[:150] for event in found[-20:]))
        result.check("order: --to syncs the directory after it", any(event.startswith("sync") for event in found[renames[-1]:]),
                     "\n".join(event[:150] for event in found[-20:]))


def body(result, scratch):
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--count", type=int, default=50)
    options.add_argument("--systems", nargs="*", default=list(SIZES), choices=list(SIZES))
    options.add_argument("--only", nargs="*", help="kinds: restore, restore --to, prune, backup")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--no-order", action="store_true")
    options.add_argument("--no-docker", action="store_true")
    chosen = options.parse_args()
    binary()
    if not chosen.no_order:
        order(result, scratch)
    disk = Disk(scratch)
    for system in chosen.systems:
        kinds = [Kind("restore", ["restore", "SAVED", "--service", "notes"]),
                 Kind("restore", ["restore", "SAVED", "--service", "notes"], apart=True),
                 Kind("restore --to", ["restore", "SAVED", "--service", "notes"]),
                 Kind("prune", ["snapshots", "prune", "--keep-last", "1"]), Kind("backup", ["backup"])]
        cutters = []
        for number, kind in enumerate(kinds):
            if chosen.only and kind.name not in chosen.only:
                continue
            done = kind.make(disk, system, os.path.join(scratch.path, f"home-{system}-{number}"))
            if result.check(f"{system}, {kind.name}: undisturbed it exits 0", done.status == 0, done):
                cutters.append(Cutter(result, disk, kind, system, random.Random(f"{chosen.seed} {system} {number}")))
        for number in range(chosen.count):
            cutter = cutters[number % len(cutters)]
            # Each kind of moment for each kind of run.
            cutter.cut(number // len(cutters) + (3 if chosen.count < 20 else 0), chosen.count)
        for cutter in cutters:
            cutter.tell()
    if not chosen.no_docker:
        containers(result, scratch, disk, chosen.systems, ("gnu", "busybox", "old-busybox", "no-sync"))


if __name__ == "__main__":
    report.run("power cuts", body)
