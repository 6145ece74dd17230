"""Floods that stamp every packet with its sending time, and meters that keep what arrives at every exit.

A packet carries a magic word, the stream's number, a sequence number and CLOCK_MONOTONIC in nanoseconds. Whether one is a leak
is decided by when it was sent, not by when it came.
"""

import bisect
import contextlib
import ctypes
import json
import mmap
import os
import select
import socket
import struct
import time

from .world import FAR, FAR6, LINKS, SINK

PORT = 40000
RECORD = struct.Struct("=8sIIQ")
MAGIC = b"pjmeter1"
_STATUS = struct.Struct("=QQ")
_STOP = 64


class Flood:
    """Sends as fast as it can from a namespace until it is stopped. The kinds:

    `udp`: sockets as programs use them, one flow that stays and one that is new every `fresh` packets, in turns;
    `udp6`: the same by IPv6; `raw`: a raw socket with any source address; `frame`: Ethernet frames, `mac` the receiver's.
    `pause`: seconds of rest after 32 packets, for those who work at the same time. It ends by itself after `seconds`.
    """

    def __init__(self, world, namespace, stream=1, kind="udp", to=None, source=None, mac=None, own_mac=None, fresh=200,
                 pause=0.0, seconds=600):
        self.world, self.stream = world, stream
        self._shared = mmap.mmap(-1, 4096)
        self._marks = os.path.join(world.scratch.path, f"marks-{os.getpid()}-{time.monotonic_ns()}")
        self._read = []
        to = to or (FAR6 if kind == "udp6" else FAR)
        arguments = (kind, to, source, mac, own_mac, fresh, pause, time.monotonic() + seconds)
        self.pid = world.fork(namespace, self._send, *arguments)

    @property
    def sent(self):
        """Packets the kernel took, so far."""
        return _STATUS.unpack_from(self._shared)[0]

    @property
    def refused(self):
        """Sends the kernel refused at once."""
        return _STATUS.unpack_from(self._shared)[1]

    def wait(self, packets, seconds=10):
        """Waits until so many more packets were sent; returns whether they were."""
        return _until(lambda start=self.sent: self.sent >= start + packets, seconds)

    def stop(self):
        """Stops it; returns the number of packets sent."""
        if self.pid:
            self._shared[_STOP] = 1
            if _until(lambda: self._shared[_STOP] == 2, 10):
                with open(self._marks, "rb") as file:
                    self._read = list(_STATUS.iter_unpack(file.read()))
            self.world.end(self.pid)
            self.pid = 0
        return self.sent

    def between(self, start, end):
        """Packets sent between two times; known after `stop`, to some packets."""
        count = lambda when: self._read[bisect.bisect_right(self._read, (when, 1 << 63)) - 1][1]
        return count(end) - count(start)

    def gone(self, when):
        """The time at which the sender went on after a packet sent then; known after `stop`."""
        return self._read[min(bisect.bisect_right(self._read, (when, 1 << 63)), len(self._read) - 1)][0]

    def _send(self, kind, to, source, mac, own_mac, fresh, pause, end):
        packet, at, send, renew = _sender(kind, to, source, mac, own_mac)
        marks = bytearray(_STATUS.pack(0, 0))
        sent = refused = 0
        clock, pack, stream = time.monotonic_ns, RECORD.pack_into, self.stream
        while not self._shared[_STOP] and time.monotonic() < end:
            marks += _STATUS.pack(clock(), sent)
            for turn in range(32):
                pack(packet, at, MAGIC, stream, sent & 0xffffffff, clock())
                try:
                    send(packet, turn)
                    sent += 1
                except OSError:
                    refused += 1
            _STATUS.pack_into(self._shared, 0, sent, refused)
            if renew and (sent + refused) % fresh < 32:
                renew()
            if pause:
                time.sleep(pause)
        marks += _STATUS.pack(clock(), sent)
        with open(self._marks, "wb") as file:
            file.write(marks)
        self._shared[_STOP] = 2


