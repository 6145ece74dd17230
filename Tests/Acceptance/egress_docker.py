#!/usr/bin/env python3
# quick: --rounds 1 --exits 2
"""Real containers behind the kill-switch: restarts of a service and of the gateway under flood, names by every exit.

An engine of our own in a network namespace of its own; `cell-network` with the gateway, notes, the two containers of
email and a resolver; a WAN side behind the engine's uplink. notes leaves by wireguard_ext, email by default: so the meter
at the WAN side counts all the time, and has to stay at 0 for notes.
"""

import argparse
import json
import os
import shutil
import subprocess
import threading
import time

from acceptance import images, report
from acceptance.cell import Cell, binary
from acceptance.engine import Engine
from acceptance.parts import (FAR, Arrivals, Meter, Place, Resolver, Sent, Space, Watcher, mirror, pair, until)
from acceptance.world import choose

GATEWAY, RESOLVER = "172.20.0.9", "172.20.0.3"
LEASES = {"notes": {"cell-notes": "172.20.0.21"}, "email": {"cell-mail": "172.20.0.22", "cell-rainloop": "172.20.0.23"}}
ADDRESSES = {name: address for containers in LEASES.values() for name, address in containers.items()}
# Each container floods a far address of its own.
TARGETS = {"cell-notes": 7, "cell-mail": 8, "cell-rainloop": 9}
RESOLVERS = {"default": RESOLVER, "wireguard_ext": "10.64.0.1", "openvpn": "10.65.0.1"}
LINKS = {"wireguard_ext": "wg_ext0", "openvpn": "tun0"}
ANSWERS = {"default": "192.0.2.1", "wireguard_ext": "192.0.2.2", "openvpn": "192.0.2.3", "tor": "192.0.2.4",
           "host": "192.0.2.5", "outside": "192.0.2.6"}
# Resolvers that a service could ask past the gateway, when its exit is not `default`: the cell's, the host's, a public one.
BESIDE = {"default": RESOLVER, "host": "172.20.0.1", "outside": f"{FAR}.7"}
# A container that sends from its first moment on: a UDP flow that is begun anew after every 200 packets.
FLOOD = """trap 'exit 0' TERM
mkfifo /tmp/never; exec 9<>/tmp/never
while :; do
    exec 8<>/dev/udp/$1/9 || { read -r -t 0.01 -u 9; continue; }
    for n in {1..100}; do echo flood >&8; echo flood >&8; read -r -t "$2" -u 9; done
done 2>/dev/null"""


class Exit:
    """What lies beyond a tunnel: the far addresses, a resolver, and a link that can be given to each new gateway."""

    def __init__(self, scratch, name, network):
        self.place, self.network, self.count = Space(scratch, name), network, 0
        self.place.ip(f"route add local {FAR}.0/24 dev lo\naddr add {network}.1/32 dev lo\n")
        self.meter = Meter(self.place)
        for number in TARGETS.values():
            mirror(scratch, self.place, number)

    def plug(self, gateway, name):
        """Gives the gateway a link `name` (a veth pair in place of a tunnel); an old one is removed."""
        self.unplug()
        self.count += 1
        pair(self.place, f"end{self.count}", gateway, name)
        self.place.ip(f"addr add {self.network}.1/24 dev end{self.count}\nlink set end{self.count} up\n")
        gateway.ip(f"addr add {self.network}.2/24 dev {name}\nlink set {name} up\n")

    def unplug(self):
        """Takes the link away, both ends at once."""
        self.place.drop_link(f"end{self.count}")


