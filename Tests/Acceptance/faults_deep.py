#!/usr/bin/env python3
# quick: --brief --sample 2 --workers 3
"""Every file call of a run fails, one at a time: outcome, code and message agree, and the next run heals.

A preload library (acceptance/inject.c, compiled here) counts the calls of picjobs itself on files of the cell, and fails the
N-th with EIO, ENOSPC, EROFS, EMFILE, EINTR or ENOLCK, as each kind of call can, or reads and writes half. Local runtime.
--sample N takes N of each kind of run (with --seed), --only KIND … some kinds. Works in /dev/shm where there is room.
"""

import argparse
import collections
import concurrent.futures
import contextlib
import errno
import os
import random
import re
import shutil
import subprocess
import threading
import time

from acceptance import report, trees
from acceptance.cell import HERE, Cell, binary, local, verdicts
from acceptance.store import CAPABILITIES, small

SHORT = -1
CHANGE = (errno.EIO, errno.ENOSPC, errno.EROFS)
ERRORS = {
    "open": (errno.EIO, errno.EMFILE, errno.EINTR),
    "create": (errno.EIO, errno.ENOSPC, errno.EROFS, errno.EMFILE, errno.EINTR),
    "read": (errno.EIO, errno.EINTR, SHORT), "write": (errno.EIO, errno.ENOSPC, errno.EINTR, SHORT),
    "copy_file_range": (errno.EIO, errno.ENOSPC, SHORT),
    "fsync": (errno.EIO, errno.ENOSPC, errno.EINTR), "fdatasync": (errno.EIO, errno.ENOSPC, errno.EINTR),
    "syncfs": (errno.EIO, errno.ENOSPC), "close": (errno.EIO, errno.EINTR), "readdir": (errno.EIO,),
    "opendir": (errno.EIO, errno.EMFILE), "fdopendir": (errno.EIO,), "flock": (errno.EINTR, errno.ENOLCK),
    "rename": CHANGE, "renameat": CHANGE, "renameat2": CHANGE, "mkdir": CHANGE, "mkdirat": CHANGE, "linkat": CHANGE,
    "symlinkat": CHANGE, "mknodat": CHANGE, "ftruncate": CHANGE, "fallocate": CHANGE, "fsetxattr": CHANGE,
    "unlink": (errno.EIO, errno.EROFS), "unlinkat": (errno.EIO, errno.EROFS), "rmdir": (errno.EIO, errno.EROFS),
}
CHANGES_OF_MODE = ("fchmod", "fchmodat", "chmod", "fchown", "fchownat", "futimens", "utimensat")
# Parts of the words that each error has in the C library, and of what the program says in their place.
WORDS = {errno.EIO: ("input/output error",), errno.ENOSPC: ("no space", "is full"), errno.EROFS: ("read-only",),
         errno.EMFILE: ("too many open files", "descriptors"), errno.EINTR: ("interrupted",),
         errno.ENOLCK: ("no locks", "cannot lock", "can't lock")}
LIMIT = 20
SAVED = [("cell-notes", "/data/notes", "notes_data")]


def errors(call):
    """What a call is failed with."""
    return ERRORS.get(call, (errno.EIO, errno.EROFS) if call in CHANGES_OF_MODE else (errno.EIO,))


def name_of(number):
    return "half" if number == SHORT else errno.errorcode[number]


class Kind:
    """A kind of run: how its cell is made, what is run, and what has to be true afterwards."""

    name, words, quick = "", (), True

    def make(self, at):
        """The cell that each run gets a copy of, below a directory."""
        cell = local(os.path.join(at, "cell"), {"notes": SAVED})
        cell.write("data/service_secrets.json", '{"notes": {"KEY": "secret"}}')
        os.chmod(os.path.join(cell.path, "data/service_secrets.json"), 0o600)
        trees.small(self.volume(cell), 1, files=5, largest=4000)
        self.fill(cell)
        self.template = at
        self.old = trees.state(self.volume(cell))
        return cell

    def fill(self, cell):
        """What was done before."""

    def state(self, cell, done=None):
        """What the volume holds; a staging directory that could not be removed yet may be there when it was named."""
        found = trees.state(self.volume(cell))
        if done is None:
            return found
        named = {name for name in found if name.startswith(b".picjobs-") and name[:32].decode() in done.err + done.out}
        return {name: value for name, value in found.items() if name not in named}

    def volume(self, cell):
        """Where the volume is, or will be."""
        return os.path.join(cell.containers, SAVED[0][0], SAVED[0][1].lstrip("/"))

    def open(self, at):
        """The cell in a copy."""
        cell = Cell.__new__(Cell)
        cell.path, cell.environment, cell.containers = os.path.join(at, "cell"), {}, os.path.join(at, "cell/data/containers")
        return cell

    def command(self, at):
        """The words of the run."""
        return self.words

    def done(self, cell, at, done):
        """What is not as it has to be after exit 0; nothing when all is."""
        return ""

    def states(self):
        """The states that the volume may be in."""
        return [self.old]

    def heal(self, cell, at):
        """The next run without faults: (finished command, what is wrong)."""
        done = cell.backup(timeout=60)
        return done, "" if done.status == 0 else f"exit {done.status}"


