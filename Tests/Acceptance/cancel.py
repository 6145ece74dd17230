#!/usr/bin/env python3
# quick: --megabytes 300
"""One run at a time, and a cancel that leaves nothing. Real Docker, needs root.

A second backup while one runs: 75 at once, which is 200 ms on an idle machine. Ctrl-C: 130 within 2 s, SIGTERM: 143; no tar left in the container.
"""

import argparse
import base64
import os
import random
import signal
import statistics
import time

from acceptance import images, report, trees
from acceptance.cell import Cell, binary
from acceptance.engine import Engine


def tars(engine):
    """The tar processes in the container."""
    return [line for line in engine.processes("cell-notes") if "tar" in line.split()[1:2] or " tar " in line]


def wait_for_tar(engine, process, seconds=30):
    """Waits until a tar runs in the container."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        if tars(engine):
            return True
        time.sleep(0.01)
    return False


def big(root, megabytes):
    """Text that compresses slowly, so that a run lasts."""
    source = random.Random(5)
    for number in range(megabytes // 10):
        with open(os.path.join(root, f"part{number}"), "wb") as file:
            file.write(base64.b64encode(source.randbytes(7_500_000)))


def stages(volume):
    """The staging directories of restores in a volume."""
    return [os.path.join(volume, name) for name in os.listdir(volume) if name.startswith(".picjobs-")]


def wait_for_staged(volume, process, wanted, seconds=120):
    """Waits until a restore has put that many bytes into its staging directory."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if sum(trees.size(stage) for stage in stages(volume)) >= wanted:
                return True
        except FileNotFoundError:
            pass
        time.sleep(0.01)
    return False


def busy(result, cell, engine, tries):
    """The second run is turned away at once."""
    first = cell.start("backup", "--json")
    result.check("the first backup streams", wait_for_tar(engine, first))
    times = []
    for number in range(tries):
        done = cell.backup()
        times.append(done.seconds)
        result.check(f"second backup {number}: exit {done.status} after {done.seconds * 1000:.0f} ms",
                     done.status == 75 and done.seconds < 5, done)
        result.check(f"second backup {number}: one line", len(done.error_lines) == 1, done.err)
    result.note(f"median {statistics.median(times) * 1000:.0f} ms, slowest {max(times) * 1000:.0f} ms")
    result.check("the first one was still running", first.poll() is None)
    return first


def cancel(result, cell, engine, process, number, wanted, group, volume=None, states=()):
    """Sends a signal, and looks at what is left."""
    if process.poll() is not None:
        return
    name = signal.Signals(number).name
    began = time.monotonic()
    os.killpg(process.pid, number) if group else process.send_signal(number)
    try:
        out, err = process.communicate(timeout=30)
    except Exception as error:
        result.check(f"{name}: ends", False, error)
        process.kill()
        return
    took = time.monotonic() - began
    result.check(f"{name}: exit {process.returncode} after {took * 1000:.0f} ms",
                 process.returncode == wanted and took < 2, (out + err).decode(errors="replace")[-500:])
    left = tars(engine)
    result.check(f"{name}: no tar is left in the container", not left, left)
    result.check(f"{name}: nothing is left in the cell", not cell.leftovers(), cell.leftovers())
    if volume:
        left = stages(volume())
        result.check(f"{name}: no staging is left in the volume", not left, left)
        now = trees.state(volume())
        result.check(f"{name}: the volume is the old or the new one", now in states)


def body(result, scratch):
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--megabytes", type=int, default=600)
    chosen = options.parse_args()
    binary()
    engine = Engine(scratch)
    root = scratch.directory("root")
    images.gnu(root)
    engine.image("gnu", root)
    engine.start("cell-notes", "gnu", "sh", "-c", "trap 'exit 0' TERM; sleep infinity & wait",
                 volumes=[("notes", "/data/notes")])
    cell = Cell(scratch.directory("cell"), "runtime: docker\n", engine.environment)
    cell.service("notes")
    volume = lambda: engine.path("cell-notes", "/data/notes")
    big(volume(), chosen.megabytes)

    def backup():
        process = cell.start("backup", "--json", start_new_session=True)
        result.check("a backup streams", wait_for_tar(engine, process))
        time.sleep(0.3)
        return process

    first = busy(result, cell, engine, 5)
    first.communicate()
    result.check("the first backup ends well", first.returncode == 0, first.returncode)
    before = cell.snapshots()
    for number, wanted, group in ((signal.SIGINT, 130, True), (signal.SIGINT, 130, False),
                                  (signal.SIGTERM, 143, False)):
        cancel(result, cell, engine, backup(), number, wanted, group)
    result.equal("a cancelled backup is not listed", cell.snapshots(), before)

    new = trees.state(volume())
    done = cell.run("restore", "latest", "--all", "--no-safety-snapshot")
    result.check(f"a whole restore exits 0 ({done.seconds:.1f} s)", done.status == 0, done)
    result.check("a whole restore restores", trees.state(volume()) == new)
    with open(os.path.join(volume(), "part0"), "ab") as file:
        file.write(b"changed\n")
    old = trees.state(volume())
    whole = trees.size(volume())
    for number, wanted, group, share in ((signal.SIGINT, 130, True, 0), (signal.SIGTERM, 143, False, 0.2),
                                         (signal.SIGINT, 130, True, 0.9)):
        process = cell.start("restore", "latest", "--all", "--no-safety-snapshot", start_new_session=True)
        if share:
            result.check(f"a restore has staged {share:.0%} of its bytes",
                         wait_for_staged(volume(), process, share * whole))
        else:
            time.sleep(0.5)
            result.check("a restore has begun", process.poll() is None and not stages(volume()))
        cancel(result, cell, engine, process, number, wanted, group, volume, (old, new))
    done = cell.backup()
    result.check("the next backup exits 0", done.status == 0, done)


if __name__ == "__main__":
    report.run("busy and cancelled", body)
