"""Parts of the egress checks: places in network namespaces, floods, counting sinks, resolvers, the watch as a process."""

import bisect
import ctypes
import errno
import json
import mmap
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
PACKET_OUTGOING = 4
SO_RCVBUFFORCE = 33
IP_RECVERR = 11
# What a sender hears when a router says that there is no way: no network, no host, forbidden.
UNREACHABLE = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EACCES)
FAR = "198.51.100"
FAR_SIX = "2001:db8:f::"


def run(*words, text=None, good=(0,)):
    """Runs a tool and returns its standard output; raises when it fails."""
    done = subprocess.run(words, capture_output=True, text=True, input=text, timeout=60)
    if done.returncode not in good:
        raise RuntimeError(f"{' '.join(words)}: exit {done.returncode}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def inside(namespace, action):
    """Calls `action` on a thread of its own in a network namespace (a path). Sockets opened there stay there."""
    box = {}

    def body():
        try:
            descriptor = os.open(namespace, os.O_RDONLY | os.O_CLOEXEC)
            try:
                if LIBC.setns(descriptor, CLONE_NEWNET) != 0:
                    number = ctypes.get_errno()
                    raise OSError(number, f"setns {namespace}: {os.strerror(number)}")
            finally:
                os.close(descriptor)
            box["value"] = action()
        except BaseException as error:
            box["error"] = error

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    if "error" in box:
        raise box["error"]
    return box["value"]


def until(condition, seconds, pause=0.005):
    """Waits until `condition()` is true; what it returned, or the last false value."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > deadline:
            return value
        time.sleep(pause)


class Place:
    """A network namespace that exists: by the path of its file."""

    def __init__(self, path):
        self.path = path

    def command(self, *words):
        """A command line that runs in this namespace."""
        return ["nsenter", f"--net={self.path}", *words]

    def run(self, *words, **options):
        return run(*self.command(*words), **options)

    def ip(self, text):
        """Lines of `ip`, all in one process."""
        return run(*self.command("ip", "-batch", "-"), text=text)

    def nft(self, text):
        return run(*self.command("nft", "-f", "-"), text=text)

    def link_exists(self, name):
        """Whether there is a link of this name."""
        return subprocess.run(self.command("ip", "link", "show", name), capture_output=True).returncode == 0

    def drop_link(self, name):
        """Deletes a link, if it is there."""
        subprocess.run(self.command("ip", "link", "del", name), capture_output=True)

    def set(self, key, value):
        """Writes a sysctl below net/."""
        def write():
            with open("/proc/sys/net/" + key, "w") as file:
                file.write(str(value))
        inside(self.path, write)

    def get(self, key):
        """Reads a sysctl below net/."""
        def read():
            with open("/proc/sys/net/" + key) as file:
                return file.read().strip()
        return inside(self.path, read)


class Space(Place):
    """A network namespace of our own, removed at the end."""

    def __init__(self, scratch, name):
        self.name = f"pj-{os.getpid()}-{name}"
        super().__init__("/run/netns/" + self.name)
        run("ip", "netns", "add", self.name)
        scratch.undo(self.remove)
        self.ip("link set lo up\n")
        self.set("ipv4/ip_forward", 0)

    def remove(self):
        if os.path.exists(self.path):
            run("ip", "netns", "del", self.name)


def pair(one, one_name, other, other_name):
    """A veth pair between two namespaces."""
    one.ip(f"link add {one_name} type veth peer name pjt0\nlink set pjt0 netns {other.path}\n")
    other.ip(f"link set pjt0 name {other_name}\n")


class Meter:
    """Counts in the kernel what is for the far addresses; nothing is lost, however much comes.

    `device`: everything that comes in by this link, before anything else looks at it. Without one: all links but lo.
    """

    NAMES = {f"far{number}": f"ip daddr {FAR}.{number}" for number in (7, 8, 9)}

    def __init__(self, place, device=None):
        self.place = place
        hook = (f"type filter hook ingress device {device} priority -400; policy accept;" if device
                else "type filter hook prerouting priority -400; policy accept; iifname lo accept")
        self.family = "netdev" if device else "inet"
        rules = dict(self.NAMES, far=f"ip daddr {FAR}.0/24", names="udp dport 53", names_tcp="tcp dport 53",
                     six=f"ip6 daddr {FAR_SIX}/64")
        counters = "".join(f"counter {name} {{}}\n" for name in rules)
        lines = "".join(f"{rule} counter name {name}\n" for name, rule in rules.items())
        place.nft(f"table {self.family} pj_meter {{\n{counters}chain c {{\n{hook}\n{lines}}}\n}}\n")

    def read(self):
        """Packets by name: far7 … far9, far, names, six."""
        text = self.place.run("nft", "-j", "list", "counters", "table", self.family, "pj_meter")
        found = {c["counter"]["name"]: c["counter"]["packets"]
                 for c in json.loads(text)["nftables"] if "counter" in c}
        found["names"] += found.pop("names_tcp")
        return found


class Sent:
    """Counts at the bridge what services really sent to the far addresses, before any guard looks at it."""

    def __init__(self, host, services):
        self.host = host
        names = {address.replace(".", "_"): address for address in services}
        counters = "".join(f"counter from_{name} {{}}\n" for name in names)
        rules = "".join(f"ip saddr {address} ip daddr {FAR}.0/24 counter name from_{name}\n"
                        for name, address in names.items())
        host.nft(f"table bridge pj_sent {{\n{counters}chain c {{\ntype filter hook prerouting priority -500; "
                 f"policy accept;\n{rules}}}\n}}\n")

    def read(self):
        """Packets by the address of the service."""
        text = self.host.run("nft", "-j", "list", "counters", "table", "bridge", "pj_sent")
        return {c["counter"]["name"][5:].replace("_", "."): c["counter"]["packets"]
                for c in json.loads(text)["nftables"] if "counter" in c}


class Arrivals:
    """When packets for a far address came into a namespace, by any link, whichever comes and goes.

    `wanted(packet)` may say otherwise which IPv4 packets count.
    """

    def __init__(self, scratch, place, last=7, wanted=None):
        self.times = []
        far = socket.inet_aton(f"{FAR}.{last}")
        self.wanted = wanted or (lambda packet: packet[16:20] == far)
        self.socket = inside(place.path, lambda: socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x800)))
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 24)
        self.socket.settimeout(0.2)
        self.over = False
        threading.Thread(target=self._listen, daemon=True).start()
        scratch.undo(self.close)

    def _listen(self):
        while not self.over:
            try:
                packet, address = self.socket.recvfrom(64)
            except TimeoutError:
                continue
            except OSError:
                return
            if address[2] != PACKET_OUTGOING and self.wanted(packet):
                self.times.append(time.monotonic())

    def first(self, after):
        """The time of the first packet later than `after`, or None."""
        at = bisect.bisect_right(self.times, after)
        return self.times[at] if at < len(self.times) else None

    def wait(self, after, seconds):
        """Waits for the first packet later than `after`."""
        return until(lambda: self.first(after), seconds)

    def close(self):
        self.over = True
        self.socket.close()


def unreachable(packet):
    """Whether an IPv4 packet is an ICMP message that something can't be reached."""
    return packet[9] == socket.IPPROTO_ICMP and packet[(packet[0] & 15) * 4] == 3


class Server:
    """A UDP server on a thread: `answer(packet, sender)` gives the reply, or None. The socket lies in a namespace."""

    def __init__(self, scratch, place, address, port, answer):
        def bind():
            server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            server.bind((address, port))
            return server
        self.answer = answer
        self.socket = inside(place.path, bind)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 23)
        self.socket.settimeout(0.2)
        self.over = False
        threading.Thread(target=self._serve, daemon=True).start()
        scratch.undo(self.close)

    def _serve(self):
        while not self.over:
            try:
                packet, sender = self.socket.recvfrom(2048)
            except TimeoutError:
                continue
            except OSError:
                return
            reply = self.answer(packet, sender)
            if reply is not None:
                try:
                    self.socket.sendto(reply, sender)
                except OSError:
                    pass

    def close(self):
        self.over = True
        self.socket.close()


