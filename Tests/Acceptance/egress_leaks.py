#!/usr/bin/env python3
# quick: --switches 30 --changes 10 --commands 3 --brief
"""Not one packet by a wrong exit: switches under flood, liars, restarts, IPv6; and what must go on. Needs root.

Every check that finds nothing has a control in the same topology that leaks.
"""

import argparse
import bisect
import random
import time

from acceptance import report
from acceptance.cell import binary
from acceptance.flood import Flood, Measured, Meter, misplaced
from acceptance.keeper import Keeper
from acceptance.talk import CWR, ECE, SYN, Listener, Tap, call, greeting, sweep
from acceptance.world import CADDY, EXITS, FAR, GATEWAY, HOST, OTHER_CELL, SERVICES, SINK, World, choose

FLOODER = {"notes": "notes", "email": "rainloop"}
ADDRESS = {short: address for short, (_, address) in SERVICES.items()}
DECLARED = {("notes", 8080), ("mail", 25), ("mail", 587), ("mail", 993), ("homepage", 80)}


def apply(result, cell, name):
    """Runs `egress apply`, which must succeed."""
    done = cell.run("egress", "apply")
    result.check(f"apply ({name}): exit 0", done.status == 0, done)


def change(cell, service, exit):
    """Runs `egress set`; returns when it was begun and acknowledged, and the finished command."""
    begun = time.monotonic_ns()
    done = cell.run("egress", "set", service, exit)
    return begun, time.monotonic_ns(), done


def move(result, cell, service, exit):
    """`egress set`, which must succeed."""
    _, _, done = change(cell, service, exit)
    result.tally(f"egress set {service} {exit}: exit 0", done.status == 0, done)


def leaks(result, name, seen, wanted=None):
    """A control: each of these floods reaches the WAN side."""
    result.check(f"control: {name}: leaks ({[a['outside'] for a in seen.arrived]} of {seen.sent})",
                 all(arrived["outside"] > 0 for arrived in seen.arrived) and not seen.meter.missed, seen)


def holds(result, name, seen, allowed=(None,)):
    """None of these floods comes to a sink but the one allowed for it."""
    wrong = seen.leaked(allowed)
    result.check(f"{name}: {wrong} leaked of {seen.sent}", seen.enough and not any(wrong) and not seen.meter.missed, seen)


# A careless switch, to show that the meter sees it: the mark is set once per flow, and what is established passes.

def careless(result, world):
    """The control of the switches: packets sent after the acknowledgement still leave by the old exit."""
    world.ip("notes", f"route replace default via {GATEWAY}")
    world.sysctl("gateway", "ipv4/ip_forward", 1)
    world.ip("gateway", "rule add fwmark 0x10 lookup 200 pref 90\nroute add default dev wg_ext0 table 200")
    world.nft("gateway", f"""
        add table inet careless
        add map inet careless of {{ type ipv4_addr : mark; }}
        add element inet careless of {{ {ADDRESS["notes"]} : 0x1 }}
        add chain inet careless pre {{ type filter hook prerouting priority -150; }}
        add rule inet careless pre ct mark 0 ct mark set ip saddr map @of
        add rule inet careless pre meta mark set ct mark
        add chain inet careless post {{ type nat hook postrouting priority 100; }}
        add rule inet careless post ip saddr {ADDRESS["notes"]} masquerade""")
    meter, flood = Meter(world), Flood(world, "notes")
    flood.wait(2000)
    begun = time.monotonic_ns()
    world.nft("gateway", f"""
        delete element inet careless of {{ {ADDRESS["notes"]} }}
        add element inet careless of {{ {ADDRESS["notes"]} : 0x10 }}""")
    changes = [(0, 0, "default"), (begun, time.monotonic_ns(), "wireguard_ext")]
    flood.wait(4000)
    flood.stop()
    meter.stop()
    wrong = misplaced(meter, flood, changes)
    result.check(f"control: a careless switch leaks {len(wrong)} after the acknowledgement",
                 len(wrong) > 100 and {sink for sink, _ in wrong} == {"outside"} and meter.count("exit1", 1) > 0,
                 meter.counts(1))
    result.check("control: the meter lost nothing", not meter.missed, meter.missed)
    world.nft("gateway", "delete table inet careless")
    world.ip("gateway", "rule del fwmark 0x10 lookup 200 pref 90\nroute flush table 200")
    world.restart_service("notes")


