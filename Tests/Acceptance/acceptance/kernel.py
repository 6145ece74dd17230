"""What the kernel holds in a namespace, as other tools show it: `nft -j`, `ip -j`, and two facts that `nft` does not show."""

import json
import select
import socket
import struct
import time

OURS = "112"  # the protocol number of our rules and routes
TABLES = (110, 120, 130)
FILLED = "drops"  # the set that packets fill: its elements are nobody's wish (nft 1.0.6 shows no flag that would tell)


def ruleset(world, short):
    """`nft -j list ruleset` without handles; counters at zero; sets in order, the one that packets
    fill empty; no tables' flags, which see `table_flags`."""
    try:
        objects = _asked(world, short, "list", "ruleset")
    except ValueError:
        objects = _by_parts(world, short)
    return [_plain(o) for o in objects]


def _asked(world, short, *words):
    done = world.run(short, "nft", "-j", *words)
    return [o for o in json.loads(done.stdout)["nftables"] if "metainfo" not in o]


def _by_parts(world, short):
    """The same without asking for tables: the JSON of nft 1.0.6 can end in the middle of the flags of one that is persistent
    and has no owner."""
    found = [o for kind in ("sets", "maps", "counters") for o in _asked(world, short, "list", kind) if "table" not in o]
    for chain in [o["chain"] for o in _asked(world, short, "list", "chains") if "chain" in o]:
        where = {"family": chain["family"], "name": chain["table"]}
        if {"table": where} not in found:
            found.append({"table": where})
        found += [o for o in _asked(world, short, "list", "chain", chain["family"], chain["table"], chain["name"])
                  if "chain" in o or "rule" in o]
    return found


def table(objects, family, name):
    """The objects of one table: kind → list, rules by their chain."""
    found = {}
    for item in objects:
        (kind, value), = item.items()
        if value.get("family") == family and (value["name"] if kind == "table" else value.get("table")) == name:
            found.setdefault((kind, value["chain"]) if kind == "rule" else kind, []).append(value)
    return found


def elements(objects, family, name, kind, own):
    """The elements of a set or map, sorted; None when there is no such one."""
    for value in table(objects, family, name).get(kind, []):
        if value["name"] == own:
            return value.get("elem", [])
    return None


def tables(objects):
    """Family and name of every table."""
    return sorted((o["table"]["family"], o["table"]["name"]) for o in objects if "table" in o)


def rules(world, short, family="-4"):
    """`ip -j rule`."""
    return json.loads(world.run(short, "ip", family, "-j", "-d", "rule", "show").stdout or "[]")


def own_rules(world, short, family="-4"):
    """The ip rules that carry our number, as sorted text."""
    return sorted(_rule(rule) for rule in rules(world, short, family) if str(rule.get("protocol")) == OURS)


def _rule(rule):
    shown = {key: value for key, value in rule.items() if key not in ("protocol", "flags") and value not in (None, "", [])}
    return json.dumps(shown, sort_keys=True)


def routes(world, short, number, family="-4"):
    """`ip -j route show table N`; an empty list when there is no such table."""
    done = world.run(short, "ip", family, "-j", "-d", "route", "show", "table", str(number), check=False)
    if done.returncode != 0 and "does not exist" not in done.stderr:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout or "[]") if done.returncode == 0 else []


def own_routes(world, short, families=("-4", "-6")):
    """The routes of our tables, and of `main` those with our number: (family, table, type, to, via, dev, metric, number)."""
    found = []
    for family in families:
        for number in (*TABLES, 254):
            for route in routes(world, short, number, family):
                if number == 254 and str(route.get("protocol")) != OURS:
                    continue
                found.append((family, number, route.get("type", "unicast"), route["dst"], route.get("gateway"),
                              None if route.get("dev") == "lo" else route.get("dev"), route.get("metric", 0),
                              route.get("protocol")))
    return sorted(found, key=str)


