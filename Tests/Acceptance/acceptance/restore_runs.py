"""Cases of restores.py: killed and hung-up runs, old tools, selections, left-overs and containers that never rest."""

import os
import shutil
import signal
import subprocess
import time

from . import trees
from .boxes import Box, case, prepared, put
from .cell import local, phase, verdicts


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
def killed_at_quiesce(ground):
    killed(ground, "quiesce", wait=0.1)


@case("A4")
def killed_at_resume(ground):
    killed(ground, "resume")


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
    box.check(f"{process.returncode} and the volume agree", process.returncode != 0 or end == "new")
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


def many_paths(ground, image):
    """A wildcard that names 1500 files: each command costs the service time, so there are not some for every file."""
    calls = os.path.join(ground.scratch.path, f"calls-{image}")
    docker = os.path.join(ground.scratch.path, f"docker-{image}")
    put(docker, f'#!/bin/sh\necho "$*" | cut -c1-200 >>{calls}\nexec docker "$@"\n', 0o755)
    box = Box(ground, f"1500 paths, {image}", image=image, settings=f"docker: {docker}\n")
    live = box.live
    for at in range(1500):
        put(os.path.join(live, f"mail/folder {at % 50}/{at}.eml"), f"{at}\n")
    alike = ("mail/folder 1/caf\u00e9.eml", "mail/folder 1/cafe\u0301.eml")  # the same text, two files
    for name in alike:
        put(os.path.join(live, name), ascii(name))
    put(os.path.join(live, "other"), "x\n")
    box.backup()
    os.unlink(os.path.join(live, alike[1]))
    trees.wipe(os.path.join(live, "mail/folder 7"))
    os.rmdir(os.path.join(live, "mail/folder 7"))
    for at in range(100, 1500, 2):
        put(os.path.join(live, f"mail/folder {at % 50}/{at}.eml"), "damaged\n")
    put(os.path.join(live, "other"), "newer\n")
    put(calls, "")
    box.restore("--path", "mail/*/*.eml")
    with open(calls) as file:
        lines = file.read().splitlines()
    found = {os.path.relpath(os.path.join(at, name), live): open(os.path.join(at, name)).read()
             for at, _, names in os.walk(live) for name in names}
    box.check("all of them are back, the rest is as it was", found == {
        "other": "newer\n", **{name: ascii(name) for name in alike}, **{f"mail/folder {at % 50}/{at}.eml": f"{at}\n" for at in range(1500)}}, sorted(found)[:20])
    box.check(f"{len(lines)} docker commands", len(lines) < 150, "\n".join(lines[-200:]))


@case("A8")
def many_paths_gnu(ground):
    many_paths(ground, "gnu")


@case("A8", quick=True)
def many_paths_old_busybox(ground):
    many_paths(ground, "old-busybox")


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
