#!/usr/bin/env python3
"""Runs a program and kills it before its N-th kernel message: a netlink message, or a write below /proc/sys.

    messages.py [--changes | --journal] --kill N --report FILE -- PROGRAM ARGUMENT …

The numbering goes over all threads together, in the order in which they reach the kernel (strace counts each thread for
itself). The program stops at the entry of the call, by seccomp, and SIGKILL comes before the call is executed. With
N = 0 it runs to its end. With --changes questions to the kernel are not counted. With --journal
what is counted is not messages but the journals of runs: each line twice, before it is written (all before it is done) and
before it is synced (it stands there, and nothing of it is done). The report: {"messages": [what each
counted one was], "killed": bool, "status": exit status}. Linux on x86_64 and aarch64.
"""

import argparse
import ctypes
import json
import os
import platform
import signal
import socket
import struct
import sys

LIBC = ctypes.CDLL(None, use_errno=True)
CALLS = {
    "x86_64": {1: "write", 18: "pwrite64", 20: "writev", 75: "fdatasync", 44: "sendto", 46: "sendmsg", 307: "sendmmsg"},
    "aarch64": {64: "write", 68: "pwrite64", 66: "writev", 83: "fdatasync", 206: "sendto", 211: "sendmsg", 269: "sendmmsg"},
}
PIDFD_GETFD = 438
CONT, SEIZE, GET_SYSCALL_INFO = 7, 0x4206, 0x420E
EVENT_SECCOMP, EVENT_STOP = 7, 128
# Fork, vfork, clone and exec are followed, seccomp stops are told, and all die with the tracer.
OPTIONS = 0x2 | 0x4 | 0x8 | 0x10 | 0x80 | 0x100000
WALL = 0x40000000
FAMILIES = {0: "route", 12: "netfilter"}


def ptrace(request, pid, address=0, data=0):
    """ptrace(2); raises OSError."""
    LIBC.ptrace.argtypes = [ctypes.c_long] * 2 + [ctypes.c_void_p] * 2
    LIBC.ptrace.restype = ctypes.c_long
    if LIBC.ptrace(request, pid, address, data) < 0:
        raise OSError(ctypes.get_errno(), f"ptrace {request:#x}")


def stop_at(numbers):
    """Installs a seccomp filter in this process: these calls stop for the tracer, all others go on."""
    code = [(0x20, 0, 0, 0)]  # load the call's number
    for index, number in enumerate(numbers):
        code.append((0x15, len(numbers) - index, 0, number))
    code += [(0x06, 0, 0, 0x7FFF0000), (0x06, 0, 0, 0x7FF00000)]  # allow, trace
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in code))
    head = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(code), ctypes.addressof(program)))
    LIBC.prctl.argtypes = [ctypes.c_int, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_ulong]
    if LIBC.prctl(38, 1, None, 0, 0) != 0 or LIBC.prctl(22, 2, ctypes.addressof(head), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "seccomp")


def call(thread):
    """The call a thread is about to make: (name, arguments)."""
    buffer = ctypes.create_string_buffer(88)
    ptrace(GET_SYSCALL_INFO, thread, 88, ctypes.addressof(buffer))
    number, *arguments = struct.unpack_from("7Q", buffer, 24)
    return CALLS[platform.machine()].get(number, str(number)), arguments


def memory(thread, address, length):
    """Bytes of the program."""
    with open(f"/proc/{thread}/mem", "rb", buffering=0) as file:
        file.seek(address)
        return file.read(length)


def netlink_of(process, descriptor):
    """The netlink protocol of a socket, or None when it is something else."""
    handle = os.pidfd_open(process)
    try:
        copy = LIBC.syscall(PIDFD_GETFD, handle, descriptor, 0)
        if copy < 0:
            return None
        with socket.socket(fileno=copy) as found:
            return found.proto if found.family == socket.AF_NETLINK else None
    except OSError:
        return None
    finally:
        os.close(handle)