def _sender(kind, to, source, mac, own_mac):
    """The packet's buffer, where the record stands in it, how it is sent, and how a new flow is begun."""
    if kind in ("udp", "udp6"):
        family = socket.AF_INET6 if kind == "udp6" else socket.AF_INET
        flows = [socket.socket(family, socket.SOCK_DGRAM), socket.socket(family, socket.SOCK_DGRAM)]

        def send(packet, turn):
            flows[turn & 1].sendto(packet, (to, PORT))

        def renew():
            flows[1].close()
            flows[1] = socket.socket(family, socket.SOCK_DGRAM)

        return bytearray(RECORD.size), 0, send, renew
    length = 28 + RECORD.size
    header = bytearray(struct.pack("!BBHHHBBH4s4sHHHH", 0x45, 0, length, 0, 0, 64, 17, 0, socket.inet_aton(source),
                                   socket.inet_aton(to), 41000, PORT, length - 20, 0))
    header[10:12] = struct.pack("!H", checksum(header[:20]))
    if kind == "raw":
        raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        return header + bytes(RECORD.size), 28, lambda packet, turn: raw.sendto(packet, (to, 0)), None
    assert kind == "frame", kind
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    link.bind(("eth0", 0))
    own = bytes.fromhex(own_mac.replace(":", "")) if own_mac else link.getsockname()[4]
    ethernet = bytes.fromhex(mac.replace(":", "")) + own + b"\x08\x00"
    return bytearray(ethernet) + header + bytes(RECORD.size), 42, lambda packet, turn: link.send(packet), None


def checksum(data):
    """The checksum of an IP header."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xffff)
    return ~(total + (total >> 16)) & 0xffff


class Meter:
    """Keeps every flood packet that arrives at each sink, by a packet socket; a counter of nftables checks the sum."""

    def __init__(self, world, sinks=tuple(LINKS)):
        self.world, self.sinks = world, sinks
        self.missed = []
        self._kept = {}
        self._shared = {sink: mmap.mmap(-1, 4096) for sink in sinks}
        self._files = {sink: os.path.join(world.scratch.path, f"arrived-{sink}-{time.monotonic_ns()}") for sink in sinks}
        self._pids, self._before = {}, {}
        for sink in sinks:
            prepare(world, sink)
            self._pids[sink] = world.fork(sink, self._keep, sink)
        for sink in sinks:
            if not _until(lambda: self._shared[sink][0] == 1, 20):
                raise RuntimeError(f"the meter in {sink} did not start")
            self._before[sink] = counted(world, sink)

    def stop(self):
        """Stops; what arrived can be asked for afterwards. `missed` says whether the meter itself lost packets."""
        time.sleep(0.05)
        for sink in self.sinks:
            after = counted(self.world, sink)
            self._shared[sink][1] = 1
            if not _until(lambda: self._shared[sink][0] == 2, 60):
                self.missed.append(f"{sink}: the reader did not end")
            self.world.end(self._pids[sink])
            with open(self._files[sink], "rb") as file:
                dropped, = struct.unpack("=I", file.read(4))
                self._kept[sink] = file.read()
            os.unlink(self._files[sink])
            records = len(self._kept[sink]) // RECORD.size
            if dropped:
                self.missed.append(f"{sink}: the packet socket dropped {dropped}")
            if records + dropped < after - self._before[sink]:
                self.missed.append(f"{sink}: the counter saw {after - self._before[sink]}, the reader {records}")
        return self

    def times(self, sink, stream):
        """When the packets of a stream that arrived at a sink were sent."""
        return [when for _, number, _, when in RECORD.iter_unpack(self._kept[sink]) if number == stream]

    def count(self, sink, stream, since=0):
        """How many packets of a stream, sent after `since`, arrived at a sink."""
        return sum(1 for when in self.times(sink, stream) if when > since)

    def counts(self, stream, since=0):
        """The same for every sink."""
        return {sink: self.count(sink, stream, since) for sink in self.sinks}

    def _keep(self, sink):
        tap = tap_socket(udp_filter())
        shared, kept = self._shared[sink], bytearray()
        buffer = bytearray(256)
        shared[0] = 1
        while True:
            try:
                size = tap.recv_into(buffer)
            except BlockingIOError:
                if shared[1]:
                    break
                select.select([tap], [], [], 0.02)
                continue
            except OSError:
                continue
            start = 28 if buffer[0] >> 4 == 4 else 48
            if size >= start + RECORD.size and buffer[start:start + 8] == MAGIC:
                kept += buffer[start:start + RECORD.size]
        _, dropped = struct.unpack("=II", tap.getsockopt(263, 6, 8))
        with open(self._files[sink], "wb") as file:
            file.write(struct.pack("=I", dropped) + kept)
        shared[0] = 2


def misplaced(meter, flood, changes, slack=10_000_000):
    """Packets that came to an exit which was not the chosen one when they were sent: [(sink, time of sending)].

    `changes` are (begun, acknowledged, exit), the first one with zeros. A packet sent after an acknowledgement must go by the
    new exit. One may still be on its way when the next change begins, `slack` nanoseconds after the sender went on.
    """
    acknowledged = [change[1] for change in changes]
    found = []
    for sink in meter.sinks:
        for when in meter.times(sink, flood.stream):
            number = bisect.bisect_right(acknowledged, when) - 1
            allowed = [SINK[changes[number][2]]]
            gone = flood.gone(when) + slack
            for begun, _, exit in changes[number + 1:number + 9]:
                if begun <= gone:
                    allowed.append(SINK[exit])
            if sink not in allowed:
                found.append((sink, when))
    return found


class Measured:
    """Some floods at once: `sent` and `arrived` of each, in their order."""

    def __init__(self, world, *senders, seconds=0.5, packets=2000, during=None):
        meter = Meter(world)
        floods = [Flood(world, stream=number, **sender) for number, sender in enumerate(senders, 1)]
        self.enough = all(flood.wait(packets) for flood in floods)
        self.result = during() if during else time.sleep(seconds)
        self.sent = [flood.stop() for flood in floods]
        self.refused = [flood.refused for flood in floods]
        self.meter = meter.stop()
        self.arrived = [meter.counts(number) for number in range(1, len(floods) + 1)]

    def leaked(self, allowed=(None,)):
        """Packets of each flood that came to a sink other than the one allowed for it."""
        allowed = tuple(allowed) * (len(self.arrived) if len(allowed) == 1 else 1)
        return [sum(count for sink, count in arrived.items() if sink != mine)
                for arrived, mine in zip(self.arrived, allowed, strict=True)]

    def __str__(self):
        lines = [f"sent {sent}, refused at once {refused}, arrived {arrived}"
                 for sent, refused, arrived in zip(self.sent, self.refused, self.arrived)]
        return "\n".join(lines + self.meter.missed)


def prepare(world, sink):
    """Makes the sink's counter; the flood is dropped behind it, so that nothing answers."""
    world.nft(sink, f"""
        add table inet sink
        add counter inet sink flood
        add chain inet sink in {{ type filter hook prerouting priority -400; }}
        flush chain inet sink in
        add rule inet sink in iifname "{LINKS[sink]}" udp dport {PORT} counter name flood
        add rule inet sink in udp dport {PORT} drop""")


