#!/usr/bin/env python3
# quick: --restarts 1
"""Real exits under the kill-switch: wireguard-go, openvpn and tor, each as a process in the gateway's namespace.

wireguard-go carries a service's traffic and is killed -9 under flood, openvpn is restarted three times, tor is sent
connections that must arrive with their true destination. Nothing may be at the WAN side; a closed exit says so at once;
with `egress watch` running all is back when the tunnel is back. The controls: the same without our rules leaks.
"""

import argparse
import errno
import os
import re
import socket
import subprocess
import time

from acceptance import report
from acceptance.cell import binary
from acceptance.parts import (FAR, UNREACHABLE, Arrivals, Flood, Meter, Place, Sent, Watcher, connect, inside, mirror, pair,
                              question, run, unreachable, until)
from acceptance.world import SERVICES, World, choose

NOTES, MAIL = SERVICES["notes"][1], SERVICES["mail"][1]


class Stage:
    """The world, with ways for the tunnels' own packets beyond the WAN side, and the cell."""

    def __init__(self, scratch):
        self.scratch, self.processes = scratch, []
        self.world = World(scratch)
        self.cell = self.world.cell(exits={"notes": "wireguard_ext", "email": "wireguard_ext"})
        self.place = {name: Place(self.world.path(name)) for name in
                      ("host", "gateway", "outside", "exit1", "exit2", "notes", "mail", "rainloop")}
        self.underlay("exit1", "192.0.2.8/30", "192.0.2.9", "192.0.2.10")
        self.underlay("exit2", "192.0.2.20/30", "192.0.2.21", "192.0.2.22")
        self.place["outside"].set("ipv4/ip_forward", 1)
        self.wan = Meter(self.place["outside"], "wan")
        self.meters = {name: Meter(self.place[name]) for name in ("exit1", "exit2")}
        self.arrivals = {name: Arrivals(scratch, self.place[name]) for name in ("exit1", "exit2")}
        for name in ("outside", "exit1", "exit2"):
            mirror(scratch, self.place[name])
        self.sent = Sent(self.place["host"], (NOTES, MAIL))
        for short, end, link in (("exit1", "wg", "wg_ext0"), ("exit2", "tun", "tun0")):
            self.place[short].drop_link(end)
        scratch.undo(self.stop)
        self.flood = None
        self.told = Arrivals(scratch, self.place["notes"], wanted=unreachable)

    def underlay(self, exit, network, near, far):
        """The way on which a tunnel's own packets travel: from the WAN side on to where the tunnel ends."""
        pair(self.place["outside"], f"to{exit}", self.place[exit], "under")
        length = network.split("/")[1]
        self.place["outside"].ip(f"addr add {near}/{length} dev to{exit}\nlink set to{exit} up\n")
        self.place[exit].ip(f"addr add {far}/{length} dev under\nlink set under up\nroute add default via {near}\n")

    def start(self, name, *words, mount=False):
        """Starts a process in a namespace; its output goes to a file. `mount`: with a /run/wireguard of its own."""
        if mount:
            words = ("unshare", "--mount", "sh", "-c", "mkdir -p /run/wireguard && mount -t tmpfs none /run/wireguard && "
                     'exec "$@"', "sh", *words)
        log = os.path.join(self.scratch.path, f"{os.path.basename(words[-1])}-{len(self.processes)}.log")
        with open(log, "wb") as file:
            process = subprocess.Popen(self.place[name].command(*words), stdin=subprocess.DEVNULL, stdout=file, stderr=file)
        process.log = log
        self.processes.append(process)
        return process

    def stop(self):
        """Ends what was started, each by its own process id."""
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait()

    def since(self, before):
        """What was counted since: sent, at the WAN side, at the two exits."""
        now = self.read()
        return {name: now[name] - before[name] for name in now}

    def read(self):
        """Counters of the notes flood."""
        wan = self.wan.read()
        return {"sent": self.sent.read()[NOTES], "wan": wan["far"] + wan["six"],
                **{name: meter.read()["far7"] for name, meter in self.meters.items()}}


