#!/usr/bin/env python3
# quick: --megabytes 8
"""Real Docker, four containers: backup, wipe, restore, and an independent comparison. Needs root and dockerd.

What a container's tar can't hold is listed in ALLOWED; any other difference is a failure.
"""

import argparse
import collections
import os

import compare
from acceptance import images, report, trees
from acceptance.cell import Cell, binary, verdicts
from acceptance.engine import Engine

ALLOWED = {
    "gnu": "sockets are never archived",
    "busybox": "sockets; times below a second; link times and owners; times before 1970; user and group ids above "
               "2 097 151; extended attributes",
}
LARGEST_ID = 2_097_151
VOLUMES = [  # service, container, flavour, path, archive, share of the real files
    ("gnu", "cell-gnu", "gnu", "/data/main", "main", 0.5),
    ("box", "cell-box", "busybox", "/srv/box", "box", 0.2),
    ("multi", "cell-multi", "gnu", "/data/one", "one", 0.1),
    ("multi", "cell-multi", "gnu", "/data/two", "two", 0.1),
    ("user", "cell-user", "gnu", "/data/home", "home", 0.15),
]
IDLE = ["sh", "-c", "trap 'exit 0' TERM; sleep infinity & wait"]


def allowed(flavour, difference):
    """Whether `docs/` says that this flavour's tar can't hold it."""
    if difference.kind == "s" and difference.field == "missing":
        return True
    if flavour != "busybox":
        return False
    if difference.field == "xattrs":
        return True
    if difference.field == "mtime":
        before, after = difference.left, difference.right
        return difference.kind == "l" or before < 0 or before // 10**9 == after // 10**9
    if difference.field in ("uid", "gid"):
        return difference.kind == "l" or int(difference.left) > LARGEST_ID
    return False


def containers(engine, scratch):
    """The four containers; three hold their data in Docker volumes, the busybox one in its own layer."""
    gnu, box = scratch.directory("gnu-root"), scratch.directory("box-root")
    images.gnu(gnu)
    images.busybox(box)
    engine.image("gnu", gnu)
    engine.image("box", box)
    engine.image("user", gnu, "USER 1000", "ENV TAR_OPTIONS=--exclude=a*")
    engine.start("cell-gnu", "gnu", *IDLE, volumes=[("main", "/data/main")])
    engine.start("cell-box", "box", *IDLE)
    engine.start("cell-multi", "gnu", *IDLE, volumes=[("one", "/data/one"), ("two", "/data/two")])
    engine.start("cell-user", "user", *IDLE, volumes=[("home", "/data/home")])


def check_equal(result, engine, when, before):
    """Compares every volume with what it held."""
    for service, container, flavour, path, archive, _ in VOLUMES:
        after = compare.listing(engine.path(container, path))
        found = compare.differences(before[archive], after)
        wrong = [d for d in found if not allowed(flavour, d)]
        result.check(f"{when}: {service}/{archive} equals what was there ({len(after)} entries)", not wrong,
                     f"{len(wrong)} differences\n" + "\n".join(map(str, wrong)))
        counts = collections.Counter(f"{d.kind} {d.field}" for d in found if allowed(flavour, d))
        result.note(f"{archive} allowed: {dict(counts)} — {ALLOWED[flavour]}")


def dirty(root):
    """Changes a volume in every way: added, edited, removed, another type, another mode."""
    with open(os.path.join(root, "added-later"), "w") as file:
        file.write("x")
    os.makedirs(os.path.join(root, "awkward", "added-dir", "below"))
    with open(os.path.join(root, "awkward/links/target"), "a") as file:
        file.write("more\n")
    os.unlink(os.path.join(root, "awkward/empty"))
    os.mkdir(os.path.join(root, "awkward/empty"))
    os.chmod(os.path.join(root, "awkward/names"), 0o700)
    os.rename(os.path.join(root, "awkward/sizes"), os.path.join(root, "awkward/sizes-moved"))
    # A link where the archive has a directory: following it would write outside.
    os.symlink("/tmp", os.path.join(root, "awkward/sizes"))


def body(result, scratch):
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--megabytes", type=int, default=320, help="real files over all containers")
    megabytes = options.parse_args().megabytes
    binary()
    report.need("getfattr", "sha256sum", "find")
    engine = Engine(scratch)
    containers(engine, scratch)
    cell = Cell(scratch.directory("cell"), "runtime: docker\ntransport: exec\n", engine.environment)
    total, before = 0, {}
    for service, container, _, path, archive, share in VOLUMES:
        root = engine.path(container, path)
        os.makedirs(root, exist_ok=True)
        trees.awkward(root)
        total += trees.real(root, megabytes * share)
        before[archive] = compare.listing(root)
    result.check(f"the volumes hold at least 300 MB of real files ({total / 1e6:.0f} MB, "
                 f"{sum(map(len, before.values()))} entries)", total >= 300e6 or megabytes < 320)
    for service in dict.fromkeys(v[0] for v in VOLUMES):
        cell.service(service, [v[1:2] + v[3:5] for v in VOLUMES if v[0] == service], [f"config/{service}"])

    done = cell.backup()
    if not result.check("backup exits 0", done.status == 0, done):
        return
    found = verdicts(done.json)
    result.equal("each volume's verdict is ok", {v[4]: found.get(v[4]) for v in VOLUMES}, {v[4]: "ok" for v in VOLUMES})
    result.note(f"backup of {total / 1e6:.0f} MB: {done.seconds:.1f} s")
    for _, container, _, path, archive, _ in VOLUMES:
        now = compare.differences(before[archive], compare.listing(engine.path(container, path)))
        result.check(f"the backup changed nothing in {archive}", not now, "\n".join(map(str, now)))

    for _, container, _, path, _, _ in VOLUMES:
        trees.wipe(engine.path(container, path))
    done = cell.run("restore", "latest", "--all", "--no-safety-snapshot")
    if not result.check("restore into wiped volumes exits 0", done.status == 0, done):
        return
    result.note(f"restore: {done.seconds:.1f} s")
    check_equal(result, engine, "after the wipe", before)

    for _, container, _, path, _, _ in VOLUMES:
        dirty(engine.path(container, path))
    done = cell.run("restore", "latest", "--all")
    result.check("restore over changed volumes exits 0", done.status == 0, done)
    result.note(f"restore with safety snapshot: {done.seconds:.1f} s")
    check_equal(result, engine, "after changes", before)
    for _, container, _, path, archive, _ in VOLUMES:
        names = [n for n in os.listdir(engine.path(container, path)) if n.startswith(".picjobs-")]
        result.check(f"no staging directory is left in {archive}", not names, names)
        result.check(f"{container} runs", engine.inspect(container)["State"]["Running"])
    done = cell.run("snapshots", "verify")
    result.check("every snapshot verifies", done.status == 0, done)
    result.check("nothing half-made is left in the cell", not cell.leftovers(), cell.leftovers())


if __name__ == "__main__":
    report.run("round trip through real Docker", body)
