"""Real containers for restores: images of real servers, one container with its cell, and what it is judged by."""

import json
import os
import shutil
import subprocess
import tarfile
import threading
import time

from . import images, trees
from .cell import Cell
from .engine import Engine

IDLE = "trap 'exit 0' TERM; sleep infinity & wait"
POSTGRES = "/usr/lib/postgresql/15"
HEALTHY = ("--health-interval", "1s", "--health-timeout", "5s", "--health-retries", "3", "--health-cmd")
# A line every 50 ms in the container's own layer, which outlives a stop: the longest gap is the downtime.
BEAT = "beat() { while :; do read -r now _ </proc/uptime; echo $now >>/tmp/beat; sleep 0.05; done; }; beat & "


def put(path, text, mode=0o644):
    """Writes a small file, with the directories above it."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, mode)


def _gnu(tree):
    images.gnu(tree, more=("tail", "grep", "cut", "tr", "date", "mktemp", "env", "cp", "sort"))


def _redis(tree):
    _gnu(tree)
    images.add(tree, "/usr/bin/redis-server", "/usr/bin/redis-cli")


def _sqlite(tree):
    _gnu(tree)
    images.add(tree, "/usr/bin/sqlite3")


def _postgres(tree):
    """Without the compiler that it can use, which is the largest part of it. It runs as the user 1000."""
    _gnu(tree)
    images.add(tree, f"{POSTGRES}/bin/postgres", f"{POSTGRES}/bin/initdb", f"{POSTGRES}/bin/psql",
               f"{POSTGRES}/bin/pg_isready", "/usr/share/postgresql/15", "/usr/share/zoneinfo",
               *(f"{POSTGRES}/lib/{name}" for name in os.listdir(f"{POSTGRES}/lib")
                 if name.endswith(".so") and "llvm" not in name))
    os.chown(os.path.join(tree, "data"), 1000, 1000)
    os.chmod(os.path.join(tree, "data"), 0o700)
    for name in ("postgres", "initdb", "psql", "pg_isready"):
        os.symlink(f"..{POSTGRES}/bin/{name}", os.path.join(tree, "bin", name))


def _old_busybox(tree):
    """busybox as it was before 1.34: its mv has -f, -i and -n alone.

    The name of the applet is changed in the binary, or find would run it without looking for a program of that name.
    """
    images.busybox(tree, more=("env", "head"))
    os.unlink(os.path.join(tree, "bin/mv"))
    with open(os.path.join(tree, "bin/busybox"), "r+b") as file:
        data = file.read()
        if data.count(b"\0mv\0") != 1:
            raise RuntimeError("this busybox keeps the names of its applets in another way")
        file.seek(data.index(b"\0mv\0") + 2)
        file.write(b"w")
    put(os.path.join(tree, "bin/mv"), """#!/bin/sh
for word; do
    case $word in
    --) break ;;
    --*) echo "mv: unrecognized option '$word'" >&2; exit 1 ;;
    -*[!fin-]*) echo "mv: invalid option -- '${word#-}'" >&2
        echo "BusyBox v1.33.1 () multi-call binary." >&2; exit 1 ;;
    esac
done
exec /bin/busybox mw "$@"
""", 0o755)


def _bare_tar(tree):
    """tar, a shell and nothing that could move a file."""
    images.busybox(tree)
    for name in ("mv", "find", "rm", "mkdir", "xargs", "stat"):
        os.unlink(os.path.join(tree, "bin", name))


def _chatty_tar(tree):
    """A GNU tar that was built without ACLs says so, and goes on."""
    _gnu(tree)
    os.rename(os.path.join(tree, "bin/tar"), os.path.join(tree, "lib/real-tar"))
    put(os.path.join(tree, "bin/tar"), """#!/bin/bash
for word; do
    [ "$word" != --acls ] || echo "tar: POSIX ACL support is not available" >&2