class Backup(Kind):
    name, words = "backup", ("backup", "--json")

    def fill(self, cell):
        cell.backup()
        time.sleep(1.1)

    def done(self, cell, at, done):
        snapshot = done.json.get("snapshot")
        if snapshot not in cell.published():
            return f"its snapshot {snapshot} is not there"
        found = verdicts(done.json).get("notes_data")
        if found not in ("ok", "warnings"):
            return f"verdict {found}"
        seen = cell.run("snapshots", "verify", snapshot)
        return "" if seen.status == 0 else f"its snapshot does not verify: {seen.err}"


class Restore(Kind):
    name = "restore"
    more = ()

    def fill(self, cell):
        self.new = trees.state(self.volume(cell))
        self.snapshot = cell.backup().json["snapshot"]
        trees.wipe(self.volume(cell))
        trees.small(self.volume(cell), 2, files=5, largest=4000)
        cell.write("config/notes/service.conf", "changed\n")
        cell.write("config/notes/added.conf", "added\n")
        time.sleep(1.1)

    def command(self, at):
        return ("restore", self.snapshot, "--service", "notes", "--json", *self.more)

    def states(self):
        return [self.old, self.new]

    def done(self, cell, at, done):
        now = self.state(cell, done)
        return "" if now == self.new else "the volume is not what was saved: " + trees.state_difference(self.new, now)


class RestoreQuickly(Restore):
    name, more, quick = "restore --no-safety-snapshot", ("--no-safety-snapshot",), False


class RestorePath(Restore):
    name, more = "restore --path", ("--path", "top0")

    def states(self):
        return [self.old, {**self.old, b"top0": self.new[b"top0"]}]

    def done(self, cell, at, done):
        now = self.state(cell, done)
        return "" if now == self.states()[1] else trees.state_difference(self.states()[1], now)


class RestoreConfig(Restore):
    name, more = "restore --config", ("--config",)

    def done(self, cell, at, done):
        found = super().done(cell, at, done)
        with open(os.path.join(cell.path, "config/notes/service.conf")) as file:
            if "port = 8080" not in file.read():
                return found + " the configuration is not what was saved"
        if os.path.exists(os.path.join(cell.path, "config/notes/added.conf")):
            return found + " a file that was added is still there"
        return found


class RestoreTo(Restore):
    name = "restore --to"

    def command(self, at):
        return ("restore", self.snapshot, "--service", "notes", "--json", "--to", os.path.join(at, "cell/to"))

    def states(self):
        return [self.old]

    def done(self, cell, at, done):
        found = os.path.join(at, "cell/to/notes/notes_data")
        now = trees.state(found) if os.path.isdir(found) else {}
        return "" if now == self.new else "the files are not what was saved: " + trees.state_difference(self.new, now)

    def heal(self, cell, at):
        done = cell.run("restore", self.snapshot, "--service", "notes", "--to", os.path.join(at, "cell/again"), timeout=60)
        there = os.path.join(at, "cell/again/notes/notes_data")
        good = done.status == 0 and os.path.isdir(there) and trees.state(there) == self.new
        return done, "" if good else f"exit {done.status}, or not what was saved"


class Everything(Restore):
    name = "restore --everything"

    def fill(self, cell):
        super().fill(cell)
        at = os.path.dirname(cell.path)
        shutil.move(cell.backup_root, os.path.join(at, "medium"))
        shutil.move(os.path.join(cell.path, "data/keys"), os.path.join(at, "keys"))
        shutil.rmtree(cell.path)
        os.makedirs(os.path.join(cell.path, "data"))
        shutil.move(os.path.join(at, "keys"), os.path.join(cell.path, "data/keys"))
        shutil.move(os.path.join(at, "medium"), os.path.join(cell.path, "medium"))
        os.rename(os.path.join(cell.path, "medium"), os.path.join(at, "medium"))

    def command(self, at):
        return ("restore", "latest", "--everything", "--json", "--backup-root", os.path.join(at, "medium"))

    def states(self):
        return [{}, self.new]

    def heal(self, cell, at):
        done = cell.run(*self.command(at), timeout=60)
        if done.status != 0 and "empty" in done.err:  # so far it came; the medium is still whole
            shutil.rmtree(os.path.join(at, "cell/data/runs"), ignore_errors=True)
            other = os.path.join(at, "other")
            os.makedirs(other + "/data")
            shutil.copytree(os.path.join(self.template, "cell/data/keys"), other + "/data/keys")
            cell.path, cell.containers = other, other + "/data/containers"
            done = cell.run(*self.command(at), timeout=60)
        return done, "" if done.status == 0 else f"exit {done.status}"


