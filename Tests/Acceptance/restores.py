#!/usr/bin/env python3
# quick: --quick
"""Restores into services as real life has them: nothing that is put back is undone, and nothing else is destroyed.

Real Docker. Redis, PostgreSQL, SQLite and services that save what they know when they are told to stop; containers in every
state; paths through links, mounts below, files that can't be removed, full disks, old tools. --only NAME … runs some cases,
--list names them, --workers N at once (3).
"""

import argparse
import concurrent.futures
import time
import traceback

from acceptance import report, restore_runs, restore_services, restore_states, restore_volumes  # noqa: F401 (they register)
from acceptance.boxes import CASES, Ground
from acceptance.cell import binary


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
