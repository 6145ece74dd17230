#!/usr/bin/env python3
# quick: --rounds 1 --brief
"""What others do to our rules while `egress watch` lives: noticed, named, repaired within a second; nothing leaks. Needs root.

Three services flood all the time: one by wireguard_ext, one that has Tor, one by default. Everything that is taken away is
taken by another process, whose number has to stand in what the watch says.
"""

import argparse
import re
import subprocess
import time

from acceptance import kernel, report
from acceptance.cell import binary
from acceptance.flood import Flood, Meter
from acceptance.keeper import Keeper
from acceptance.parts import until
from acceptance.world import GATEWAY, HOST, World

CHOSEN = {"notes": "wireguard_ext", "email": "tor"}
SENDERS = {"notes": "exit1", "rainloop": None, "homepage": "outside"}
BOUND = 1.0


class Watched:
    """The world under flood, and the watch."""

    def __init__(self, result, scratch, brief):
        self.result, self.scratch, self.brief = result, scratch, brief
        self.world = World(scratch)
        self.cell = self.world.cell(exits=CHOSEN)
        self.keeper, self.times = None, []
        self.meter, self.floods = None, []

    # The watch.

    def watch(self, *words):
        """Starts `egress watch`."""
        self.keeper = Keeper(self.scratch, self.cell, CHOSEN, *words)
        return self.result.check("egress watch is ready", self.keeper.ready(30), "\n".join(self.keeper.lines()[-20:]))

    def held(self):
        """All of ours in the gateway, the host and the services."""
        return {short: kernel.state(self.world, short) for short in ("gateway", "host", *SENDERS, "mail")}

    def whole(self, name):
        """Everything is as it was at the start."""
        now = until(lambda: self.held() == self.start, 5, 0.1) or self.held()
        self.result.check(f"{name}: everything is as it was", now is True, "" if now is True else "\n".join(
            f"{short} {part}: {found} wanted {self.start[short][part]}" for short, parts in now.items()
            for part, found in parts.items() if found != self.start[short][part]))

    # The flood.

    def begin(self):
        """The floods and the meter start."""
        self.meter = Meter(self.world)
        self.floods = [Flood(self.world, short, number, pause=0.002) for number, short in enumerate(SENDERS, 1)]
        self.result.tally("the floods run", all(flood.wait(500) for flood in self.floods))

    def end(self, name, control=False):
        """They end; nothing came out elsewhere than it should (everything came out at the WAN side, for a control)."""
        mark = time.monotonic_ns()
        self.result.tally(f"{name}: the floods run", all(flood.wait(200) for flood in self.floods))
        sent = [flood.stop() for flood in self.floods]
        self.meter.stop()
        came = [self.meter.counts(flood.stream) for flood in self.floods]
        wrong = [sum(count for sink, count in arrived.items() if sink != mine)
                 for arrived, mine in zip(came, SENDERS.values())]
        self.result.tally(f"{name}: the meter lost nothing", not self.meter.missed, self.meter.missed)
        if control:
            self.result.check(f"control: {name}: leaks {[a['outside'] for a in came]} of {sent}",
                              all(arrived["outside"] > 500 for arrived in came), came)
            return
        self.result.check(f"{name}: {wrong} leaked of {sent}", not any(wrong) and min(sent) > 500, came)
        last = self.meter.counts(1, mark)["exit1"], self.meter.counts(3, mark)["outside"]
        self.result.check(f"{name}: in the end the exits carry", min(last) > 0, last)

    # Others.

    def other(self, short, *words):
        """Another process in a namespace: (its number, when it began, what it said)."""
        began = time.monotonic()
        with self.world.within(short):
            process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                       text=True)
        _, err = process.communicate(timeout=20)
        return process, began, err

    def harm(self, name, short, words, line, by=True):
        """Another process does it; the watch says so with `line` in it, and names it (`by`: its number, or a text)."""
        self.silence()
        before = len(self.keeper.lines())
        repairs = kernel.Repairs(self.world, short)
        process, began, err = self.other(short, *words)
        self.result.tally(f"{name}: it was done", process.returncode == 0, err)
        took = (repairs.wait(3) or float("inf")) - began
        repairs.close()
        said = until(lambda: self.keeper.said(before, line), 3) or ""
        self.result.check(f"{name}: repaired after {took * 1000:.0f} ms, and said", took < BOUND and said,
                          "\n".join(self.keeper.lines()[before:]) or "the watch said nothing")
        self.times.append(took)
        if by:
            wanted = str(process.pid) if by is True else by
            self.result.check(f"{name}: named ({said.rsplit(';', 1)[-1].strip()})",
                              re.search(rf"; .*\b{re.escape(wanted)}\b", said),
                              f"wanted {wanted}\n" + "\n".join(self.keeper.lines()[before:]))

    def silence(self):
        """Waits until the watch has said nothing, and heard what it did itself."""
        lines, deadline = None, time.monotonic() + 5
        while lines != (lines := len(self.keeper.lines())) and time.monotonic() < deadline:
            time.sleep(0.08 if self.brief else 0.25)

    def refused(self, name, short, *words):
        """nftables does not let others touch it, as long as the watch lives."""
        process, _, err = self.other(short, *words)
        self.result.check(f"{name}: the kernel refuses it", process.returncode != 0 and "Operation not permitted" in err, err)