def switches(result, world, name, change, number, dice, moving, six=False):
    """The services of `moving` are switched about at random under flood, another stays. `six`: with a flood by IPv6, too."""
    steady, home = ("homepage", "outside") if "email" in moving else ("rainloop", "exit2")
    held, total = {exit: 0 for exit in EXITS}, 0
    wrong = strayed = made = blind = sent6 = came6 = 0
    times = []
    now = {service: "default" for service in moving}
    change(now)
    while made < number:
        meter = Meter(world)
        floods = {service: Flood(world, FLOODER[service], stream, pause=0.003) for stream, service in enumerate(moving, 1)}
        other = Flood(world, steady, 8, pause=0.005)
        floods6 = [Flood(world, short, 9, "udp6", pause=0.002) for short in ("notes", "mail") if six]
        started = all(one.wait(300) for one in (*floods.values(), other, *floods6))
        changes = {service: [(0, 0, exit)] for service, exit in now.items()}
        first = time.monotonic_ns()
        for _ in range(100):
            now = {service: dice.choice([exit for exit in EXITS if exit != old]) for service, old in now.items()}
            begun, acknowledged, done = change(now)
            times.append(done.seconds)
            result.tally(f"switch {made} to {now}: exit 0", done.status == 0, done)
            for service, exit in now.items():
                changes[service].append((begun, acknowledged, exit))
            made += len(now)
            time.sleep(0.015)
            if made >= number:
                break
        end = time.monotonic_ns()
        total += sum(flood.stop() for flood in floods.values())
        other.stop()
        sent6 += sum(one.stop() for one in floods6)
        meter.stop()
        strayed += sum(count for sink, count in meter.counts(8).items() if sink != home)
        came6 += sum(meter.counts(9).values())
        result.tally("the floods ran all the time", started and meter.count(home, 8) > 0 and not meter.missed, meter.missed)
        for service, flood in floods.items():
            wrong += len(misplaced(meter, flood, changes[service]))
            for (_, start, exit), (stop, _, _) in zip(changes[service], [*changes[service][1:], (end, 0, "")]):
                held[exit] += flood.between(max(start, first), stop)
            if not blind:  # the judge: with every acknowledgement claimed for before its command, packets are "wrong"
                early = [(begun - 5_000_000, begun - 5_000_000, exit) for begun, _, exit in changes[service][1:]]
                blind = len(misplaced(meter, flood, changes[service][:1] + early, slack=0))
    times.sort()
    result.note(f"{made} switches {name}, median {times[len(times) // 2] * 1000:.0f} ms each; sent between them: {held}")
    result.check(f"{made} switches {name} under flood: {wrong} packets at a wrong exit of {total}",
                 wrong == 0 and (all(held.values()) or number < 20), held)
    result.check(f"meanwhile {strayed} packets of another service strayed", strayed == 0)
    if six:
        result.check(f"meanwhile {came6} of {sent6} packets by IPv6 came anywhere", came6 == 0 and sent6 > 1000)
    result.check(f"control: the judge finds {blind} when acknowledgements are claimed 5 ms too early", blind > 0)


