#!/usr/bin/env python3
"""Times backup and restore through real Docker against plain `docker exec … tar`, interleaved, in one run.

  backup    picjobs backup            against   docker exec C tar -C P -czf - . > F
  restore   picjobs restore latest    against   docker exec -i C tar -C P -xzf - < F

Needs root and dockerd; starts an engine of its own. See README.md for how to read it.
"""

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../Tests/Acceptance"))

from acceptance import images, report, trees  # noqa: E402
from acceptance.cell import Cell, binary  # noqa: E402
from acceptance.engine import Engine  # noqa: E402

CONTAINER, PATH = "cell-notes", "/data/notes"
TICKS = os.sysconf("SC_CLK_TCK")


def machine():
    """CPU seconds this machine has spent so far, idle and I/O wait left out."""
    with open("/proc/stat") as file:
        fields = [int(word) for word in file.readline().split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / TICKS


class Figures:
    """Seconds, CPU seconds of the command's own processes, and CPU seconds of the whole machine, per contender."""

    def __init__(self):
        self.rows = {}

    def measure(self, name, words, keep, **options):
        """Runs a command once; `keep` is false in the warm-up."""
        os.sync()
        busy, began = machine(), time.monotonic()
        process = subprocess.Popen(words, **options)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise RuntimeError(f"{name}: exit {process.returncode}: {' '.join(words)}")
        if keep:
            self.rows.setdefault(name, []).append(
                (seconds, usage.ru_utime + usage.ru_stime, machine() - busy, usage.ru_maxrss / 1024))

    def median(self, name, column):
        return statistics.median(row[column] for row in self.rows[name])


def fill(root, megabytes):
    """Real files of this machine, and large random ones: about 70 to 30 by size."""
    total = trees.real(root, megabytes * 0.7)
    source = random.Random(3)
    for number in range(int(megabytes * 0.3) // 15):
        with open(os.path.join(root, f"random{number}"), "wb") as file:
            file.write(source.randbytes(15_000_000))
        total += 15_000_000
    return total


def show(figures, bytes_in, size):
    """The table, and the ratios of the medians (below 1: picjobs is faster)."""
    print(f"\n{'':34}{'median s':>10}{'min':>8}{'max':>8}{'MB/s':>8}{'own CPU':>9}{'all CPU':>9}{'peak MiB':>10}")
    for name, rows in figures.rows.items():
        times = [row[0] for row in rows]
        print(f"{name:34}{statistics.median(times):10.2f}{min(times):8.2f}{max(times):8.2f}"
              f"{bytes_in / 1e6 / statistics.median(times):8.0f}{figures.median(name, 1):9.2f}"
              f"{figures.median(name, 2):9.2f}{figures.median(name, 3):10.1f}")
    print("\nratios of the medians, picjobs / plain docker exec")
    pairs = [("backup", "picjobs backup", "docker exec tar -czf"),
             ("restore into an empty volume", "picjobs restore, empty volume", "docker exec -i tar -xzf"),
             ("restore with a safety snapshot", "picjobs restore, safety snapshot", "docker exec -i tar -xzf")]
    ratios = {}
    for what, ours, plain in pairs:
        ratios[what] = figures.median(ours, 0) / figures.median(plain, 0)
        cpu = figures.median(ours, 2) / figures.median(plain, 2)
        print(f"  {what:32} time {ratios[what]:.2f}   CPU of the machine {cpu:.2f}")
    ratios["size"] = size["picjobs"] / size["plain"]
    print(f"  {'size of the archive':32} {ratios['size']:.3f}   ({size['picjobs']:,} / {size['plain']:,} bytes)")
    return ratios


def body(result, scratch):
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--megabytes", type=int, default=500)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--json", metavar="FILE", help="write the single figures there too")
    chosen = options.parse_args()
    program = binary()
    engine = Engine(scratch)
    root = scratch.directory("root")
    images.gnu(root)
    engine.image("gnu", root)
    engine.start(CONTAINER, "gnu", "sh", "-c", "trap 'exit 0' TERM; sleep infinity & wait",
                 volumes=[("notes", PATH)])
    cell = Cell(scratch.directory("cell"), "runtime: docker\n", engine.environment)
    cell.service("notes")
    volume = engine.inspect(CONTAINER)["Mounts"][0]["Source"]
    bytes_in = fill(volume, chosen.megabytes)
    entries = sum(len(directories) + len(files) for _, directories, files in os.walk(volume))
    print(f"{bytes_in / 1e6:.0f} MB in {entries} entries, {chosen.rounds} rounds after a warm-up, "
          f"{os.cpu_count()} cores, {subprocess.run([program, '--version'], capture_output=True, text=True).stdout.strip()}")
    environment = {**os.environ, **engine.environment, "PIC_CELL": cell.path}
    quiet = {"env": environment, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL,
             "stdin": subprocess.DEVNULL}
    plain = os.path.join(scratch.path, "plain.tar.gz")
    figures, size = Figures(), {}
    for number in range(chosen.rounds + 1):
        keep = number > 0
        print(f"round {number}" if keep else "warm-up", flush=True)
        with open(plain, "wb") as out:
            figures.measure("docker exec tar -czf", engine.command("exec", CONTAINER, "tar", "-C", PATH, "-czf", "-", "."),
                            keep, **{**quiet, "stdout": out})
        # Without an earlier snapshot: a first backup, nothing to copy from.
        shutil.rmtree(cell.backup_root, ignore_errors=True)
        figures.measure("picjobs backup", [program, "backup", "--quiet"], keep, **quiet)
        archive = os.path.join(cell.backup_root, cell.published()[-1], "service_data/notes/notes_data.tar.gz")
        size = {"picjobs": os.path.getsize(archive), "plain": os.path.getsize(plain)}
        trees.wipe(volume)
        with open(plain, "rb") as stream:
            figures.measure("docker exec -i tar -xzf", engine.command("exec", "-i", CONTAINER, "tar", "-C", PATH, "-xzf", "-"),
                            keep, **{**quiet, "stdin": stream})
        trees.wipe(volume)
        figures.measure("picjobs restore, empty volume",
                        [program, "restore", "latest", "--no-safety-snapshot", "--no-restart", "--quiet"], keep, **quiet)
        figures.measure("picjobs restore, safety snapshot", [program, "restore", "latest", "--no-restart", "--quiet"], keep,
                        **quiet)
    ratios = show(figures, bytes_in, size)
    if chosen.json:
        with open(chosen.json, "w") as file:
            json.dump({"bytes": bytes_in, "entries": entries, "size": size, "ratios": ratios, "rows": figures.rows}, file,
                      indent=2)
    result.check("every run ended with exit 0", True)


if __name__ == "__main__":
    report.run("benchmark: picjobs against docker exec tar", body)