def rules(stage):
    """Each of our rules, and all at once."""
    for rule in kernel.rules(stage.world, "gateway"):
        if str(rule.get("protocol")) != kernel.OURS:
            continue
        words = ["pref", str(rule["priority"])]
        if rule["priority"] == 1199 and stage.brief and rule["src"] != "172.20.0.254":
            continue
        if rule["priority"] == 1199:
            words += ["from", f"{rule['src']}/{rule.get('srclen', 32)}"]
        stage.harm("ip rule del " + " ".join(words), "gateway", ["ip", "rule", "del", *words],
                  f"gateway: add the rule {rule['priority']}: from {words[3] if len(words) > 2 else 'all'}")
    stage.harm("ip rule flush", "gateway", ["ip", "rule", "flush"], "gateway: add the rule 1199: from 172.20.0.254/32",
               by="removed")
    stage.world.ip("gateway", "rule add pref 32766 lookup main\nrule add pref 32767 lookup default")
    # One process takes many at once.
    stage.silence()
    mine = [rule for rule in kernel.rules(stage.world, "gateway") if str(rule.get("protocol")) == kernel.OURS]
    before = len(stage.keeper.lines())
    process, _, err = stage.other("gateway", "sh", "-c", "exec ip -batch - <<'END'\n" + "".join(
        f"rule del pref {rule['priority']}\n" for rule in mine) + "END")
    stage.result.tally("all rules at once: it was done", process.returncode == 0, err)
    until(lambda: len(stage.keeper.lines()) >= before + len(mine), 3)
    said = [line for line in stage.keeper.lines()[before:] if "add the rule" in line]
    named = sum(f"[{process.pid}]" in line or f" {process.pid} " in line for line in said)
    stage.result.check(f"all rules at once: {len(said)} of {len(mine)} repaired, {named} with the one who did it",
                      len(said) == named == len(mine), "\n".join(said))


def routes(stage):
    """Each of our routes, each table, and a service's way out."""
    for family, table, kind, to, _, dev, metric, _ in kernel.own_routes(stage.world, "gateway"):
        words = [kind, to, *(("dev", dev) if dev and kind == "unicast" else ()), "table", str(table), "metric", str(metric)]
        start = "IPv6 " if family == "-6" else ""
        text = f"default dev {dev}" if kind == "unicast" else "unreachable default"
        stage.harm(f"ip {family} route del {' '.join(words)}", "gateway", ["ip", family, "route", "del", *words],
                  f"gateway: add the route {start}{text} table {table}")
    for table, text in ((110, "default dev wg_ext0"), (120, "default dev tun0"), (130, "unreachable default")):
        stage.harm(f"ip route flush table {table}", "gateway", ["ip", "route", "flush", "table", str(table)],
                  f"gateway: add the route {text} table {table}")
    for words in (["del", "default"], ["replace", "default", "via", HOST]):
        stage.harm(f"ip route {' '.join(words)} in a service", "notes", ["ip", "route", *words],
                  f"cell-notes: put the default route via {GATEWAY}")


def links(stage):
    """Exits that go and come back, with a new index, too; and a port of the guard that flaps."""
    world = stage.world
    for exit, link, table in (("wireguard_ext", "wg_ext0", 110), ("openvpn", "tun0", 120)):
        back = f"gateway: add the route default dev {link} table {table}"
        for _ in range(1 if stage.brief else 3):
            stage.other("gateway", "ip", "link", "set", link, "down")
            time.sleep(0.1)
            stage.harm(f"{link} down and up", "gateway", ["ip", "link", "set", link, "up"], back, by=link)
        stage.other("gateway", "ip", "link", "del", link)
        stage.silence()
        before, repairs = len(stage.keeper.lines()), kernel.Repairs(world, "gateway")
        world.open_tunnel(exit)
        began = time.monotonic()
        took = (repairs.wait(3) or float("inf")) - began
        repairs.close()
        stage.result.check(f"{link} deleted and made again: repaired after {took * 1000:.0f} ms, and said",
                           took < BOUND and until(lambda: stage.keeper.said(before, back), 3),
                           "\n".join(stage.keeper.lines()[before:]))
    for short, link in (("host", "v-notes"), ("notes", "eth0")):  # what that takes away is looked for at the end
        stage.other(short, "ip", "link", "set", link, "down")
        stage.other(short, "ip", "link", "set", link, "up")


