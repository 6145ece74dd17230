#!/usr/bin/env python3
# quick: --brief
"""What `egress apply` leaves in the kernel, seen by nft and ip; bad input; no process started. Needs root.

The target is written here once more, as an nft file and `ip` commands, loaded into a namespace of its own, and compared with
the gateway's as the tools show it.
"""

import argparse
import ipaddress
import json
import re
import subprocess

from acceptance import kernel, report
from acceptance.cell import binary
from acceptance.flood import Measured
from acceptance.parts import Watcher
from acceptance.talk import Listener, ask, call, greeting
from acceptance.world import EXITS, FAR, GATEWAY, HOST, MARKS, SERVICES, World, choose

CHOSEN = {"notes": "tor", "email": "wireguard_ext"}
TARGET = """
table inet pic_egress {
    counter killed { }
    counter refused { }
    map egress_of { type ipv4_addr : mark
        elements = { 172.20.0.21 : 0x30, 172.20.0.22 : 0x10, 172.20.0.23 : 0x10, 172.20.0.24 : 0x1 } }
    set services { type ipv4_addr; flags interval; elements = { 172.20.0.20-172.20.0.254 } }
    set exits { type mark . ifname; elements = { 0x1 . "eth0", 0x10 . "wg_ext0", 0x20 . "tun0" } }
    set inbound { type ipv4_addr . inet_proto . inet_service
        elements = { 172.20.0.21 . tcp . 8080, 172.20.0.22 . tcp . 25, 172.20.0.22 . tcp . 587,
                     172.20.0.22 . tcp . 993, 172.20.0.24 . tcp . 80 } }
    set drops { type ipv4_addr; size 65535; flags dynamic; }
    chain from_service {
        iifname != "eth0" counter name killed drop
        ct state new tcp flags & (fin|syn|rst|ack) != syn reject with tcp reset
        meta mark 0x10 tcp flags syn tcp option maxseg size set rt mtu
        meta mark 0x20 tcp flags syn tcp option maxseg size set rt mtu
        meta mark . oifname @exits accept
        ct direction reply ct state established,related accept
        meta mark != 0 update @drops { ip saddr counter }
        counter name killed drop
    }
    chain to_service {
        tcp flags syn tcp option maxseg size set rt mtu
        ct state established,related accept
        iifname "wg0" ip daddr . meta l4proto . th dport @inbound accept
        counter name refused drop
    }
    chain mark_pre { type filter hook prerouting priority -150
        ct direction reply meta mark set ct mark
        ct direction original ip saddr @services meta mark set ip saddr map @egress_of
        ct direction original ip saddr @services ct mark set meta mark
    }
    chain nat_pre { type nat hook prerouting priority -100
        meta mark 0x30 udp dport 53 redirect to :5353
        meta mark 0x30 meta l4proto tcp redirect to :9040
        meta mark 0x1 ip daddr 172.20.0.9 tcp dport 53 dnat ip to 172.20.0.3
        meta mark 0x1 ip daddr 172.20.0.9 udp dport 53 dnat ip to 172.20.0.3
        meta mark 0x10 ip daddr 172.20.0.9 tcp dport 53 dnat ip to 10.64.0.1
        meta mark 0x10 ip daddr 172.20.0.9 udp dport 53 dnat ip to 10.64.0.1
        meta mark 0x20 ip daddr 172.20.0.9 tcp dport 53 dnat ip to 10.65.0.1
        meta mark 0x20 ip daddr 172.20.0.9 udp dport 53 dnat ip to 10.65.0.1
    }
    chain closed { type filter hook prerouting priority -90
        iifname "eth0" ct state new ip saddr @services fib daddr type != local fib daddr . mark oif missing reject with icmp admin-prohibited
    }
    chain local_in { type filter hook input priority 0
        iifname "tun0" ct state invalid,new,untracked counter name refused drop
        iifname "wg_ext0" ct state invalid,new,untracked counter name refused drop
        tcp dport 9040 ct status dnat meta mark 0x30 accept
        udp dport 5353 ct status dnat meta mark 0x30 accept
        tcp dport 9040 drop
        udp dport 5353 drop
        ct direction original ip saddr @services tcp dport 53 drop
        ct direction original ip saddr @services udp dport 53 drop
        ct direction original ip saddr @services meta mark 0x1 accept
        ct direction original meta mark != 0 update @drops { ip saddr counter }
        ct direction original ip saddr @services drop
    }
    chain kill { type filter hook forward priority 0; policy accept
        ip saddr 172.20.0.20-172.20.0.254 jump from_service
        ip daddr 172.20.0.20-172.20.0.254 jump to_service
        iifname "eth0" meta nfproto ipv6 counter drop
    }
    chain nat_post { type nat hook postrouting priority 100
        ip saddr @services meta mark . oifname @exits masquerade
    }
}
"""
SETTINGS = {"ipv4/conf/all/src_valid_mark": "1", "ipv4/conf/all/send_redirects": "0",
            "ipv4/conf/eth0/send_redirects": "0", "ipv4/ip_forward": "1", "ipv4/icmp_ratemask": "6160"}


