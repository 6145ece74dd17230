#!/usr/bin/env python3
# quick: --rounds 1
"""Established connections when the exit changes: reset at once, and nothing of them comes out at the new exit. Needs root.

Each of the 12 changes between the four exits is made by `egress set`, while one container of a service sends without a pause
over one connection and holds a silent one, and its second container holds one, too. In Tor's place the gateway's namespace
listens on Tor's ports. The control is a change without a cut.
"""

import argparse
import re
import select
import socket
import subprocess
import time

from acceptance import report
from acceptance.cell import binary
from acceptance.talk import Listener, Tap, error_name, greeting, opened
from acceptance.world import FAR, GATEWAY, RESOLVER, SINK, World

# A walk over all the 12 changes; it ends where it begins.
WALK = ("default", "wireguard_ext", "default", "openvpn", "default", "tor", "wireguard_ext", "openvpn", "wireguard_ext", "tor",
        "openvpn", "tor", "default")
RESOLVER_OF = {"default": "resolver", "wireguard_ext": "exit1", "openvpn": "exit2", "tor": "gateway"}
PORT, BOUND = 8000, 2.0


def place(exit):
    """Where the connections of an exit end."""
    return SINK[exit] or "gateway"


class Stream:
    """A connection from a service. Each line it sends carries its number and the time."""

    number = 0

    def __init__(self, world, short):
        Stream.number += 1
        self.name, self.echoed = f"stream{Stream.number}", 0
        self.error = self.ended = None
        self.socket = opened(world, short)
        self.socket.connect((FAR, PORT))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.port = self.socket.getsockname()[1]
        self.peer = self.socket.recv(200).decode().split()[0]
        self.socket.setblocking(False)

    def send(self):
        """Sends a line, if it can, and reads what has come."""
        self._attempt(lambda: self.socket.send(f"{self.name} {time.monotonic_ns()}\n".encode()))
        self.read()

    def read(self):
        """Reads what has come, or the error that ended it."""
        self._attempt(lambda: self.socket.recv(65536))

    def wait(self, seconds):
        """Sends a line and waits for the end; returns how long that took, infinity when it lives on."""
        began = time.monotonic()
        self.send()
        while not self.error and time.monotonic() < began + seconds:
            select.select([self.socket], [], [], 0.05)
            self.read()
        return max(0.0, self.ended - began) if self.error else float("inf")

    def _attempt(self, action):
        if self.error:
            return
        try:
            done = action()
            if done == b"":
                raise ConnectionAbortedError(0, "ended by the other side")
            self.echoed += isinstance(done, bytes)
        except BlockingIOError:
            pass
        except OSError as error:
            self.error, self.ended = error_name(error), time.monotonic()
            self.socket.close()

    def close(self):
        """Ends it."""
        self.socket.close()


class Ends:
    """Who listens at the exits, and what came there."""

    TAPPED = ("outside", "exit1", "exit2")

    def __init__(self, world):
        ports = {"outside": ([PORT], []), "exit1": ([PORT], [53]), "exit2": ([PORT], [53]), "resolver": ([], [53]),
                 "gateway": ([9040], [5353])}
        self.listeners = {short: Listener(world, short, *both) for short, both in ports.items()}
        self.taps = {short: Tap(world, short) for short in self.TAPPED}
        self.forget()

    def forget(self):
        """From here on only what comes."""
        self.segments = {short: [] for short in self.TAPPED}
        self.take()
        self.segments = {short: [] for short in self.TAPPED}
        self.old = len(self.listeners["gateway"].heard())

    def take(self):
        """Keeps what has come."""
        for short, tap in self.taps.items():
            self.segments[short] += tap.segments()

    def times(self, short, stream):
        """When the lines of a stream that came there were sent."""
        if short == "gateway":
            text = "".join(self.listeners[short].heard()[self.old:])
        else:
            text = b"".join(s.data for s in self.segments[short]).decode(errors="replace")
        return [int(when) for when in re.findall(rf"{stream.name} (\d{{6,}})", text)]

    def strays(self, short, streams):
        """Segments of any kind, and lines in Tor's place, that came of these streams."""
        if short == "gateway":
            return [when for stream in streams for when in self.times(short, stream)]
        return [segment for segment in self.segments[short] if segment.sport in [stream.port for stream in streams]]

    def stop(self):
        """Ends all."""
        for one in (*self.listeners.values(), *self.taps.values()):
            one.stop() if isinstance(one, Listener) else one.close()