def restarts(stage):
    """A service and the gateway come back as new namespaces with new ports."""
    world = stage.world
    for name, action in (("notes", lambda: world.restart_service("notes")), ("gateway", world.restart_gateway)):
        if name == "notes":
            stage.floods[0].stop()
        action()
        began = time.monotonic()
        looks = lambda: kernel.table_flags(world, "gateway", "inet", "pic_egress") == 6 and kernel.elements(
            kernel.ruleset(world, "host"), "bridge", "pic_guard", "set", "gateway") == ["v-gateway"] and [
            r.get("gateway") for r in kernel.routes(world, "notes", 254) if r["dst"] == "default"] == [GATEWAY]
        healed = until(lambda: attempt(looks), 3, 0.02)
        took = time.monotonic() - began
        stage.result.check(f"{name} restarted: healed after {took * 1000:.0f} ms", healed and took < BOUND,
                          "\n".join(stage.keeper.lines()[-20:]))
        if name == "notes":
            stage.floods[0] = Flood(world, "notes", 1, pause=0.002)
            stage.result.tally("the flood runs again", stage.floods[0].wait(500))


def attempt(action):
    """What an action returns, or False when what it looks at is not there."""
    try:
        return action()
    except (OSError, RuntimeError):
        return False


def tables(stage):
    """nftables: others can neither flush nor change what the watch owns, in the gateway or in the host."""
    for short, family, name, chain in (("gateway", "inet", "pic_egress", "kill"), ("host", "bridge", "pic_guard", "forward"),
                                       ("host", "inet", "pic_guard", "forward")):
        table = [family, name]
        process, _, err = stage.other(short, "nft", "flush", "ruleset")
        gone = ("ip", {"gateway": "image", "host": "docker"}[short]) not in kernel.tables(kernel.ruleset(stage.world, short))
        stage.result.check(f"{short}: nft flush ruleset takes the others' tables only", process.returncode == 0 and gone
                          and (family, name) in kernel.tables(kernel.ruleset(stage.world, short)), err)
        if short == "host":
            stage.world.docker_masquerade()
        else:
            stage.world.image_masquerade()
        stage.refused(f"{short}: nft delete table {family} {name}", short, "nft", "delete", "table", *table)
        stage.refused(f"{short}: nft flush table {family} {name}", short, "nft", "flush", "table", *table)
        stage.refused(f"{short}: nft flush chain {family} {name} {chain}", short, "nft", "flush", "chain", *table, chain)
        stage.refused(f"{short}: nft insert rule {family} {name} {chain} accept", short, "nft", "insert", "rule", *table,
                      chain, "accept")
        stage.refused(f"{short}: nft add chain {family} {name} more", short, "nft", "add", "chain", *table, "more")
        listed = stage.world.run(short, "nft", "-a", "list", "chain", *table, chain).stdout
        handle = re.findall(r"# handle (\d+)$", listed, re.M)[-1]
        stage.refused(f"{short}: nft delete rule {family} {name} {chain} handle {handle}", short, "nft", "delete", "rule",
                     *table, chain, "handle", handle)
    for words in (["delete", "element", "inet", "pic_egress", "egress_of", "{ 172.20.0.21 }"],
                  ["add", "element", "inet", "pic_egress", "exits", "{ 0x10 . \"eth0\" }"],
                  ["flush", "set", "inet", "pic_egress", "services"]):
        stage.refused("gateway: nft " + " ".join(words), "gateway", "nft", *words)
    stage.silence()
    before = len(stage.keeper.lines())
    stage.other("gateway", "nft", "add table inet stranger; add chain inet stranger shut "
                "{ type filter hook forward priority 10; policy drop; }")
    said = until(lambda: stage.keeper.said(before, "stranger", "shut"), 3)
    stage.result.check("a foreign chain with policy drop is named", bool(said), "\n".join(stage.keeper.lines()[before:]))
    stage.other("gateway", "nft", "delete", "table", "inet", "stranger")


def additions(stage):
    """What others add is theirs and stays; it opens nothing."""
    world = stage.world
    for words in ("rule add pref 10 lookup main", "rule add pref 11 from 172.20.0.0/16 lookup main",
                  f"route add default via {HOST} dev eth0 table 110 metric 1",
                  f"route add default via {HOST} dev eth0 table 130 metric 1"):
        process, _, err = stage.other("gateway", "ip", *words.split())
        stage.result.tally(f"ip {words}: it was done", process.returncode == 0, err)
        time.sleep(0.2)
        stage.other("gateway", "ip", *words.replace(" add ", " del ").split())
    world.nft("gateway", """
        add table inet stranger
        add chain inet stranger open { type filter hook forward priority -10; policy accept; }
        add rule inet stranger open ct mark set 0x1 meta mark set 0x1 accept
        add chain inet stranger post { type nat hook postrouting priority 90; }
        add rule inet stranger post masquerade""")
    time.sleep(0.3)
    world.nft("gateway", "delete table inet stranger")