def to_tunnel(result, world, name, change, number, dice):
    """default → a closed exit or a tunnel: nothing that is sent after the acknowledgement comes out at the WAN side."""
    late = before = sent = made = 0
    offsets = []
    while made < number:
        meter, flood = Meter(world), Flood(world, "notes", 1, pause=0.001)
        windows = []
        for _ in range(min(100, number - made)):
            _, opened, done = change({"notes": "default"})
            result.tally("to default: exit 0", done.status == 0, done)
            flood.wait(200)
            begun, acknowledged, done = change({"notes": dice.choice(EXITS[1:])})
            result.tally("to a tunnel: exit 0", done.status == 0, done)
            flood.wait(200)
            windows.append((opened, begun, acknowledged, time.monotonic_ns()))
            # What is on its way now must be through before the exit is `default` again.
            time.sleep(0.05)
            made += 1
        flood.stop()
        meter.stop()
        result.tally("the meter lost nothing", not meter.missed, meter.missed)
        arrived = sorted(meter.times("outside", 1))
        between = lambda start, end: bisect.bisect_left(arrived, end) - bisect.bisect_right(arrived, start)
        for opened, begun, acknowledged, end in windows:
            sent += flood.between(acknowledged, end)
            late += between(acknowledged, end)
            offsets += [(when - acknowledged, end - when) for when in arrived if acknowledged < when <= end]
            before += between(opened, begun)
    result.check(f"{made} changes default → tunnel {name}: {late} of {sent} sent after the acknowledgement came out at the "
                 "WAN side", late == 0 and sent >= 100 * made,
                 f"nanoseconds after the acknowledgement, and before the end: {offsets}")
    result.check(f"control: while it was default, {before} did", before > 100 * made)


def changing(result, world, cell, scratch, chosen, dice):
    """Some switches by commands, the many by asking `egress watch` over its socket, two services at a time."""
    def command(exits):
        (service, exit), = exits.items()
        return change(cell, service, exit)

    switches(result, world, "by egress set", command, chosen.commands, dice, ["notes"], six=True)
    to_tunnel(result, world, "by egress set", command, chosen.commands, dice)
    keeper = Keeper(scratch, cell, {"notes": "default", "email": "openvpn"})
    if result.check("egress watch is ready", keeper.ready(30), "\n".join(keeper.lines()[-20:])):
        switches(result, world, "asked of egress watch", keeper.change, chosen.switches - chosen.commands, dice,
                 ["notes", "email"])
        to_tunnel(result, world, "asked of egress watch", keeper.change, chosen.changes - chosen.commands, dice)
    result.equal("egress watch ends with 143", keeper.end(), 143)


def liars(result, world, cell, brief):
    """A service that lies about its address, its way or its hardware address. Notes is on a tunnel, mail on default."""
    choose(cell, {"notes": "wireguard_ext", "email": "default"})
    apply(result, cell, "notes on wireguard_ext, email on default")
    gateway, bridge = world.mac("gateway"), world.mac("host", "br-cell")
    frame = lambda source, mac, **more: dict(namespace="notes", kind="frame", source=source, mac=mac, **more)
    tries = {
        "a raw socket with mail's address": dict(namespace="notes", kind="raw", source=ADDRESS["mail"]),
        "a frame with mail's address to the gateway": frame(ADDRESS["mail"], gateway),
        "a frame with mail's address to the bridge": frame(ADDRESS["mail"], bridge),
        "a frame with its own address to the bridge": frame(ADDRESS["notes"], bridge),
        "a frame with a core container's address to the bridge": frame(CADDY, bridge),
        "a frame with an unused address of the pool to the gateway": frame("172.20.0.99", gateway),
        "a frame with the gateway's addresses to the bridge": frame(GATEWAY, bridge, own_mac=gateway)}
    tries = dict(list(tries.items())[:3]) if brief else tries
    for name, sender in tries.items():
        seen = Measured(world, sender, dict(namespace="mail"), seconds=0.1, packets=500)
        wrong = seen.leaked((None, "outside"))
        result.check(f"{name}: {wrong[0]} leaked of {seen.sent[0]}",
                     seen.enough and wrong == [0, 0] and not seen.meter.missed, seen)
        result.check(f"{name}: the honest one goes on", seen.arrived[1]["outside"] > 0, seen)
    world.nft("host", "delete table bridge pic_guard\ndelete table inet pic_guard")
    for name, sender in tries.items():
        if "unused" in name:  # the gateway knows no exit for it, guard or not
            holds(result, f"{name}, without the guard", Measured(world, sender, seconds=0.1, packets=500))
        else:
            leaks(result, f"{name}, without the guard", Measured(world, sender, seconds=0.1, packets=500))
    world.ip("notes", f"route replace default via {HOST} proto 112")
    leaks(result, "the bridge as default route, without the guard", Measured(world, dict(namespace="notes"), seconds=0.1))
    apply(result, cell, "the guard again")
    world.ip("notes", f"route replace default via {HOST}")
    holds(result, "the bridge as default route", Measured(world, dict(namespace="notes"), seconds=0.1))
    apply(result, cell, "the way out again")
    seen = Measured(world, dict(namespace="notes"), seconds=0.1)
    result.check("and it carries", seen.arrived[0]["exit1"] > 0 and seen.leaked(("exit1",)) == [0], seen)


