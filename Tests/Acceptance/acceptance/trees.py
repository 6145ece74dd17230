"""Directory trees for volumes: awkward ones by hand, real ones from /usr/share and /usr/lib, small ones with a seed."""

import os
import random
import shutil
import socket
import stat
import subprocess

NS = 1_700_000_000_123_456_789


def awkward(root, special_owners=True):
    """Everything a file system can hold that tars get wrong. Root is needed for the odd owners."""
    base = os.path.join(os.fsencode(root), b"awkward")
    os.makedirs(base)

    def path(name):
        return os.path.join(base, name)

    def file(name, content=b"content\n", mode=0o644):
        os.makedirs(os.path.dirname(path(name)), exist_ok=True)
        with open(path(name), "wb") as out:
            out.write(content)
        os.chmod(path(name), mode)
        return path(name)

    # Names.
    for name in (b"bad-utf8-\xff\xfe\x80", b"new\nline", b"tab\tand\x01control", b" leading and trailing ", b"-rf",
                 b"--help", b"..foo", b"...", b"a..b", b"back\\slash", b"star*[a]?", b"quote'\"`$x", b"\xc3\xa9-nfc",
                 b"e\xcc\x81-nfd", b"@LongLink", b"%41", b"{brace}", b"semi;colon&", b".hidden", b"a-file", b"another"):
        file(b"names/" + name, name + b"\n")
    for length in (99, 100, 101, 154, 155, 156, 254, 255):
        file(b"lengths/" + b"n" * length)
        os.symlink(b"t" * length, path(b"lengths/" + b"l" * (length - 1) + b"s"))
        os.mkdir(path(b"lengths/" + b"d" * length))
    file(b"lengths/" + b"p" * 140 + b"/" + b"q" * 140 + b"/file")
    os.symlink(b"x/" * 1500 + b"end", path(b"lengths/long-link"))
    deep = b"deep"
    while len(deep) < 3000:
        deep += b"/" + b"component-%04d" % len(deep)
    file(deep + b"/bottom")
    # Modes, owners and times.
    for mode in (0o000, 0o400, 0o111, 0o4755, 0o2755, 0o1777, 0o6711, 0o777):
        file(b"modes/%04o" % mode, mode=mode)
        os.mkdir(path(b"modes/dir-%04o" % mode))
        os.chmod(path(b"modes/dir-%04o" % mode), mode)
    file(b"empty", b"")
    if special_owners and os.geteuid() == 0:
        for owner in (1, 1000, 65534, 2_097_151, 2_097_152, 3_000_000_000):
            os.chown(file(b"owners/%d" % owner), owner, owner)
            os.symlink(b"nowhere", path(b"owners/link-%d" % owner))
            os.chown(path(b"owners/link-%d" % owner), owner, owner, follow_symlinks=False)
        os.chown(file(b"owners/setuid"), 1000, 1000)
        os.chmod(path(b"owners/setuid"), 0o6755)
    for name, when in ((b"ns", NS), (b"epoch", 0), (b"negative", -86_400 * 10**9), (b"negative-ns", -1_500_000_000),
                       (b"far", 8_000_000_000 * 10**9), (b"one-ns", 10**18 + 1)):
        os.utime(file(b"times/" + name), ns=(when, when))
    # Links.
    file(b"links/target", b"target\n")
    os.link(path(b"links/target"), path(b"links/hard"))
    os.mkdir(path(b"links/sub"))
    os.link(path(b"links/target"), path(b"links/sub/hard-again"))
    for name, target in ((b"relative", b"target"), (b"absolute", b"/etc/passwd"), (b"dangling", b"no/such/file"),
                         (b"up", b"../../../../etc/passwd"), (b"loop", b"loop"), (b"bytes", b"\xff\n\\x"),
                         (b"to-dir", b"sub")):
        os.symlink(target, path(b"links/" + name))
    os.link(path(b"links/dangling"), path(b"links/hard-to-a-symlink"), follow_symlinks=False)
    # Special files.
    os.mkdir(path(b"special"))
    os.mkfifo(path(b"special/fifo"), 0o640)
    # A socket's path may have 108 bytes: bind it relative to its directory.
    here = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
    listener = socket.socket(socket.AF_UNIX)
    try:
        os.chdir(path(b"special"))
        listener.bind(b"socket")
    finally:
        os.fchdir(here)
        os.close(here)
        listener.close()
    with open(path(b"special/sparse"), "wb") as out:
        out.write(b"start")
        out.seek(5_000_000)
        out.write(b"middle")
        out.truncate(20_000_000)
    with open(path(b"special/all-hole"), "wb") as out:
        out.truncate(3_000_000)
    # Extended attributes.
    attributed = file(b"xattrs/file")
    try:
        os.setxattr(attributed, "user.comment", b"plain")
        os.setxattr(attributed, "user.binary", bytes(range(256)))
        os.setxattr(attributed, "user.empty", b"")
        os.setxattr(os.path.dirname(attributed), "user.on-directory", b"yes")
    except OSError:
        pass
    # Sizes around the block and around a region.
    for size in (1, 511, 512, 513, 10_239, 10_240, 65_535, 65_536, 65_537, 1_048_577):
        file(b"sizes/%d" % size, random.Random(size).randbytes(size))
    # Times last: every directory gets one of its own, deepest first.
    for number, (at, directories, files) in enumerate(os.walk(base, topdown=False)):
        when = NS - number * 1_000_000_007
        os.utime(at, ns=(when, when))