done
exec -a tar /lib/real-tar "$@"
""", 0o755)


def _entry(tree):
    """An image whose entry point writes into its volume whenever something is started from it."""
    _gnu(tree)
    put(os.path.join(tree, "bin/entry"), "#!/bin/sh\necho started >>/data/started\n" + IDLE + "\n", 0o755)


def _without_sync(tree):
    """No program that could sync: what the host does has to be enough."""
    _gnu(tree)
    os.unlink(os.path.join(tree, "bin/sync"))


IMAGES = {
    "no-sync": (_without_sync, ()),
    "entry": (_entry, ('ENTRYPOINT ["/bin/entry"]', "VOLUME /extra", "HEALTHCHECK CMD test -e /data/started")),
    "gnu": (_gnu, ()), "redis": (_redis, ()), "sqlite": (_sqlite, ()), "postgres": (_postgres, ("USER 1000",)),
    "old-busybox": (_old_busybox, ()), "busybox": (lambda tree: images.busybox(tree), ()), "bare-tar": (_bare_tar, ()),
    "chatty-tar": (_chatty_tar, ()), "preload": (_gnu, ("ENV LD_PRELOAD=/no/such/library.so",)),
}


CASES = []


def case(group, quick=False):
    """Registers a case of `restores.py` under its group of promises."""
    def register(body):
        CASES.append((group, body.__name__, body, quick))
        return body
    return register


class Ground:
    """The engine, and images that are made when they are needed."""

    def __init__(self, result, scratch):
        self.result, self.scratch, self.engine = result, scratch, Engine(scratch)
        self.made, self.boxes, self.lock = set(), 0, threading.RLock()

    def image(self, name):
        """An image of `IMAGES`."""
        with self.lock:
            if name not in self.made:
                build, changes = IMAGES[name]
                tree = os.path.join(self.scratch.path, "tree-" + name)
                os.makedirs(tree)
                build(tree)
                self.engine.image(name, tree, *changes)
                shutil.rmtree(tree)
                self.made.add(name)
        return name

    def number(self):
        """A number for the next box."""
        with self.lock:
            self.boxes += 1
            return self.boxes


class Box:
    """One container, one volume in it, and a cell of its own.

    `volume` is a directory of the host, None for a named volume, or False for the container's own layer.
    """

    def __init__(self, ground, what, image="gnu", script=IDLE, path="/data", mount=None, volume=None, options=(),
                 settings="", environment=None, words=None, more=()):
        self.ground, self.engine, self.what = ground, ground.engine, what
        number = ground.number()
        self.name, self.path, self.image, self.script = f"cell-svc-{number}", path, ground.image(image), script
        self.mount = mount or path
        self.volume = f"volume-{number}" if volume is None else volume
        self.options, self.words, self.more = options, words, more
        self.cell = Cell(os.path.join(ground.scratch.path, f"cell-{number}"), "runtime: docker\n" + settings,
                         {**self.engine.environment, **(environment or {})})
        self.cell.service("svc", [(self.name, path, "svc_data")], ["config/svc"])
        self.create()
        self.engine.docker("start", self.name)
        self.snapshot = self.mountpoint = None

    # The container.

    def create(self):
        """Makes the container, and does not start it."""
        mounts = [] if self.volume is False else ["-v", f"{self.volume}:{self.mount}"]
        words = self.words or ("sh", "-c", self.script)
        self.engine.docker("create", "--name", self.name, "--network", "none", *mounts, *self.more, *self.options,
                           self.image, *words)

    def remove(self):
        """Takes the container away, the volume stays."""
        self.engine.docker("rm", "-f", self.name)

    @property
    def live(self):
        """The volume, as root on the host sees it."""
        if isinstance(self.volume, str) and self.volume.startswith("/"):
            return self.volume
        if self.volume is False:
            # Also of a container that does not run: the layer, not a process' view.
            return self.engine.path(self.name, self.mount)
        if self.mountpoint is None:
            self.mountpoint = json.loads(self.engine.docker("volume", "inspect", self.volume))[0]["Mountpoint"]
        return self.mountpoint

    def run(self, *words, check=True):
        """A command in the container; its output."""
        done = subprocess.run(self.engine.command("exec", self.name, *words), capture_output=True, text=True, timeout=60)
        if check and done.returncode != 0:
            raise RuntimeError(f"{self.what}: {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout.strip()

    def until(self, *words, wanted=None, seconds=30):
        """Repeats a command in the container until it succeeds, or says what is wanted."""
        deadline = time.monotonic() + seconds
        while True:
            done = subprocess.run(self.engine.command("exec", self.name, *words), capture_output=True, text=True)
            if done.returncode == 0 and wanted in (None, done.stdout.strip()):
                return done.stdout.strip()
            if time.monotonic() > deadline:
                return f"{done.stdout}{done.stderr}".strip() + f" (after {seconds} s)"
            time.sleep(0.1)

    def health(self):
        """`running`, with the health where the container has a check."""
        state = self.engine.inspect(self.name)["State"]
        return " ".join([state["Status"], *([state["Health"]["Status"]] if "Health" in state else [])])

    # Judging.

    def check(self, name, good, detail=""):
        with self.ground.lock:
            return self.ground.result.check(f"{self.what}: {name}", good, detail)

    def equal(self, name, found, wanted):
        return self.check(f"{name} {str(found)[:60]}", found == wanted, f"found  {found!r}\nwanted {wanted!r}")

    def note(self, text):
        with self.ground.lock:
            self.ground.result.note(f"{self.what}: {text}")

    def state(self):
        """What the volume holds."""
        return trees.state(self.live)

    def backup(self, *words, statuses=(0,)):
        """A backup that is to work; the finished command."""
        done = self.cell.backup(*words, timeout=120)
        self.check(f"backup exits {done.status}", done.status in statuses, done)
        self.snapshot = done.json.get("snapshot") or self.snapshot
        return done

    def restore(self, *words, statuses=(0,), timeout=150, snapshot=None):
        """A restore of the whole service; the finished command. Nobody else's container may be left by it."""
        before = self.containers()
        done = self.cell.run("restore", snapshot or self.snapshot or "latest", "--service", "svc", *words, timeout=timeout)
        self.check(f"restore {' '.join(words)} exits {done.status} ({done.seconds:.1f} s)", done.status in statuses, done)
        for line in done.err.splitlines() if done.status != 0 else ():
            self.note(line[:400])
        self.check("no container of the restore's own is left", before == self.containers(), self.containers() - before)
        return done

    def containers(self):
        """The containers that are this box's, or were made by a run of its cell."""
        names = self.engine.docker("ps", "-a", "--format", "{{.Names}}").split()
        try:
            runs = os.listdir(os.path.join(self.cell.path, "data/runs"))
        except FileNotFoundError:
            runs = []
        return {name for name in names if name == self.name or any(run in name for run in runs)}

    def whole(self, wanted, name="the volume is what was saved"):
        """Compares the volume with a state."""
        now = self.state()
        self.check(name, now == wanted, trees.state_difference(wanted, now))
        left = [entry for entry in os.listdir(self.live) if entry.startswith(".picjobs-")]
        self.check("no staging directory is left", not left, left)

    def old_or_new(self, old, new):
        """Which of two states the volume is in."""
        now = self.state()
        end = "new" if now == new else "old" if now == old else "mix"
        self.check(f"the volume is {end}", end != "mix", "to old: " + trees.state_difference(old, now)
                   + "\nto new: " + trees.state_difference(new, now))
        return end

    def archive(self, snapshot=None):
        """The saved archive of the volume."""
        return os.path.join(self.cell.backup_root, snapshot or self.snapshot, "service_data/svc/svc_data.tar.gz")

    def saved(self, name, snapshot=None):
        """The bytes of one file in a snapshot; None when it is not there."""
        with tarfile.open(self.archive(snapshot)) as tar:
            names = {member.name.removeprefix("./"): member for member in tar if member.isreg()}
            return tar.extractfile(names[name]).read() if name in names else None

    def names(self, snapshot=None):
        """The names in a snapshot's archive."""
        with tarfile.open(self.archive(snapshot)) as tar:
            return {member.name.removeprefix("./") for member in tar}

    def somewhere(self, name, text):
        """Where a file with this content is now: paths in the volume, then ids of snapshots."""
        places = []
        for at, _, files in os.walk(self.live):
            for entry in files:
                if entry == name and not os.path.islink(os.path.join(at, entry)):
                    with open(os.path.join(at, entry), "rb") as file:
                        if file.read() == text.encode():
                            places.append(os.path.relpath(os.path.join(at, entry), self.live))
        for snapshot in self.cell.published():
            path = self.archive(snapshot)
            if os.path.exists(path):
                with tarfile.open(path) as tar:
                    for member in tar:
                        if (member.isreg() and os.path.basename(member.name) == name and member.size == len(text)
                                and tar.extractfile(member).read() == text.encode()):
                            places.append(snapshot)
        return places

    def downtime(self):
        """The longest silence of `BEAT`, in seconds."""
        times = [float(word) for word in self.run("cat", "/tmp/beat").split()]
        return max((b - a for a, b in zip(times, times[1:])), default=0.0)