def tail(process):
    """The end of what a process said."""
    with open(process.log, errors="replace") as file:
        return file.read()[-1500:]


class WireGuard:
    """wireguard-go at both ends of a tunnel: wg_ext0 in the gateway, wg in exit1."""

    def __init__(self, stage):
        self.stage = stage
        keys = [run("wg", "genkey").strip() for _ in range(2)]
        public = [run("wg", "pubkey", text=key).strip() for key in keys]
        directory = stage.scratch.directory("wireguard")
        self.files = []
        for number, text in enumerate((
                f"[Interface]\nPrivateKey = {keys[0]}\n[Peer]\nPublicKey = {public[1]}\nAllowedIPs = 0.0.0.0/0\n"
                "Endpoint = 192.0.2.10:51820\nPersistentKeepalive = 1\n",
                f"[Interface]\nPrivateKey = {keys[1]}\nListenPort = 51820\n[Peer]\nPublicKey = {public[0]}\n"
                "AllowedIPs = 10.64.0.2/32\n")):
            path = os.path.join(directory, f"{number}.conf")
            with open(path, "w") as file:
                file.write(text)
            os.chmod(path, 0o600)
            self.files.append(path)
        self.far = self.begin("exit1", "wg", self.files[1], "10.64.0.1/24")
        self.near = None

    def begin(self, name, link, file, address):
        process = self.stage.start(name, "env", "WG_PROCESS_FOREGROUND=1", "wireguard-go", "-f", link, mount=True)
        ready = until(lambda: process.poll() is not None or (
            self.stage.place[name].link_exists(link)
            and os.path.exists(f"/proc/{process.pid}/root/run/wireguard/{link}.sock")), 10)
        if not ready or process.poll() is not None:
            raise RuntimeError("wireguard-go did not start: " + tail(process))
        run("nsenter", "-t", str(process.pid), "-m", "-n", "wg", "setconf", link, file)
        self.stage.place[name].ip(f"addr add {address} dev {link}\nlink set {link} up\n")
        return process

    def up(self):
        """Starts the gateway's end; the moment when its link was up."""
        self.near = self.begin("gateway", "wg_ext0", self.files[0], "10.64.0.2/24")
        return time.monotonic()

    def kill(self):
        """kill -9; the moment before it."""
        began = time.monotonic()
        self.near.kill()
        self.near.wait()
        return began


class OpenVPN:
    """openvpn with a static key at both ends of a tunnel: tun0 in the gateway, tun in exit2."""

    def __init__(self, stage):
        self.stage = stage
        self.key = os.path.join(stage.scratch.path, "static.key")
        run("openvpn", "--genkey", "secret", self.key)
        # Newer versions want to be told that a static key is meant.
        word = "--allow-deprecated-insecure-static-crypto"
        self.permission = [word] if word in run("openvpn", "--help", good=(0, 1)) else []
        self.far = self.begin("exit2", "tun", "10.65.0.1", "10.65.0.2", "--lport", "1194")
        self.near = None

    def begin(self, name, link, own, other, *words):
        return self.stage.start(
            name, "openvpn", "--dev", link, "--dev-type", "tun", "--proto", "udp", "--ifconfig", own, other,
            *self.permission, "--cipher", "AES-256-CBC", "--auth", "SHA256",
            "--route-noexec", "--ping", "1", "--verb", "3", *words, "--secret", self.key)

    def usable(self):
        """Whether the gateway's tun0 is there and up."""
        done = subprocess.run(self.stage.place["gateway"].command("ip", "-o", "link", "show", "tun0", "up"),
                              capture_output=True, text=True)
        return "tun0" in done.stdout

    def up(self):
        """Starts the gateway's end; the moment when its link was up."""
        self.near = self.begin("gateway", "tun0", "10.65.0.2", "10.65.0.1", "--remote", "192.0.2.22", "1194", "--nobind")
        return self.wait()

    def wait(self):
        if not until(self.usable, 15, 0.005):
            raise RuntimeError("openvpn did not bring tun0 up: " + tail(self.near))
        return time.monotonic()


