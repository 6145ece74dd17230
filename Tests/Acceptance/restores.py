#!/usr/bin/env python3
# quick: --quick
"""Restores into services as real life has them: nothing that is put back is undone, and nothing else is destroyed.

Real Docker. Redis, PostgreSQL, SQLite and services that save what they know when they are told to stop; containers in every
state; paths through links, mounts below, files that can't be removed, full disks, old tools. --only NAME … runs some cases,
--list names them, --workers N at once (3).
"""

import argparse
import concurrent.futures
import os
import shutil
import signal
import subprocess
import time
import traceback

from acceptance import report, trees
from acceptance.boxes import BEAT, IDLE, Box, Ground, Watch, put
from acceptance.cell import binary, local, phase, verdicts
from acceptance.loops import Bare, Loop, fill

CASES = []
HEALTHY = ("--health-interval", "1s", "--health-timeout", "5s", "--health-retries", "3", "--health-cmd")


def case(group, quick=False):
    """Registers a case under its group of promises."""
    def register(body):
        CASES.append((group, body.__name__, body, quick))
        return body
    return register


# A1: the old process writes nothing into the restored tree.

@case("A1", quick=True)
def redis(ground):
    """Redis saves its memory when it is stopped."""
    box = Box(ground, "redis", "redis", words=("redis-server", "--dir", "/data", "--save", "3600 1", "--bind", "127.0.0.1"),
              options=(*HEALTHY, "redis-cli ping"))
    box.until("redis-cli", "ping", wanted="PONG")
    box.run("redis-cli", "set", "k", "GOOD")
    box.run("redis-cli", "save")
    box.backup()
    box.run("redis-cli", "set", "k", "WRONG")
    done = box.restore()
    box.equal("it runs and is healthy when the restore ends:", box.health(), "running healthy")
    box.equal("get k:", box.until("redis-cli", "get", "k", wanted="GOOD", seconds=5), "GOOD")
    box.check("the safety snapshot is named", done.status == 0 and len(box.cell.published()) == 2
              and box.cell.published()[1] in done.out + done.err, done)
    safety = box.cell.published()[-1]
    done = box.restore(snapshot=safety)
    box.equal("and the way back leads back: get k:", box.until("redis-cli", "get", "k", seconds=5), "GOOD")


@case("A1")
def redis_append_only(ground):
    """The same with a log instead of a dump, and many keys."""
    box = Box(ground, "redis with a log", "redis", words=(
        "redis-server", "--dir", "/data", "--save", "", "--appendonly", "yes", "--bind", "127.0.0.1"))
    box.until("redis-cli", "ping", wanted="PONG")
    box.run("redis-cli", "set", "k", "GOOD")
    time.sleep(1.5)
    box.backup()
    box.run("sh", "-c", "redis-cli set k WRONG; redis-cli set later x; redis-cli bgrewriteaof; sleep 1")
    box.restore()
    box.equal("get k:", box.until("redis-cli", "get", "k", wanted="GOOD", seconds=5), "GOOD")
    box.equal("what came later is gone:", box.run("redis-cli", "exists", "later"), "0")


SQL = ("psql", "-h", "/tmp", "-U", "user", "-d", "postgres", "-qAt", "-c")


@case("A1", quick=True)
def postgres(ground):
    """PostgreSQL writes a checkpoint when it is stopped, and does not start from a mix."""
    box = Box(ground, "postgres", "postgres", words=("sh", "-c", (
        "[ -s /data/PG_VERSION ] || initdb -D /data -U user --no-sync >/dev/null || exit 1; "
        "exec postgres -D /data -k /tmp -c listen_addresses= -c shared_buffers=16MB")),
        options=("--restart", "always", *HEALTHY, "pg_isready -h /tmp -U user"))
    box.until("pg_isready", "-h", "/tmp", "-U", "user", seconds=60)
    box.until(*SQL, "create table t as select generate_series(1, 500) as n, 'GOOD' as word; checkpoint", seconds=20)
    box.backup()
    for statement in ("update t set word = 'WRONG'", "insert into t select generate_series(1, 20000), 'LATER'",
                      "select pg_switch_wal()", "checkpoint", "vacuum full t"):
        box.run(*SQL, statement)
    restarts = box.engine.inspect(box.name)["RestartCount"]
    box.restore()
    box.equal("it runs and is healthy when the restore ends:", box.health(), "running healthy")
    rows = box.until(*SQL, "select count(*), min(word), max(word) from t", wanted="500|GOOD|GOOD", seconds=20)
    box.equal("the rows of the backup:", rows, "500|GOOD|GOOD")
    time.sleep(1)
    box.equal("it was not restarted by itself:", box.engine.inspect(box.name)["RestartCount"], restarts)
    logs = subprocess.run(box.engine.command("logs", box.name), capture_output=True, text=True)
    box.check("no word of a panic", "PANIC" not in logs.stderr + logs.stdout
              and "could not locate" not in logs.stderr + logs.stdout, (logs.stderr + logs.stdout)[-800:])


@case("A1", quick=True)
def sqlite(ground):
    """SQLite in WAL mode, with somebody who inserts all the time and closes the database when stopped."""
    box = Box(ground, "sqlite", "sqlite", BEAT + """
s=$(cat /proc/sys/kernel/random/uuid); rm -f /tmp/f; mkfifo /tmp/f
sqlite3 /data/app.db "pragma journal_mode=wal; create table if not exists t(s text, n integer);" >/dev/null
sqlite3 /data/app.db </tmp/f & q=$!
(n=0; while :; do [ -e /tmp/hold ] || { n=$((n+1)); echo "insert into t values('$s',$n);"; }; sleep 0.01; done) >/tmp/f & g=$!
trap 'kill $g; wait $q; touch /tmp/stopped; exit 0' TERM
wait $q""")
    def count(where="1"):
        return box.until("sqlite3", "-cmd", ".timeout 5000", "/data/app.db", f"select count(*) from t where {where}")
    box.until("test", "-e", "/data/app.db")
    time.sleep(1)
    box.run("touch", "/tmp/hold")
    time.sleep(0.3)
    box.run("sqlite3", "-cmd", ".timeout 5000", "/data/app.db", "pragma wal_checkpoint(truncate)")
    rows, session = int(count()), box.run("sqlite3", "/data/app.db", "select min(s) from t")
    box.backup()
    box.run("rm", "/tmp/hold")
    time.sleep(1)
    box.check("it went on writing", int(count()) > rows, count())
    box.restore()
    box.equal("integrity:", box.until("sqlite3", "-cmd", ".timeout 5000", "/data/app.db", "pragma integrity_check"), "ok")
    box.equal("rows of the old process:", count(f"s = '{session}'"), str(rows))
    box.check("it was stopped with grace", "stopped" in box.run("ls", "/tmp").split(), box.run("ls", "/tmp"))
    box.note(f"the longest silence of the service: {box.downtime():.1f} s")


SAVES = BEAT + """
memory=$(cat /data/settings 2>/dev/null || echo GOOD); echo "$memory" >/data/settings
save() { sleep ${1:-0}; echo "$memory" >/data/settings; echo "$memory" >/data/saved-at-stop; touch /tmp/stopped; exit 0; }
trap 'save PAUSE' SIGNAL
while :; do echo "$memory" >/tmp/memory; [ -e /tmp/want ] && { memory=$(cat /tmp/want); rm /tmp/want; }; sleep 0.05; done
"""


