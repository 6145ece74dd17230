#!/usr/bin/env python3
"""Switches in their thousands under flood: the same meter as egress_leaks.py, and the commits that `egress set` sends.

A command takes some hundred milliseconds under flood, so twenty thousand of them take hours. Here one process that stays
(Benchmarks/Sources/egress-bench) sends the same batch of two elements and cuts the flows, and tells when it was acknowledged.
"""

import argparse
import json
import os
import random
import subprocess

from acceptance import report
from acceptance.cell import ROOT, binary
from acceptance.world import SERVICES, World
from egress_leaks import apply, careless, switches, to_tunnel


class Answer:
    """What a change looks like to the meter: a command that ended well."""

    status = 0

    def __init__(self, seconds):
        self.seconds = seconds


class Switcher:
    """egress-bench in the gateway's namespace; knows which exit each address has."""

    def __init__(self, program, world, exits):
        self.process = subprocess.Popen([program, world.path("gateway")], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        self.exits = exits

    def change(self, exits):
        """Moves services to other exits: when it began, when the last was acknowledged."""
        times = []
        for service, exit in exits.items():
            if self.exits[service] != exit:
                address = SERVICES[service][1]
                self.process.stdin.write(f"move {address} {self.exits[service]} {exit}\n")
                self.process.stdin.flush()
                times += json.loads(self.process.stdout.readline())
                self.exits[service] = exit
        begun, ended = (times[0], times[-1]) if times else (0, 0)
        return begun, ended, Answer((ended - begun) / 1e9)

    def stop(self):
        """Ends it."""
        self.process.stdin.close()
        self.process.wait(timeout=30)


def body(result, scratch):
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--switches", type=int, default=20000)
    options.add_argument("--changes", type=int, default=2000)
    options.add_argument("--seed", type=int, default=20261126)
    chosen = options.parse_args()
    binary()
    build = ["swift", "build", "--package-path", os.path.join(ROOT, "Benchmarks"), "-c", "release", "--product",
             "egress-bench"]
    subprocess.run([*build, "--quiet"], check=True)
    where = subprocess.run([*build, "--show-bin-path"], check=True, capture_output=True, text=True).stdout.strip()
    dice = random.Random(chosen.seed)
    world = World(scratch)
    cell = world.cell(exits={"notes": "default", "email": "openvpn"})
    careless(result, world)
    apply(result, cell, "notes by default, email by openvpn")
    switcher = Switcher(os.path.join(where, "egress-bench"), world, {"notes": "default"})
    scratch.undo(switcher.stop)
    switches(result, world, "by the library", switcher.change, chosen.switches, dice, ["notes"], six=True)
    to_tunnel(result, world, "by the library", switcher.change, chosen.changes, dice)
    switcher.change({"notes": "default"})
    done = cell.run("egress", "plan")
    result.check("afterwards everything is as planned", done.status == 0, done)


if __name__ == "__main__":
    report.run("switches in their thousands", body)