def reference(world):
    """The target, made by nft and ip in a namespace of its own."""
    world.add("target")
    world.ip("target", "".join(f"link add {name} type veth peer name {name}-\nlink set {name} up\nlink set {name}- up\n"
                               for name in ("eth0", "wg0", "wg_ext0", "tun0")))
    world.nft("target", TARGET)
    rules = ["pref 1000 lookup main suppress_prefixlength 0", "pref 1100 fwmark 0x1/0xff lookup main"]
    rules += [f"pref {1000 + table} fwmark {mark:#x}/0xff lookup {table}"
              for mark, table in ((0x10, 110), (0x20, 120), (0x30, 130))]
    first, last = (ipaddress.ip_address(f"172.20.0.{end}") for end in (20, 254))
    rules += [f"pref 1199 from {net} iif eth0 prohibit" for net in ipaddress.summarize_address_range(first, last)]
    world.ip("target", "".join(f"rule add {rule} protocol {kernel.OURS}\n" for rule in rules))
    world.ip("target", f"""
        route add default dev wg_ext0 table 110 metric 10 proto {kernel.OURS}
        route add default dev tun0 table 120 metric 10 proto {kernel.OURS}
        """ + "".join(f"route add unreachable {everything} table {table} metric 4294967294 proto {kernel.OURS}\n"
                      for everything in ("0.0.0.0/0", "::/0") for table in kernel.TABLES))


def differences(found, wanted):
    """Two values, as text for a failed check."""
    show = lambda value: "\n  ".join(json.dumps(item) for item in value) if isinstance(value, list) else json.dumps(value)
    return f"found\n  {show(found)}\nwanted\n  {show(wanted)}"


def same_tables(result, world):
    """Every chain, set and counter of pic_egress equals the target's."""
    found, wanted = (kernel.table(kernel.ruleset(world, short), "inet", "pic_egress") for short in ("gateway", "target"))
    result.equal("nft: the same chains and kinds of objects", sorted(map(str, found)), sorted(map(str, wanted)))
    for kind in wanted:
        mine, theirs = found.get(kind, []), wanted[kind]
        if isinstance(kind, str):
            key = lambda value: value["name"]
            mine, theirs = sorted(mine, key=key), sorted(theirs, key=key)
        result.check(f"nft: {kind if isinstance(kind, str) else 'rules of ' + kind[1]} as in the target",
                     mine == theirs, differences(mine, theirs))
    text = world.run("gateway", "nft", "list", "map", "inet", "pic_egress", "egress_of").stdout
    result.check("nft shows the marks the right way round", "172.20.0.22 : 0x00000010" in text, text)
    result.equal("the table persists, and has no owner after a command has ended",
                 kernel.table_flags(world, "gateway", "inet", "pic_egress"), 0x4)