class Prune(Kind):
    name, words = "prune", ("snapshots", "prune", "--keep-last", "1", "--json")

    def fill(self, cell):
        for _ in range(3):
            cell.backup()
            time.sleep(1.1)

    def done(self, cell, at, done):
        names = cell.published()
        return "" if len(names) == 1 else f"these are left: {names}"


class Verify(Kind):
    name, words = "verify", ("snapshots", "verify", "--json")

    def fill(self, cell):
        cell.backup()


class List(Verify):
    name, words, quick = "list", ("snapshots", "list", "--json"), False

    def done(self, cell, at, done):
        return "" if len(done.json.get("snapshots", [])) == 1 else "the snapshot is not listed"


class Service(Kind):
    """Installing and updating, with a real Caddy behind it and no site."""

    socket = ""

    def package(self, at, version):
        """A package without a site, in a directory beside the cell."""
        package = small("web", version, iptables_rules=[], capabilities={f: f == "has_storage" for f in CAPABILITIES})
        for field in ("subdomain", "extra_subdomains", "backend", "caddy_route"):
            package.manifest.pop(field, None)
        return package.directory(os.path.join(at, "package-" + version))

    def fill(self, cell):
        cell.settings("runtime: local\ncontainers:\n  cell-notes: data/containers/cell-notes\n"
                      f"  cell-web: data/containers/cell-web\ncaddy:\n  admin: unix/{self.socket}\n")
        cell.write("config/caddy/Caddyfile", f"{{\n\tadmin unix/{self.socket}\n\tauto_https off\n}}\nimport services.caddy\n")
        cell.write("config/caddy/services.caddy", "# nothing yet\n")
        at = os.path.dirname(cell.path)
        cell.local_volume("cell-web", "/data")
        self.packages = {version: self.package(at, version) for version in ("1.0.0", "1.1.0")}
        cell.backup()

    def version(self, cell):
        """The installed version, or nothing."""
        done = cell.run("service", "list", "--json")
        return next((one.get("version") for one in done.json.get("services", []) if one["id"] == "web"), None)

    def finish(self, cell, words, wanted):
        """The recovery, then the command again."""
        first = cell.backup(timeout=60)
        if first.status != 0:
            return first, f"exit {first.status}"
        done = cell.run(*words, timeout=60)
        if done.status not in (0, 65) or self.version(cell) != wanted:
            return done, f"the command again: exit {done.status}, version {self.version(cell)}"
        return done, ""


class Install(Service):
    name, quick = "install", False

    def command(self, at):
        return ("service", "install", "web", "--from", self.packages["1.0.0"], "--json")

    def done(self, cell, at, done):
        return "" if self.version(cell) == "1.0.0" else "it is not installed"

    def heal(self, cell, at):
        return self.finish(cell, self.command(at), "1.0.0")


class Update(Service):
    name = "update"

    def fill(self, cell):
        super().fill(cell)
        done = cell.run("service", "install", "web", "--from", self.packages["1.0.0"])
        if done.status != 0:
            raise RuntimeError(f"the first version can't be installed: {done}")
        trees.small(os.path.join(cell.local_volume("cell-web", "/data")), 4, files=3)
        time.sleep(1.1)

    def command(self, at):
        return ("service", "update", "web", "--from", self.packages["1.1.0"], "--json")

    def done(self, cell, at, done):
        return "" if self.version(cell) == "1.1.0" else "it is not updated"

    def heal(self, cell, at):
        return self.finish(cell, self.command(at), "1.1.0")


KINDS = [Backup, Restore, RestoreQuickly, RestorePath, RestoreConfig, RestoreTo, Everything, Prune, Verify, List, Install, Update]


