"""A cell's network made of network namespaces, without Docker: gateway, services, exits, peers.

    outside ── uplink ─ host ═ br-cell 172.20.0.1/16 ═╦═ notes .21, mail .22, rainloop .23, homepage .24
    (WAN sink)                                        ╠═ caddy .2, resolver .3
                                                      ╚═ gateway .9 ─┬─ wg0 ─ wire ═ peers 10.0.0.2, cell2 10.1.0.2
                                                                     ├─ wg_ext0 ─ exit1 (sink)
                                                                     └─ tun0 ──── exit2 (sink)

`outside`, `exit1` and `exit2` each hold the "far" addresses 198.51.100.0/24 and 2001:db8:f::/64, so that a packet to one of
them arrives wherever the routing takes it. Nothing of the machine's own network is touched. Needs root.
"""

import contextlib
import ctypes
import itertools
import json
import os
import signal
import subprocess

from .cell import Cell
from .report import need

FAR, FAR6 = "198.51.100.1", "2001:db8:f::1"
NETWORK, POOL = "172.20.0.0/16", "172.20.0.20-172.20.0.254"
HOST, GATEWAY, CADDY, RESOLVER = "172.20.0.1", "172.20.0.9", "172.20.0.2", "172.20.0.3"
PEER, OTHER_CELL = "10.0.0.2", "10.1.0.2"
# Namespace → container and address.
SERVICES = {"notes": ("cell-notes", "172.20.0.21"), "mail": ("cell-mail", "172.20.0.22"),
            "rainloop": ("cell-rainloop", "172.20.0.23"), "homepage": ("cell-homepage", "172.20.0.24")}
CORE = {"caddy": CADDY, "resolver": RESOLVER}
EXITS = ["default", "wireguard_ext", "openvpn", "tor"]
# Where the packets of an exit arrive; those of Tor end in the gateway.
SINK = {"default": "outside", "wireguard_ext": "exit1", "openvpn": "exit2", "tor": None}
LINKS = {"outside": "wan", "exit1": "wg", "exit2": "tun"}
RESOLVERS = {"default": RESOLVER, "wireguard_ext": "10.64.0.1", "openvpn": "10.65.0.1"}
MARKS = {"default": 0x1, "wireguard_ext": 0x10, "openvpn": 0x20, "tor": 0x30}

_libc = ctypes.CDLL(None, use_errno=True)
_numbers = itertools.count()