def target(result, world, cell):
    """plan, apply, and everything that is there afterwards."""
    image = [o for o in kernel.ruleset(world, "gateway")]
    plan = cell.run("egress", "plan", "--json")
    result.check("plan before the first apply: exit 2", plan.status == 2, plan)
    result.check("plan says how much is pending", plan.json.get("pending", 0) > 0
                 and len(plan.json.get("changes", [])) == plan.json["pending"], plan)
    result.equal("plan speaks of the gateway, the host and every container",
                 sorted({change["place"] for change in plan.json.get("changes", [])}),
                 sorted(["gateway", "host", *(container for container, _ in SERVICES.values())]))
    text = cell.run("egress", "plan")
    result.check("plan as text: exit 2 and a line for each change",
                 text.status == 2 and len(text.out.splitlines()) >= plan.json.get("pending", 0), text)
    before = [kernel.generation(world, short) for short in ("gateway", "host")]
    dry = cell.run("egress", "apply", "--dry-run")
    result.check("apply --dry-run: exit 0, nothing changed", dry.status == 0 and before
                 == [kernel.generation(world, short) for short in ("gateway", "host")]
                 and not kernel.own_rules(world, "gateway"), dry)
    done = cell.run("egress", "apply", "--json")
    result.check(f"apply: exit 0 ({done.seconds * 1000:.0f} ms)", done.status == 0, done)
    result.equal("apply lists the changes that plan had announced",
                 sorted(map(str, done.json.get("changes", []))), sorted(map(str, plan.json.get("changes", [1]))))
    same_tables(result, world)
    others = [o for o in kernel.ruleset(world, "gateway") if "pic_egress" not in json.dumps(o)]
    result.equal("tables of others are as they were", others, image)
    for name, look in (("ip rule", kernel.own_rules), ("the routes of 110, 120 and 130", kernel.own_routes)):
        found, wanted = look(world, "gateway"), look(world, "target")
        result.check(f"{name} as in the target", found == wanted, differences(found, wanted))
    for name, wanted in SETTINGS.items():
        result.equal(f"sysctl {name}", world.sysctl("gateway", name), wanted)
    host(result, world)
    steered(result, world)
    again = [kernel.generation(world, short) for short in ("gateway", "host")]
    done = cell.run("egress", "apply", "--json")
    result.check("a second apply: exit 0, no change", done.status == 0 and done.json.get("changes") == [], done)
    result.equal("a second apply sends nothing to nftables",
                 [kernel.generation(world, short) for short in ("gateway", "host")], again)
    plan = cell.run("egress", "plan", "--json")
    result.check("plan after apply: exit 0, nothing pending", plan.status == 0 and plan.json.get("pending") == 0
                 and plan.json.get("changes") == [], plan)


def host(result, world):
    """The guard's sets hold every service's port, by the numbers of today's links."""
    objects = kernel.ruleset(world, "host")
    sets = lambda name: kernel.elements(objects, "bridge", "pic_guard", "set", name)
    ports = sorted(f"v-{short}" for short in SERVICES)
    pairs = sorted([f"v-{short}", address] for short, (_, address) in SERVICES.items())
    result.equal("guard: ports", sorted(sets("ports") or []), ports)
    result.equal("guard: sources", sorted(pair.get("concat", pair) if isinstance(pair, dict) else pair
                                          for pair in sets("sources") or []), pairs)
    result.equal("guard: the gateway's port", sets("gateway"), ["v-gateway"])
    result.equal("guard: services that ask only the gateway for names", sorted(sets("private") or []),
                 sorted(["v-notes", "v-mail", "v-rainloop"]))
    result.check("guard: the table for routed packets is there", ("inet", "pic_guard") in kernel.tables(objects), objects)
    for family in ("bridge", "inet"):
        result.equal(f"guard: the {family} table persists, without an owner",
                     kernel.table_flags(world, "host", family, "pic_guard"), 0x4)


def owned(result, world, cell, scratch):
    """While `egress watch` lives the tables are its own; then they are nobody's again, and nothing else has changed."""
    tables = (("gateway", "inet", "pic_egress"), ("host", "bridge", "pic_guard"), ("host", "inet", "pic_guard"))
    flags = lambda: [kernel.table_flags(world, *table) for table in tables]
    held = [kernel.state(world, short) for short in ("gateway", "host")]
    watcher = Watcher(scratch, cell)
    result.check("egress watch is ready", watcher.ready(30), "\n".join(watcher.lines()))
    result.equal("while egress watch lives the tables have an owner", flags(), [0x6] * 3)
    result.check("and plan finds nothing to do", cell.run("egress", "plan").status == 0)
    result.equal("egress watch ends with 143", watcher.end(), 143)
    result.equal("then they persist, without an owner", flags(), [0x4] * 3)
    result.check("and all is as it was", [kernel.state(world, short) for short in ("gateway", "host")] == held, "\n".join(
        watcher.lines()))


