#!/usr/bin/env python3
"""Peak resident memory of a backup of 200 MB and of 2 GB. Reported, not asserted, but for the exit status.

The goal: they differ by less than 16 MiB and stay below 160 MiB. Local runtime.

And of the ways to look at a volume of 200 000 entries, which stay below 200 MiB; this is asserted.
"""

import argparse
import os
import random
import shutil
import time

from acceptance import report
from acceptance.cell import binary, local


def mix(root, megabytes):
    """Half random bytes, half text, in files of 10 MB and of 10 kB."""
    source = random.Random(9)
    text = b"".join(b"%d the quick brown fox %x\n" % (n, source.getrandbits(40)) for n in range(20_000))
    for number in range(megabytes // 10):
        content = source.randbytes(10_000_000) if number % 2 else (text * 20)[:10_000_000]
        if number % 5 == 4:
            os.makedirs(os.path.join(root, f"small{number}"))
            for part in range(1000):
                with open(os.path.join(root, f"small{number}", f"{part}"), "wb") as file:
                    file.write(content[part * 10_000:(part + 1) * 10_000])
        else:
            with open(os.path.join(root, f"large{number}"), "wb") as file:
                file.write(content)


def peak(cell, *words):
    """Status, seconds, CPU seconds of the tree, and peak resident KiB of picjobs alone (VmHWM, read every 5 ms).

    The ru_maxrss of wait4 would count this script itself: between fork and exec the child wears our memory.
    """
    began = time.monotonic()
    with open(os.devnull, "wb") as nothing:
        process = cell.start(*words, stdout=nothing, stderr=nothing)
    high = 0
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        try:
            with open(f"/proc/{process.pid}/status") as file:
                high = max([high] + [int(line.split()[1]) for line in file if line.startswith("VmHWM")])
        except OSError:
            pass
        time.sleep(0.005)
    process.returncode = os.waitstatus_to_exitcode(status)
    return (process.returncode, time.monotonic() - began, usage.ru_utime + usage.ru_stime, high)


def entries(result, scratch, number):
    """Dry runs and a diff of a volume of many entries: equal, emptied, and with every entry changed."""
    cell = local(scratch.directory("cell-entries"), {"notes": [("cell-notes", "/data/notes", "notes_data")]})
    volume = cell.local_volume("cell-notes", "/data/notes")
    for each in range(number):
        if each % 500 == 0:
            folder = os.path.join(volume, f"a folder of five hundred, as mailboxes are, number {each // 500}", "cur")
            os.makedirs(folder)
        with open(os.path.join(folder, f"16943{each}.M{each}P1234.mail.example.org,S=2481,W=2543:2,S"), "w"):
            pass

    def look(what, *words):
        status, seconds, _, high = peak(cell, *words)
        result.check(f"{what}: exit {status}, {seconds:.1f} s, {high / 1024:.0f} MiB at most",
                     status == 0 and high < 200 * 1024)

    look("backup", "backup", "--json")
    look("dry run, all equal", "restore", "latest", "--all", "--dry-run")
    for folder, _, names in os.walk(volume):
        for name in names:
            os.chmod(os.path.join(folder, name), 0o640)
    look("dry run, all changed", "restore", "latest", "--all", "--dry-run")
    look("dry run, all changed, as JSON", "restore", "latest", "--all", "--dry-run", "--json")
    look("second backup", "backup", "--json")
    shutil.rmtree(volume)
    os.makedirs(volume)
    look("dry run, all missing", "restore", "latest", "--all", "--dry-run")
    look("restore", "restore", "latest", "--all")
    first, second, _ = [each["id"] for each in cell.run("snapshots", "list", "--json").json["snapshots"]]
    look("diff", "snapshots", "diff", first, second)
    cell.remove()


def body(result, scratch):
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--megabytes", type=int, nargs="*", default=[200, 2000])
    options.add_argument("--entries", type=int, default=200_000)
    chosen = options.parse_args()
    binary()
    entries(result, scratch, chosen.entries)
    peaks = {}
    for megabytes in chosen.megabytes:
        cell = local(scratch.directory(f"cell-{megabytes}"), {"notes": [("cell-notes", "/data/notes", "notes_data")]})
        mix(cell.local_volume("cell-notes", "/data/notes"), megabytes)
        for what, words in (("backup", ["backup", "--json"]), ("verify", ["snapshots", "verify"]),
                            ("restore", ["restore", "latest", "--all", "--no-safety-snapshot"])):
            status, seconds, cpu, high = peak(cell, *words)
            result.check(f"{what} of {megabytes} MB exits 0", status == 0, status)
            result.note(f"{what} of {megabytes} MB: peak {high / 1024:.1f} MiB, {seconds:.1f} s, "
                        f"{cpu:.1f} CPU s with its children")
            peaks.setdefault(what, []).append(high / 1024)
        cell.remove()
    for what, values in peaks.items():
        difference = max(values) - min(values)
        result.note(f"{what}: difference {difference:.1f} MiB (goal < 16), largest {max(values):.1f} MiB (goal < 160): "
                    + ("met" if difference < 16 and max(values) < 160 else "NOT MET"))


if __name__ == "__main__":
    report.run("memory", body)