class World:
    """All the namespaces. `rp_filter` is what every link gets, as an engine's host would hand it down."""

    def __init__(self, scratch, rp_filter=2):
        need("ip", "nft", "conntrack", root=True)
        self.scratch, self.rp_filter = scratch, rp_filter
        self.prefix = f"pj-{os.getpid()}-{next(_numbers)}-"
        self.children = []
        scratch.undo(self.remove)
        for name in ("host", "wire", "peers", "cell2", *LINKS):
            self.add(name)
        self._host()
        self._tunnel_ends()
        for name, address in CORE.items():
            self.add(name)
            self._attach(name, address)
        self.start_gateway()
        for name in SERVICES:
            self.start_service(name)

    # Names, entering, commands.

    def name(self, short):
        """The full name of a namespace."""
        return self.prefix + short

    def path(self, short):
        """The path of a namespace."""
        return f"/run/netns/{self.name(short)}"

    @contextlib.contextmanager
    def within(self, short):
        """Everything in the block happens in that namespace: sockets, children, /proc/sys."""
        home = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            there = os.open(self.path(short), os.O_RDONLY | os.O_CLOEXEC)
            try:
                _enter(there)
            finally:
                os.close(there)
            try:
                yield
            finally:
                try:
                    _enter(home)
                except OSError:
                    os._exit(70)
        finally:
            os.close(home)

    def run(self, short, *words, check=True, text=None):
        """Runs a command in a namespace and returns the finished process."""
        with self.within(short):
            done = subprocess.run(words, input=text, capture_output=True, text=True, timeout=60)
        if check and done.returncode != 0:
            raise RuntimeError(f"{short}: {' '.join(words)}: {done.stderr.strip()}")
        return done

    def ip(self, short, lines):
        """A batch of `ip` commands in a namespace."""
        self.run(short, "ip", "-batch", "-", text=lines)

    def nft(self, short, text):
        """A batch of `nft` in a namespace."""
        self.run(short, "nft", "-f", "-", text=text)

    def sysctl(self, short, name, value=None):
        """Reads or writes a setting below /proc/sys/net, a path with slashes."""
        with self.within(short), open(f"/proc/sys/net/{name}", "r" if value is None else "w") as file:
            return file.read().strip() if value is None else file.write(str(value))

    def fork(self, short, action, *arguments):
        """Runs `action` in a child process in a namespace; the child ends with us. Returns its process id."""
        pid = os.fork()
        if pid:
            self.children.append(pid)
            return pid
        status = 70
        try:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
            _libc.prctl(1, signal.SIGKILL)
            with self.within(short):
                action(*arguments)
            status = 0
        except BaseException as error:  # the child must not go on in the parent's code
            os.write(2, f"{short}: {action.__name__}: {error!r}\n".encode())
        finally:
            os._exit(status)

    def end(self, pid, number=signal.SIGKILL):
        """Ends a child that `fork` made, and waits for it."""
        if pid in self.children:
            self.children.remove(pid)
            os.kill(pid, number)
            os.waitpid(pid, 0)

    # Building.

    def add(self, short):
        """A new, empty namespace."""
        subprocess.run(["ip", "netns", "add", self.name(short)], check=True)
        for place in ("all", "default"):
            self.sysctl(short, f"ipv4/conf/{place}/rp_filter", self.rp_filter)
            self.sysctl(short, f"ipv6/conf/{place}/accept_dad", 0)
            self.sysctl(short, f"ipv6/conf/{place}/accept_ra", 0)
        self.sysctl(short, "ipv4/ip_forward", 0)
        self.ip(short, "link set lo up")

    def _host(self):
        """The machine that runs the engine: bridge, masquerade, uplink; and what is outside."""
        self.ip("host", f"""
            link add br-cell address 02:42:ac:14:00:01 type bridge forward_delay 0 mcast_snooping 0
            addr add {HOST}/16 dev br-cell
            addr add fd00:20::1/64 dev br-cell nodad
            link set br-cell up
            link add uplink type veth peer name wan netns {self.name("outside")}
            addr add 203.0.113.2/24 dev uplink
            addr add fd00:a::2/64 dev uplink nodad
            link set uplink up""")
        self.ip("outside", """
            addr add 203.0.113.1/24 dev wan
            addr add fd00:a::1/64 dev wan nodad
            link set wan up""")
        self.ip("host", f"""
            route add default via 203.0.113.1
            route add default via fd00:a::1
            route add 10.0.0.0/8 via {GATEWAY}""")
        self.ip("outside", f"""
            route add {NETWORK} via 203.0.113.2
            route add 10.0.0.0/8 via 203.0.113.2
            route add fd00:20::/64 via fd00:a::2""")
        self.sysctl("host", "ipv4/ip_forward", 1)
        self.sysctl("host", "ipv6/conf/all/forwarding", 1)
        self.docker_masquerade()

    def docker_masquerade(self):
        """The rule by which the engine gives containers the internet; somebody's flush takes it away."""
        self.nft("host", f"""
            add table ip docker
            add chain ip docker post {{ type nat hook postrouting priority 100; }}
            flush chain ip docker post
            add rule ip docker post ip saddr {NETWORK} oifname "uplink" masquerade""")

    def _tunnel_ends(self):
        self.ip("wire", "link add wire type bridge forward_delay 0 mcast_snooping 0\nlink set wire up")
        for name, address in (("peers", PEER), ("cell2", OTHER_CELL)):
            self.ip("wire", f"""
                link add {name} type veth peer name wg0 netns {self.name(name)}
                link set {name} master wire up""")
            self.ip(name, f"""
                addr add {address}/32 dev wg0
                link set wg0 up
                route add default via 10.0.0.1 dev wg0 onlink""")
        for sink in LINKS:
            self.ip(sink, "route add local 198.51.100.0/24 dev lo\nroute add local 2001:db8:f::/64 dev lo")

    def _attach(self, short, address):
        """Puts a namespace on the bridge as an engine does: a port, a MAC from the address, the bridge as the way out."""
        last = int(address.rsplit(".", 1)[1])
        self.ip("host", f"""
            link add v-{short} type veth peer name eth0 netns {self.name(short)}
            link set v-{short} master br-cell up""")
        self.ip(short, f"""
            link set eth0 address 02:42:ac:14:00:{last:02x}
            addr add {address}/16 dev eth0
            addr add fd00:20::{last:x}/64 dev eth0 nodad
            link set eth0 up
            route add default via {HOST}
            route add default via fd00:20::1""")

    def mac(self, short, link="eth0"):
        """The hardware address of a link."""
        with self.within(short):
            done = subprocess.run(["ip", "-j", "link", "show", link], capture_output=True, text=True, check=True)
        return json.loads(done.stdout)[0]["address"]

    # Starting, stopping and restarting containers: a restart makes a new namespace and a new port.

    def start_service(self, short):
        """A service's container."""
        self.add(short)
        self._attach(short, SERVICES[short][1])

    def stop_service(self, short):
        """Takes a service's container away: the port first, as the engine does."""
        self.run("host", "ip", "link", "del", f"v-{short}")
        subprocess.run(["ip", "netns", "del", self.name(short)], check=True)

    def restart_service(self, short):
        """Like `docker restart` of a service."""
        self.stop_service(short)
        self.start_service(short)

    def start_gateway(self, forward=0, masquerade="ip saddr 10.0.0.0/8"):
        """The gateway's container. Its image masquerades the peers; `masquerade=""` means everybody."""
        self.add("gateway")
        self._attach("gateway", GATEWAY)
        self.tunnel("wg0", "wire", "port", "10.0.0.1/24")
        self.ip("wire", "link set port master wire")
        self.ip("gateway", "route add 10.1.0.0/24 dev wg0")
        self.open_tunnel("wireguard_ext")
        self.open_tunnel("openvpn")
        self.image_masquerade(masquerade)
        self.sysctl("gateway", "ipv4/ip_forward", forward)
        self.sysctl("gateway", "ipv6/conf/all/forwarding", forward)

    def image_masquerade(self, which="ip saddr 10.0.0.0/8"):
        """The rule that the gateway's image makes; somebody's flush takes it away."""
        self.nft("gateway", f"""
            add table ip image
            add chain ip image post {{ type nat hook postrouting priority 100; }}
            flush chain ip image post
            add rule ip image post {which} oifname "eth0" masquerade""")

    def stop_gateway(self):
        """Takes the gateway's container away, with its tunnels."""
        self.run("host", "ip", "link", "del", "v-gateway")
        for short, link in (("wire", "port"), ("exit1", "wg"), ("exit2", "tun")):
            self.run(short, "ip", "link", "del", link, check=False)
        subprocess.run(["ip", "netns", "del", self.name("gateway")], check=True)

    def restart_gateway(self):
        """A restarted gateway that forwards and masquerades everybody, as its image would do alone."""
        self.stop_gateway()
        self.start_gateway(forward=1, masquerade="")

    def tunnel(self, link, short, end, address, peer=None):
        """A link of the gateway's whose other end lies in another namespace; nobody notices by its address that it is new."""
        self.ip("gateway", f"""
            link add {link} address 02:00:00:00:00:01 type veth peer name {end} netns {self.name(short)}
            addr add {address} dev {link}
            link set {link} up""")
        self.ip(short, (f"addr add {peer} dev {end}\n" if peer else "") + f"link set {end} up")

    def open_tunnel(self, exit):
        """Makes wg_ext0 or tun0; each time it gets a new index."""
        link, short, end, net = {"wireguard_ext": ("wg_ext0", "exit1", "wg", "10.64.0"),
                                 "openvpn": ("tun0", "exit2", "tun", "10.65.0")}[exit]
        self.tunnel(link, short, end, f"{net}.2/24", f"{net}.1/24")
        self.ip(short, f"route add {NETWORK} via {net}.2\nroute add 10.0.0.0/16 via {net}.2")

    # The cell on disk.

    def cell(self, name="cell", exits=None):
        """A cell with notes, email and homepage; `exits`: service → chosen exit."""
        places = {container: self.path(short) for short, (container, _) in SERVICES.items()}
        cell = Cell(self.scratch.directory(name))
        cell.settings(json.dumps({  # JSON is YAML
            "runtime": "local",
            "containers": {container: f"data/containers/{container}" for container in places},
            "network": {"name": "cell-network", "pool": POOL, "subnet": NETWORK},
            "gateway": {"namespace": self.path("gateway"), "address": GATEWAY, "bridge_interface": "eth0",
                        "wan_interface": "eth0", "peers_interface": "wg0"},
            "host": {"namespace": self.path("host"), "bridge": "br-cell"},
            "service_namespaces": places, "egress": {"resolvers": RESOLVERS}}, indent=2))
        for service in ("notes", "email", "homepage"):
            cell.service(service)
        self.leases(cell)
        choose(cell, exits or {})
        return cell

    def leases(self, cell, **changed):
        """Writes data/ip_leases.json; `changed`: namespace → another address, or None for no lease at all."""
        address = {short: changed.get(short, own) for short, (_, own) in SERVICES.items()}
        owner = {"notes": "notes", "mail": "email", "rainloop": "email", "homepage": "homepage"}
        leases = {}
        for short, (container, _) in SERVICES.items():
            if address[short]:
                leases.setdefault(owner[short], {})[container] = address[short]
        cell.write("data/ip_leases.json", json.dumps(leases, indent=2))

    def remove(self):
        """Ends the children and deletes the namespaces."""
        for pid in list(self.children):
            self.end(pid)
        for name in os.listdir("/run/netns"):
            if name.startswith(self.prefix):
                subprocess.run(["ip", "netns", "del", name], capture_output=True)


def choose(cell, exits):
    """Writes the chosen exits into config/cell_config.json, as an admin's editor would."""
    cell.write("config/cell_config.json", json.dumps(
        {"identity": {"cell_name": "alice", "domain": "alice.pic.ngo"},
         "services": {service: {"egress": exit} for service, exit in exits.items()}}, indent=2))


def _enter(descriptor):
    if _libc.setns(descriptor, 0x40000000) != 0:
        raise OSError(ctypes.get_errno(), "setns")