def steered(result, world):
    """Every container's way out is the gateway, and nobody may tell it otherwise."""
    for short in SERVICES:
        ways = [(r.get("gateway"), r.get("protocol")) for r in kernel.routes(world, short, 254) if r["dst"] == "default"]
        result.equal(f"{short}: the only default route", ways, [(GATEWAY, kernel.OURS)])
        for link in ("all", "eth0"):
            result.equal(f"{short}: accept_redirects of {link}",
                         world.sysctl(short, f"ipv4/conf/{link}/accept_redirects"), "0")


def lookups(result, world, cell):
    """`ip route get` with every mark, with the tunnels up and down."""
    for exit, wanted in (("default", "eth0"), ("wireguard_ext", "wg_ext0"), ("openvpn", "tun0"), ("tor", "No route to host")):
        result.equal(f"route get with the mark of {exit}", kernel.route_get(world, MARKS[exit]), wanted)
    for mark in (0, 0x40):
        result.equal(f"route get with the mark {hex(mark)}", kernel.route_get(world, mark), "Permission denied")
    result.equal("route get of a peer, without a mark",
                 kernel.route_get(world, 0, "10.0.0.2", incoming="wg0"), "eth0")
    for exit, link in (("wireguard_ext", "wg_ext0"), ("openvpn", "tun0")):
        world.ip("gateway", f"link set {link} down")
        result.equal(f"{link} down: route get", kernel.route_get(world, MARKS[exit]), "No route to host")
        done = cell.run("egress", "apply", "--json")
        result.check(f"{link} down: apply exit 0", done.status == 0, done)
        result.equal(f"{link} down: still so after apply", kernel.route_get(world, MARKS[exit]), "No route to host")
        status = cell.run("egress", "status", "--json")
        mine = [s for s in status.json.get("services", []) if s.get("exit") == exit]
        result.check(f"{link} down: status says what is unusable and why", all(
            s["usable"] is False and link in (s.get("why") or "") for s in mine) and (mine or exit == "openvpn"), status)
        world.ip("gateway", f"link set {link} up")
        plan = cell.run("egress", "plan", "--json")
        result.check(f"{link} up again: plan wants its route back, and nothing else", plan.status == 2
                     and plan.json.get("pending") == 1 and link in str(plan.json.get("changes")), plan)
        cell.run("egress", "apply")
        result.equal(f"{link} up again: route get", kernel.route_get(world, MARKS[exit]), link)
    listener = Listener(world, "exit1", tcp=[8000])
    world.ip("gateway", "link set wg_ext0 down")
    answers = [greeting(world, "mail", FAR, 8000, seconds=1) for _ in range(10)]
    result.equal("a closed exit is an error at every try, not a timeout", answers, ["EHOSTUNREACH"] * 10)
    answers = [ask(world, "mail", *target) for _ in range(10) for target in ((FAR, 8000), (GATEWAY, 53))]
    result.equal("and so it is for datagrams, and for names that are asked of the gateway", answers, ["EHOSTUNREACH"] * 20)
    world.ip("gateway", "link set wg_ext0 up")
    cell.run("egress", "apply")
    result.equal("and open again it carries", greeting(world, "mail", FAR, 8000), "exit1 10.64.0.2")
    flow, text = call(world, "mail", FAR, 8000)
    result.equal("a connection is open", text, "exit1 10.64.0.2")
    world.ip("gateway", "route del default dev wg_ext0 table 110")
    flow.send(b"during the gap")
    result.equal("without the route another one is refused", greeting(world, "mail", FAR, 8000), "EHOSTUNREACH")
    cell.run("egress", "apply")
    flow.settimeout(5)
    result.equal("the one that was open outlives the gap", flow.recv(100), b"during the gap")
    flow.close()
    listener.stop()