class Asker:
    """A UDP socket that asks the gateway for names and stays the same: its flow has to follow the exit."""

    def __init__(self, world, short):
        self.socket = opened(world, short, kind=socket.SOCK_DGRAM, seconds=0.5)
        self.socket.connect((GATEWAY, 53))

    def ask(self):
        """Who answers, or the error's name. What is lost is asked again, as resolvers do."""
        for _ in range(3):
            try:
                self.socket.send(b"who?")
                return self.socket.recv(200).decode().split()[0]
            except OSError as error:
                answer = error_name(error)
        return answer


class Changed:
    """One change under traffic: `start` begins it and returns the process that ends with it."""

    def __init__(self, world, ends, start):
        self.busy, self.quiet, self.second = Stream(world, "mail"), Stream(world, "mail"), Stream(world, "rainloop")
        self.streams = (self.busy, self.quiet, self.second)
        ends.forget()
        for _ in range(20):
            self.busy.send()
            time.sleep(0.002)
        self.begun = time.monotonic()
        process = start()
        self.acknowledged = None
        while time.monotonic() < (self.acknowledged or self.begun + 60) + BOUND:
            if self.acknowledged is None and process.poll() is not None:
                self.acknowledged = time.monotonic()
            if self.acknowledged and self.busy.error:
                break
            self.busy.send()
            time.sleep(0.001)
        out, err = process.communicate(timeout=5)
        self.done = f"exit {process.returncode}\n{out}{err}"
        self.good = process.returncode == 0 and self.acknowledged is not None
        self.took = max(0.0, self.busy.ended - self.acknowledged) if self.busy.error else float("inf")
        self.quiet_took = max(self.quiet.wait(BOUND), self.second.wait(BOUND))
        time.sleep(0.05)
        ends.take()
        for stream in self.streams:
            stream.close()

    def late(self, ends, short):
        """Lines of all streams that were sent after the acknowledgement and came there."""
        return sum(when > self.acknowledged * 1e9 for stream in self.streams for when in ends.times(short, stream))


def careless(world):
    """Exits as a simpler program would make them: marks by address, and no cut when they change."""
    for short in ("mail", "rainloop"):
        world.ip(short, f"route replace default via {GATEWAY}")
    world.sysctl("gateway", "ipv4/ip_forward", 1)
    world.ip("gateway", "rule add fwmark 0x10 lookup 200 pref 90\nroute add default dev wg_ext0 table 200")
    world.nft("gateway", f"""
        add table inet careless
        add map inet careless of {{ type ipv4_addr : mark; }}
        add chain inet careless pre {{ type filter hook prerouting priority -150; }}
        add rule inet careless pre ip saddr {{ 172.20.0.22, 172.20.0.23 }} meta mark set ip saddr map @of
        add chain inet careless names {{ type nat hook prerouting priority -100; }}
        add rule inet careless names meta mark 0x30 udp dport 53 redirect to :5353
        add rule inet careless names meta mark 0x30 meta l4proto tcp redirect to :9040
        add rule inet careless names meta mark 0x1 udp dport 53 dnat ip to {RESOLVER}
        add chain inet careless post {{ type nat hook postrouting priority 100; }}
        add rule inet careless post ip saddr {{ 172.20.0.22, 172.20.0.23 }} masquerade""")


