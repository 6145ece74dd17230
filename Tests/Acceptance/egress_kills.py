#!/usr/bin/env python3
# quick: --changes --step 15
"""SIGKILL before every single kernel message of `egress apply`: nothing leaks, and the next one converges.

A flood of a service that is to leave by wireguard_ext, and of another that is to leave by Tor, goes on all the time.
Four starts: a fresh gateway that does not forward, without a guard; a fresh gateway that forwards and masquerades behind
the guard of an earlier one; the boot, where only the closed guard is there; and a living one with a change of exit
pending. --step N takes every N-th message, --changes passes over questions to the kernel, --only takes one of the four.
"""

import argparse
import collections
import json
import os
import subprocess
import sys
import time

from acceptance import messages, report
from acceptance.cell import binary
from acceptance.parts import Flood, Meter, Place, Sent, until
from acceptance.world import SERVICES, World, choose

NOTES, RAINLOOP = SERVICES["notes"][1], SERVICES["rainloop"][1]
SETTLE = 0.06
STARTS = ("fresh", "guarded", "boot", "live")


class Stage:
    """The world with its floods and meters, and the cell."""

    def __init__(self, scratch):
        self.scratch = scratch
        self.world = World(scratch)
        self.cell = self.world.cell(exits={"notes": "wireguard_ext", "email": "tor"})
        self.wan = Meter(Place(self.world.path("outside")), "wan")
        self.exits = {"wireguard_ext": Meter(Place(self.world.path("exit1"))),
                      "openvpn": Meter(Place(self.world.path("exit2")))}
        self.sent = Sent(Place(self.world.path("host")), (NOTES, RAINLOOP))
        self.floods = []

    def start(self):
        """Starts the floods: notes to .7, the second container of email to .9."""
        self.floods = [Flood(self.scratch, Place(self.world.path("notes")), 7),
                       Flood(self.scratch, Place(self.world.path("rainloop")), 9, 0.004)]

    def read(self):
        """All counters now."""
        sent = self.sent.read()
        return {"sent": sent[NOTES], "sent by Tor's service": sent[RAINLOOP], "wan": self.wan.read(),
                **{name: meter.read() for name, meter in self.exits.items()}}

    def routes(self, gateway):
        """Gives every service the default routes of the engine, as after a start, or one by the gateway."""
        for short in SERVICES:
            self.world.run(short, "sh", "-c", "ip route flush exact 0.0.0.0/0; ip -6 route flush exact ::/0; "
                           "ip route add default via " + ("172.20.0.9" if gateway else "172.20.0.1")
                           + "; ip -6 route add default via fd00:20::1")

    def unguard(self):
        """Takes the guard away from the host, as if nothing had ever been programmed there."""
        tables = self.world.run("host", "nft", "list", "tables").stdout.splitlines()
        self.world.nft("host", "".join(f"delete {line}\n" for line in tables if line.split()[-1].startswith("pic_")))

    def apply(self, kill, changes):
        """`egress apply`, killed before a message; the report of `messages`."""
        path = os.path.join(self.scratch.path, "messages")
        options = ["--kill", str(kill), "--report", path] + (["--changes"] if changes else [])
        done = subprocess.run(
            [sys.executable, messages.__file__, *options, "--", binary(), "egress", "apply"],
            env={**os.environ, "PIC_CELL": self.cell.path}, cwd=self.cell.path, capture_output=True, text=True, timeout=60)
        with open(path) as file:
            return {**json.load(file), "said": done.stdout + done.stderr}


def grown(before, after, name, key="far"):
    """By how much a counter of a meter rose."""
    return after[name][key] - before[name][key]


def control(result, stage, name):
    """The same without rules and without guard leaks: the meter and the floods work."""
    before = stage.read()
    time.sleep(0.5)
    after = stage.read()
    sent, leaked = after["sent"] - before["sent"], grown(before, after, "wan", "far7")
    other = grown(before, after, "wan", "far9")
    result.check(f"control, {name}: without rules {leaked} of {sent} packets are at the WAN side, {other} of the other",
                 sent > 100 and leaked > sent / 2 and other > 20, (before, after))
    return after["wan"]["six"] - before["wan"]["six"]


def controls(result, stage):
    stage.routes(gateway=False)
    six = control(result, stage, "the engine's routes")
    result.check(f"control, the engine's routes: {six} IPv6 packets are at the WAN side", six > 20)
    stage.routes(gateway=True)
    stage.world.restart_gateway()
    control(result, stage, "a fresh gateway that forwards")
    stage.world.stop_gateway()
    stage.world.start_gateway(forward=0)
    stage.read()
    before = stage.read()
    time.sleep(0.3)
    after = stage.read()
    result.check("control: what does not forward lets nothing through, while the flood goes on",
                 grown(before, after, "wan") == 0 and after["sent"] - before["sent"] > 50, (before, after))