def real(root, megabytes, sources=("/usr/share", "/usr/lib")):
    """Copies whole directories of this machine until about `megabytes` are there; returns the bytes copied."""
    budget = megabytes * 1_000_000
    total = 0
    for source in sources:
        share = budget // len(sources)
        chosen = []
        for name in sorted(os.listdir(source)):
            path = os.path.join(source, name)
            if os.path.islink(path) or name.startswith(("docker", "swift", "modules")):
                continue
            taken = size(path, limit=share)
            if taken <= share:
                chosen.append(path.lstrip("/"))
                share -= taken
                total += taken
        reader = subprocess.Popen(["tar", "-C", "/", "-cf", "-", "--", *chosen], stdout=subprocess.PIPE)
        writer = subprocess.run(["tar", "-C", root, "-xpf", "-"], stdin=reader.stdout)
        reader.stdout.close()
        if reader.wait() != 0 or writer.returncode != 0:
            raise RuntimeError(f"copying {source} failed")
    return total


def size(path, limit=float("inf")):
    """Bytes below a path, counted no further than past the limit."""
    if not os.path.isdir(path):
        return os.lstat(path).st_size
    total = 0
    for at, _, files in os.walk(path):
        for name in files:
            total += os.lstat(os.path.join(at, name)).st_size
        if total > limit:
            break
    return total


def small(root, seed, files=40, largest=20_000):
    """A small tree, the same for the same seed: files, directories, links, odd modes and times."""
    source = random.Random(seed)
    os.makedirs(root, exist_ok=True)
    for number in range(files):
        directory = os.path.join(root, f"dir{source.randrange(6)}")
        os.makedirs(directory, exist_ok=True)
        path = os.path.join(directory, f"file{number}")
        size = source.randrange(largest)
        with open(path, "wb") as out:
            out.write(source.randbytes(size // 2) + b"text " * (size // 10))
        os.chmod(path, source.choice((0o644, 0o600, 0o755)))
        if number % 8 == 0:
            os.symlink(f"file{number}", path + ".link")
        if number % 10 == 0:
            os.link(path, path + ".hard")
        when = NS - source.randrange(10**15)
        os.utime(path, ns=(when, when))
    for number in range(3):
        with open(os.path.join(root, f"top{number}"), "wb") as out:
            out.write(source.randbytes(100 + number))
    for at, _, _ in os.walk(root, topdown=False):
        when = NS - source.randrange(10**15)
        os.utime(at, ns=(when, when))


def wipe(root):
    """Removes everything below a directory, not the directory."""
    for entry in os.scandir(os.fsencode(root)):
        if entry.is_dir(follow_symlinks=False):
            os.chmod(entry.path, 0o700)
            shutil.rmtree(entry.path)
        else:
            os.unlink(entry.path)


def state(root):
    """A value that is equal for equal trees: names, types, modes, owners, sizes, times, links, contents.

    Sockets are left out (a tar can't hold them), and the root directory's own time.
    """
    found = {}
    base = os.fsencode(root)
    for at, directories, files in os.walk(base):
        for name in directories + files:
            path = os.path.join(at, name)
            info = os.lstat(path)
            if stat.S_ISSOCK(info.st_mode):
                continue
            content = b""
            if stat.S_ISLNK(info.st_mode):
                content = os.readlink(path)
            elif stat.S_ISREG(info.st_mode):
                with open(path, "rb") as file:
                    content = file.read()
            size = 0 if stat.S_ISDIR(info.st_mode) else info.st_size
            links = 0 if stat.S_ISDIR(info.st_mode) else info.st_nlink
            found[os.path.relpath(path, base)] = (
                info.st_mode, info.st_uid, info.st_gid, size, links, info.st_mtime_ns, content)
    return found


def state_difference(left, right):
    """The first differing names of two states, as text."""
    lines = []
    for name in sorted(left.keys() | right.keys()):
        if left.get(name) != right.get(name):
            short = [None if s is None else s[:6] for s in (left.get(name), right.get(name))]
            lines.append(f"{name!r}: {short[0]} / {short[1]}")
    return f"{len(lines)} names differ\n" + "\n".join(lines[:8])