def setting(result, world, cell, brief):
    """`set`: one commit, the right elements, remembered; and refusals."""
    of = lambda: {key: value for key, value in
                  kernel.elements(kernel.ruleset(world, "gateway"), "inet", "pic_egress", "map", "egress_of")}
    addresses = {"notes": ["172.20.0.21"], "email": ["172.20.0.22", "172.20.0.23"]}
    saved = lambda service: json.load(open(f"{cell.path}/config/cell_config.json"))["services"][service]["egress"]
    for service, exit in [(s, e) for e in (EXITS[2:] if brief else (*EXITS, "tor")) for s in ("notes", "email")]:
        before, old = kernel.generation(world, "gateway"), of()
        dry = cell.run("egress", "set", service, exit, "--dry-run")
        result.check(f"set {service} {exit} --dry-run: exit 0, nothing changed", dry.status == 0 and of() == old, dry)
        done = cell.run("egress", "set", service, exit)
        result.check(f"set {service} {exit}: exit 0 ({done.seconds * 1000:.0f} ms)", done.status == 0, done)
        new = dict(old, **{address: MARKS[exit] for address in addresses[service]})
        result.equal(f"set {service} {exit}: exactly its elements changed", of(), new)
        result.equal(f"set {service} {exit}: it is one commit, or none", kernel.generation(world, "gateway") - before,
                     0 if old == new else 1)
        result.equal(f"set {service} {exit}: it is remembered", saved(service), exit)
        plan = cell.run("egress", "plan", "--json")
        result.check(f"set {service} {exit}: nothing is left to do", plan.status == 0, plan)
    result.equal("the rest of cell_config.json is kept",
                 json.load(open(f"{cell.path}/config/cell_config.json"))["identity"]["domain"], "alice.pic.ngo")

    held, config = kernel.state(world), open(f"{cell.path}/config/cell_config.json").read()

    def refused(name, wanted, *words):
        done = cell.run("egress", "set", *words)
        result.check(f"{name}: exit {done.status}, one line", done.status == wanted and len(done.error_lines) == 1
                     or done.status == wanted == 64, done)
        result.check(f"{name}: nothing changed", kernel.state(world) == held
                     and open(f"{cell.path}/config/cell_config.json").read() == config)
        return done

    done = refused("an unknown exit", 64, "notes", "wireguard")
    result.check("an unknown exit: the line names it and the exits there are",
                 "wireguard" in done.err and all(exit in done.err for exit in EXITS), done.err)
    manifest = f"{cell.path}/data/services/notes/manifest.json"
    whole = open(manifest).read()
    cell.write("data/services/notes/manifest.json", whole.replace('"wireguard_ext",', ""))
    done = refused("an exit that the manifest does not allow", 65, "notes", "wireguard_ext")
    result.check("not allowed: the line names the service and what is allowed",
                 "notes" in done.err and "openvpn" in done.err, done.err)
    cell.write("data/services/notes/manifest.json", whole)
    refused("a service that chooses nothing", 65, "homepage", "tor")
    done = cell.run("egress", "set", "nosuch", "default")
    result.check("a service that is not installed: refused, named", done.status not in (0, 2) and "nosuch" in done.err
                 and kernel.state(world) == held, done)


def traced(result, world, cell):
    """Not one process is started beyond the program itself."""
    for words in (("apply",), ("set", "notes", "openvpn"), ("set", "notes", "tor"), ("status",), ("plan",),
                  ("apply", "--dry-run"), ("apply", "--guard-only"), ("apply",), ("reset", "--yes"), ("apply",)):
        log = f"{cell.path}/strace"
        done = subprocess.run(["strace", "-f", "-qq", "-e", "trace=execve,execveat,fork,vfork", "-o", log, binary(), "--cell",
                               cell.path, "egress", *words], capture_output=True, text=True, timeout=60)
        lines = open(log).read().splitlines()
        calls = [line for line in lines if re.search(r"\b(execve|execveat|fork|vfork)\(", line)]
        result.check(f"strace of {' '.join(words)}: one execve", done.returncode == 0 and len(calls) == 1
                     and "execve(" in calls[0], "\n".join([str(done.returncode), done.stderr, *calls]))