def prepare(stage, start, number):
    """Makes the state before an `apply` that is to be killed; what has to be fulfilled is returned as the exit."""
    world = stage.world
    if start == "live":
        chosen = ("openvpn", "wireguard_ext")[number % 2]
        choose(stage.cell, {"notes": chosen, "email": "tor"})
        return chosen
    world.stop_gateway()
    if start == "fresh":
        world.start_gateway(forward=0)
        stage.unguard()
        stage.routes(gateway=True)
    elif start == "guarded":
        world.start_gateway(forward=1, masquerade="")
    else:
        for flood in stage.floods:
            flood.hold()
        stage.unguard()
        stage.routes(gateway=False)
        world.start_gateway(forward=1, masquerade="")
        done = stage.cell.run("egress", "apply", "--guard-only")
        if done.status != 0:
            raise RuntimeError(f"the guard for the boot: {done}")
        for flood in stage.floods:
            flood.go()
    return "wireguard_ext"


def look(result, stage, where, before, start, wanted):
    """Nothing at the WAN side since `before`, while packets were sent; nothing of Tor's service at any exit."""
    after = stage.read()
    sent, other = after["sent"] - before["sent"], after["sent by Tor's service"] - before["sent by Tor's service"]
    # Without a guard IPv6 goes past the gateway, as it did before anybody was asked to stop it.
    leaked = grown(before, after, "wan") + (grown(before, after, "wan", "six") if start != "fresh" else 0)
    result.tally(f"{where}: {leaked} leaked of {sent} and {other}", leaked == 0 and sent > 20 and other > 2,
                 f"before {before}\nafter {after}")
    strayed = sum(grown(before, after, name, "far9") for name in stage.exits)
    if start != "live":
        strayed += sum(grown(before, after, name, "far7") for name in stage.exits if name != wanted)
    result.tally(f"{where}: {strayed} packets at a wrong exit", strayed == 0, f"before {before}\nafter {after}")
    return sent, after


def converge(result, stage, where, start, wanted, before):
    """The next plain apply brings everything in order, and the service leaves by its exit and by no other."""
    done = stage.cell.run("egress", "apply", timeout=60)
    result.tally(f"{where}: the next apply exits 0", done.status == 0, done)
    done = stage.cell.run("egress", "plan", timeout=60)
    result.tally(f"{where}: then plan exits 0", done.status == 0, done)
    _, settled = look(result, stage, where + ", converged", before, start, wanted)
    through = until(lambda: grown(settled, stage.read(), wanted, "far7") > 20, 3, 0.02)
    now = stage.read()
    strayed = sum(grown(settled, now, name, "far7") for name in stage.exits if name != wanted)
    result.tally(f"{where}: converged, the service leaves by {wanted}, {strayed} by another",
                 through and strayed == 0 and grown(settled, now, "wan") == 0, f"{settled}\n{now}")


def kills(result, stage, start, step, changes):
    """All the points of one start."""
    kinds, points, sent, number, complete = collections.Counter(), 0, 0, 1, None
    while number < 2000:
        wanted = prepare(stage, start, points)
        before = stage.read()
        told = stage.apply(number, changes)
        where = f"{start}, message {number}"
        time.sleep(SETTLE)
        sent += look(result, stage, where, before, start, wanted)[0]
        if not told["killed"]:
            result.check(f"{start}: not killed it exits 0 after {len(told['messages'])} messages",
                         told["status"] == 0, told)
            complete = told["messages"]
            converge(result, stage, where, start, wanted, before)
            break
        points += 1
        kinds[told["messages"][-1]] += 1
        result.tally(f"{where}: the kill came before message {number}", len(told["messages"]) == number, told)
        converge(result, stage, where, start, wanted, before)
        number += step
    result.check(f"{start}: it ended by itself in the end", complete is not None)
    result.check(f"{start}: {points} points, {sent} packets sent at them",
                 complete and points >= max(1, len(complete) // step // 2) and len(complete) >= 2, complete)
    for kind, count in sorted(kinds.items()):
        result.note(f"killed before {kind}: {count}")


def body(result, scratch):
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--step", type=int, default=1)
    options.add_argument("--changes", action="store_true")
    options.add_argument("--only", choices=STARTS)
    chosen = options.parse_args()
    binary()
    stage = Stage(scratch)
    stage.start()
    controls(result, stage)
    for start in STARTS:
        if chosen.only not in (None, start):
            continue
        if start in ("guarded", "live"):
            choose(stage.cell, {"notes": "wireguard_ext", "email": "tor"})
            done = stage.cell.run("egress", "apply", timeout=60)
            result.check(f"{start}: the state before is programmed", done.status == 0, done)
        failed = result.failed
        kills(result, stage, start, chosen.step, chosen.changes)
        result.check(f"{start}: every point held", result.failed == failed, f"{result.failed - failed} did not")


if __name__ == "__main__":
    report.run("kill -9 before every kernel message of egress apply", body)