class Stage:
    """The engine, the WAN side, the exits, the containers and the cell."""

    def __init__(self, scratch):
        self.scratch = scratch
        self.engine = Engine(scratch)
        self.host = Place(f"/run/netns/{self.engine.namespace}")
        self.outside = Space(scratch, "outside")
        self.exits = {"wireguard_ext": Exit(scratch, "exit1", "10.64.0"), "openvpn": Exit(scratch, "exit2", "10.65.0")}
        self.peers = Exit(scratch, "peers", "10.66.0")
        self._wan()
        self.engine.docker("network", "create", "-d", "bridge", "--subnet", "172.20.0.0/16", "--gateway", "172.20.0.1",
                           "cell-network")
        self._image()
        self.started = {}
        self._hear()
        self.engine.start("cell-wireguard", "box", "sleep", "infinity", options=(
            "--network", "cell-network", "--ip", GATEWAY, "--cap-add", "NET_ADMIN", "--sysctl", "net.ipv4.ip_forward=0"))
        self.engine.start("cell-dns", "box", "sleep", "infinity", options=("--network", "cell-network", "--ip", RESOLVER))
        for name, address in ADDRESSES.items():
            pause = "0.001" if name == "cell-notes" else "0.01"
            self.engine.start(name, "box", "bash", "-c", FLOOD, "flood", f"{FAR}.{TARGETS[name]}", pause, options=(
                "--network", "cell-network", "--ip", address, "--dns", GATEWAY))
        self.sent = Sent(self.host, ADDRESSES.values())
        self.wan = Meter(self.outside, "wan")
        self.arrivals = {name: Arrivals(scratch, exit.place) for name, exit in self.exits.items()}
        for number in TARGETS.values():
            mirror(scratch, self.outside, number)
        self.resolvers = {}
        for beside, place in (("default", self.place("cell-dns")), ("host", self.host), ("outside", self.outside)):
            self.resolvers[beside] = self.resolver(beside, place, BESIDE[beside])
        for exit, one in self.exits.items():
            self.resolvers[exit] = self.resolver(exit, one.place, RESOLVERS[exit])
        self.cell = self._cell()
        self.plug()

    def _wan(self):
        pair(self.host, "uplink", self.outside, "wan")
        self.host.ip("addr add 203.0.113.2/24 dev uplink\nlink set uplink up\nroute add default via 203.0.113.1\n")
        self.outside.ip("addr add 203.0.113.1/24 dev wan\nlink set wan up\n"
                        f"route add local {FAR}.0/24 dev lo\n")
        self.host.set("ipv4/ip_forward", 1)
        self.host.nft("table ip docker {\nchain post {\ntype nat hook postrouting priority 100;\n"
                      'ip saddr 172.20.0.0/16 oifname "uplink" masquerade\n}\n}\n')

    def _image(self):
        root = self.scratch.directory("root")
        images.gnu(root)
        shutil.copy2(os.path.realpath(shutil.which("busybox")), os.path.join(root, "bin/busybox"))
        for name in ("nslookup", "ip", "timeout"):
            os.symlink("busybox", os.path.join(root, "bin", name))
        self.engine.image("box", root)

    def _cell(self):
        cell = Cell(self.scratch.directory("cell"), environment=self.engine.environment)
        for service in LEASES:
            cell.service(service)
        cell.write("data/ip_leases.json", json.dumps(LEASES, indent=2))
        self.settings(cell)
        choose(cell, {"notes": "wireguard_ext", "email": "default"})
        return cell

    def settings(self, cell, without=()):
        """Writes config/picjobs.yml; exits in `without` get no resolver."""
        cell.settings(json.dumps({  # JSON is YAML
            "runtime": "docker", "network": {"name": "cell-network"}, "gateway": {"container": "cell-wireguard"},
            "host": {"namespace": self.host.path},
            "egress": {"resolvers": {exit: address for exit, address in RESOLVERS.items() if exit not in without}}},
            indent=2))

    def _hear(self):
        """Listens to the engine: when which container started, by our own clock."""
        events = subprocess.Popen(
            self.engine.command("events", "--filter", "event=start", "--format", "{{.Actor.Attributes.name}} {{.TimeNano}}"),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.scratch.undo(lambda: (events.kill(), events.wait()))

        def listen():
            for line in events.stdout:
                name, moment = line.split()
                self.started[name] = int(moment) / 1e9 - time.time() + time.monotonic()

        threading.Thread(target=listen, daemon=True).start()

    def place(self, name):
        """The network namespace of a running container."""
        return Place(f"/proc/{self.engine.pid(name)}/ns/net")

    def plug(self):
        """Gives the gateway's present namespace its tunnels, and a listener where tor's would be."""
        gateway = self.place("cell-wireguard")
        self.peers.plug(gateway, "wg0")
        for exit, link in LINKS.items():
            self.exits[exit].plug(gateway, link)
        plugged = time.monotonic()
        old = self.resolvers.get("tor")
        self.resolvers["tor"] = self.resolver("tor", gateway, "0.0.0.0", 5353)
        if old is not None:
            old.close()
            self.resolvers["tor"].asked = old.asked
        return plugged

    def resolver(self, exit, place, address, port=53):
        return Resolver(self.scratch, place, address, port, ANSWERS[exit])

    def read(self):
        """Counters now: by container what was sent and what is at the WAN side; what of notes is at the tunnels."""
        sent, wan = self.sent.read(), self.wan.read()
        found = {f"{name} sent": sent[address] for name, address in ADDRESSES.items()}
        found.update({f"{name} wan": wan[f"far{number}"] for name, number in TARGETS.items()})
        found.update({exit: one.meter.read()["far7"] for exit, one in self.exits.items()})
        found.update(names=wan["names"], six=wan["six"])
        return found

    def since(self, before):
        now = self.read()
        return {name: now[name] - before[name] for name in now}


def controls(result, stage):
    """Without a single rule everything is at the WAN side."""
    before = stage.read()
    time.sleep(1)
    found = stage.since(before)
    for name in ADDRESSES:
        sent, leaked = found[f"{name} sent"], found[f"{name} wan"]
        result.check(f"control: without rules {leaked} of {sent} packets of {name} are at the WAN side",
                     sent > 50 and leaked > sent * 0.8, found)
    for beside, server in BESIDE.items():
        before, name = stage.read(), f"{beside}.control.example"
        code, answer = lookup(stage, name, server)
        result.check(f"control: without rules {beside}, {server}, can be asked directly",
                     code == 0 and asked(stage, name) == [beside], (answer, asked(stage, name)))
        if beside == "outside":
            result.check("control: and that is counted at the WAN side", stage.since(before)["names"] > 0)
    code, answer = lookup(stage, "control.example")
    result.check("control: nobody answers names before the gateway is programmed", code != 0, answer)


def closed(result, stage, name, before, least=50):
    """notes has sent and nothing of it was at the WAN side nor at openvpn's exit."""
    found = stage.since(before)
    result.check(f"{name}: {found['cell-notes wan']} of {found['cell-notes sent']} packets of notes at the WAN side",
                 found["cell-notes wan"] == 0 and found["openvpn"] == 0 and found["cell-notes sent"] > least
                 and found["six"] == 0, found)
    return found


def steady(result, stage, name):
    """notes goes through its tunnel, email to the WAN side."""
    before = stage.read()
    time.sleep(0.7)
    found = closed(result, stage, name, before)
    result.check(f"{name}: {found['wireguard_ext']} of {found['cell-notes sent']} went through wg_ext0",
                 found["wireguard_ext"] > found["cell-notes sent"] * 0.5, found)
    for other in ("cell-mail", "cell-rainloop"):
        sent, out = found[f"{other} sent"], found[f"{other} wan"]
        result.check(f"{name}: {out} of {sent} packets of {other} at the WAN side, its exit by choice",
                     sent > 5 and out > sent * 0.5, found)


def restart(stage, name):
    """`docker restart`; when the container started and when the command returned."""
    before = stage.started.get(name, 0)
    stage.engine.docker("restart", "-t", "1", name)
    returned = time.monotonic()
    until(lambda: stage.started.get(name, 0) > before, 5)
    return stage.started.get(name, 0), returned


def gateway_restart(stage):
    """Restarts the gateway and gives it its tunnels as soon as it is there; start, return, tunnels there."""
    before, box = stage.started.get("cell-wireguard", 0), {}

    def plug():
        until(lambda: stage.started.get("cell-wireguard", 0) > before, 30, 0.002)
        box["plugged"] = stage.plug()

    thread = threading.Thread(target=plug)
    thread.start()
    started, returned = restart(stage, "cell-wireguard")
    thread.join()
    return started, returned, box["plugged"]


def unwatched(result, stage):
    """Nobody watches: a restart leaves the service closed until the next apply."""
    for name in ("cell-notes", "cell-wireguard"):
        before = stage.read()
        if name == "cell-notes":
            started, _ = restart(stage, name)
        else:
            started, _, _ = gateway_restart(stage)
        time.sleep(1)
        found = closed(result, stage, f"{name} restarted, nobody watches", before)
        alone = stage.read()
        time.sleep(0.3)
        result.check(f"{name} restarted, nobody watches: and it stays closed",
                     stage.since(alone)["wireguard_ext"] == 0 and found["cell-notes sent"] > 50, found)
        done = stage.cell.run("egress", "plan")
        result.equal(f"{name} restarted: egress plan sees what is missing", done.status, 2)
        done = stage.cell.run("egress", "apply")
        result.check(f"{name} restarted: egress apply exits 0 ({done.seconds:.2f} s)", done.status == 0, done)
        closed(result, stage, f"{name} restarted, applied", before)
        steady(result, stage, f"{name} restarted, after the apply")


def watched(result, stage, rounds):
    """`egress watch` heals restarts within a second."""
    watcher = Watcher(stage.scratch, stage.cell)
    result.check("egress watch is ready", watcher.ready(), "\n".join(watcher.lines()[-20:]))
    slowest = 0
    for number in range(1, rounds + 1):
        for name in ("cell-notes", "cell-wireguard"):
            where = f"{name} restarted, watched, {number}"
            before = stage.read()
            if name == "cell-notes":
                started, returned = restart(stage, name)
                ready = returned
            else:
                started, returned, plugged = gateway_restart(stage)
                ready = max(returned, plugged)
                result.note(f"tunnels there {(plugged - started) * 1000:.0f} ms after the start")
            first = stage.arrivals["wireguard_ext"].wait(started, 10)
            healed = (first - ready) if first else float("inf")
            slowest = max(slowest, healed)
            result.check(f"{where}: healed {(first - started if first else -1) * 1000:.0f} ms after the container's start, "
                         f"{healed * 1000:+.0f} ms after docker restart", healed < 1,
                         "\n".join(watcher.lines()[-20:]))
            closed(result, stage, where, before)
            time.sleep(0.5)
            steady(result, stage, where + ", after")
    result.note(f"slowest: {slowest * 1000:+.0f} ms after docker restart")
    status = watcher.end()
    result.check(f"egress watch ends with 143 after SIGTERM ({status})", status == 143, "\n".join(watcher.lines()[-20:]))
    before = stage.read()
    time.sleep(0.3)
    closed(result, stage, "after the end of egress watch", before, 20)


def lookup(stage, name, *server):
    """nslookup in cell-notes by its own resolv.conf; exit status and output."""
    done = subprocess.run(stage.engine.command("exec", "cell-notes", "timeout", "3", "nslookup", name, *server),
                          capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def asked(stage, name):
    """The exits whose resolver was asked for a name."""
    return sorted(exit for exit, one in stage.resolvers.items() if one.names(name))


def choose_exit(result, stage, exit):
    done = stage.cell.run("egress", "set", "notes", exit)
    result.check(f"egress set notes {exit} exits 0", done.status == 0, done)


def names(result, stage, exits):
    """A name that is asked inside the container reaches the resolver of the exit, or nobody."""
    text = stage.engine.docker("exec", "cell-notes", "cat", "/etc/resolv.conf")
    result.check("the container asks the engine's resolver, which asks the gateway", "nameserver 127.0.0.11" in text, text)
    for exit in exits:
        choose_exit(result, stage, exit)
        before = stage.read()
        name = f"{exit.replace('_', '-')}.open.example"
        code, answer = lookup(stage, name)
        result.equal(f"{exit}: the query arrives at its resolver and at no other", asked(stage, name), [exit])
        result.check(f"{exit}: and its answer arrives in the container", code == 0 and ANSWERS[exit] in answer, answer)
        if exit == "default":
            name = "beside.default.example"
            lookup(stage, name, RESOLVER)
            result.equal("control: by default the resolver may also be asked directly", asked(stage, name), ["default"])
            continue
        result.equal(f"{exit}: no query at the WAN side", stage.since(before)["names"], 0)
        for beside, server in BESIDE.items():
            name = f"{beside}.beside.{exit.replace('_', '-')}.example"
            before = stage.read()
            lookup(stage, name, server)
            got, names_out = asked(stage, name), stage.since(before)["names"]
            result.check(f"{exit}: asking {beside}, {server}, directly reaches {got or 'nobody'}, {names_out} queries at the "
                         "WAN side", set(got) <= {exit} and names_out == 0)
    shut(result, stage, [exit for exit in exits if exit in ("wireguard_ext", "openvpn")])


def shut(result, stage, exits):
    """An exit without a resolver, and one whose tunnel is gone: nobody hears the query."""
    for exit in exits:
        choose_exit(result, stage, exit)
        for case in ("no resolver", "no tunnel"):
            if case == "no resolver":
                stage.settings(stage.cell, without=(exit,))
                done = stage.cell.run("egress", "apply")
                result.check(f"{exit}, {case}: egress apply exits 0", done.status == 0, done)
                told = stage.cell.run("egress", "status")
                result.check(f"{exit}, {case}: egress status says so", "resolver" in told.out + told.err, told)
            else:
                stage.exits[exit].unplug()
            before = stage.read()
            name = f"{case.replace(' ', '-')}.{exit.replace('_', '-')}.example"
            code, answer = lookup(stage, name)
            result.equal(f"{exit}, {case}: the query arrives nowhere", asked(stage, name), [])
            result.check(f"{exit}, {case}: not at the WAN side, and no answer",
                         stage.since(before)["names"] == 0 and code != 0, answer)
            if case == "no resolver":
                stage.settings(stage.cell)
            else:
                stage.exits[exit].plug(stage.place("cell-wireguard"), LINKS[exit])
            done = stage.cell.run("egress", "apply")
            result.check(f"{exit}, {case}: undone, egress apply exits 0", done.status == 0, done)
            name = "again-" + name
            lookup(stage, name)
            result.equal(f"control, {exit}: with all there it arrives again", asked(stage, name), [exit])


def body(result, scratch):
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--exits", type=int, default=4, help="how many exits are asked for names")
    chosen = options.parse_args()
    report.need("busybox", "bash", "nft", "ip", root=True)
    binary()
    stage = Stage(scratch)
    controls(result, stage)
    before = stage.read()
    done = stage.cell.run("egress", "apply")
    result.check(f"egress apply exits 0 ({done.seconds:.2f} s)", done.status == 0, done)
    until(lambda: stage.since(before)["wireguard_ext"] > 20, 5)
    steady(result, stage, "programmed")
    unwatched(result, stage)
    watched(result, stage, chosen.rounds)
    names(result, stage, ["wireguard_ext", "tor", "default", "openvpn"][:chosen.exits])


if __name__ == "__main__":
    report.run("restarts and names with real containers", body)