def settings(ground, what, stop="TERM", pause=0, options=(), **more):
    """A service that rewrites its settings from memory when it is stopped."""
    box = Box(ground, what, script=SAVES.replace("SIGNAL", stop).replace("PAUSE", str(pause)), options=options, **more)
    box.until("cat", "/tmp/memory", wanted="GOOD")
    new = box.state()
    box.backup()
    box.run("sh", "-c", "echo WRONG >/tmp/want")
    box.until("cat", "/tmp/memory", wanted="WRONG")
    box.restore()
    box.until("cat", "/tmp/memory", wanted="GOOD", seconds=5)
    box.equal("the settings are those of the backup:", box.run("cat", "/data/settings"), "GOOD")
    box.equal("and in the memory of the service:", box.run("cat", "/tmp/memory"), "GOOD")
    box.check("what it wrote when it was stopped is not in the restored volume",
              not os.path.exists(os.path.join(box.live, "saved-at-stop")), sorted(new))
    box.check("it was stopped with grace", "stopped" in box.run("ls", "/tmp").split(), box.run("ls", "/tmp"))
    return box


@case("A1", quick=True)
def settings_at_sigterm(ground):
    settings(ground, "saves at SIGTERM")


@case("A1")
def settings_at_another_signal(ground):
    settings(ground, "saves at its own stop signal", stop="USR1", options=("--stop-signal", "USR1"))


@case("A1")
def settings_slowly(ground):
    settings(ground, "takes 13 s to stop, and may", pause=13, options=("--stop-timeout", "40"))


@case("A1")
def settings_unstoppable_restart_policy(ground):
    settings(ground, "is restarted whatever happens", options=("--restart", "always"))


@case("A1")
def settings_in_the_layer(ground):
    """A path that lies in no volume: no other container can see it."""
    settings(ground, "its path is in its own layer", volume=False)


@case("A1")
def second_container(ground):
    """Another container of the same service has the volume, too, and saves when it is stopped."""
    box = Box(ground, "two containers with one volume")
    other = box.name + "-worker"
    put(os.path.join(box.live, "settings"), "GOOD\n")
    script = SAVES.replace("SIGNAL", "TERM").replace("PAUSE", "0").replace("/data/saved-at-stop", "/data/saved-by-worker")
    box.engine.docker("run", "-d", "--name", other, "--network", "none", "-v", f"{box.volume}:/data", "gnu", "sh", "-c", script)
    path = os.path.join(box.cell.path, "data/services/svc/manifest.json")
    with open(path) as file:
        text = file.read()
    put(path, text.replace(f'"containers": [\n    "{box.name}"\n  ]', f'"containers": ["{box.name}", "{other}"]'))
    time.sleep(0.5)
    box.backup()
    box.engine.docker("exec", other, "sh", "-c", "echo WRONG >/tmp/want; sleep 0.3")
    done = box.restore(statuses=(0, 1, 3))
    worker = box.engine.inspect(other)["State"]
    box.engine.docker("restart", other)
    with open(os.path.join(box.live, "settings")) as file:
        found = file.read().strip()
    box.check(f"a worker's memory is not saved over it, or it is said that {other} writes there: {found}",
              found == "GOOD" or other in done.out + done.err, f"{done}\n{worker}")


@case("A1", quick=True)
def writes_all_the_time(ground):
    """New files and appends, also while it is restored; staged while the service still answers."""
    box = Box(ground, "writes all the time", script=BEAT + """
s=$(cat /proc/sys/kernel/random/uuid); mkdir -p /data/w; n=0
trap 'echo "$s end" >>/data/log; exit 0' TERM
while :; do n=$((n+1)); echo "$s $n" >>/data/log; echo $n >"/data/w/$s-$n"; sleep 0.01; done""")
    seed = os.path.join(box.live, "seed")
    trees.small(seed, 5, files=150)
    for number in range(8):
        with open(os.path.join(seed, f"big{number}"), "wb") as file:
            file.write(os.urandom(3_000_000))
    wanted = trees.state(seed)
    done = box.backup()
    box.check("its verdict is ok or warnings", verdicts(done.json).get("svc_data") in ("ok", "warnings"), done)
    old = box.run("tail", "-n", "1", "/data/log").split()[0]
    shutil.rmtree(os.path.join(seed, "dir1"), ignore_errors=True)
    watch = Watch(box)
    began = time.monotonic()
    done = box.restore()
    took = time.monotonic() - began
    seen = watch.stop()
    time.sleep(0.5)
    now = trees.state(seed)
    box.check("what does not change is what was saved", now == wanted, trees.state_difference(wanted, now))
    saved, names = box.saved("log"), box.names()
    with open(os.path.join(box.live, "log"), "rb") as file:
        log = file.read()
    box.check("the log begins as it was saved", log.startswith(saved), f"{log[:80]!r} / {saved[:80]!r}")
    later = {line.split()[0].decode() for line in log[len(saved):].splitlines() if line.strip()}
    box.check("and then only the new process writes", later and old not in later, later)
    mine = {f"w/{name}" for name in os.listdir(os.path.join(box.live, "w")) if name.startswith(old)}
    box.check("no file of the old process came after the backup", mine <= names, sorted(mine - names)[:5])
    box.check("staging and comparing while it runs", seen.get("stage", True) and seen.get("compare", True), seen)
    box.note(f"the restore took {took:.1f} s, the service was silent for {box.downtime():.1f} s; it ran in {seen}")
    box.check("nothing of it is left", not [n for n in os.listdir(box.live) if n.startswith(".picjobs-")])


# A1: containers in every state.

NEEDS_OK = "[ \"$(cat /data/ok)\" = yes ] || exit 1; trap 'exit 0' TERM; sleep infinity & wait"


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


@case("A1", quick=True)
def restart_loop(ground):
    box = Box(ground, "in a restart loop", script=f"while [ ! -e /data/ok ]; do sleep 0.1; done; {NEEDS_OK}",
              options=("--restart", "always"))
    trees.small(box.live, 1, files=12)
    put(os.path.join(box.live, "ok"), "yes\n")
    time.sleep(0.3)
    new = box.state()
    box.backup()
    put(os.path.join(box.live, "ok"), "no\n")
    box.engine.docker("restart", "-t", "1", box.name)
    deadline = time.monotonic() + 20
    while box.engine.inspect(box.name)["RestartCount"] < 3 and time.monotonic() < deadline:
        time.sleep(0.1)
    box.check("it is in a restart loop", box.engine.inspect(box.name)["RestartCount"] >= 3)
    box.restore()
    box.whole(new)
    time.sleep(1)
    box.equal("it runs:", box.health(), "running")
    state = box.engine.inspect(box.name)
    box.equal("its restart policy is its own:", state["HostConfig"]["RestartPolicy"]["Name"], "always")


