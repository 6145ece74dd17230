"""Root file systems for test containers, put together from what this machine has installed."""

import os
import shutil
import subprocess

BUSYBOX_LINKS = ["sh", "tar", "mv", "mkdir", "rm", "rmdir", "cat", "find", "xargs", "sleep", "ls", "stat", "test", "df",
                 "kill", "ps", "chmod", "chown", "echo", "true", "false", "sync", "ln", "touch", "id", "gzip", "dd"]
GNU_TOOLS = ["tar", "mv", "mkdir", "rm", "rmdir", "cat", "find", "xargs", "sleep", "ls", "stat", "test", "df", "kill",
             "ps", "chmod", "chown", "echo", "true", "false", "sync", "ln", "touch", "id", "gzip", "getfattr", "dd",
             "bash", "mkfifo", "[", "head", "wc"]


def busybox(tree):
    """A static busybox with links for its applets."""
    _skeleton(tree)
    binary = shutil.which("busybox") or "/bin/busybox"
    shutil.copy2(os.path.realpath(binary), os.path.join(tree, "bin/busybox"))
    for name in BUSYBOX_LINKS:
        os.symlink("busybox", os.path.join(tree, "bin", name))


def gnu(tree, without=(), more=()):
    """GNU tar, coreutils, findutils and bash with the libraries they need; `more`: names of other tools."""
    _skeleton(tree)
    needed = set()
    for name in (*GNU_TOOLS, *more):
        path = _which(name)
        if path is None or name in without:
            continue
        shutil.copy2(os.path.realpath(path), os.path.join(tree, "bin", name))
        listing = subprocess.run(["ldd", path], capture_output=True, text=True).stdout
        needed |= {word for line in listing.splitlines() for word in line.split() if word.startswith("/")}
    os.symlink("bash", os.path.join(tree, "bin/sh"))
    for library in needed:
        target = os.path.join(tree, library.lstrip("/"))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copy2(os.path.realpath(library), target)


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