def restarted_gateway(result, world, cell):
    """A gateway that forwards and masquerades on its own, before it is programmed."""
    choose(cell, {"notes": "wireguard_ext", "email": "tor"})
    apply(result, cell, "notes on wireguard_ext, email on tor")
    senders = [dict(namespace=short) for short in ("notes", "mail", "homepage")]
    when = []

    def restart():
        world.restart_gateway()
        when.append(time.monotonic_ns())
        time.sleep(0.5)

    seen = Measured(world, *senders, during=restart)
    holds(result, "the gateway restarts, forwards and masquerades", seen, ("exit1", None, "outside"))
    since = [sum(seen.meter.counts(number, when[0]).values()) for number in (1, 2, 3)]
    result.check(f"until it is programmed everything is closed: {since}", since == [0, 0, 0], seen)
    world.nft("host", "delete table bridge pic_guard\ndelete table inet pic_guard")
    leaks(result, "the same gateway without the guard", Measured(world, *senders))
    apply(result, cell, "the new gateway")
    seen = Measured(world, *senders)
    holds(result, "the new gateway, programmed", seen, ("exit1", None, "outside"))
    result.check("and it carries", seen.arrived[0]["exit1"] > 0 and seen.arrived[2]["outside"] > 0, seen)


def second_container(result, world, cell, exits):
    """All containers of a service share its exit."""
    for exit in exits:
        move(result, cell, "email", exit)
        seen = Measured(world, dict(namespace="mail"), dict(namespace="rainloop"), seconds=0.1)
        holds(result, f"email on {exit}: both containers", seen, (SINK[exit],))
        if SINK[exit]:
            result.check(f"email on {exit}: both carry", all(a[SINK[exit]] > 0 for a in seen.arrived), seen)


def six(result, world, cell):
    """IPv6, by the bridge and by the gateway. `cell` is not applied before: the first call is the control."""
    world.ip("mail", "route del default via fd00:20::1\nroute add default via fd00:20::9")
    return [dict(namespace="notes", kind="udp6"), dict(namespace="mail", kind="udp6")]


def congestion(result, world, cell):
    """Connections with ECN work over every exit: the first segment has more flags than SYN."""
    for short in ("notes", "outside", "exit1", "exit2", "gateway"):
        world.sysctl(short, "ipv4/tcp_ecn", 1)
    for exit in EXITS:
        move(result, cell, "notes", exit)
        place, port = (SINK[exit], 8010) if SINK[exit] else ("gateway", 9040)
        listener, tap = Listener(world, place, tcp=[port]), Tap(world, place)
        text = greeting(world, "notes", FAR, 8010)
        opening = [s.flags for s in tap.segments() if s.flags & SYN and s.dport in (8010, 9040)]
        result.check(f"ECN over {exit}: connected, and the opening had its bits",
                     text.startswith(place + " ") and opening[:1] == [SYN | ECE | CWR], (text, opening))
        listener.stop()
        tap.close()