def settings(stage):
    """What the kernel does not tell is found at the next look, here one every second."""
    for short, name, value in (("gateway", "ipv4/ip_forward", "0"), ("gateway", "ipv4/conf/all/src_valid_mark", "0"),
                               ("gateway", "ipv4/conf/all/send_redirects", "1"),
                               ("gateway", "ipv4/conf/eth0/send_redirects", "1"),
                               ("notes", "ipv4/conf/all/accept_redirects", "1"),
                               ("notes", "ipv4/conf/eth0/accept_redirects", "1")):
        wanted, before = stage.world.sysctl(short, name), len(stage.keeper.lines())
        stage.result.tally(f"{name}: it was as planned", wanted != value, wanted)
        stage.other(short, "sysctl", "-w", f"net/{name}={value}")
        began = time.monotonic()
        back = until(lambda: stage.world.sysctl(short, name) == wanted, 6, 0.02)
        took = time.monotonic() - began
        said = until(lambda: stage.keeper.said(before, f"set net/{name} to {wanted}"), 3)
        stage.result.check(f"{short}: {name} set to {value}: repaired after {took * 1000:.0f} ms, and said",
                           back and bool(said) and took < 4, "\n".join(stage.keeper.lines()[before:]))


def killed(stage):
    """SIGKILL: everything stays; even without the tables nothing leaks; the next watch adopts, and repairs."""
    world, result = stage.world, stage.result
    flags = lambda: {short: kernel.table_flags(world, short, *table) for short, table in (
        ("gateway", ("inet", "pic_egress")), ("host", ("bridge", "pic_guard")))}
    result.equal("while the watch lives the tables have an owner", flags(), {"gateway": 6, "host": 6})
    stage.keeper.process.kill()
    stage.keeper.process.wait()
    result.equal("after SIGKILL of the watch they stay, without an owner", flags(), {"gateway": 4, "host": 4})
    stage.whole("after SIGKILL of the watch")
    time.sleep(0.5)
    stage.watch()
    result.equal("a new watch adopts them", flags(), {"gateway": 6, "host": 6})
    result.equal("and has nothing to repair", [line for line in stage.keeper.lines() if line != "watching"], [])
    stage.keeper.stop()
    for short, renew in (("gateway", world.image_masquerade), ("host", world.docker_masquerade)):
        process, _, err = stage.other(short, "nft", "flush", "ruleset")
        left = [name for _, name in kernel.tables(kernel.ruleset(world, short)) if name.startswith("pic_")]
        result.check(f"{short}: nobody watches, nft flush ruleset takes all", process.returncode == 0 and not left,
                     (err, left))
        renew()
        time.sleep(0.5)
        stage.watch()
        stage.whole(f"{short}: flushed while nobody watched; a new watch")
        stage.keeper.stop()


def body(result, scratch):
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--brief", action="store_true", help="without restarts and settings, and less of the rest")
    chosen = options.parse_args()
    binary()
    stage = Watched(result, scratch, chosen.brief)
    stage.begin()
    time.sleep(0.3)
    stage.end("without our rules", control=True)
    if not stage.watch():
        return
    stage.start = stage.held()
    result.check("the start is whole", stage.start["gateway"]["nft"] and stage.start["host"]["nft"]
                 and stage.start["gateway"]["rules"]
                 and all(stage.start[short]["routes"] for short in ("gateway", *SENDERS)),
                 stage.start)
    for part in (rules, routes, links, tables, additions) * chosen.rounds:
        name = part.__name__
        stage.begin()
        part(stage)
        stage.whole(name)
        stage.end(name)
    if not chosen.brief:
        stage.begin()
        restarts(stage)
        stage.whole("restarts")
        stage.end("restarts")
    result.equal("the watch ends with 143 after SIGTERM", stage.keeper.end(), 143)
    if stage.watch("--interval", "1") and not chosen.brief:
        stage.begin()
        settings(stage)
        stage.whole("settings")
        stage.end("settings")
    stage.begin()
    killed(stage)
    stage.end("killed")
    times = sorted(stage.times)
    result.note(f"{len(times)} repairs, from the start of the other's command to the kernel's word of the first: median "
                f"{times[len(times) // 2] * 1000:.0f} ms, at most {times[-1] * 1000:.0f} ms")
    result.tally("reset: exit 0", stage.cell.run("egress", "reset", "--yes").status == 0)
    stage.begin()
    time.sleep(0.3)
    stage.end("after the reset", control=True)


if __name__ == "__main__":
    report.run("what others do to our rules", body)