def refused(result, stage, name, began=None):
    """A closed exit answers: the flood's service is told at once, and so is another service that calls."""
    if began is not None:
        told = stage.told.wait(began, 3)
        result.check(f"{name}: the service is told that there is no way "
                     f"{(told - began) * 1000 if told else -1:.0f} ms later", told and told - began < 0.5)
    code, took = connect(stage.place["mail"], f"{FAR}.8", 443, 3)
    result.check(f"{name}: a connection of another service is refused after {took * 1000:.0f} ms: "
                 f"{errno.errorcode.get(code, code)}", code in UNREACHABLE and took < 0.2)


def persistent(result, stage):
    """Each of many calls in a row, and each datagram, hears at once that there is no way."""
    place = stage.place["rainloop"]
    tries = [connect(place, f"{FAR}.8", 4000 + number, 1) for number in range(100)]
    slowest = max(took for _, took in tries)
    result.check(f"each of 100 calls in a row of a third service is refused at once, the slowest after {slowest * 1000:.0f} ms",
                 all(code in UNREACHABLE for code, _ in tries) and slowest < 0.2, tries)
    tries = [ask(place, "172.20.0.9", "name.example") for _ in range(50)]
    result.check("and each of 50 questions for a name", all(isinstance(one, OSError) and one.errno in UNREACHABLE
                                                            for one in tries), tries)


def carried(result, stage, name, exit, after, limit, what):
    """Waits until the flood arrives at an exit, and says how long that took."""
    first = stage.arrivals[exit].wait(after, 15)
    result.check(f"{name}: packets arrive {(first - after) * 1000 if first else -1:.0f} ms after {what}",
                 first and first - after < limit)
    answers = stage.flood.read()["answers"]
    result.check(f"{name}: and answers come back", until(lambda: stage.flood.read()["answers"] > answers + 3, 10, 0.02))


def control(result, stage):
    """Without rules, with the gateway as the way out: everything is at the WAN side."""
    world = stage.world
    world.sysctl("gateway", "ipv4/ip_forward", 1)
    world.run("notes", "ip", "route", "replace", "default", "via", "172.20.0.9")
    time.sleep(0.3)
    before = stage.read()
    time.sleep(0.5)
    found = stage.since(before)
    result.check(f"control: without rules {found['wan']} of {found['sent']} packets are at the WAN side",
                 found["sent"] > 100 and found["wan"] > found["sent"] / 2, found)
    before = stage.flood.read()["answers"]
    result.check("control: and answers come back", until(lambda: stage.flood.read()["answers"] > before + 3, 5, 0.02))


def careless(result, stage, tunnel):
    """A route into wireguard-go's tunnel and nothing else, as many do it: after kill -9 all is at the WAN side."""
    tunnel.up()
    gateway = stage.place["gateway"]
    gateway.ip(f"route add {FAR}.0/24 dev wg_ext0\n")
    gateway.nft("table ip careless {\nchain post {\ntype nat hook postrouting priority 100;\n"
                'oifname "wg_ext0" masquerade\n}\n}\n')
    # A new route forgets that the gateway has told of a shorter way.
    stage.place["notes"].ip("route del default\nroute add default via 172.20.0.9\n")
    time.sleep(0.3)
    before = stage.read()
    time.sleep(0.5)
    found = stage.since(before)
    # The flow that was there before is not masqueraded, and so not carried.
    result.check(f"control: a mere route carries {found['exit1']} of {found['sent']} packets, {found['wan']} to the WAN side",
                 found["exit1"] > found["sent"] / 4 > 50, found)
    before = stage.read()
    tunnel.kill()
    time.sleep(0.5)
    found = stage.since(before)
    result.check(f"control: and wireguard-go killed, {found['wan']} of {found['sent']} packets are at the WAN side",
                 found["wan"] > found["sent"] / 2 > 50, found)
    gateway.nft("delete table ip careless\n")