@case("A1", quick=True)
def stopped(ground):
    box, _, new = prepared(ground, "stopped")
    box.engine.docker("stop", box.name)
    done = box.restore()
    box.whole(new)
    box.note(f"it is {box.health()} afterwards")
    box.check("what was there before was saved", len(box.cell.published()) == 2, done)
    box.engine.docker("start", box.name)
    box.equal("it starts:", box.health(), "running")


@case("A1")
def stopped_without_safety(ground):
    box, _, new = prepared(ground, "stopped, --no-safety-snapshot")
    box.engine.docker("stop", box.name)
    box.restore("--no-safety-snapshot")
    box.whole(new)


@case("A1")
def stopped_part(ground):
    box, old, new = prepared(ground, "stopped, --path")
    box.engine.docker("stop", box.name)
    box.restore("--path", "top0")
    now = box.state()
    box.check("the one file is back and nothing else", now[b"top0"] == new[b"top0"]
              and {n: s for n, s in now.items() if n != b"top0"} == {n: s for n, s in old.items() if n != b"top0"},
              trees.state_difference(old, now))


@case("A1")
def created(ground):
    box, _, new = prepared(ground, "only created")
    box.remove()
    box.create()
    box.restore()
    box.whole(new)
    box.note(f"it is {box.health()} afterwards")


@case("A1")
def ended_by_itself(ground):
    box, _, new = prepared(ground, "ended with a failure", script=NEEDS_OK.replace("|| exit 1", "|| [ ! -e /data/ok ] || exit 1"))
    box.engine.docker("restart", "-t", "1", box.name)
    time.sleep(0.5)
    box.equal("it has ended:", box.health(), "exited")
    box.restore()
    box.whole(new)


@case("A1")
def paused(ground):
    box, old, new = prepared(ground, "paused")
    box.engine.pause(box.name)
    done = box.restore(statuses=(0, 1))
    end = box.old_or_new(old, new)
    box.check(f"exit {done.status} and the volume agree", (done.status == 0) == (end == "new"), done)
    box.check("one clear line says why, when it failed", done.status == 0 or "paused" in done.err, done)


@case("A1")
def removed_when_it_stops(ground):
    """docker run --rm: a stop would remove the container and its anonymous volumes."""
    box, old, new = prepared(ground, "removed when it stops", options=("--rm",))
    done = box.restore(statuses=(0, 1, 3))
    there = box.name in box.engine.docker("ps", "-a", "--format", "{{.Names}}").split()
    box.check(f"the container is still there: {there}", there, done)
    if there:
        end = box.old_or_new(old, new)
        box.check(f"exit {done.status} and the volume agree", (done.status == 0) == (end == "new"), done)
        box.equal("it runs:", box.health(), "running")


@case("A1")
def on_a_tmpfs(ground):
    """A volume that is memory is gone when its container stops."""
    box = Box(ground, "a volume in memory", volume=False, more=("--tmpfs", "/data"))
    def live():
        return box.engine.path(box.name, "/data")
    trees.small(live(), 1, files=12)
    new = trees.state(live())
    box.backup()
    trees.wipe(live())
    trees.small(live(), 2, files=12)
    old = trees.state(live())
    done = box.restore(statuses=(0, 1, 3))
    now = trees.state(live())
    end = "new" if now == new else "old" if now == old else "mix"
    box.check(f"exit {done.status} and the volume ({end}, {len(now)} names) agree", (done.status == 0) == (end == "new")
              and end != "mix", done)


@case("A1")
def a_shared_memory_volume(ground):
    """The same as a named volume of the type tmpfs, which lives as long as a container has it."""
    name = f"memory-{ground.number()}"
    ground.engine.docker("volume", "create", "--driver", "local", "--opt", "type=tmpfs", "--opt", "device=tmpfs", name)
    box, old, new = prepared(ground, "a named volume in memory", volume=name)
    done = box.restore(statuses=(0, 1, 3))
    now = trees.state(box.engine.path(box.name, "/data"))
    end = "new" if now == new else "old" if now == old else "mix"
    box.check(f"exit {done.status} and the volume ({end}, {len(now)} names) agree", (done.status == 0) == (end == "new")
              and end != "mix", done)


@case("A1")
def no_restart(ground):
    """--no-restart keeps the processes, and says that they have their old files open."""
    box, _, new = prepared(ground, "--no-restart")
    process = box.engine.pid(box.name)
    done = box.restore("--no-restart")
    box.whole(new)
    box.equal("the process is the same:", box.engine.pid(box.name), process)
    words = (done.out + done.err).lower()
    box.check("a warning says that it was not restarted", "restart" in words or "old files" in words or "still" in words, done)


@case("A1")
def does_not_come_up(ground):
    """What is put back does not start: said, and what was there before is still somewhere."""
    box = Box(ground, "does not come up", script=f"while [ ! -e /data/ok ]; do sleep 0.1; done; {NEEDS_OK}",
              options=(*HEALTHY, "test yes = $(cat /data/ok)"))
    trees.small(box.live, 1, files=12)
    put(os.path.join(box.live, "ok"), "yes\n")
    time.sleep(0.3)
    put(os.path.join(box.live, "ok"), "no\n")
    new = box.state()
    box.backup()
    put(os.path.join(box.live, "ok"), "yes\n")
    put(os.path.join(box.live, "precious"), "precious\n")
    done = box.restore(statuses=(0, 1, 3), timeout=400)
    box.check(f"exit {done.status} is not 0, or a warning names {box.name}", done.status != 0 or box.name in done.err, done)
    now = box.state() if box.health().startswith("running") else trees.state(
        box.engine.docker("volume", "inspect", "-f", "{{.Mountpoint}}", box.volume))
    box.check("the volume is what was saved", now == new, trees.state_difference(new, now))
    safety = box.cell.published()[-1]
    box.equal("the safety snapshot has what was there:", box.saved("precious", safety), b"precious\n")


@case("A1")
def unhealthy_but_running(ground):
    """A health check that fails for ever does not keep a restore for ever."""
    box, old, new = prepared(ground, "never healthy", options=(*HEALTHY, "false"))
    done = box.restore(statuses=(0, 1, 3), timeout=400)
    box.whole(new)
    box.check(f"it ended after {done.seconds:.0f} s with {done.status}", done.seconds < 300
              and (done.status != 0 or "health" in done.out + done.err), done)


# A1: what a stand-in for a stopped container may not get wrong.

@case("A1")
def entry_point(ground):
    """An image with an entry point that writes, a health check and a volume of its own: nothing is started of it but once."""
    box = Box(ground, "an entry point that writes", "entry", words=("unused",))
    hashes = lambda: {name for name in box.engine.docker("volume", "ls", "-q").split() if len(name) == 64}
    box.until("test", "-e", "/data/started")
    box.backup()
    put(os.path.join(box.live, "started"), "started\n" * 7)
    before = hashes()
    box.restore()
    with open(os.path.join(box.live, "started")) as file:
        box.equal("it was started once after the restore:", file.read().count("started"), 2)
    box.check("no volume was made and left", hashes() == before, hashes() - before)


