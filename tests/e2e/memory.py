"""memory.py: where a planted value is: in the memory of a process, or in the page cache.

memory.py scan PID TEXT...   prints "locked" and "unlocked" for each kind of memory that holds one of the texts
memory.py cached FD          prints how many pages of the file are in the page cache (the descriptor is inherited)
"""

import ctypes
import os
import re
import sys

libc = ctypes.CDLL(None, use_errno=True)


def cached_pages(fd):
    """cachestat(2): asks without touching; opening or mapping in order to look would drop the pages."""
    where = (ctypes.c_uint64 * 2)(0, 0)
    answer = (ctypes.c_uint64 * 5)()
    if libc.syscall(451, fd, where, answer, 0):
        raise OSError(ctypes.get_errno(), "cachestat")
    return answer[0]


def areas(pid):
    """(start, end, is_locked) of each readable mapping."""
    start = end = None
    for line in open("/proc/%d/smaps" % pid):
        head = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+ *(.*)", line)
        if head:
            start, end = int(head[1], 16), int(head[2], 16)
            readable = "r" in head[3] and head[4] not in ("[vvar]", "[vsyscall]", "[vvar_vclock]")
        elif line.startswith("VmFlags:") and readable:
            yield start, end, " lo" in line


def scan(pid, texts):
    found = set()
    with open("/proc/%d/mem" % pid, "rb", buffering=0) as memory:
        for start, end, is_locked in areas(pid):
            try:
                memory.seek(start)
                data = b""
                while len(data) < end - start:
                    part = memory.read(end - start - len(data))
                    if not part:
                        break
                    data += part
            except (OSError, ValueError):
                continue
            if any(text in data for text in texts):
                found.add("locked" if is_locked else "unlocked at %x" % start)
    return sorted(found)


if __name__ == "__main__":
    if sys.argv[1] == "scan":
        print(" ".join(scan(int(sys.argv[2]), [t.encode() for t in sys.argv[3:]])))
    else:
        print(cached_pages(int(sys.argv[2])))