def asks(protocol, kind):
    """Whether a netlink message of this type is a question: RTM_GET…, NFT_MSG_GET…, IPCTNL_MSG_CT_GET."""
    if protocol == 0:
        return kind % 4 == 2
    return kind >> 8 == 10 and kind & 255 in (1, 4, 7, 10, 13, 16, 19, 23) or kind == 0x101


def message(process, thread, changes):
    """What a kernel message is, in a few words; None when the call is something else, or a question and `changes` is set."""
    name, arguments = call(thread)
    if "send" in name:
        protocol = netlink_of(process, arguments[0] & 0xFFFFFFFF)
        if protocol is None:
            return None
        start = arguments[1]
        if name != "sendto":
            vector = struct.unpack_from("Q", memory(thread, start + 16, 8))[0]
            start = struct.unpack_from("Q", memory(thread, vector, 8))[0]
        _, kind, flags = struct.unpack("IHH", memory(thread, start, 8))
        if changes and asks(protocol, kind):
            return None
        return f"{FAMILIES.get(protocol, protocol)} type {kind:#x} flags {flags:#x}"
    if name == "fdatasync":
        return None
    try:
        path = os.readlink(f"/proc/{thread}/fd/{arguments[0] & 0xFFFFFFFF}")
    except OSError:
        return None
    return f"{name} {path}" if path.startswith("/proc/") and "/sys/" in path else None


def line(thread):
    """What is about to be done to the journal of a run, in a few words; None when the call is something else."""
    name, arguments = call(thread)
    if name not in ("write", "fdatasync"):
        return None
    try:
        path = os.readlink(f"/proc/{thread}/fd/{arguments[0] & 0xFFFFFFFF}")
    except OSError:
        return None
    if not path.endswith("/steps.jsonl"):
        return None
    if name == "fdatasync":
        return "sync"
    text = memory(thread, arguments[1], min(arguments[2], 1 << 16))
    return f"write {json.loads(text)['step']}" if text.endswith(b"\n") else "write part of a line"


def begin(words):
    """Starts the program, traced and stopped before its first instruction; its process id."""
    ready, go = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.write(ready[1], b"x")
            os.read(go[0], 1)
            stop_at(sorted(CALLS[platform.machine()]))
            os.execvp(words[0], words)
        except BaseException as error:
            sys.stderr.write(f"messages: {error}\n")
            sys.stderr.flush()
        os._exit(127)
    os.read(ready[0], 1)
    ptrace(SEIZE, pid, 0, OPTIONS)
    os.write(go[1], b"x")
    for end in (*ready, *go):
        os.close(end)
    return pid


def follow(words, kill, changes=False, journal=False):
    """Runs the program; the report."""
    pid = begin(words)
    found, killed, armed = [], False, False
    while True:
        thread, status = os.waitpid(-1, WALL)
        if os.WIFEXITED(status) or os.WIFSIGNALED(status):
            if thread == pid:
                return {"messages": found, "killed": killed, "status": os.waitstatus_to_exitcode(status)}
            continue
        event, number = status >> 16, os.WSTOPSIG(status)
        try:
            if event == EVENT_SECCOMP and armed and not killed:
                what = line(thread) if journal else message(pid, thread, changes)
                if what is not None:
                    found.append(what)
                    if len(found) == kill:
                        killed = True
                        os.kill(pid, signal.SIGKILL)
            elif event == 4:  # exec: from here on it is the program
                armed = True
            ptrace(CONT, thread, 0, 0 if event else number)
        except (ProcessLookupError, FileNotFoundError):
            pass  # a child that somebody killed while it stood here


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kill", type=int, default=0)
    options.add_argument("--changes", action="store_true")
    options.add_argument("--journal", action="store_true")
    options.add_argument("--report", required=True)
    options.add_argument("words", nargs="+")
    chosen = options.parse_args()
    report = follow(chosen.words, chosen.kill, chosen.changes, chosen.journal)
    with open(chosen.report, "w") as file:
        json.dump(report, file)
    return 137 if report["killed"] else report["status"]


if __name__ == "__main__":
    sys.exit(main())