class Others:
    """What is none of our business and must go on: peers' internet, links between cells, core containers."""

    def __init__(self, world):
        self.world = world
        self.listeners = [Listener(world, "outside", tcp=[8000]), Listener(world, "cell2", tcp=[8000]),
                          Listener(world, "peers", tcp=[8000]), Listener(world, "caddy", tcp=[443])]

    def check(self, result, when):
        """Each of them works."""
        for name, short, address, port, wanted in (
                ("peers' internet through the gateway", "peers", FAR, 8000, "outside 203.0.113.2"),
                ("a peer to another cell", "peers", OTHER_CELL, 8000, "cell2 10.0.0.2"),
                ("another cell to a peer", "cell2", "10.0.0.2", 8000, "peers 10.1.0.2"),
                ("a peer to a core container", "peers", CADDY, 443, f"caddy {GATEWAY}"),
                ("a core container's internet", "caddy", FAR, 8000, "outside 203.0.113.2")):
            result.equal(f"{when}: {name}", greeting(self.world, short, address, port), wanted)

    def stop(self):
        """Ends the listeners."""
        for listener in self.listeners:
            listener.stop()


class Doors:
    """Every service listens on more ports than it declares; who comes in, and from where?"""

    TCP, UDP = (22, 25, 80, 443, 587, 993, 8080, 8888), (53, 8080)
    SOURCES = ("peers", "cell2", "exit1", "exit2", "outside")  # told apart by their own ports: the image masquerades some

    def __init__(self, world):
        self.world = world
        self.listeners = {short: Listener(world, short, self.TCP, self.UDP) for short in SERVICES}
        self.taps = {short: Tap(world, short) for short in SERVICES}
        self.all = {(source, kind, ADDRESS[short], port) for source in self.SOURCES for short in SERVICES
                    for kind, ports in (("tcp", self.TCP), ("udp", self.UDP)) for port in ports}
        for number, source in enumerate(self.SOURCES, 1):
            world.sysctl(source, "ipv4/ip_local_port_range", f"{number}0000 {number}9999")

    def enter(self):
        """(answered, what came into a service from where): sets of (source, kind, address, port)."""
        old = {short: len(listener.heard()) for short, listener in self.listeners.items()}
        for tap in self.taps.values():
            tap.segments()
        answered = sweep(self.world, self.all)
        entered = set()
        for short, tap in self.taps.items():
            for segment in tap.segments():
                if segment.sport >= 10000:
                    entered.add((self.SOURCES[segment.sport // 10000 - 1], "tcp", segment.destination, segment.dport))
            for line in self.listeners[short].heard()[old[short]:]:
                if line.startswith("udp"):
                    _, port, _, text = line.split(maxsplit=3)
                    entered.add((text.strip("b'").removeprefix("from "), "udp", ADDRESS[short], int(port)))
        return answered, entered

    def check(self, result, when):
        """Exactly the declared ports, exactly for those behind wg0."""
        wanted = {(source, "tcp", ADDRESS[short], port) for source in ("peers", "cell2") for short, port in DECLARED}
        answered, entered = self.enter()
        result.check(f"{when}: peers reach the {len(wanted)} declared ports and nothing else ({len(answered)} answered)",
                     answered == wanted, f"missing {sorted(wanted - answered)}\nopen {sorted(answered - wanted)}")
        result.check(f"{when}: nothing else enters, from the tunnels and the WAN side nothing at all",
                     entered == wanted, f"missing {sorted(wanted - entered)}\nentered {sorted(entered - wanted)}")

    def control(self, result):
        """Without our rules every source reaches every port."""
        answered, entered = self.enter()
        result.check(f"control: without our rules all {len(self.all)} doors are open", answered == entered == self.all,
                     f"closed {sorted(self.all - answered)}\nnot entered {sorted(self.all - entered)}")

    def stop(self):
        """Ends listeners and taps."""
        for short in SERVICES:
            self.listeners[short].stop()
            self.taps[short].close()


def knocks(world):
    """Somebody in each tunnel calls the gateway by its address there: what they hear, and what comes out at the WAN side."""
    tap, answers = Tap(world, "outside"), {}
    for sink, address in (("exit1", "10.64.0.2"), ("exit2", "10.65.0.2")):
        _, answers[sink] = call(world, sink, address, 8000, seconds=0.3, bind=FAR)
    found = [segment for segment in tap.segments() if segment.source in ("10.64.0.2", "10.65.0.2")]
    tap.close()
    return answers, found


def through_gateway(world, on):
    """The host leads what comes from the WAN side for the services to the gateway, as a careless route would."""
    word = "add" if on else "del"
    world.ip("host", f"rule {word} pref 50 iif uplink to 172.20.0.0/16 lookup 77")
    world.ip("host", f"route {word} default via {GATEWAY} table 77")


def doors(result, world, cell, exits, name=""):
    """Acceptance of what comes in, for every exit; the services have been steered before."""
    gate = Doors(world)
    for exit in exits:
        for service in ("notes", "email"):
            move(result, cell, service, exit)
        gate.check(result, f"{name}{exit}")
    through_gateway(world, True)
    gate.check(result, f"{name}the WAN side comes by the gateway")
    through_gateway(world, False)
    gate.stop()


def open_doors(result, world):
    """The control of `doors`, before anything is applied."""
    gate = Doors(world)
    gate.control(result)
    through_gateway(world, True)
    answered, entered = gate.enter()
    wanted = {door for door in gate.all if door[0] == "outside"}
    result.check("control: the WAN side by the gateway enters, too", wanted <= entered, sorted(wanted - entered))
    through_gateway(world, False)
    gate.stop()


def body(result, scratch):
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--switches", type=int, default=20000)
    options.add_argument("--changes", type=int, default=2000)
    options.add_argument("--commands", type=int, default=200, help="how many of each are made by `egress set`")
    options.add_argument("--brief", action="store_true", help="fewer exits, and rp_filter as it is")
    options.add_argument("--seed", type=int, default=20261125)
    chosen = options.parse_args()
    binary()
    dice = random.Random(chosen.seed)
    world = World(scratch)
    cell = world.cell(exits={"notes": "tor", "email": "tor"})
    # Without our rules: what leaks, what works.
    world.sysctl("gateway", "ipv4/ip_forward", 1)
    world.sysctl("gateway", "ipv6/conf/all/forwarding", 1)
    others = Others(world)
    others.check(result, "before")
    leaks(result, "before the first apply, though tor is chosen", Measured(
        world, *(dict(namespace=short) for short in ("notes", "mail", "rainloop"))))
    senders6 = six(result, world, cell)
    leaks(result, "IPv6 by the bridge, and by the gateway", Measured(world, *senders6))
    open_doors(result, world)
    _, found = knocks(world)
    result.check(f"control: the gateway answers calls from the tunnels by the open line: {len(found)}", len(found) >= 2, found)
    careless(result, world)
    apply(result, cell, "all on tor")
    answers, found = knocks(world)
    result.check("calls from the tunnels to the gateway itself: no answer, least of all by the open line",
                 not found and set(answers.values()) == {"ETIMEDOUT"}, (answers, found))
    others.check(result, "all on tor")
    holds(result, "all on tor", Measured(world, *(dict(namespace=short) for short in ("notes", "mail", "rainloop"))))
    holds(result, "IPv6 by the bridge, and by the gateway", Measured(world, *senders6))
    world.nft("host", "delete table bridge pic_guard\ndelete table inet pic_guard")
    seen = Measured(world, *senders6)
    result.check(f"IPv6 by the gateway, without the guard: {seen.arrived[1]['outside']} leaked of {seen.sent[1]}",
                 seen.enough and seen.leaked()[1] == 0 and seen.leaked()[0] > 0, seen)
    move(result, cell, "email", "openvpn")
    apply(result, cell, "the guard again")
    changing(result, world, cell, scratch, chosen, dice)
    liars(result, world, cell, chosen.brief)
    second_container(result, world, cell, ("tor", "default") if chosen.brief else (*EXITS, "tor"))
    congestion(result, world, cell)
    doors(result, world, cell, EXITS[3:] if chosen.brief else EXITS)
    restarted_gateway(result, world, cell)
    others.check(result, "at the end")
    others.stop()
    if not chosen.brief:
        for filter in (0, 1):
            other = World(scratch, rp_filter=filter)
            small = other.cell(f"cell-{filter}", exits={"notes": "tor", "email": "tor"})
            apply(result, small, f"rp_filter {filter}")
            doors(result, other, small, EXITS, f"rp_filter {filter}: ")
            other.remove()


if __name__ == "__main__":
    report.run("leaks, and what must go on", body)