def unwatched(result, stage, tunnel):
    """The kernel alone keeps a service closed whose wireguard-go is killed; with the tunnel back, `apply` opens it."""
    up = tunnel.up()
    done = stage.cell.run("egress", "apply")
    result.check("nobody watches: egress apply exits 0", done.status == 0, done)
    carried(result, stage, "nobody watches", "exit1", up, 15, "the link was up")
    before = stage.read()
    tunnel.kill()
    time.sleep(1)
    closed(result, stage, "nobody watches, wireguard-go killed", before, "exit1")
    tunnel.up()
    time.sleep(0.5)
    closed(result, stage, "nobody watches, wireguard-go back", before, "exit1")
    applied = time.monotonic()
    done = stage.cell.run("egress", "apply")
    result.check("nobody watches, wireguard-go back: egress apply exits 0", done.status == 0, done)
    carried(result, stage, "nobody watches, applied", "exit1", applied, 15, "the call of apply")
    closed(result, stage, "nobody watches, applied", before, "exit1")
    tunnel.kill()


def opened(result, stage):
    """The controls at the end: with our rules gone the same leaks, and tor's port can be reached."""
    done = stage.cell.run("egress", "reset", "--yes")
    result.check("egress reset --yes exits 0", done.status == 0, done)
    for short in ("notes", "mail"):
        stage.place[short].ip("route replace default via 172.20.0.9\n")
    before = stage.read()
    time.sleep(0.5)
    found = stage.since(before)
    # The gateway sends them on by the bridge, where they are counted a second time.
    result.check(f"control: after the reset {found['wan']} of {found['sent'] // 2} packets are at the WAN side",
                 found["wan"] > found["sent"] / 4 > 50, found)
    listener = inside(stage.place["gateway"].path, lambda: socket.create_server(("0.0.0.0", 9040)))
    with listener:
        code, _ = connect(stage.place["mail"], "172.20.0.9", 9040, 1)
    result.equal("control: after the reset port 9040 of the gateway can be reached", code, 0)


def closed(result, stage, name, before, exit=None):
    """Nothing was at the WAN side nor at another exit since `before`, and something was sent."""
    found = stage.since(before)
    strayed = sum(found[one] for one in stage.meters if one != exit)
    result.check(f"{name}: {found['wan']} of {found['sent']} packets at the WAN side, {strayed} at a wrong exit",
                 found["wan"] == 0 and strayed == 0 and found["sent"] > 50, found)
    return found


def wireguard(result, stage, tunnel, kills):
    """wireguard-go is killed -9 and started again, under flood."""
    before = stage.read()
    time.sleep(0.5)
    refused(result, stage, "wg_ext0 is not there yet")
    persistent(result, stage)
    closed(result, stage, "wg_ext0 is not there yet", before)
    up = tunnel.up()
    carried(result, stage, "wireguard-go", "exit1", up, 3, "the link was up")
    for number in range(1, kills + 1):
        name = f"wireguard-go killed, {number}"
        before = stage.read()
        time.sleep(0.5)
        found = closed(result, stage, name + ", before", before, "exit1")
        result.check(f"{name}, before: {found['exit1']} went through the tunnel", found["exit1"] > found["sent"] / 2)
        before, began = stage.read(), tunnel.kill()
        refused(result, stage, name, began)
        time.sleep(1)
        result.check(f"{name}: the link is gone", not stage.place["gateway"].link_exists("wg_ext0"))
        closed(result, stage, name, before, "exit1")
        up = tunnel.up()
        carried(result, stage, f"{name}, started again", "exit1", up, 2, "the link was up")
        closed(result, stage, f"{name}, started again", before, "exit1")