@case("A1")
def image_is_another_now(ground):
    """The name of the image is another image's since the container was made, or nobody's."""
    ground.image("gnu"), ground.image("bare-tar")
    for what, after in (("its image's name is another image's now", ("tag", "bare-tar:latest")), ("its image has no name now", ())):
        name = f"moved-{ground.number()}"
        ground.engine.docker("tag", "gnu:latest", name)
        ground.made.add(name)
        box, _, new = prepared(ground, what, image=name)
        if after:
            box.engine.docker(*after, name)
        else:
            box.engine.docker("rmi", "--force", name)
        box.restore()
        box.whole(new)
        box.equal("it runs:", box.health(), "running")


@case("A1")
def anonymous_volume(ground):
    box, _, new = prepared(ground, "an anonymous volume", volume=False, more=("-v", "/data"))
    box.restore()
    box.whole(new)
    box.equal("it runs:", box.health(), "running")


@case("A1")
def odd_path(ground):
    box, _, new = prepared(ground, "a path with blanks, quotes and a dollar", path="/data/my $notes, 'mine'/-rf")
    box.restore()
    box.whole(new)


@case("A1")
def read_only_root(ground):
    box, _, new = prepared(ground, "a read-only root file system", more=("--read-only",))
    box.restore()
    box.whole(new)
    box.equal("it runs:", box.health(), "running")


@case("A1")
def read_only_volume(ground):
    """Mounted read-only: refused with one line, nothing changed, and the service runs."""
    box, old, _ = prepared(ground, "a volume mounted read-only", more=("-e", "X=1"))
    box.remove()
    box.mount, mount = box.mount + ":ro", box.mount
    box.create()
    box.mount = mount
    box.engine.docker("start", box.name)
    done = box.restore(statuses=(1, 3))
    now = box.state()
    box.check("nothing has changed", now == old, trees.state_difference(old, now))
    box.check("the reason is said", "read-only" in done.err.lower(), done)
    box.equal("it runs:", box.health(), "running")


@case("A1")
def few_rights(ground):
    """A container with no capability and few processes allowed."""
    box, _, new = prepared(ground, "few rights", script="trap 'exit 0' TERM; while :; do sleep 0.2; done", more=(
        "--security-opt", "no-new-privileges", "--pids-limit", "40", "--memory", "128m"))
    box.restore()
    box.whole(new)
    box.equal("it runs:", box.health(), "running")


@case("A1")
def two_volumes(ground):
    """Two volumes of one container: it is stopped once, and both are what was saved."""
    box = Box(ground, "two volumes of one container", script=BEAT + IDLE, more=("-v", f"second-{ground.number()}:/more"))
    box.cell.service("svc", [(box.name, "/data", "svc_data"), (box.name, "/more", "svc_more")], ["config/svc"])
    other = lambda: box.engine.path(box.name, "/more")
    trees.small(box.live, 1, files=12)
    trees.small(other(), 2, files=12)
    wanted = box.state(), trees.state(other())
    box.backup()
    for place in (box.live, other()):
        trees.wipe(place)
        trees.small(place, 3, files=12)
    box.restore()
    box.whole(wanted[0])
    now = trees.state(other())
    box.check("and so is the second", now == wanted[1], trees.state_difference(wanted[1], now))
    box.note(f"the longest silence of the service: {box.downtime():.1f} s")


# A2: a path that goes through a link.

@case("A2", quick=True)
def last_part_is_a_link(ground):
    """/data/notes -> /srv/real: what was added goes, or the restore is refused."""
    box = Box(ground, "its last part is a link", path="/data/notes", mount="/srv/real",
              script="[ -L /data/notes ] || ln -s /srv/real /data/notes; " + IDLE)
    time.sleep(0.3)
    trees.small(box.live, 1, files=12)
    new = box.state()
    box.backup()
    trees.wipe(box.live)
    trees.small(box.live, 2, files=12)
    put(os.path.join(box.live, "added"), "x\n")
    old = box.state()
    done = box.restore(statuses=(0, 1))
    end = box.old_or_new(old, new)
    box.check(f"exit {done.status} and the volume agree", (done.status == 0) == (end == "new"), done)
    box.equal("the link is still one:", box.run("sh", "-c", "[ -L /data/notes ] && echo link"), "link")


@case("A2")
def link_in_the_layer(ground):
    """The same with all of it in the container's own layer."""
    box = Box(ground, "its last part is a link in the layer", path="/data/notes", mount="/srv/real", volume=False,
              script="mkdir -p /srv/real; [ -L /data/notes ] || ln -s /srv/real /data/notes; " + IDLE)
    time.sleep(0.3)
    trees.small(box.live, 1, files=12)
    new = box.state()
    box.backup()
    trees.wipe(box.live)
    put(os.path.join(box.live, "added"), "x\n")
    old = box.state()
    done = box.restore(statuses=(0, 1))
    end = box.old_or_new(old, new)
    box.check(f"exit {done.status} and the path agree", (done.status == 0) == (end == "new"), done)


def below(ground, what, link, full):
    """A volume with another one mounted below it: (box, the other's directory, old, new)."""
    loop = Loop(ground.scratch, megabytes=16)
    other = Loop(ground.scratch, megabytes=16)
    path = "/link/notes" if link else "/srv/notes"
    mount = "/srv/notes"
    box = Box(ground, what, path=path, mount=mount, volume=loop.path, more=("-v", f"{other.path}:{mount}/media"),
              script=("[ -L /link ] || ln -s /srv /link; " if link else "") + IDLE)
    time.sleep(0.3)
    trees.small(other.path, 7, files=12)
    return box, loop, other, full


def outside(loop):
    """What a volume holds, without the place where the other one is mounted."""
    return {name: value for name, value in trees.state(loop.path).items() if name != b"media"}


def mounted_below(ground, what, link, full, words=()):
    """Both volumes survive, whatever the restore does."""
    box, loop, other, _ = below(ground, what, link, full)
    trees.small(loop.path, 1, files=12)
    if full:
        with open(os.path.join(loop.path, "big"), "wb") as file:
            file.write(os.urandom(6 << 20))
    new, theirs = outside(loop), trees.state(other.path)
    box.backup(statuses=(0, 3))
    put(os.path.join(loop.path, "top0"), "changed\n")
    put(os.path.join(loop.path, "added"), "added\n")
    put(os.path.join(other.path, "theirs"), "written later\n")
    theirs = trees.state(other.path)
    if full:
        fill(loop.path, left=400_000)
    old = outside(loop)
    done = box.restore(*words, statuses=(0, 1))
    now = outside(loop)
    if words:
        wanted = {**old, b"top0": new[b"top0"]}
        box.check("the file is back beside the mount", now == wanted and done.status == 0, trees.state_difference(wanted, now))
    else:
        end = "new" if now == new else "old" if now == old else "mix"
        box.check(f"its own volume is {end}, exit {done.status}", end != "mix" and (done.status == 0) == (end == "new"),
                  trees.state_difference(old, now) + "\n" + trees.state_difference(new, now))
    later = trees.state(other.path)
    box.check("the volume below is untouched", later == theirs, trees.state_difference(theirs, later))
    box.check("when refused, the mount is named", done.status == 0 or "media" in done.out + done.err, done)


@case("A2", quick=True)
def link_above_and_mount_below_full(ground):
    mounted_below(ground, "a link above, a mount below, no room", True, True)


@case("A2")
def link_above_and_mount_below(ground):
    mounted_below(ground, "a link above, a mount below", True, False)


