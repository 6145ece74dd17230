#!/usr/bin/env python3
# quick: --rounds 1 --exits 2 --brief
"""Real containers behind the kill-switch: restarts of a service and of the gateway under flood, names by every exit.

An engine of our own in a network namespace of its own; `cell-network` with the gateway, notes, the two containers of
email and a resolver; a WAN side behind the engine's uplink. notes leaves by wireguard_ext, email by default: so the meter
at the WAN side counts all the time, and has to stay at 0 for notes. The gateway's image forwards and masquerades on its
own; later comes one that does not forward, as the guide wants it.
"""

import argparse
import json
import os
import socket
import subprocess
import threading
import time

from acceptance import images, report
from acceptance.cell import Cell, binary
from acceptance.engine import Engine
from acceptance.parts import (FAR, Arrivals, Meter, Place, Resolver, Sent, Space, Watcher, mirror, pair, question,
                              until)
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
# What the gateway's image does by itself.
MASQUERADE = """table ip image {
    chain post { type nat hook postrouting priority 100; oifname "eth0" masquerade; }
}
"""
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
        """Gives the gateway a link `name` (a veth pair in place of a tunnel), an old one is removed; when it went up."""
        self.unplug()
        self.count += 1
        pair(self.place, f"end{self.count}", gateway, name)
        self.place.ip(f"addr add {self.network}.1/24 dev end{self.count}\nlink set end{self.count} up\n")
        up = time.monotonic()
        gateway.ip(f"addr add {self.network}.2/24 dev {name}\nlink set {name} up\n")
        return up

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
        self.gateway(forward=1)
        self.engine.start("cell-dns", "box", "sleep", "infinity", options=(
            "--network", "cell-network", "--ip", RESOLVER, "--stop-signal", "KILL"))
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
        images.gnu(root, more=("nft", "busybox"))
        for name in ("nslookup", "ip", "timeout"):
            os.symlink("busybox", os.path.join(root, "bin", name))
        with open(os.path.join(root, "etc/image.nft"), "w") as file:
            file.write(MASQUERADE)
        self.engine.image("box", root)

    def gateway(self, forward):
        """Makes the gateway's container; with `forward` it forwards before anybody has programmed it."""
        self.engine.start("cell-wireguard", "box", "sh", "-c", "nft -f /etc/image.nft; exec sleep infinity", options=(
            "--network", "cell-network", "--ip", GATEWAY, "--cap-add", "NET_ADMIN", "--stop-signal", "KILL",
            "--sysctl", f"net.ipv4.ip_forward={forward}"))

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
        """Gives the gateway's present namespace its tunnels and a listener where tor's would be; when wg_ext0 went up."""
        self.peers.plug(self.place("cell-wireguard"), "wg0")
        up = self.open("wireguard_ext")
        self.open("openvpn")
        self.shut("tor")
        self.open("tor")
        return up

    def open(self, exit):
        """Gives the gateway one exit: a tunnel's link (when it went up), or a listener where tor's would be."""
        gateway = self.place("cell-wireguard")
        if exit == "tor":
            self.resolvers["tor"] = Resolver(self.scratch, gateway, "0.0.0.0", 5353, ANSWERS["tor"], 9040)
            return None
        return self.exits[exit].plug(gateway, LINKS[exit])

    def shut(self, exit):
        """Takes an exit from the gateway."""
        if exit != "tor":
            self.exits[exit].unplug()
        elif "tor" in self.resolvers:
            self.resolvers["tor"].close()

    def resolver(self, exit, place, address):
        return Resolver(self.scratch, place, address, 53, ANSWERS[exit])

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
                     sent > 50 and leaked > sent / 2, found)
    notes = stage.place("cell-notes")
    notes.ip(f"route replace default via {GATEWAY}\n")
    restart(stage, "cell-wireguard")
    before = stage.read()
    time.sleep(0.5)
    found = stage.since(before)
    result.check(f"control: without rules, by a restarted gateway {found['cell-notes wan']} of {found['cell-notes sent']}",
                 found["cell-notes wan"] > found["cell-notes sent"] / 2 and found["cell-notes sent"] > 50, found)
    notes.ip("route replace default via 172.20.0.1\n")
    before = stage.read()
    lookups(stage, {f"{beside}.control.example": server for beside, server in BESIDE.items()})
    for beside, server in BESIDE.items():
        got = asked(stage, f"{beside}.control.example")
        result.check(f"control: without rules {beside}, {server}, can be asked directly", got == [beside], got)
    result.check("control: and that is counted at the WAN side", stage.since(before)["names"] > 0)
    code, answer = lookup(stage, "control.example")
    result.check("control: nobody answers names before the gateway is programmed", code != 0, answer)