def prepared(ground, what, script=IDLE, **more):
    """A box with a small tree that was saved and has changed since: (box, old, new)."""
    box = Box(ground, what, script=script, **more)
    trees.small(box.live, 1, files=12)
    put(os.path.join(box.live, "ok"), "yes\n")
    new = box.state()
    box.backup()
    trees.wipe(box.live)
    trees.small(box.live, 2, files=12)
    put(os.path.join(box.live, "ok"), "no\n")
    return box, box.state(), new


class Watch:
    """While a command runs: for each step of the journal, whether the container ran when it was first seen."""

    def __init__(self, box):
        self.box, self.seen, self.over = box, {}, False
        self.known = set(self._runs())
        self.thread = threading.Thread(target=self._look, daemon=True)
        self.thread.start()

    def _runs(self):
        try:
            return os.listdir(os.path.join(self.box.cell.path, "data/runs"))
        except FileNotFoundError:
            return []

    def _look(self):
        while not self.over:
            time.sleep(0.01)
            if set(self._runs()) - self.known:
                lines = self.box.cell.journal()
                step = lines[-1].get("step") if lines else None
                if step and step not in self.seen:
                    running = self.box.engine.inspect(self.box.name)["State"]["Running"]
                    now = self.box.cell.journal()
                    if now and now[-1].get("step") == step:
                        self.seen[step] = running

    def stop(self):
        """Ends the watch; step → whether the container ran."""
        self.over = True
        self.thread.join()
        return self.seen