@case("A2")
def mount_below(ground):
    mounted_below(ground, "a mount below", False, False)


@case("A7")
def part_beside_a_mount(ground):
    mounted_below(ground, "--path beside a mount", False, False, ("--path", "top0"))


@case("A7")
def part_beside_a_mount_through_a_link(ground):
    mounted_below(ground, "--path beside a mount, through a link", True, False, ("--path", "top0"))


# A3: leftovers that can't be removed.

def stubborn(ground, what, name, flag="+i"):
    """A file that nobody can remove: (box, loop)."""
    loop = Loop(ground.scratch, megabytes=16)
    box = Box(ground, what, volume=loop.path, script=BEAT + IDLE)
    trees.small(loop.path, 1, files=12)
    new = trees.state(loop.path)
    box.backup()
    path = os.path.join(loop.path, name)
    put(path, "stubborn\n")
    subprocess.run(["chattr", flag, path], check=True)

    def soften():
        for at, _, files in os.walk(loop.path):
            for entry in files:
                subprocess.run(["chattr", "-ia", os.path.join(at, entry)], capture_output=True)

    ground.scratch.undo(soften)
    return box, loop, new, soften


@case("A3", quick=True)
def immutable_below(ground):
    box, loop, new, soften = stubborn(ground, "an immutable file below the top", "dir0/stubborn")
    process = box.engine.pid(box.name)
    done = box.restore()
    now = {name: value for name, value in trees.state(loop.path).items() if not name.startswith(b".picjobs-")}
    box.check("the volume is what was saved", now == new, trees.state_difference(new, now))
    box.check("a warning names what could not be removed", "stubborn" in done.out + done.err or ".picjobs-" in
              done.out + done.err, done)
    box.check("the service was restarted", box.engine.pid(box.name) != process)
    left = [name for name in os.listdir(loop.path) if name.startswith(".picjobs-")]
    for number in (1, 2):
        done = box.backup()
        names = box.names() if os.path.exists(box.archive()) else {"there is no archive: .picjobs-"}
        box.check(f"backup {number} has nothing of it", not [n for n in names if n.startswith(".picjobs-") or
                  "stubborn" in n], sorted(names)[:5])
        box.check(f"backup {number}: still one staging directory at most",
                  len([n for n in os.listdir(loop.path) if n.startswith(".picjobs-")]) <= max(1, len(left)))
    done = box.restore()
    now = {name: value for name, value in trees.state(loop.path).items() if not name.startswith(b".picjobs-")}
    box.check("a second restore is equal, too", now == new, trees.state_difference(new, now))
    deep = [at for at, names, _ in os.walk(loop.path) for name in names if name.startswith(".picjobs-")]
    box.check("no staging directory lies in another", all(at == loop.path for at in deep), deep)
    soften()
    box.backup()
    left = [name for name in os.listdir(loop.path) if name.startswith(".picjobs-")]
    box.check("once it can be removed, the next run does", not left, left)


@case("A3")
def immutable_at_the_top(ground):
    box, loop, new, soften = stubborn(ground, "an immutable file at the top", "stubborn")
    old = trees.state(loop.path)
    done = box.restore(statuses=(0, 1))
    now = {name: value for name, value in trees.state(loop.path).items() if not name.startswith(b".picjobs-")}
    box.check(f"exit {done.status}: the old volume is untouched, or the new one is there", now == old and done.status == 1
              or {n: v for n, v in now.items() if n != b"stubborn"} == new, trees.state_difference(old, now))
    box.check("stubborn is named", "stubborn" in done.out + done.err, done)
    box.equal("it runs:", box.health(), "running")
    box.backup()
    soften()
    box.restore()
    box.whole(new)


@case("A3")
def append_only_directory(ground):
    box, loop, new, soften = stubborn(ground, "an append-only directory", "dir0/stubborn", "+a")
    box.restore()
    now = {name: value for name, value in trees.state(loop.path).items() if not name.startswith(b".picjobs-")}
    box.check("the volume is what was saved", now == new, trees.state_difference(new, now))
    box.backup()


@case("A3")
def kept_open(ground):
    """A running service keeps files open, one deleted, one as its working directory."""
    box = Box(ground, "files kept open", script=(
        "mkdir -p /data/work; cd /data/work; exec 5>/data/open 6>/data/gone; rm /data/gone; echo x >&5; " + IDLE))
    time.sleep(0.3)
    trees.small(box.live, 1, files=12)
    box.backup()
    names = box.names()
    put(os.path.join(box.live, "work/later"), "x\n")
    box.restore()
    found = {os.path.relpath(os.path.join(at, n), box.live) for at, d, f in os.walk(box.live) for n in d + f}
    box.check("the volume has the names of the backup", found == names - {".", ""}, found ^ names)
    box.equal("it runs:", box.health(), "running")


# A4: between a killed restore and the next run.

def killed(ground, step, number=signal.SIGKILL, wait=0.0, aside=False):
    """Kills a restore at a step of its journal, lets the service write, and looks where that is after the next run.

    With `aside`: not before the old content has left its place.
    """
    what = f"{number.name} at {step}" + (f" + {wait:g} s" if wait else "") + (", all aside" if aside else "")
    box, old, new = prepared(ground, what, script="trap 'exit 0' TERM; while :; do sleep 0.2; done", options=(
        "--restart", "unless-stopped"))
    for at in range(300):
        put(os.path.join(box.live, f"many/{at}"), f"{at}\n")
    old = box.state()
    time.sleep(1.1)
    runs = set(os.listdir(os.path.join(box.cell.path, "data/runs")))
    process = box.cell.start("restore", box.snapshot, "--service", "svc")
    deadline = time.monotonic() + 60
    hit = False
    while process.poll() is None and time.monotonic() < deadline:
        if set(os.listdir(os.path.join(box.cell.path, "data/runs"))) - runs:
            lines = [phase(line) for line in box.cell.journal()]
            if step in lines:
                hit = True
                break
        time.sleep(0.0005)
    while aside and process.poll() is None and any(not n.startswith(".picjobs-") for n in os.listdir(box.live)):
        time.sleep(0.0005)
    time.sleep(wait)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    box.note(f"hit {hit}, ended with {process.returncode} after {phase((box.cell.journal() or [{}])[-1])}")
    if box.engine.inspect(box.name)["State"]["Running"] is False:
        box.engine.docker("start", box.name)  # as an admin does, or a reboot
    time.sleep(0.3)
    mine = {"meanwhile": "precious\n", "dir0/meanwhile-too": "also\n", "top0": "rewritten\n"}
    box.run("sh", "-c", "mkdir -p /data/dir0; " + "; ".join(f"echo {text.strip()} >/data/{name}" for name, text in mine.items()))
    done = box.cell.run("backup", timeout=120)
    box.check(f"the next backup exits {done.status}", done.status == 0, done)
    words = done.out + done.err
    own = box.cell.published()[-1]
    for name, text in mine.items():
        places = box.somewhere(os.path.basename(name), text)
        box.check(f"{name} is still somewhere: {places[:3]}", places, done)
        said = [place for place in places if place != own and (place in words or place.split("/")[0] in words)]
        box.check(f"{name} is in its place, or where it is is said", name in places or said, f"{places}\n{done}")
    now = {name: value for name, value in box.state().items()
           if b"meanwhile" not in name and not name.startswith(b".picjobs-")}
    ends = [{name: value for name, value in state.items()} for state in (old, new)]
    for state in (now, *ends):
        state.pop(b"dir0", None)
        state.pop(b"top0", None)
    box.check("the rest of the volume is old or new", now in ends, "to old: " + trees.state_difference(ends[0], now)
              + "\nto new: " + trees.state_difference(ends[1], now))
    time.sleep(1)
    box.equal("the service runs:", box.health(), "running")