def without_rights(result, world, cell):
    """Without CAP_NET_ADMIN every command says so in one line."""
    held = kernel.state(world)
    for dropped in ("-net_admin", "-net_admin,-sys_admin"):
        for words in (("apply",), ("set", "notes", "default"), ("plan",), ("reset", "--yes")):
            done = subprocess.run(
                ["setpriv", f"--bounding-set={dropped}", f"--inh-caps={dropped}", binary(), "--cell", cell.path, "egress",
                 *words], capture_output=True, text=True, timeout=60)
            lines = [line for line in done.stderr.splitlines() if line.strip()]
            if words == ("plan",) and dropped == "-net_admin" and done.returncode in (0, 2):
                result.note("plan only reads, and may do so without CAP_NET_ADMIN")
                continue
            result.check(f"{' '.join(words)} with {dropped}: exit {done.returncode}, one line that names the right",
                         done.returncode == 1 and len(lines) == 1 and lines[0].startswith("picjobs: error:")
                         and ("CAP_NET_ADMIN" in lines[0] or "CAP_SYS_ADMIN" in lines[0]), done.stderr)
    result.check("nothing changed", kernel.state(world) == held)
    result.check("the refused set was not saved", '"tor"' in open(f"{cell.path}/config/cell_config.json").read())


def strangers(result, world, cell):
    """Rules of others that decide about our packets are named."""
    def findings(command):
        return " | ".join(cell.run("egress", command, "--json").json.get("findings") or [])

    for command in ("plan", "status", "apply"):
        result.check(f"{command}: no finding about strangers in a clean gateway",
                     not re.search(r"policy|legacy", findings(command)), findings(command))
    world.nft("gateway", "add table inet stranger\nadd chain inet stranger shut "
              "{ type filter hook forward priority 10; policy drop; }")
    for command in ("plan", "status", "apply"):
        text = findings(command)
        result.check(f"{command}: a foreign chain with policy drop is named",
                     "stranger" in text and "shut" in text and "drop" in text, text)
    world.nft("gateway", "delete table inet stranger")
    world.run("gateway", "iptables-legacy", "-A", "FORWARD", "-p", "icmp", "-j", "DROP")
    for command in ("plan", "status", "apply"):
        text = findings(command)
        result.check(f"{command}: iptables-legacy is named", "iptables-legacy" in text, text)
    result.check("the stranger's rule is left alone",
                 "icmp" in world.run("gateway", "iptables-legacy", "-S").stdout)
    world.run("gateway", "iptables-legacy", "-F")


def bad_leases(result, world, cell):
    """A service with a bad address stays closed, is named, and takes nobody else along."""
    def applied(name, *named):
        done = cell.run("egress", "apply", "--json")
        result.check(f"{name}: exit 3", done.status == 3, done)
        text = " | ".join(done.json.get("findings") or []) + done.err
        result.check(f"{name}: named", all(word in text for word in named), text)

    def closed(name, *shorts, open="homepage"):
        seen = Measured(world, *(dict(namespace=short) for short in (*shorts, open)))
        result.check(f"{name}: closed ({seen.sent[:-1]} sent)", seen.enough and not seen.meter.missed
                     and not any(seen.leaked()[:-1]), seen)
        result.check(f"{name}: {open} goes on as ever", seen.arrived[-1]["outside"] > 0, seen)

    choose(cell, {"notes": "default", "email": "default"})
    clean(cell)
    control = Measured(world, dict(namespace="notes"), dict(namespace="mail"))
    result.check("control: without our rules both are open", all(a["outside"] > 0 for a in control.arrived), control)
    world.leases(cell, mail="172.20.0.21")
    applied("two services with one address", "notes", "email", "172.20.0.21")
    closed("two services with one address", "notes", "mail")

    clean(cell)
    world.leases(cell, notes="172.20.1.21")
    world.ip("notes", f"addr flush dev eth0\naddr add 172.20.1.21/16 dev eth0\nroute add default via {HOST}")
    control = Measured(world, dict(namespace="notes"))
    result.check("control: without our rules the address outside the pool is open", control.arrived[0]["outside"] > 0, control)
    applied("an address outside the pool", "notes", "172.20.1.21")
    closed("an address outside the pool", "notes")

    clean(cell)
    world.restart_service("notes")
    world.leases(cell)
    world.run("host", "ip", "netns", "del", world.name("rainloop"), check=False)
    world.run("host", "ip", "link", "del", "v-rainloop", check=False)
    done = cell.run("egress", "apply", "--json")
    result.check("a container that does not run: exit 3, named", done.status == 3
                 and "cell-rainloop" in " | ".join(done.json.get("findings") or []) + done.err, done)
    world.start_service("rainloop")
    closed("a container that has come since", "rainloop")
    done = cell.run("egress", "apply", "--json")
    result.check("and with it: exit 0", done.status == 0, done)