def closed(result, stage, name, before, least=50):
    """notes has sent and nothing of it was at the WAN side nor at openvpn's exit."""
    found = stage.since(before)
    result.check(f"{name}: {found['cell-notes wan']} of {found['cell-notes sent']} packets of notes at the WAN side",
                 found["cell-notes wan"] == 0 and found["openvpn"] == 0 and found["cell-notes sent"] > least, found)
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


def restart(stage, name, forward=None):
    """`docker restart`, or with `forward` a new gateway in place of the old one.

    Returns when the container ran, and when it had what notes needs: the gateway gets its tunnels as soon as it is there.
    """
    before, box = stage.started.get(name, 0), {}

    def wait():
        until(lambda: stage.started.get(name, 0) > before, 30, 0.002)
        box["started"] = stage.started[name]
        box["ready"] = stage.plug() if name == "cell-wireguard" else box["started"]

    thread = threading.Thread(target=wait)
    thread.start()
    if forward is None:
        stage.engine.docker("restart", "-t", "1", name)
    else:
        stage.engine.docker("rm", "-f", name)
        stage.gateway(forward)
    thread.join()
    return box["started"], box["ready"]


def unwatched(result, stage):
    """Nobody watches: a restart leaves the service closed until the next apply."""
    for name in ("cell-notes", "cell-wireguard"):
        before = stage.read()
        restart(stage, name)
        time.sleep(1)
        closed(result, stage, f"{name} restarted, nobody watches", before)
        alone = stage.read()
        time.sleep(0.3)
        found = stage.since(alone)
        result.check(f"{name} restarted, nobody watches: and it stays closed",
                     found["wireguard_ext"] == 0 and found["cell-notes sent"] > 50, found)
        done = stage.cell.run("egress", "plan")
        result.equal(f"{name} restarted: egress plan sees what is missing", done.status, 2)
        done = stage.cell.run("egress", "apply")
        result.check(f"{name} restarted: egress apply exits 0 ({done.seconds:.2f} s)", done.status == 0, done)
        closed(result, stage, f"{name} restarted, applied", before)
        steady(result, stage, f"{name} restarted, after the apply")


def watched(result, stage, rounds, brief):
    """`egress watch` heals restarts within a second."""
    watcher = Watcher(stage.scratch, stage.cell)
    result.check("egress watch is ready", watcher.ready(), "\n".join(watcher.lines()[-20:]))
    times = {}
    cases = [(name, "restarted", None) for _ in range(rounds) for name in ("cell-notes", "cell-wireguard")]
    if not brief:
        cases += [("cell-wireguard", "made anew without forwarding", 0), ("cell-wireguard", "restarted", None)]
    for number, (name, what, forward) in enumerate(cases, 1):
        where = f"{number}: {name} {what}"
        before = stage.read()
        started, ready = restart(stage, name, forward)
        first = stage.arrivals["wireguard_ext"].wait(started, 10) or float("inf")
        times.setdefault(name, []).append((first - ready) * 1000)
        tunnels = f", {(ready - started) * 1000:.0f} ms of them without tunnels" if ready > started else ""
        result.check(f"{where}: healed {(first - started) * 1000:.0f} ms after the container's start{tunnels}",
                     first - ready < 1, "\n".join(watcher.lines()[-20:]))
        closed(result, stage, where, before, 20)
        time.sleep(0.5)
        steady(result, stage, where + ", after")
    for name, values in times.items():
        result.note(f"{name}: healed within {min(values):.0f} to {max(values):.0f} ms in {len(values)} restarts")
    status = watcher.end()
    result.check(f"egress watch ends with 143 after SIGTERM ({status})", status == 143, "\n".join(watcher.lines()[-20:]))
    before = stage.read()
    time.sleep(0.3)
    closed(result, stage, "after the end of egress watch", before, 20)


def execute(stage, *words, seconds):
    """Runs a command in cell-notes, for so many seconds at most; exit status and output."""
    done = subprocess.run(stage.engine.command("exec", "cell-notes", "timeout", str(seconds), *words), capture_output=True)
    return done.returncode, done.stdout + done.stderr


def lookup(stage, name, *server, seconds=1):
    """nslookup in cell-notes, by its own resolv.conf unless a server is given; exit status and output."""
    code, text = execute(stage, "nslookup", name, *server, seconds=seconds)
    return code, text.decode(errors="replace")


