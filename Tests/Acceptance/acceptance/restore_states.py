"""Cases of restores.py: containers in every state, and what a stand-in for a stopped one may not get wrong."""

import os
import time

from . import trees
from .boxes import BEAT, HEALTHY, IDLE, Box, case, prepared, put


# A1: containers in every state.

NEEDS_OK = "[ \"$(cat /data/ok)\" = yes ] || exit 1; trap 'exit 0' TERM; sleep infinity & wait"


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


@case("A1")
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
    deadline = time.monotonic() + 30
    while box.health() != "exited" and time.monotonic() < deadline:
        time.sleep(0.1)
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
    now = {name: value for name, value in now.items() if not name.startswith(b".picjobs-")}  # what was there is kept aside
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
