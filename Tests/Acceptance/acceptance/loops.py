"""File systems of our own in image files: full to the last byte, without attributes, or cut off from power."""

import os
import subprocess

from .report import need

MAKE = {"ext4": ("mkfs.ext4", "-q", "-F", "-m", "0"), "xfs": ("mkfs.xfs", "-q", "-f"), "btrfs": ("mkfs.btrfs", "-q", "-f")}


class Loop:
    """An image file with a file system in it, mounted at `path`."""

    def __init__(self, scratch, kind="ext4", megabytes=32, make=(), mount=(), image=None):
        need(MAKE[kind][0], "mount", "umount", "losetup", root=True)
        self.kind, self.options = kind, mount
        number = next(_numbers(scratch))
        self.path = os.path.join(scratch.path, f"loop-{number}")
        self.image = image or self.path + ".img"
        os.makedirs(self.path)
        if image is None:
            with open(self.image, "wb") as file:
                file.truncate(megabytes << 20)
            subprocess.run([*MAKE[kind], *make, self.image], check=True, capture_output=True)
        self.mount()
        scratch.undo(self.unmount)
        lost = os.path.join(self.path, "lost+found")
        if os.path.isdir(lost):
            os.rmdir(lost)

    def mount(self):
        """Mounts the image; a journal that is not empty is replayed."""
        words = ",".join(("loop", *self.options, *(("nouuid",) if self.kind == "xfs" else ())))
        done = subprocess.run(["mount", "-t", self.kind, "-o", words, self.image, self.path], capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"mount of {self.image}: {done.stderr.strip()}")

    def unmount(self):
        """Takes it away, even while something still holds it."""
        if os.path.ismount(self.path) and subprocess.run(["umount", self.path], capture_output=True).returncode != 0:
            subprocess.run(["umount", "-l", self.path], capture_output=True)


def _numbers(scratch):
    """Numbers that no image of this scratch directory has yet."""
    while True:
        scratch.loops = getattr(scratch, "loops", 0) + 1
        yield scratch.loops


class Bare:
    """A ramfs at `path`: it holds no extended attributes."""

    def __init__(self, scratch):
        self.path = os.path.join(scratch.path, f"ramfs-{next(_numbers(scratch))}")
        os.makedirs(self.path)
        subprocess.run(["mount", "-t", "ramfs", "none", self.path], check=True)
        scratch.undo(lambda: subprocess.run(["umount", "-l", self.path], capture_output=True))


def fill(path, name="ballast", left=0):
    """Writes a file until the file system is full to the last byte, then gives back `left` bytes."""
    target = os.path.join(path, name)
    with open(target, "wb", buffering=0) as file:
        for size in (1 << 20, 4096, 512, 1):
            try:
                while True:
                    file.write(b"\xa5" * size)
            except OSError:
                pass
        if left:
            file.truncate(max(0, file.tell() - left))
    return target