def lookups(stage, servers):
    """Asks several servers directly, all at once: name → server."""
    threads = [threading.Thread(target=lookup, args=(stage, name, server)) for name, server in servers.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def lookup_tcp(stage, name, seconds=1):
    """The same question by TCP, to the gateway's port 53; exit status and the bytes of the answer."""
    packet = question(name)
    text = "".join(f"\\x{byte:02x}" for byte in len(packet).to_bytes(2, "big") + packet)
    return execute(stage, "bash", "-c", f"exec 8<>/dev/tcp/{GATEWAY}/53; printf '{text}' >&8; cat <&8", seconds=seconds)


def asked(stage, name):
    """The exits whose resolver was asked for a name."""
    return sorted(exit for exit, one in stage.resolvers.items() if one.names(name))


def choose_exit(result, stage, exit):
    """`egress set notes EXIT`, and what the flood of notes does then."""
    done = stage.cell.run("egress", "set", "notes", exit)
    result.check(f"egress set notes {exit} exits 0", done.status == 0, done)
    before = stage.read()
    time.sleep(0.5)
    found = stage.since(before)
    sent, ways = found["cell-notes sent"], {"default": found["cell-notes wan"], **{one: found[one] for one in LINKS}}
    mine = ways.pop(exit, sent)
    result.check(f"{exit}: {mine} of {sent} packets leave by it or end there, by others {ways}",
                 sent > 50 and mine > sent / 2 and not any(ways.values()), found)


def names(result, stage, exits, brief):
    """A name that is asked inside the container reaches the resolver of the exit, or nobody."""
    text = stage.engine.docker("exec", "cell-notes", "cat", "/etc/resolv.conf")
    result.check("the container asks the engine's resolver, which asks the gateway", "nameserver 127.0.0.11" in text, text)
    for exit in exits:
        choose_exit(result, stage, exit)
        before, word = stage.read(), exit.replace("_", "-")
        name = f"{word}.open.example"
        code, answer = lookup(stage, name, seconds=3)
        result.equal(f"{exit}: the query arrives at its resolver and at no other", asked(stage, name), [exit])
        result.check(f"{exit}: and its answer arrives in the container", code == 0 and ANSWERS[exit] in answer, answer)
        name = f"{word}.stream.example"
        code, answer = lookup_tcp(stage, name, 3)
        result.equal(f"{exit}: the same by TCP", asked(stage, name), [exit])
        result.check(f"{exit}: and its answer", socket.inet_aton(ANSWERS[exit]) in answer, (code, answer))
        direct = {f"{beside}.{word}.example": server for beside, server in BESIDE.items()}
        if exit == "default":
            direct = {name: server for name, server in direct.items() if server == RESOLVER}
        lookups(stage, direct)
        names_out = stage.since(before)["names"]
        result.equal(f"{exit}: no query at the WAN side", names_out, 0)
        for name, server in direct.items():
            got = asked(stage, name)
            if exit == "default":
                result.equal("control: by default the resolver may also be asked directly", got, [exit])
            else:
                result.check(f"{exit}: asking {server} directly reaches {got or 'nobody'}", set(got) <= {exit})
    if not brief:
        for exit in exits:
            shut(result, stage, exit)


def shut(result, stage, exit):
    """An exit without a resolver, and one whose tunnel or tor is gone: nobody hears the query."""
    choose_exit(result, stage, exit)
    cases = {"default": ["no resolver"], "tor": ["no tor"]}.get(exit, ["no resolver", "no tunnel"])
    for case in cases:
        if case == "no resolver":
            stage.settings(stage.cell, without=(exit,))
            done = stage.cell.run("egress", "apply")
            result.check(f"{exit}, {case}: egress apply exits 0", done.status == 0, done)
            told = stage.cell.run("egress", "status")
            result.check(f"{exit}, {case}: egress status says so", "no resolver" in told.out + told.err, told)
        else:
            stage.shut(exit)
        before = stage.read()
        name = f"{case.replace(' ', '-')}.{exit.replace('_', '-')}.example"
        code, answer = lookup(stage, name, seconds=3)
        lookup_tcp(stage, "stream." + name)
        result.equal(f"{exit}, {case}: the query arrives nowhere", asked(stage, name) + asked(stage, "stream." + name), [])
        result.check(f"{exit}, {case}: not at the WAN side, and no answer",
                     stage.since(before)["names"] == 0 and code != 0, answer)
        if case == "no resolver":
            stage.settings(stage.cell)
        else:
            stage.open(exit)
        done = stage.cell.run("egress", "apply")
        result.check(f"{exit}, {case}: undone, egress apply exits 0", done.status == 0, done)
        name = "again-" + name
        lookup(stage, name, seconds=3)
        result.equal(f"control, {exit}: with all there it arrives again", asked(stage, name), [exit])


def body(result, scratch):
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--exits", type=int, default=4, help="how many exits are asked for names")
    options.add_argument("--brief", action="store_true", help="without what is beyond the restarts and the open exits")
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
    if not chosen.brief:
        unwatched(result, stage)
    watched(result, stage, chosen.rounds, chosen.brief)
    names(result, stage, ["wireguard_ext", "tor", "default", "openvpn"][:chosen.exits], chosen.brief)


if __name__ == "__main__":
    report.run("restarts and names with real containers", body)