def openvpn(result, stage, restarts):
    """openvpn is restarted in three ways, under flood."""
    tunnel = OpenVPN(stage)
    up = tunnel.up()
    done = stage.cell.run("egress", "set", "email", "openvpn")
    result.check("egress set email openvpn exits 0", done.status == 0, done)
    before = stage.read()
    done = stage.cell.run("egress", "set", "notes", "openvpn")
    result.check("egress set notes openvpn exits 0", done.status == 0, done)
    switched = time.monotonic()
    carried(result, stage, "openvpn", "exit2", switched, 15, "the switch")
    result.equal("the switch: nothing at the WAN side", stage.since(before)["wan"], 0)
    for number, how in enumerate(("KILL", "TERM", "USR1")[:restarts], 1):
        name = f"openvpn restarted by SIG{how}"
        before = stage.read()
        time.sleep(0.5)
        found = closed(result, stage, name + ", before", before, "exit2")
        result.check(f"{name}, before: {found['exit2']} went through the tunnel", found["exit2"] > found["sent"] / 2)
        before, began = stage.read(), time.monotonic()
        run("kill", f"-{how}", str(tunnel.near.pid))
        if how == "USR1":
            went = until(lambda: not tunnel.usable(), 5, 0.001)
            result.check(f"{name}: the link went away", went)
            refused(result, stage, name, began)
            up = tunnel.wait()
        else:
            tunnel.near.wait()
            refused(result, stage, name, began)
            time.sleep(0.5)
            closed(result, stage, name, before, "exit2")
            up = tunnel.up()
        carried(result, stage, f"{name}, back", "exit2", up, 12 if how == "USR1" else 5, "the link was up")
        closed(result, stage, f"{name}, back", before, "exit2")
    for process in (tunnel.near, tunnel.far):
        process.terminate()
        process.wait()


class Tor:
    """tor in the gateway, without a network, and its control connection."""

    def __init__(self, stage):
        self.directory = stage.scratch.directory("tor")
        os.chmod(self.directory, 0o700)
        control = os.path.join(self.directory, "control")
        settings = os.path.join(self.directory, "torrc")
        with open(settings, "w") as file:
            file.write(f"DataDirectory {self.directory}/data\nUser root\nSocksPort 0\nTransPort 0.0.0.0:9040\n"
                       f"DNSPort 0.0.0.0:5353\nControlPort unix:{control}\nCookieAuthentication 0\nDisableNetwork 0\n"
                       f"SafeLogging 0\nLog info file {self.directory}/log\nLog notice stdout\n")
        self.process = stage.start("gateway", "tor", "--defaults-torrc", "/dev/null", "-f", settings)
        if not until(lambda: os.path.exists(control) and self.listens(stage) or self.process.poll() is not None, 20, 0.05):
            raise RuntimeError("tor did not start: " + tail(self.process))
        self.lines = []
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(control)
        self.socket.settimeout(0.1)
        for line in ("AUTHENTICATE", "SETEVENTS STREAM"):
            self.socket.sendall(line.encode() + b"\r\n")
            if not until(lambda: self.hear().count("250 OK") > 0, 5, 0.01):
                raise RuntimeError(f"tor did not take {line}: {self.lines}")
            self.lines.clear()

    def listens(self, stage):
        return ":9040" in stage.place["gateway"].run("ss", "-lnt")

    def hear(self):
        """All lines from the control connection so far."""
        try:
            self.lines += self.socket.recv(65536).decode(errors="replace").splitlines()
        except TimeoutError:
            pass
        return self.lines

    def streams(self, kind):
        """The targets of streams that came: NEW (connections) or NEWRESOLVE (names)."""
        return re.findall(rf"STREAM \d+ {kind} \d+ (\S+)", "\n".join(self.hear()))

    def sources(self, target):
        """The addresses from which a target was asked for."""
        return re.findall(rf"STREAM \d+ NEW \d+ {re.escape(target)} SOURCE_ADDR=([\d.]+):", "\n".join(self.hear()))