def counted(world, sink):
    """What the sink's counter of nftables says."""
    done = world.run(sink, "nft", "-j", "list", "counter", "inet", "sink", "flood")
    return next(o["counter"]["packets"] for o in json.loads(done.stdout)["nftables"] if "counter" in o)


def tap_socket(program, memory=400_000_000):
    """A packet socket on all links of this namespace, for what comes in and passes a classic filter."""
    tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
    tap.setsockopt(socket.SOL_SOCKET, 33, memory)  # SO_RCVBUFFORCE
    code = b"".join(struct.pack("=HBBI", *line) for line in program)
    room = ctypes.create_string_buffer(code)
    tap.setsockopt(socket.SOL_SOCKET, 26, struct.pack("@HP", len(program), ctypes.addressof(room)))  # SO_ATTACH_FILTER
    tap.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:  # what came in before the filter
            tap.recv(1)
    return tap


def udp_filter():
    """Classic BPF for `tap_socket`: UDP to the flood's port, IPv4 or IPv6."""
    return assemble([
        ("ld packet type", 0x20, 0xfffff004), ("outgoing?", 0x15, 4, "no", None),
        ("ldb version", 0x30, 0), ("shift", 0x74, 4), ("4?", 0x15, 4, None, "six"),
        ("ldb protocol", 0x30, 9), ("udp?", 0x15, 17, None, "no"), ("ldx header length", 0xb1, 0),
        ("ldh port", 0x48, 2), ("ours?", 0x15, PORT, "yes", "no"),
        ("six", 0x15, 6, None, "no"), ("ldb next header", 0x30, 6), ("udp?", 0x15, 17, None, "no"),
        ("ldh port", 0x28, 42), ("ours?", 0x15, PORT, "yes", "no"),
        ("yes", 0x06, 256), ("no", 0x06, 0)])


def assemble(lines):
    """Classic BPF from (label, code, value) and, for a jump, also (label if true, label if false); None is the next line."""
    places = {line[0]: number for number, line in enumerate(lines)}
    program = []
    for number, (_, code, value, *jumps) in enumerate(lines):
        yes, no = (0 if label is None else places[label] - number - 1 for label in jumps or (None, None))
        program.append((code, yes, no, value))
    return program


def _until(condition, seconds):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.001)
    return True