class Trial:
    """One kind of run, counted, and then failed call by call."""

    def __init__(self, result, scratch, library, kind, lock):
        self.result, self.kind, self.library, self.lock = result, kind, library, lock
        self.at = scratch.directory(re.sub("[^a-z]+", "-", kind.name))
        self.repeated, self.number, self.trials = collections.Counter(), 0, 0
        kind.make(os.path.join(self.at, "template"))

    @contextlib.contextmanager
    def copy(self):
        """A copy of the prepared cell, removed afterwards."""
        with self.lock:
            self.number += 1
            at = os.path.join(self.at, str(self.number))
        subprocess.run(["cp", "-a", os.path.join(self.at, "template"), at], check=True)
        try:
            yield self.kind.open(at), at
        finally:
            shutil.rmtree(at, ignore_errors=True)

    def run(self, cell, at, number=0, error=0):
        """The run with the N-th call failing, or counted with 0: (finished command, lines of the library)."""
        log = os.path.join(at, "calls")
        cell.environment = {"LD_PRELOAD": self.library, "INJECT_BELOW": at, "INJECT_LOG": log, "INJECT_AT": str(number),
                            "INJECT_ERRNO": str(error)}
        done = cell.run(*self.kind.command(at), timeout=LIMIT)
        cell.environment = {}
        try:
            with open(log, errors="replace") as file:
                lines = [line.rstrip("\n").split(" ", 2) for line in file if line.count(" ") >= 2]
        except FileNotFoundError:
            lines = []
        return done, lines

    def plan(self):
        """All faults: (number of the call, error), and what each call was."""
        with self.copy() as (cell, at):
            done, lines = self.run(cell, at)
            good = done.status == 0 and not self.kind.done(cell, at, done)
            with self.lock:
                self.result.check(f"{self.kind.name}: undisturbed it exits 0 and {len(lines)} calls are counted",
                                  good and len(lines) > 20, f"{done}\n{self.kind.done(cell, at, done)}")
            kinds = collections.Counter(call for _, call, _ in lines)
            self.result.note(f"{self.kind.name}: " + ", ".join(f"{count} {call}" for call, count in kinds.most_common(12)))
        return [(int(number), error) for number, call, _ in lines for error in errors(call)]

    def fail(self, fault):
        """One fault, judged."""
        number, error = fault
        with self.copy() as (cell, at):
            done, lines = self.run(cell, at, number, error)
            if not lines:
                with self.lock:
                    self.repeated["never reached"] += 1
                return
            call, path = lines[0][1], os.path.relpath(lines[0][2], at)
            where = f"{self.kind.name}: {name_of(error)} at {call} of {shape(path)}"
            found = [f"{bad}" for bad in self.judge(cell, at, done, call, path, error) if bad]
            with self.lock:
                self.trials += 1
                if not found:
                    self.result.passed += 1
                for bad in found[:1]:
                    self.tell(where, bad, f"call {number}: {path}\n" + "\n".join(found[1:]) + f"\n{done}")

    def judge(self, cell, at, done, call, path, error):
        """What is wrong after a run with a fault: the first line of each is its kind."""
        text = done.err + done.out
        if done.status < 0 or done.status > 128:
            yield f"it ended with {done.status} ({'hang' if 'still running' in done.err else 'trap or signal'})"
        elif done.status == 0:
            bad = self.kind.done(cell, at, done)
            if bad:
                yield f"exit 0, but {bad}"
        else:
            words = WORDS.get(error, ())
            if error in (SHORT, errno.EINTR) and call in ("read", "write"):
                yield f"exit {done.status}: {name_of(error)} of a {call} is nothing to fail for"
            elif words and not any(word in text.lower() for word in words):
                yield f"exit {done.status} without the words {words[0]!r}"
            if error in (errno.EMFILE, errno.EINTR, errno.ENOLCK) and done.status in (4, 65):
                yield f"exit {done.status}: {name_of(error)} is no damage and no refusal"
            names = [part for part in path.split("/")[-4:] if part and not part.startswith(".")] + ["notes", "web"]
            if not done.err.strip() or not any(name in done.err for name in names):
                yield f"exit {done.status} and no line names an object"
            if not 1 <= len(done.err.splitlines()) <= 12:
                yield f"exit {done.status} and {len(done.err.splitlines())} lines"
        if not isinstance(self.kind, (Everything,)):
            now = self.kind.state(cell, done)
            if now not in self.kind.states() and done.status == 0:
                yield "exit 0 and the volume is neither old nor new: " + trees.state_difference(self.kind.old, now)
        cell.age_unnamed_records()
        healed, bad = self.kind.heal(cell, at)
        if bad:
            yield f"the next run: {bad}\n{healed}"
        left = cell.leftovers()
        if left:
            yield f"after the next run is left: {shape(left[0])}"
        now = trees.state(self.kind.volume(cell))
        if now not in self.kind.states():
            yield "after the next run the volume is neither old nor new: " + trees.state_difference(self.kind.old, now)
        if os.path.isdir(cell.backup_root):
            seen = cell.run("snapshots", "verify", timeout=60)
            if seen.status != 0:
                yield f"a snapshot does not verify\n{seen}"

    def tell_all(self, more=""):
        """Says how many there were, and clears up."""
        missed = self.repeated.pop("never reached", 0)
        self.result.note(f"{self.kind.name}: {self.trials} faults{more}, {missed} never reached, "
                         f"{sum(self.repeated.values())} failed in {len(self.repeated)} ways")
        shutil.rmtree(self.at, ignore_errors=True)

    def tell(self, where, bad, detail):
        """Prints the first of each kind of failure, counts all."""
        key = f"{where}: {bad.splitlines()[0][:90]}"
        self.repeated[key] += 1
        if self.repeated[key] == 1:
            self.result.check(f"{where}: {bad}", False, detail)
        else:
            self.result.failed += 1