def tor(result, stage):
    """Connections and names of a service that leaves by Tor reach tor, and nothing else."""
    before = stage.read()
    done = stage.cell.run("egress", "set", "notes", "tor")
    result.check("egress set notes tor exits 0", done.status == 0, done)
    service = Tor(stage)
    wanted = [f"{FAR}.7:{port}" for port in (25, 80, 443, 9040, 5353, 65535)] + ["203.0.113.1:443", "192.0.2.10:22"]
    codes = {}
    for target in wanted:
        address, port = target.split(":")
        codes[target] = connect(stage.place["notes"], address, int(port), 3)[0]
    result.check("tor accepts every connection", set(codes.values()) == {0}, codes)
    until(lambda: set(wanted) <= set(service.streams("NEW")), 10, 0.05)
    seen = service.streams("NEW")
    result.check(f"tor saw the true destinations of all {len(wanted)}", set(wanted) <= set(seen), f"{wanted}\n{seen[-40:]}")
    strange = [target for target in seen if target not in wanted and not target.startswith(f"{FAR}.7:")]
    result.check("and no others than these and the flood's", not strange, strange)
    result.equal("they come from the service", set(service.sources(wanted[0])), {NOTES})

    name = f"name-{os.getpid()}.example"
    answer = ask(stage.place["notes"], "172.20.0.9", name)
    result.check("tor saw the name that was asked of the gateway",
                 until(lambda: name in " ".join(service.streams("NEWRESOLVE")), 10, 0.05),
                 (service.streams("NEWRESOLVE"), answer))
    result.check("tor listens on all addresses", "0.0.0.0:9040" in stage.place["gateway"].run("ss", "-lnt"))
    code, took = connect(stage.place["mail"], "172.20.0.9", 9040, 1)
    result.check("a service with another exit can't reach tor's port", code != 0, code)
    before_end = stage.read()
    time.sleep(1)
    closed(result, stage, "tor, for a second", before_end)
    found = stage.since(before)
    result.check(f"tor: {found['wan']} of {found['sent']} packets at the WAN side since the switch", found["wan"] == 0, found)

    service.process.kill()
    service.process.wait()
    before = stage.read()
    code, took = connect(stage.place["notes"], f"{FAR}.7", 443, 3)
    result.check(f"tor is gone: a connection is refused after {took * 1000:.0f} ms", code != 0 and took < 0.2, code)
    time.sleep(0.5)
    closed(result, stage, "tor is gone", before)


def ask(place, server, name):
    """Asks for an address of a name; does not wait long."""
    def attempt():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.settimeout(1)
            try:
                one.connect((server, 53))
                one.send(question(name))
                return one.recv(512)
            except OSError as error:
                return error
    return inside(place.path, attempt)


def body(result, scratch):
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--restarts", type=int, default=3)
    options.add_argument("--only", choices=("wireguard", "openvpn", "tor"))
    chosen = options.parse_args()
    report.need("wireguard-go", "wg", "openvpn", "tor", "unshare", "ss", root=True)
    if not os.path.exists("/dev/net/tun"):
        raise report.Skip("needs /dev/net/tun")
    binary()
    stage = Stage(scratch)
    stage.flood = Flood(scratch, stage.place["notes"])
    control(result, stage)
    tunnel = None
    if chosen.only in (None, "wireguard"):
        tunnel = WireGuard(stage)
        careless(result, stage, tunnel)
    done = stage.cell.run("egress", "apply")
    result.check("egress apply exits 0", done.status == 0, done)
    if tunnel and chosen.restarts > 1:
        unwatched(result, stage, tunnel)
    watcher = Watcher(scratch, stage.cell)
    result.check("egress watch is ready", watcher.ready(), "\n".join(watcher.lines()[-20:]))
    if tunnel:
        wireguard(result, stage, tunnel, chosen.restarts)
    if chosen.only in (None, "openvpn"):
        openvpn(result, stage, chosen.restarts)
    if chosen.only in (None, "tor"):
        tor(result, stage)
    status = watcher.end()
    result.check(f"egress watch ends with 143 after SIGTERM ({status})", status == 143, "\n".join(watcher.lines()[-20:]))
    opened(result, stage)


if __name__ == "__main__":
    report.run("real exits: wireguard-go, openvpn, tor", body)