def clean(cell):
    """Takes all of ours away."""
    cell.run("egress", "reset", "--yes")


def reset(result, world, cell):
    """Nothing of ours is left, and services are open, as it says."""
    done = cell.run("egress", "reset", "--dry-run", "--yes")
    result.check("reset --dry-run: exit 0, nothing changed", done.status == 0 and kernel.own_rules(world, "gateway"), done)
    done = cell.run("egress", "reset")
    result.check("reset without --yes: refused, nothing changed",
                 done.status != 0 and kernel.own_rules(world, "gateway"), done)
    done = cell.run("egress", "reset", "--yes")
    result.check("reset --yes: exit 0, says that services are open now",
                 done.status == 0 and "open" in done.out + done.err, done)
    for short in ("gateway", "host", *SERVICES):
        tables = [name for _, name in kernel.tables(kernel.ruleset(world, short)) if name.startswith("pic_")]
        left = tables + kernel.own_rules(world, short) + kernel.own_rules(world, short, "-6") + kernel.own_routes(world, short)
        result.check(f"{short}: nothing of ours is left", not left, left)
    result.check("the image's and the engine's own tables are still there", ("ip", "image") in kernel.tables(
        kernel.ruleset(world, "gateway")) and ("ip", "docker") in kernel.tables(kernel.ruleset(world, "host")))
    seen = Measured(world, *(dict(namespace=short) for short in SERVICES))
    result.check("services are open now", all(arrived["outside"] > 0 for arrived in seen.arrived), seen)
    done = cell.run("egress", "reset", "--yes")
    result.check("a second reset: exit 0", done.status == 0, done)


def guard_only(result, world, cell):
    """`apply --guard-only`, for the boot: everything is closed, whoever starts."""
    clean(cell)
    senders = [dict(namespace=short) for short in SERVICES]
    control = Measured(world, *senders)
    result.check("control: open before", all(arrived["outside"] > 0 for arrived in control.arrived), control)
    done = cell.run("egress", "apply", "--guard-only")
    result.check("apply --guard-only: exit 0", done.status == 0, done)
    seen = Measured(world, *senders)
    result.check("guard only: all services are closed", seen.enough and not any(seen.leaked()) and not seen.meter.missed, seen)
    world.restart_service("notes")
    flood = [dict(namespace="notes")]
    seen = Measured(world, *flood)
    result.check("guard only: one that starts later is closed", seen.enough and seen.leaked() == [0], seen)
    result.check("guard only: core containers go on", Measured(world, dict(namespace="caddy")).arrived[0]["outside"] > 0)
    result.equal("guard only: the gateway is not touched", kernel.own_rules(world, "gateway"), [])
    cell.run("egress", "apply")


def body(result, scratch):
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--brief", action="store_true", help="fewer changes of exit")
    chosen = options.parse_args()
    report.need("strace", "setpriv", "iptables-legacy", root=True)
    binary()
    world = World(scratch)
    reference(world)
    cell = world.cell(exits=CHOSEN)
    target(result, world, cell)
    owned(result, world, cell, scratch)
    lookups(result, world, cell)
    setting(result, world, cell, chosen.brief)
    traced(result, world, cell)
    without_rights(result, world, cell)
    strangers(result, world, cell)
    reset(result, world, cell)
    guard_only(result, world, cell)
    bad_leases(result, world, cell)


if __name__ == "__main__":
    report.run("the target in the kernel", body)