@case("A4")
def killed_with_all_aside(ground):
    killed(ground, "swap-out", aside=True)


@case("A4")
def killed_at_swap_out(ground):
    killed(ground, "swap-out", wait=0.02)


@case("A4")
def killed_at_swap_in(ground):
    killed(ground, "swap-in")


@case("A4")
def killed_in_the_middle(ground):
    killed(ground, "swap-out", wait=0.15)


@case("A4")
def killed_at_sweep(ground):
    killed(ground, "sweep")


@case("A4")
def killed_at_stage(ground):
    killed(ground, "stage", wait=0.1)


@case("A4")
def killed_at_stop(ground):
    killed(ground, "stop", wait=0.1)


@case("A4")
def killed_at_start(ground):
    killed(ground, "start")


def hung_up(ground, step, start=()):
    """SIGHUP as a lost ssh session sends it, in the middle of a restore."""
    what = f"SIGHUP at {step}" + (" under nohup" if start else "")
    box, old, new = prepared(ground, what)
    with open(os.path.join(box.live, "big"), "wb") as file:
        file.write(os.urandom(20 << 20))
    old = box.state()
    runs = set(os.listdir(os.path.join(box.cell.path, "data/runs")))
    box.cell.prefix = start
    process = box.cell.start("restore", box.snapshot, "--service", "svc")
    box.cell.prefix = ()
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        if set(os.listdir(os.path.join(box.cell.path, "data/runs"))) - runs and step in map(phase, box.cell.journal()):
            break
        time.sleep(0.001)
    process.send_signal(signal.SIGHUP)
    out, err = process.communicate(timeout=90)
    wanted = (0,) if start else (129, 143, 0)
    box.check(f"it ends with {process.returncode}", process.returncode in wanted, (out + err).decode(errors="replace"))
    end = box.old_or_new(old, new)
    box.check(f"{process.returncode} and the volume agree", (process.returncode == 0) == (end == "new"))
    left = [name for name in os.listdir(box.live) if name.startswith(".picjobs-")]
    box.check("no staging directory is left", not left, left)
    box.equal("it runs:", box.health(), "running")


@case("A4", quick=True)
def sighup_while_it_saves(ground):
    hung_up(ground, "read")


@case("A4")
def sighup_while_it_stages(ground):
    hung_up(ground, "stage")


@case("A4")
def sighup_while_it_swaps(ground):
    hung_up(ground, "swap-out")


@case("A4")
def sighup_under_nohup(ground):
    hung_up(ground, "stage", ("nohup",))


# A6: tools in the container.

def plain(ground, what, image, statuses=(0,), verdict=("ok", "warnings"), **more):
    """Backup, change, restore; it has to be equal, or the backup said that it would not be possible."""
    box = Box(ground, what, image, **more)
    trees.small(box.live, 1, files=12)
    for at, _, _ in os.walk(box.live):  # what the oldest tar keeps, too
        for name in os.listdir(at):
            os.utime(os.path.join(at, name), (1_700_000_000, 1_700_000_000), follow_symlinks=False)
    new = box.state()
    first = box.backup()
    found = verdicts(first.json).get("svc_data")
    box.check(f"its verdict is {found}", found in verdict, first)
    trees.wipe(box.live)
    trees.small(box.live, 2, files=12)
    old = box.state()
    done = box.restore(statuses=statuses)
    now = box.state()
    def rough(state):  # without the times of links, which busybox can't set, and of directories
        return {n: (s[0], s[3], s[4], s[6]) for n, s in state.items()}
    end = "new" if rough(now) == rough(new) else "old" if rough(now) == rough(old) else "mix"
    box.check(f"exit {done.status} and the volume ({end}) agree", end != "mix" and (done.status == 0) == (end == "new"),
              f"{done}\n{trees.state_difference(new, now)}")
    return box, first, done


@case("A6", quick=True)
def old_busybox(ground):
    plain(ground, "busybox before 1.34", "old-busybox")


@case("A6")
def old_busybox_part(ground):
    box, _, new = prepared(ground, "busybox before 1.34, --path", image="old-busybox")
    box.restore("--path", "top0")
    with open(os.path.join(box.live, "top0"), "rb") as file:
        box.check("the one file is back", file.read() == new[b"top0"][-1])


@case("A6", quick=True)
def tar_without_acls(ground):
    plain(ground, "a tar without ACLs", "chatty-tar")


@case("A6", quick=True)
def broken_docker_config(ground):
    home = os.path.join(ground.scratch.path, f"docker-config-{ground.number()}")
    put(os.path.join(home, "config.json"), "{ broken")
    plain(ground, "a broken config.json of the docker CLI", "gnu", verdict=("ok",), environment={"DOCKER_CONFIG": home})


@case("A6")
def broken_docker_home(ground):
    home = os.path.join(ground.scratch.path, f"home-{ground.number()}")
    put(os.path.join(home, ".docker/config.json"), '{"auths": ')
    plain(ground, "a broken ~/.docker/config.json", "gnu", verdict=("ok",), environment={"HOME": home})


@case("A6")
def missing_preload(ground):
    plain(ground, "a missing LD_PRELOAD in the image", "preload", verdict=("ok",))


@case("A6")
def tar_alone(ground):
    """Nothing but tar: it is restored, or the backup said on the day it was made that it can't be."""
    box = Box(ground, "an image with tar alone", "bare-tar")
    trees.small(box.live, 1, files=12)
    first = box.backup(statuses=(0, 3))
    new = box.state()
    trees.wipe(box.live)
    trees.small(box.live, 2, files=12)
    old = box.state()
    done = box.restore(statuses=(0, 1))
    now = {n: (s[0], s[3], s[4], s[6]) for n, s in box.state().items()}
    ends = [{n: (s[0], s[3], s[4], s[6]) for n, s in state.items()} for state in (old, new)]
    box.check(f"exit {done.status} and the volume agree", now == ends[done.status == 0], done)
    box.check("restored, or the backup had said that it can't be", done.status == 0
              or "can't be restored" in first.out + first.err, first)


# A7: no room, and what a file system can't hold.

