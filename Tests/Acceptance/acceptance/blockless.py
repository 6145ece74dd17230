#!/usr/bin/python3
"""A FUSE file system that passes everything on to a directory and gives no file a single block (st_blocks is 0), as some
network and user-space file systems do. `blockless.py SOURCE TARGET` serves it; `mount` starts that and waits for it.

Debian's python3-fusepy belongs to /usr/bin/python3, whichever python runs the scripts.
"""

import os
import shutil
import stat
import subprocess
import sys
import time

PYTHON = "/usr/bin/python3"
NOW, OMIT = (1 << 30) - 1, (1 << 30) - 2  # utimensat(2)


def usable():
    """Whether such a file system can be mounted here."""
    return (os.geteuid() == 0 and os.path.exists("/dev/fuse") and shutil.which("fusermount3") is not None
            and subprocess.run([PYTHON, "-c", "import fusepy"], capture_output=True).returncode == 0)


def mount(scratch, source, target):
    """Mounts it until the end of the script."""
    server = subprocess.Popen([PYTHON, os.path.abspath(__file__), source, target], stdout=subprocess.DEVNULL)

    def end():
        subprocess.run(["fusermount3", "-u", "-z", target], capture_output=True)
        server.kill()  # asked to end, it would unmount once more
        server.wait()

    scratch.undo(end)
    for _ in range(100):
        if os.path.ismount(target):
            return
        time.sleep(0.05)
    raise RuntimeError("the FUSE file system was not mounted")


def serve(source, target):
    """Serves requests until it is unmounted."""
    import fusepy

    class Blockless(fusepy.Operations):
        use_ns = True
        flag_utime_omit_ok = 1  # else libfuse drops a call that sets only one of the two times

        def __call__(self, operation, path, *rest):
            return super().__call__(operation, source + path, *rest)

        def getattr(self, path, handle=None):
            status = os.lstat(path)
            return {"st_mode": status.st_mode, "st_nlink": status.st_nlink, "st_uid": status.st_uid, "st_gid": status.st_gid,
                    "st_size": status.st_size, "st_atime": status.st_atime_ns, "st_mtime": status.st_mtime_ns,
                    "st_ctime": status.st_ctime_ns, "st_blocks": 0}

        def readdir(self, path, handle):
            return [".", ".."] + os.listdir(path)

        def statfs(self, path):
            status = os.statvfs(path)
            return {key: getattr(status, key) for key in ("f_bavail", "f_bfree", "f_blocks", "f_bsize", "f_favail", "f_ffree",
                                                          "f_files", "f_flag", "f_frsize", "f_namemax")}

        def create(self, path, mode, fi=None):
            return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode)

        def open(self, path, flags):
            return os.open(path, flags)

        def read(self, path, size, offset, handle):
            return os.pread(handle, size, offset)

        def write(self, path, data, offset, handle):
            return os.pwrite(handle, data, offset)

        def truncate(self, path, length, handle=None):
            os.truncate(path, length)

        def release(self, path, handle):
            os.close(handle)

        def utimens(self, path, times=None):
            if times:
                status = os.lstat(path)
                old = (status.st_atime_ns, status.st_mtime_ns)
                special = {OMIT: None, NOW: time.time_ns()}
                times = tuple(special.get(new, new) or kept for new, kept in zip(times, old))
            os.utime(path, ns=times, follow_symlinks=False)

        def chmod(self, path, mode):
            os.chmod(path, mode)

        def chown(self, path, uid, gid):
            os.chown(path, uid, gid, follow_symlinks=False)

        def mkdir(self, path, mode):
            os.mkdir(path, mode)

        def rmdir(self, path):
            os.rmdir(path)

        def unlink(self, path):
            os.unlink(path)

        def mknod(self, path, mode, device):
            os.mknod(path, mode, device)

        def readlink(self, path):
            return os.readlink(path)

        def symlink(self, path, text):
            os.symlink(text, path)

        def link(self, path, old):
            os.link(source + old, path)

        def rename(self, path, new):
            os.rename(path, source + new)

        def fsync(self, path, datasync, handle):
            os.fsync(handle)

    assert stat.S_ISDIR(os.stat(target).st_mode)
    fusepy.FUSE(Blockless(), target, foreground=True, nothreads=True, default_permissions=True, allow_other=True)


if __name__ == "__main__":
    serve(os.path.realpath(sys.argv[1]), sys.argv[2])
