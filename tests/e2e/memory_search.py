#!/usr/bin/env -S python3 -IS
"""Searches the memory of a process for a text: memory_search.py PID TEXT.

Prints one line for each mapping that holds it: how often, whether the mapping is locked, its name. Status 0 if the text
stands in locked memory alone, 1 if anywhere else, 3 if nowhere.
"""
import sys


def mappings(pid):
    current = None
    for line in open(f"/proc/{pid}/smaps"):
        first = line.split(" ", 1)[0]
        if "-" in first and not first.endswith(":"):
            fields = line.split()
            low, high = (int(x, 16) for x in first.split("-"))
            current = [low, high, fields[1], fields[5] if len(fields) > 5 else "anonymous"]
        elif line.startswith("VmFlags:"):
            yield (*current, "lo" in line.split())


def main():
    pid, text = sys.argv[1], sys.argv[2].encode()
    found, loose = 0, 0
    with open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for low, high, rights, name, locked in mappings(pid):
            if rights[0] != "r" or name in ("[vvar]", "[vsyscall]"):
                continue
            try:
                memory.seek(low)
                count = memory.read(high - low).count(text)
            except (OSError, ValueError, OverflowError):
                continue
            if count:
                print(f"{count} in {'locked' if locked else 'ordinary'} memory: {name}")
                found += count
                loose += 0 if locked else count
    return 1 if loose else 0 if found else 3


sys.exit(main())
