"""Conversations between namespaces: listeners that say who they are, connections, and a tap that shows TCP segments."""

import collections
import errno
import os
import select
import socket
import struct
import time

from .flood import assemble, tap_socket

Segment = collections.namedtuple("Segment", "when source sport destination dport flags data")
FIN, SYN, RST, ACK, ECE, CWR = 1, 2, 4, 16, 64, 128


def opened(world, short, family=socket.AF_INET, kind=socket.SOCK_STREAM, seconds=2):
    """A socket that belongs to a namespace; it can be used from anywhere."""
    with world.within(short):
        made = socket.socket(family, kind)
    made.settimeout(seconds)
    return made


class Listener:
    """Listens on TCP and UDP ports of a namespace in a child: greets with its name and the caller's address, then echoes."""

    def __init__(self, world, short, tcp=(), udp=(), address="0.0.0.0"):
        self.world, self.short = world, short
        self.log = os.path.join(world.scratch.path, f"heard-{short}-{time.monotonic_ns()}")
        with open(self.log, "w"):
            pass
        heard = {}
        for kind, ports in ((socket.SOCK_STREAM, tcp), (socket.SOCK_DGRAM, udp)):
            for port in ports:
                server = opened(world, short, kind=kind, seconds=None)
                server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                server.bind((address, port))
                if kind == socket.SOCK_STREAM:
                    server.listen(64)
                server.setblocking(False)
                heard[server] = kind
        self.pid = world.fork(short, self._serve, heard)
        for server in heard:
            server.close()

    def heard(self):
        """What came so far: lines `tcp|udp|data PORT ADDRESS TEXT`."""
        with open(self.log) as file:
            return file.read().splitlines()

    def stop(self):
        """Ends it."""
        self.world.end(self.pid)

    def _serve(self, heard):
        log = open(self.log, "a", buffering=1)
        calls = {}
        while True:
            ready, _, _ = select.select([*heard, *calls], [], [])
            for one in ready:
                try:
                    if one in calls:
                        data = one.recv(65536)
                        if not data:
                            raise ConnectionError
                        log.write(f"data {calls[one]} {data[:60]!r}\n")
                        one.sendall(data)
                    elif heard[one] == socket.SOCK_STREAM:
                        call, who = one.accept()
                        call.settimeout(1)
                        calls[call] = f"{one.getsockname()[1]} {who[0]}"
                        log.write(f"tcp {calls[call]}\n")
                        call.sendall(f"{self.short} {who[0]}\n".encode())
                    else:
                        data, who = one.recvfrom(65536)
                        log.write(f"udp {one.getsockname()[1]} {who[0]} {data[:60]!r}\n")
                        one.sendto(f"{self.short} {who[0]}\n".encode(), who)
                except OSError:
                    if calls.pop(one, None):
                        one.close()


def call(world, short, address, port, seconds=1.5, bind=None):
    """Connects; returns the connected socket and the greeting, or None and the error's name."""
    one = opened(world, short, seconds=seconds)
    try:
        if bind:
            one.bind((bind, 0))
        one.connect((address, port))
        return one, one.recv(200).decode().strip()
    except OSError as error:
        one.close()
        return None, error_name(error)


def greeting(world, short, address, port, seconds=1.5):
    """What a TCP listener says, or the error's name."""
    one, text = call(world, short, address, port, seconds)
    if one:
        one.close()
    return text


def ask(world, short, address, port, seconds=1.0, text=b"hello"):
    """What a UDP listener answers, or the error's name."""
    with opened(world, short, kind=socket.SOCK_DGRAM, seconds=seconds) as one:
        try:
            one.connect((address, port))
            one.send(text)
            return one.recv(200).decode().strip()
        except OSError as error:
            return error_name(error)


def sweep(world, targets, seconds=0.6):
    """Tries many doors at once. `targets`: (from, "tcp" or "udp", address, port); returns those that answered, as a set."""
    waiting, answered = {}, set()
    for target in targets:
        short, kind, address, port = target
        one = opened(world, short, kind=socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
        one.setblocking(False)
        try:
            one.connect_ex((address, port))
            if kind == "udp":
                one.send(f"from {short}".encode())
        except OSError:
            pass
        waiting[one] = target
    deadline = time.monotonic() + seconds
    while waiting and time.monotonic() < deadline:
        for one in select.select(list(waiting), [], [], 0.05)[0]:
            try:
                if one.recv(200):
                    answered.add(waiting[one])
            except BlockingIOError:
                continue
            except OSError:
                pass
            del waiting[one]
            one.close()
    for one in waiting:
        one.close()
    return answered


def error_name(error):
    """ECONNREFUSED and the like; a timeout is ETIMEDOUT."""
    if isinstance(error, TimeoutError):
        return "ETIMEDOUT"
    return errno.errorcode.get(error.errno, str(error))


class Tap:
    """Keeps the TCP segments that come into a namespace by any link."""

    def __init__(self, world, short):
        with world.within(short):
            self.socket = tap_socket(assemble([
                ("ld packet type", 0x20, 0xfffff004), ("outgoing?", 0x15, 4, "no", None),
                ("ldb version", 0x30, 0), ("shift", 0x74, 4), ("4?", 0x15, 4, None, "no"),
                ("ldb protocol", 0x30, 9), ("tcp?", 0x15, 6, None, "no"), ("yes", 0x06, 2048), ("no", 0x06, 0)]),
                20_000_000)

    def segments(self):
        """What came since the last call."""
        found = []
        while True:
            try:
                data = self.socket.recv(2048)
            except BlockingIOError:
                return found
            start = (data[0] & 15) * 4
            total, = struct.unpack_from("!H", data, 2)
            sport, dport, _, _, offset, flags = struct.unpack_from("!HHIIBB", data, start)
            found.append(Segment(time.monotonic(), socket.inet_ntoa(data[12:16]), sport, socket.inet_ntoa(data[16:20]),
                                 dport, flags, data[start + (offset >> 4) * 4:total]))

    def close(self):
        """Ends it."""
        self.socket.close()