def full(ground, what, kind="ext4", make=(), prepare=None, exhaust=None, megabytes=16, image="gnu"):
    """A volume without any room left: the restore clears and fills."""
    loop = Loop(ground.scratch, kind, megabytes=megabytes, make=make)
    box = Box(ground, what, image, volume=loop.path)
    if prepare:
        prepare(loop)
    trees.small(loop.path, 1, files=12)
    with open(os.path.join(loop.path, "big"), "wb") as file:
        file.write(os.urandom(5 << 20))
    new = trees.state(loop.path)
    box.backup()
    put(os.path.join(loop.path, "added"), "x\n")
    os.unlink(os.path.join(loop.path, "top1"))
    (exhaust or (lambda loop: fill(loop.path)))(loop)
    done = box.restore()
    now = trees.state(loop.path)
    box.check("the volume is what was saved", now == new, trees.state_difference(new, now))
    box.equal("it runs:", box.health(), "running")
    box.check("nothing temporary is left", not [n for n in os.listdir(loop.path) if n.startswith(".picjobs-")], done)
    return box


@case("A7", quick=True)
def full_to_the_last_byte(ground):
    def exhaust(loop):
        fill(loop.path)
        number = 0
        while True:  # and no block for a directory either
            try:
                os.mkdir(os.path.join(loop.path, f"filler-{number}"))
                number += 1
            except OSError:
                break
    full(ground, "full to the last byte", exhaust=exhaust)


@case("A7")
def full_busybox(ground):
    loop = Loop(ground.scratch, megabytes=16)
    box = Box(ground, "full, busybox", "old-busybox", volume=loop.path)
    put(os.path.join(loop.path, "page"), "GOOD\n")
    with open(os.path.join(loop.path, "big"), "wb") as file:
        file.write(os.urandom(5 << 20))
    box.backup()
    put(os.path.join(loop.path, "page"), "WRONG\n")
    fill(loop.path)
    box.restore()
    with open(os.path.join(loop.path, "page")) as file:
        box.equal("the page:", file.read(), "GOOD\n")
    box.equal("names:", sorted(os.listdir(loop.path)), ["big", "page"])


@case("A7")
def full_of_inodes(ground):
    def exhaust(loop):
        number = 0
        while True:
            try:
                open(os.path.join(loop.path, f"filler-{number}"), "x").close()
                number += 1
            except OSError:
                break
    full(ground, "no inode left", make=("-N", "96"), exhaust=exhaust)


@case("A7")
def over_quota(ground):
    """EDQUOT is no room, too: a quota of btrfs, which holds for root."""
    def exhaust(loop):
        os.sync()
        subprocess.run(["btrfs", "subvolume", "sync", loop.path], capture_output=True)
        used = subprocess.run(["btrfs", "qgroup", "show", "--raw", loop.path], check=True, capture_output=True, text=True)
        size = next(int(line.split()[1]) for line in used.stdout.splitlines() if line.startswith("0/5"))
        subprocess.run(["btrfs", "qgroup", "limit", str(size + (256 << 10)), loop.path], check=True)
    full(ground, "at its quota", kind="btrfs", megabytes=192, exhaust=exhaust, prepare=lambda loop: subprocess.run(
        ["btrfs", "quota", "enable", loop.path], check=True))


@case("A7")
def full_without_safety(ground):
    """Without a safety snapshot there is no way back, so nothing is cleared."""
    loop = Loop(ground.scratch, megabytes=16)
    box = Box(ground, "full, --no-safety-snapshot", volume=loop.path)
    with open(os.path.join(loop.path, "big"), "wb") as file:
        file.write(os.urandom(9 << 20))
    box.backup()
    put(os.path.join(loop.path, "added"), "x\n")
    fill(loop.path)
    old = trees.state(loop.path)
    done = box.restore("--no-safety-snapshot", statuses=(1,))
    now = trees.state(loop.path)
    box.check("nothing was changed", now == old, trees.state_difference(old, now))
    box.check("the reason is named", "room" in done.err or "space" in done.err, done)


@case("A7", quick=True)
def attributes_that_do_not_fit(ground):
    """Saved with attributes, restored to a file system that has none: a warning with the names."""
    loop = Loop(ground.scratch, megabytes=16)
    box = Box(ground, "attributes that do not fit", volume=loop.path)
    trees.small(loop.path, 1, files=12)
    for name in ("top0", "dir0"):
        os.setxattr(os.path.join(loop.path, name), "user.comment", b"hello")
    new = trees.state(loop.path)
    box.backup()
    bare = Bare(ground.scratch)
    box.remove()
    box.volume = bare.path
    box.create()
    box.engine.docker("start", box.name)
    done = box.restore()
    now = trees.state(bare.path)
    box.check("all else is what was saved", now == new, trees.state_difference(new, now))
    box.check("a warning has the names", "top0" in done.out + done.err and "dir0" in done.out + done.err, done)


# A8: what was asked for.

@case("A8", quick=True)
def selections(ground):
    """What a restore names, and what it refuses to guess. Local runtime."""
    what = "selections"
    with ground.lock:
        cell = local(os.path.join(ground.scratch.path, f"cell-{ground.number()}"), {"svc": [("cell-svc", "/data", "svc_data")]})
    live = cell.local_volume("cell-svc", "/data")
    trees.small(live, 1, files=12)
    done = cell.backup()
    def check(name, good, detail=""):
        with ground.lock:
            return ground.result.check(f"{what}: {name}", good, detail)
    put(os.path.join(live, "top0"), "changed\n")
    old = trees.state(live)
    done = cell.run("restore", "latest")
    check(f"a restore of everything without a word more is not begun: exit {done.status}", done.status != 0
          and trees.state(live) == old and ("--all" in done.err or "--yes" in done.err), done)
    for words in (("--dry-run",), ()):
        done = cell.run("restore", "latest", "--service", "svc", "--path", "no/such/thing", *words)
        check(f"--path of nothing {' '.join(words)}: exit {done.status}, named", done.status != 0
              and "no/such/thing" in done.err, done)
    done = cell.run("restore", "latest", "--service", "svc", "--path", "top0", "--json")
    entries = [volume.get("entries") for volume in done.json.get("volumes", [])]
    check(f"a restore of one file counts {entries}", entries == [1], done)
    put(os.path.join(live, "top0"), "changed\n")
    put(os.path.join(live, "top1"), "changed\n")
    done = cell.run("restore", "latest", "--service", "svc", "--path", "/data/top0")
    check("--path takes the container's own path", done.status == 0 and trees.state(live)[b"top0"] != old[b"top0"], done)
    put(os.path.join(live, "top0"), "changed\n")
    before = trees.state(live)
    said = cell.run("restore", "latest", "--service", "svc", "--path", "top*", "--dry-run", "--json")
    names = {change["path"] for volume in said.json.get("volumes", []) for change in volume.get("changes", [])}
    done = cell.run("restore", "latest", "--service", "svc", "--path", "top*")
    now = trees.state(live)
    changed = {name.decode() for name in before.keys() | now.keys() if before.get(name) != now.get(name)}
    check(f"--path takes wildcards, and the dry run says the same: {sorted(changed)}", done.status == 0 and changed
          and changed == {name.removeprefix("./") for name in names} == {"top0", "top1"}, f"{names}\n{said}\n{done}")


# C17, C19, C23.

