"""Root file systems for test containers, put together from what this machine has installed."""

import os
import shutil
import subprocess

BUSYBOX_LINKS = ["sh", "tar", "mv", "mkdir", "rm", "rmdir", "cat", "find", "xargs", "sleep", "ls", "stat", "test", "df",
                 "kill", "ps", "chmod", "chown", "echo", "true", "false", "sync", "ln", "touch", "id", "gzip", "dd"]
GNU_TOOLS = ["tar", "mv", "mkdir", "rm", "rmdir", "cat", "find", "xargs", "sleep", "ls", "stat", "test", "df", "kill",
             "ps", "chmod", "chown", "echo", "true", "false", "sync", "ln", "touch", "id", "gzip", "getfattr", "dd",
             "bash", "mkfifo", "[", "head", "wc"]


def busybox(tree, more=()):
    """A static busybox with links for its applets; `more`: names of other applets."""
    _skeleton(tree)
    binary = shutil.which("busybox") or "/bin/busybox"
    shutil.copy2(os.path.realpath(binary), os.path.join(tree, "bin/busybox"))
    for name in (*BUSYBOX_LINKS, *more):
        os.symlink("busybox", os.path.join(tree, "bin", name))


def add(tree, *paths):
    """Copies programs, or directories of them, to where they are on this machine, with the libraries they need."""
    for path in paths:
        target = os.path.join(tree, path.lstrip("/"))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if os.path.isdir(path):
            shutil.copytree(path, target, symlinks=True, dirs_exist_ok=True)
            programs = [os.path.join(at, name) for at, _, names in os.walk(path) for name in names]
        else:
            shutil.copy2(os.path.realpath(path), target)
            programs = [path]
        for library in {library for program in programs for library in _libraries(program)}:
            place = os.path.join(tree, library.lstrip("/"))
            if not os.path.exists(place):
                os.makedirs(os.path.dirname(place), exist_ok=True)
                shutil.copy2(os.path.realpath(library), place)


def gnu(tree, without=(), more=()):
    """GNU tar, coreutils, findutils and bash with the libraries they need; `more`: names of other tools."""
    _skeleton(tree)
    needed = set()
    for name in (*GNU_TOOLS, *more):
        path = _which(name)
        if path is None or name in without:
            continue
        shutil.copy2(os.path.realpath(path), os.path.join(tree, "bin", name))
        needed |= _libraries(path)
    os.symlink("bash", os.path.join(tree, "bin/sh"))
    for library in needed:
        target = os.path.join(tree, library.lstrip("/"))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copy2(os.path.realpath(library), target)


def _libraries(path):
    if os.path.islink(path) or not os.path.isfile(path):
        return set()
    with open(path, "rb") as file:
        if file.read(4) != b"\x7fELF":
            return set()
    listing = subprocess.run(["ldd", path], capture_output=True, text=True).stdout
    return {word for line in listing.splitlines() for word in line.split()
            if word.startswith("/") and not word.endswith(":")}


def _which(name):
    for place in ("/usr/bin", "/bin", "/usr/sbin", "/sbin"):
        if os.access(os.path.join(place, name), os.X_OK):
            return os.path.join(place, name)
    return None


def _skeleton(tree):
    for name in ("bin", "tmp", "etc", "proc", "sys", "dev", "data", "lib", "lib64", "usr/lib", "var/lib"):
        os.makedirs(os.path.join(tree, name), exist_ok=True)
    os.chmod(os.path.join(tree, "tmp"), 0o1777)
    os.symlink("../bin", os.path.join(tree, "usr/bin"))
    with open(os.path.join(tree, "etc/passwd"), "w") as file:
        file.write("root:x:0:0:root:/:/bin/sh\nuser:x:1000:1000:user:/:/bin/sh\n")
    with open(os.path.join(tree, "etc/group"), "w") as file:
        file.write("root:x:0:\nuser:x:1000:\n")