def question(name):
    """A DNS query for an IPv4 address of a name."""
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    return b"\x12\x34\1\0\0\1\0\0\0\0\0\0" + labels + b"\0\0\1\0\1"


class Resolver(Server):
    """A name server that writes down what it is asked, by UDP or TCP, and answers every name with one address."""

    def __init__(self, scratch, place, address, port, reply, tcp_port=None):
        self.asked, self.reply = [], socket.inet_aton(reply)
        self.listener = inside(place.path, lambda: socket.create_server((address, tcp_port or port)))
        self.listener.settimeout(0.2)
        super().__init__(scratch, place, address, port, self._answer)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while not self.over:
            try:
                with self.listener.accept()[0] as one:
                    one.settimeout(1)
                    packet = one.recv(2048)
                    if len(packet) > 14:
                        reply = self._answer(packet[2:], one.getpeername())
                        one.sendall(struct.pack("!H", len(reply)) + reply)
            except OSError:  # a timeout, or a caller that went away
                pass

    def close(self):
        super().close()
        self.listener.close()

    def _answer(self, packet, sender):
        labels, at = [], 12
        while at < len(packet) and packet[at]:
            labels.append(packet[at + 1:at + 1 + packet[at]].decode(errors="replace"))
            at += 1 + packet[at]
        asked = packet[12:at + 5]
        self.asked.append((".".join(labels), sender[0]))
        if asked[-4:-2] == b"\0\1":
            return (packet[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + asked
                    + b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4" + self.reply)
        return packet[:2] + b"\x81\x80\0\1\0\0\0\0\0\0" + asked

    def names(self, wanted):
        """How often a name was asked."""
        return sum(name == wanted for name, _ in self.asked)


def mirror(scratch, place, last=7):
    """Answers the flood's questions at a far address, so that both directions of a way are seen."""
    return Server(scratch, place, f"{FAR}.{last}", 9, lambda packet, _: packet if packet[:3] == b"ask" else None)


class Flood:
    """A sender in a service's namespace: one long UDP flow, UDP and TCP from a new port each. Counted by itself."""

    SLOTS = ("long", "fresh", "tcp", "six", "errors", "answers", "unreachable")

    def __init__(self, scratch, place, last=7, pause=0.001):
        self.file = os.path.join(scratch.path, f"flood-{last}-{time.monotonic_ns()}")
        with open(self.file, "wb") as file:
            file.write(bytes(8 * len(self.SLOTS)))
        with open(self.file, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), 0)
        self.process = subprocess.Popen(
            place.command(sys.executable, os.path.abspath(__file__), self.file, str(last), str(pause)),
            stdin=subprocess.DEVNULL)
        scratch.undo(self.stop)
        if not until(lambda: self.read()["total"], 10):
            raise RuntimeError("the flood did not begin")

    def read(self):
        """The counters; `total` is what was handed to the kernel without an error."""
        found = dict(zip(self.SLOTS, struct.unpack(f"{len(self.SLOTS)}Q", self.memory[:8 * len(self.SLOTS)])))
        found["total"] = sum(found[kind] for kind in ("long", "fresh", "tcp", "six"))
        return found

    def hold(self):
        """Stands still."""
        self.process.send_signal(signal.SIGSTOP)

    def go(self):
        """Goes on."""
        self.process.send_signal(signal.SIGCONT)

    def stop(self):
        """Ends the sender."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def flood(path, last, pause):
    """The sender's own program."""
    target, target_six = f"{FAR}.{last}", f"{FAR_SIX}{last}"
    with open(path, "r+b") as file:
        memory = mmap.mmap(file.fileno(), 0)
    slots = [0] * len(Flood.SLOTS)
    long, fresh, tcp, six, errors, answers, unreachable = range(len(slots))
    stream, number, parent = None, 0, os.getppid()

    def attempt(kind, action):
        try:
            action()
            slots[kind] += 1
        except BlockingIOError:
            pass
        except OSError as error:
            slots[errors] += 1
            slots[unreachable] += error.errno in UNREACHABLE
            if kind in (long, answers):
                forget()

    def forget():
        """Empties the queue of errors, which would fill the socket's buffer."""
        try:
            while True:
                stream.recv(64, socket.MSG_ERRQUEUE)
        except OSError:
            pass

    def once(family, address):
        with socket.socket(family, socket.SOCK_DGRAM) as one:
            one.setblocking(False)
            one.sendto(b"fresh", (address, 9))

    while os.getppid() == parent:
        number += 1
        if stream is None or number % 5000 == 0:
            try:
                stream = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                stream.setblocking(False)
                # Without this a UDP socket is not told that a host can't be reached.
                stream.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
                stream.connect((target, 9))
            except OSError:
                stream = None
        if stream is not None:
            attempt(long, lambda: stream.send(b"ask" if number % 20 == 0 else b"flood"))
            attempt(answers, lambda: stream.recv(64))
        attempt(fresh, lambda: once(socket.AF_INET, target))
        if number % 10 == 0:
            attempt(six, lambda: once(socket.AF_INET6, target_six))
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as one:
                one.setblocking(False)
                code = one.connect_ex((target, 4000 + number % 1000))
                slots[tcp if code in (0, errno.EINPROGRESS) else errors] += 1
        memory[:8 * len(slots)] = struct.pack(f"{len(slots)}Q", *slots)
        time.sleep(pause)


def connect(place, target, port, seconds):
    """A TCP connection from a namespace: (errno or 0, seconds it took). ETIMEDOUT is silence."""
    def attempt():
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as one:
            one.setblocking(False)
            began = time.monotonic()
            code = one.connect_ex((target, port))
            if code == errno.EINPROGRESS:
                poll = select.poll()
                poll.register(one, select.POLLOUT)
                if not poll.poll(seconds * 1000):
                    return errno.ETIMEDOUT, time.monotonic() - began
                code = one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            return code, time.monotonic() - began
    return inside(place.path, attempt)


class Watcher:
    """`egress watch` as a process, with the lines it says."""

    def __init__(self, scratch, cell, *words):
        self.log = os.path.join(scratch.path, f"watch-{time.monotonic_ns()}")
        with open(self.log, "wb") as file:
            self.process = cell.start("egress", "watch", *words, stdout=file, stderr=file)
        scratch.undo(self.stop)

    def lines(self):
        """What it said so far."""
        with open(self.log, errors="replace") as file:
            return file.read().splitlines()

    def ready(self, seconds=15):
        """Waits for the word `watching`."""
        return until(lambda: any("watching" in line for line in self.lines()) or self.process.poll() is not None,
                     seconds, 0.02) and self.process.poll() is None

    def end(self):
        """Asks it to end; the exit status, 143 after SIGTERM."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            status = self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()
        return 128 - status if status < 0 else status

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


if __name__ == "__main__":
    flood(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
