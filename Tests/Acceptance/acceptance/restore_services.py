"""Cases of restores.py: real servers, services that save when they are stopped, containers in every state."""

import os
import shutil
import subprocess
import time

from . import trees
from .boxes import BEAT, HEALTHY, Box, Watch, case, put
from .cell import verdicts


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
    return box


@case("A1")
def redis_and_back(ground):
    """The safety snapshot is a way back: what it says is what the disk had then."""
    box = redis(ground)
    box.restore(snapshot=box.cell.published()[-1])
    box.equal("the way back leads back: get k:", box.until("redis-cli", "get", "k", seconds=5), "GOOD")


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


@case("A1")
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
    before = None
    while before != (before := count()):  # until the last word has arrived
        time.sleep(0.3)
    box.run("sqlite3", "-cmd", ".timeout 5000", "/data/app.db", "pragma wal_checkpoint(truncate)")
    rows, session = int(count()), box.run("sqlite3", "/data/app.db", "select min(s) from t")
    box.backup()
    box.run("rm", "/tmp/hold")
    deadline = time.monotonic() + 30
    while int(count()) <= rows and time.monotonic() < deadline:
        time.sleep(0.1)
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
    box.equal("the settings are those of the backup:", box.run("cat", "/data/settings"), "GOOD")
    # It empties the file each time before it writes it.
    box.equal("and in the memory of the service:", box.until("cat", "/tmp/memory", wanted="GOOD"), "GOOD")
    box.check("what it wrote when it was stopped is not in the restored volume",
              not os.path.exists(os.path.join(box.live, "saved-at-stop")), sorted(new))
    if more.get("volume", True):  # what lies in no volume is swapped while its processes are frozen, and they are killed
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
    found = ""
    deadline = time.monotonic() + 30
    while not found and time.monotonic() < deadline:  # it empties the file before it writes it
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