def controls(result, world, ends):
    """A change without a cut: Tor keeps the connection, and data of an old one comes out at the new exit."""
    careless(world)

    def mark(value):
        text = "flush map inet careless of\n" + "".join(
            f"add element inet careless of {{ {address} : {value} }}\n" for address in ("172.20.0.22", "172.20.0.23"))
        with world.within("gateway"):
            process = subprocess.Popen(["nft", text], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE)
        return process

    mark("0x1").wait()
    changed = Changed(world, ends, lambda: mark("0x10"))
    strays = len(ends.strays("exit1", changed.streams)), len(ends.times("exit1", changed.busy))
    result.check(f"control: without a cut {strays[0]} segments of the old connection come out at the new exit",
                 changed.good and min(strays) > 0, (changed.done, strays))
    mark("0x30").wait()
    asker = Asker(world, "mail")
    result.equal("control: Tor's place answers", asker.ask(), "gateway")
    changed = Changed(world, ends, lambda: mark("0x1"))
    result.check(f"control: without a cut Tor keeps the connection: {changed.late(ends, 'gateway')} lines after the change",
                 changed.good and not changed.busy.error and changed.late(ends, "gateway") > 10, changed.done)
    result.equal("control: without a cut Tor's place goes on to answer for names", asker.ask(), "gateway")
    world.nft("gateway", "delete table inet careless")
    world.ip("gateway", "rule del fwmark 0x10 lookup 200 pref 90\nroute flush table 200")
    world.run("gateway", "conntrack", "-F")


def walk(result, world, cell, ends):
    """All the changes, one after the other. Returns the times from the last line at the old exit to the reset."""
    asker, other = Asker(world, "mail"), Stream(world, "homepage")
    times = []
    for old, new in zip(WALK, WALK[1:]):
        name = f"{old} → {new}"
        result.equal(f"{name}: names are asked at {RESOLVER_OF[old]}", asker.ask(), RESOLVER_OF[old])
        changed = Changed(world, ends, lambda: cell.start("egress", "set", "email", new))
        result.check(f"{name}: egress set exits 0", changed.good, changed.done)
        result.equal(f"{name}: the connections went by the old exit", {s.peer for s in changed.streams}, {place(old)})
        lines = ends.times(place(old), changed.busy)
        took = max(0.0, (changed.busy.ended or float("inf")) - max(lines, default=0) / 1e9)
        result.check(f"{name}: reset {took * 1000:.1f} ms after its last line, {changed.took * 1000:.0f} ms after the "
                     f"acknowledgement; silent ones {changed.quiet_took * 1000:.1f} ms after they speak",
                     max(took, changed.took, changed.quiet_took) < BOUND
                     and {s.error for s in changed.streams} <= {"ECONNRESET", "EPIPE"}, [s.error for s in changed.streams])
        result.check(f"{name}: the old exit got {len(lines)} lines before the change, and none that was sent after it",
                     len(lines) > 0 and changed.late(ends, place(old)) == 0, changed.late(ends, place(old)))
        strays = {short: ends.strays(short, changed.streams) for short in (*Ends.TAPPED, "gateway") if short != place(old)}
        result.check(f"{name}: no old segment at the new exit, or at another", not any(strays.values()), strays)
        result.check(f"{name}: a new connection goes by the new exit",
                     greeting(world, "mail", FAR, PORT).startswith(place(new)))
        echoed = other.echoed
        other.wait(0.2)
        result.check(f"{name}: another service's connection goes on", not other.error and other.echoed > echoed, other.error)
        times.append(took)
    result.equal(f"at the end names are asked at {RESOLVER_OF[new]}", asker.ask(), RESOLVER_OF[new])
    return times


def body(result, scratch):
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=10, help="how many times the 12 changes")
    chosen = options.parse_args()
    binary()
    world = World(scratch)
    cell = world.cell(exits={"email": "default"})
    ends = Ends(world)
    controls(result, world, ends)
    done = cell.run("egress", "apply")
    result.check("apply: exit 0", done.status == 0, done)
    times = sorted(time for _ in range(chosen.rounds) for time in walk(result, world, cell, ends))
    result.note(f"{len(times)} changes: the reset came {times[len(times) // 2] * 1000:.1f} ms (median), at most "
                f"{times[-1] * 1000:.1f} ms after the last line that the old exit got")
    ends.stop()


if __name__ == "__main__":
    report.run("established connections", body)
