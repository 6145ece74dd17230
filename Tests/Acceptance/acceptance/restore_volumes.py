"""Cases of restores.py: paths through links, mounts below, what can't be removed, no room, what does not fit."""

import os
import subprocess

from . import blockless, trees
from .boxes import BEAT, IDLE, Box, case, put
from .loops import Bare, Loop, fill


# A2: a path that goes through a link.

@case("A2", quick=True)
def last_part_is_a_link(ground):
    """/data/notes -> /srv/real: what was added goes, or the restore is refused."""
    box = Box(ground, "its last part is a link", path="/data/notes", mount="/srv/real",
              script="[ -L /data/notes ] || ln -s /srv/real /data/notes; " + IDLE)
    box.until("test", "-L", "/data/notes")
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
    box.until("test", "-L", "/data/notes")
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
    box.until("test", "-d", path)
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


@case("A3")
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
    old, first = trees.state(loop.path), box.snapshot
    done = box.restore(statuses=(0, 1))
    now = {name: value for name, value in trees.state(loop.path).items() if not name.startswith(b".picjobs-")}
    box.check(f"exit {done.status}: the old volume is untouched, or the new one is there", now == old and done.status == 1
              or {n: v for n, v in now.items() if n != b"stubborn"} == new, trees.state_difference(old, now))
    box.check("stubborn is named", "stubborn" in done.out + done.err, done)
    box.equal("it runs:", box.health(), "running")
    box.backup()
    soften()
    box.restore(snapshot=first)
    box.whole(new)


@case("A3", quick=True)
def append_only_directory(ground):
    box, loop, new, soften = stubborn(ground, "an append-only directory", "dir0/stubborn", "+a")
    box.restore()
    now = {name: value for name, value in trees.state(loop.path).items() if not name.startswith(b".picjobs-")}
    box.check("the volume is what was saved", now == new, trees.state_difference(new, now))
    box.backup()


@case("A3", quick=True)
def hidden_by_fuse(ground):
    """A FUSE file system keeps what a process has open as .fuse_hidden…, so that its directory can't be removed."""
    if not blockless.usable():
        ground.result.note("no FUSE here: files that it hides were not tried")
        return
    live = ground.scratch.directory("hidden")
    blockless.mount(ground.scratch, ground.scratch.directory("below-hidden"), live)
    box = Box(ground, "a file that FUSE hides", volume=live)
    for at in range(12):
        put(os.path.join(live, f"dir{at % 3}/{at}"), f"{at}\n")
    new = trees.state(live)
    box.backup()
    put(os.path.join(live, "open"), "a process of the host reads me\n")
    with open(os.path.join(live, "open")):
        done = box.restore()
        now = {name: value for name, value in trees.state(live).items() if not name.startswith(b".picjobs-")}
        box.check("the volume is what was saved", now == new, trees.state_difference(new, now))
        hidden = [entry for _, _, files in os.walk(live) for entry in files if entry.startswith(".fuse_hidden")]
        box.check("the file system did hide it", bool(hidden))
        box.check("a warning names what could not be removed", ".picjobs-" in done.out + done.err, done)
        box.equal("it runs:", box.health(), "running")
        box.backup()
        box.check("a backup has nothing of it", not [name for name in box.names() if ".fuse_hidden" in name])
    box.backup()
    left = [name for name in os.listdir(live) if name.startswith(".picjobs-")]
    box.check("once it is closed, the next run removes it", not left, left)


@case("A3")
def kept_open(ground):
    """A running service keeps files open, one deleted, one as its working directory."""
    box = Box(ground, "files kept open", script=(
        "mkdir -p /data/work; cd /data/work; exec 5>/data/open 6>/data/gone; rm /data/gone; echo x >&5; " + IDLE))
    box.until("test", "-s", "/data/open")
    trees.small(box.live, 1, files=12)
    box.backup()
    names = box.names()
    put(os.path.join(box.live, "work/later"), "x\n")
    box.restore()
    found = {os.path.relpath(os.path.join(at, n), box.live) for at, d, f in os.walk(box.live) for n in d + f}
    box.check("the volume has the names of the backup", found == names - {".", ""}, found ^ names)
    box.equal("it runs:", box.health(), "running")

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
