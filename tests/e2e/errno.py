"""errno.py ACTION PATH [PATH2]: does it once and prints OK or the name of its errno, whichever call it came from."""

import ctypes
import errno
import os
import sys

libc = ctypes.CDLL(None, use_errno=True)


def renameat2(old, new, flags):
    if libc.renameat2(-100, os.fsencode(old), -100, os.fsencode(new), flags):
        raise OSError(ctypes.get_errno(), "renameat2")


def write(path, flags, data=b"new"):
    fd = os.open(path, flags, 0o600)
    try:
        os.write(fd, data)
    except OSError:
        os.close(fd)
        raise
    os.close(fd)


ACTIONS = {
    "read": lambda p: open(p, "rb").read(),
    "write": lambda p: write(p, os.O_WRONLY | os.O_TRUNC),
    "append": lambda p: write(p, os.O_WRONLY | os.O_APPEND),
    "create": lambda p: write(p, os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
    "create-new": lambda p: write(p, os.O_WRONLY | os.O_CREAT | os.O_EXCL),
    "write-2m": lambda p: write(p, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, b"x" * 2_000_000),
    "truncate": lambda p: os.truncate(p, 1),
    "unlink": os.unlink,
    "stat": os.stat,
    "list": os.listdir,
    "mkdir": os.mkdir,
    "rmdir": os.rmdir,
    "mkfifo": os.mkfifo,
    "chmod-setuid": lambda p: os.chmod(p, 0o4600),
    "chmod-644": lambda p: os.chmod(p, 0o644),
    "chown-self": lambda p: os.chown(p, os.getuid(), os.getgid()),
    "chown-other": lambda p: os.chown(p, os.getuid() + 1, -1),
    "utime": lambda p: os.utime(p, (1_000_000_000, 1_000_000_000)),
    "getxattr": lambda p: os.getxattr(p, "user.x"),
    "access-w": lambda p: None if os.access(p, os.W_OK) else refuse(errno.EACCES),
    "rename": os.rename,
    "rename-noreplace": lambda a, b: renameat2(a, b, 1),
    "rename-exchange": lambda a, b: renameat2(a, b, 2),
    "link": os.link,
    "symlink": os.symlink,
}


def refuse(number):
    raise OSError(number, "refused")


try:
    ACTIONS[sys.argv[1]](*sys.argv[2:])
    print("OK")
except OSError as error:
    print(errno.errorcode.get(error.errno, error.errno))