@case("C17", quick=True)
def staging_that_nobody_knows(ground):
    """All that a volume had lies in a staging directory of no known run: that backup is not green."""
    box = Box(ground, "an unknown staging directory")
    stage = os.path.join(box.live, ".picjobs-20260101T000000Z-abcdef")
    trees.small(os.path.join(stage, "old"), 1, files=12)
    done = box.cell.backup(timeout=120)
    found = verdicts(done.json).get("svc_data")
    box.check(f"verdict {found}, exit {done.status}", found in ("incomplete", "failed", None) and done.status != 0, done)
    box.check("it is named", ".picjobs-20260101T000000Z-abcdef" in done.out + done.err, done)
    box.check("and it is still there", os.path.isdir(os.path.join(stage, "old")))
    put(os.path.join(box.live, "other"), "x\n")
    done = box.cell.run("restore", "latest", "--service", "svc", timeout=60)
    box.check(f"a restore (exit {done.status}) does not remove the only copy", os.path.isdir(os.path.join(stage, "old"))
              or any(name.startswith(".picjobs-20260101") for s in box.cell.published() for name in box.names(s)), done)


RUSH = "while :; do n=$((n+1)); mkdir -p /data/d$n; echo $n >/data/d$n/f; echo $n >/data/top0; rm -rf /data/d$((n-50)); done"


@case("C19")
def makes_files_for_ever(ground):
    """A container that ignores SIGTERM and makes files as fast as it can."""
    box = Box(ground, "makes files for ever", script=(
        f"trap '' TERM; for i in 1 2 3; do ( n=$((i*1000000)); {RUSH} ) & done; wait"))
    trees.small(os.path.join(box.live, "seed"), 1, files=12)
    wanted = trees.state(os.path.join(box.live, "seed"))
    box.backup(statuses=(0, 3))
    shutil.rmtree(os.path.join(box.live, "seed"))
    done = box.restore(statuses=(0, 1, 3), timeout=200)
    box.check(f"it ended after {done.seconds:.0f} s", done.seconds < 120, done)
    if done.status == 0:
        now = trees.state(os.path.join(box.live, "seed"))
        box.check("what was saved is there", now == wanted, trees.state_difference(wanted, now))
    done = box.cell.run("backup", timeout=120)
    box.check(f"the next backup ends after {done.seconds:.0f} s with {done.status}", done.seconds < 60
              and done.status in (0, 3), done)


@case("C19")
def makes_files_beside_no_restart(ground):
    box = Box(ground, "makes files during --no-restart", script=f"for i in 1 2 3; do ( n=$((i*1000000)); {RUSH} ) & done; wait")
    trees.small(os.path.join(box.live, "seed"), 1, files=12)
    box.backup(statuses=(0, 3))
    done = box.restore("--no-restart", statuses=(0, 1, 3), timeout=200)
    box.check(f"it ended after {done.seconds:.0f} s with {done.status}", done.seconds < 120, done)
    seed = os.path.join(box.live, "seed")
    box.check("what was saved is there", os.path.isdir(seed) and len(os.listdir(seed)) > 3)
    done = box.cell.run("backup", timeout=120)
    box.check(f"the next backup ends after {done.seconds:.0f} s with {done.status}", done.seconds < 60
              and done.status in (0, 3), done)


def ending_tool(ground, what, tool, body):
    """A local cell whose PATH has a tool that does something more: (cell, live, check, old root, new root)."""
    with ground.lock:
        at = os.path.join(ground.scratch.path, f"cell-{ground.number()}")
    put(os.path.join(at, "bin", tool), f"#!/bin/sh\nreal={shutil.which(tool)}\n{body}\n", 0o755)
    cell = local(os.path.join(at, "cell"), {"svc": [("cell-svc", "/data", "svc_data")]})
    return cell, cell.local_volume("cell-svc", "/data"), os.path.join(at, "bin")


@case("C23", quick=True)
def killed_before_the_root_is_set(ground):
    """The run dies when the staging directory is gone and the volume's own directory is not yet what it was."""
    cell, live, tools = ending_tool(ground, "", "rm", """
"$real" "$@"; status=$?
case "$*" in *.picjobs-*) [ -e "$(dirname "$0")/armed" ] && kill -9 $PPID ;; esac
exit $status""")
    trees.small(live, 1, files=12)
    os.chmod(live, 0o2750)
    os.chown(live, 1000, 1001)
    os.utime(live, ns=(trees.NS, trees.NS))
    root = lambda: (os.stat(live).st_mode, os.stat(live).st_uid, os.stat(live).st_gid, os.stat(live).st_mtime_ns)
    wanted = root()
    cell.backup()
    trees.wipe(live)
    os.chmod(live, 0o700)
    os.chown(live, 0, 0)
    os.utime(live)
    cell.environment = {"PATH": f"{tools}:{os.environ['PATH']}"}
    put(os.path.join(tools, "armed"), "")
    done = cell.run("restore", "latest", "--service", "svc", "--no-safety-snapshot")
    os.unlink(os.path.join(tools, "armed"))
    with ground.lock:
        ground.result.note(f"killed before the root is set: ended with {done.status}")
    cell.backup()
    with ground.lock:
        ground.result.equal("killed before the root is set: mode, owner, group and time of the volume's directory", root(), wanted)


@case("C23")
def version_fails_once(ground):
    """`tar --version` fails once: no verdict as if all was well."""
    cell, live, tools = ending_tool(ground, "", "tar", """
flag="$(dirname "$0")/done"
case "$*" in *--version*) [ -e "$flag" ] || { touch "$flag"; exit 1; } ;; esac
exec "$real" "$@" """)
    trees.small(live, 1, files=12)
    os.setxattr(os.path.join(live, "top0"), "user.comment", b"hello")
    cell.environment = {"PATH": f"{tools}:{os.environ['PATH']}"}
    done = cell.backup()
    found = verdicts(done.json).get("svc_data")
    path = os.path.join(cell.backup_root, done.json.get("snapshot", ""), "service_data/svc/svc_data.tar.gz")
    kept = os.path.exists(path) and b"user.comment" in subprocess.run(["gzip", "-dc", path], capture_output=True).stdout
    with ground.lock:
        ground.result.check(f"a tar whose version was not told: verdict {found}, attributes kept: {kept}",
                            kept or found != "ok", done)


def body(result, scratch):
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    options.add_argument("--only", nargs="*", help="names of cases or groups")
    options.add_argument("--list", action="store_true")
    options.add_argument("--workers", type=int, default=3)
    chosen = options.parse_args()
    if chosen.list:
        for group, name, _, quick in CASES:
            print(f"{group}\t{name}{' (quick)' if quick else ''}")
    binary()
    ground = Ground(result, scratch)

    def one(name, action):
        began = time.monotonic()
        try:
            action(ground)
        except Exception:
            with ground.lock:
                result.check(f"{name} ran to its end", False, traceback.format_exc())
        return name, time.monotonic() - began

    wanted = [(group, name, action) for group, name, action, quick in CASES
              if (not chosen.quick or quick) and (not chosen.only or name in chosen.only or group in chosen.only)]
    with concurrent.futures.ThreadPoolExecutor(chosen.workers) as pool:
        times = list(pool.map(lambda item: one(item[1], item[2]), wanted))
    slowest = sorted(times, key=lambda item: -item[1])[:5]
    result.note("slowest: " + ", ".join(f"{name} {seconds:.0f} s" for name, seconds in slowest))


if __name__ == "__main__":
    report.run("restores into services as they are", body)