def shape(path):
    """A path without what differs from run to run."""
    path = re.sub(r"\.picjobs-tmp-[0-9a-f]+", ".picjobs-tmp-X", path)
    path = re.sub(r"\d{8}T\d{6}Z-[0-9a-f]{6}", "RUN", path)
    return re.sub(r"\d{8}T\d{6}Z", "SNAPSHOT", path)


def start_caddy(scratch):
    """A Caddy without any site; the socket of its admin API."""
    report.need("caddy", "curl")
    home = scratch.directory("caddy")
    socket = os.path.join(home, "admin.sock")
    with open(os.path.join(home, "Caddyfile"), "w") as file:
        file.write(f"{{\n\tadmin unix/{socket}\n\tauto_https off\n}}\n")
    process = subprocess.Popen(["caddy", "run", "--config", "Caddyfile", "--adapter", "caddyfile"], cwd=home,
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               env={**os.environ, "HOME": home})

    def stop():
        process.terminate()
        process.wait()

    scratch.undo(stop)
    deadline = time.monotonic() + 20
    while subprocess.run(["curl", "-s", "-m", "5", "-o", "/dev/null", "--unix-socket", socket, "http://caddy/config/"]
                         ).returncode != 0:
        if time.monotonic() > deadline:
            raise RuntimeError("Caddy does not start")
        time.sleep(0.05)
    return socket


def body(result, scratch):
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sample", type=int, default=0)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--workers", type=int, default=3)
    options.add_argument("--only", nargs="*", help="kinds: " + ", ".join(kind.name for kind in KINDS))
    options.add_argument("--brief", action="store_true", help="without the kinds that others are much like")
    options.add_argument("--errors", nargs="*", help="only these errors, such as EIO")
    chosen = options.parse_args()
    report.need("cc")
    binary()
    library = os.path.join(scratch.path, "inject.so")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, os.path.join(HERE, "inject.c"), "-ldl"], check=True)
    wanted = [kind for kind in KINDS if (not chosen.only or kind.name in chosen.only)
              and (kind.quick or not chosen.brief)]
    if any(issubclass(kind, Service) for kind in wanted):
        Service.socket = start_caddy(scratch)
    lock = threading.RLock()

    def prepare(kind):
        """The cell of one kind, and its faults."""
        trial = Trial(result, scratch, library, kind(), lock)
        faults = [fault for fault in trial.plan() if not chosen.errors or name_of(fault[1]) in chosen.errors]
        if chosen.sample and len(faults) > chosen.sample:
            faults = random.Random(f"{chosen.seed} {kind.name}").sample(faults, chosen.sample)
        return trial, faults

    with concurrent.futures.ThreadPoolExecutor(chosen.workers) as pool:
        trials = list(pool.map(prepare, wanted))
        for trial, faults in trials if not chosen.sample else ():
            began = time.monotonic()
            list(pool.map(trial.fail, faults))
            trial.tell_all(f" in {time.monotonic() - began:.0f} s")
        if chosen.sample:
            list(pool.map(lambda one: one[0].fail(one[1]), [(trial, fault) for trial, faults in trials for fault in faults]))
            for trial, _ in trials:
                trial.tell_all()


if __name__ == "__main__":
    if "PICJOBS_SCRATCH" not in os.environ and os.path.isdir("/dev/shm") and shutil.disk_usage("/dev/shm").free > 2 << 30:
        os.environ["PICJOBS_SCRATCH"] = "/dev/shm"
    report.run("every file call fails once", body)