def route_get(world, mark, source="172.20.0.21", to="198.51.100.1", incoming="eth0", short="gateway"):
    """The device that a forwarded packet would take, or the kernel's error."""
    done = world.run(short, "ip", "-j", "route", "get", to, "from", source, "iif", incoming, "mark", hex(mark), check=False)
    if done.returncode == 0:
        return json.loads(done.stdout)[0]["dev"]
    return done.stderr.strip().removeprefix("RTNETLINK answers: ")


def state(world, short="gateway"):
    """All of ours in a namespace as one value: equal when nothing of it changed, links' new numbers aside."""
    objects = [o for o in ruleset(world, short) if _owner(o) in ("pic_egress", "pic_guard")]
    return {"nft": sorted(json.dumps(o, sort_keys=True) for o in objects if "rule" not in o),
            "chains": [json.dumps(o, sort_keys=True) for o in objects if "rule" in o],
            "rules": own_rules(world, short), "routes": own_routes(world, short)}


def generation(world, short):
    """The number of the namespace's nftables generation (NFT_MSG_GETGEN): grows by one with every commit."""
    return dict(_attributes(_ask(world, short, 16, 0, b"")[0]))[1]


def table_flags(world, short, family, name):
    """The flags of a table (NFT_MSG_GETTABLE); 0x2 owner, 0x4 persist; `nft` 1.0.6 does not know the second."""
    number = {"inet": 1, "bridge": 7}[family]
    text = name.encode() + b"\0"
    attribute = struct.pack("=HH", 4 + len(text), 1) + text
    attribute += bytes(-len(attribute) % 4)
    return dict(_attributes(_ask(world, short, 1, number, attribute)[0]))[2]


class Repairs:
    """Hears rules and routes of ours come back in a namespace."""

    GROUPS = 0x40 | 0x80 | 0x400 | 0x40000  # routes and rules, IPv4 and IPv6

    def __init__(self, world, short):
        with world.within(short):
            self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
        self.socket.bind((0, self.GROUPS))

    def wait(self, seconds):
        """When the first of ours was added (a monotonic time); None when there is none in time."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if not select.select([self.socket], [], [], left)[0]:
                break
            data = self.socket.recv(65536)
            kind, = struct.unpack_from("=H", data, 4)
            if kind == 32 or kind == 24 and data[16 + 5] == int(OURS):  # RTM_NEWRULE, RTM_NEWROUTE
                return time.monotonic()
        return None

    def close(self):
        """Ends it."""
        self.socket.close()


def _ask(world, short, kind, family, attributes):
    """One request to nf_tables; the payloads of the answers."""
    with world.within(short):
        link = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
    with link:
        link.settimeout(5)
        body = struct.pack("=BBH", family, 0, 0) + attributes
        link.send(struct.pack("=IHHII", 16 + len(body), 10 << 8 | kind, 1, 1, 0) + body)
        data = link.recv(65536)
    size, kind, _, _, _ = struct.unpack_from("=IHHII", data)
    if kind == 2:
        raise OSError(-struct.unpack_from("=i", data, 16)[0], "nf_tables")
    return [data[20:size]]


def _attributes(data):
    """Type and value of each attribute; four bytes are a big-endian number."""
    at = 0
    while at + 4 <= len(data):
        size, kind = struct.unpack_from("=HH", data, at)
        value = data[at + 4:at + size]
        yield kind & 0x3fff, struct.unpack("!I", value)[0] if len(value) == 4 else value
        at += (size + 3) & ~3


def _owner(item):
    (kind, value), = item.items()
    return value["name"] if kind == "table" else value.get("table")


def _plain(node):
    if isinstance(node, dict):
        node = {key: _plain(value) for key, value in node.items() if key not in ("handle", "index")}
        if isinstance(node.get("table"), dict):
            node["table"].pop("flags", None)
        for key in ("packets", "bytes"):
            if key in node:
                node[key] = 0
        if node.get("name") == FILLED and node.get("table") == "pic_egress":
            node.pop("elem", None)
        if isinstance(node.get("elem"), list):
            node["elem"] = sorted(node["elem"], key=lambda e: json.dumps(e, sort_keys=True))
        return node
    return [_plain(value) for value in node] if isinstance(node, list) else node
