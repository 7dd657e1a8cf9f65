#!/usr/bin/env -S python3 -IS
"""Runs a command on a terminal of its own and plays the person at it.

usage: terminal.py [--expect TEXT] [--send TEXT] ... -- COMMAND...

--expect waits (at most 10 s) until the terminal has shown TEXT since the last match; --send types TEXT (with the
escapes \\n, \\x03, ...). What the terminal showed goes to stdout, byte for byte; the exit status is the command's, 97 for
a wait in vain. After the command the terminal's modes are compared with those before: a difference is status 98.
"""
import os
import pty
import select
import signal
import sys
import termios
import time


def parse(words):
    steps = []
    while words and words[0] != "--":
        steps.append((words[0], words[1].encode().decode("unicode_escape").encode("latin-1")))
        words = words[2:]
    return steps, words[1:]


def read_some(master, seen, until):
    left = max(0.0, until - time.monotonic())
    if not select.select([master], [], [], left)[0]:
        return False
    try:
        data = os.read(master, 65536)
    except OSError:
        return False
    seen += data
    return bool(data)


def play(master, slave, steps, seen):
    at = 0
    for what, text in steps:
        if what == "--send":
            os.write(master, text)
            continue
        until = time.monotonic() + 10
        while text not in seen[at:]:
            if time.monotonic() > until or not read_some(master, seen, until):
                return False
        at = seen.index(text, at) + len(text)
    return True


def main():
    steps, command = parse(sys.argv[1:])
    master, slave = pty.openpty()
    before = termios.tcgetattr(slave)
    pid = os.fork()
    if pid == 0:
        os.setsid()
        import fcntl

        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        for fd in range(3):
            os.dup2(slave, fd)
        os.closerange(3, 256)
        os.execvp(command[0], command)
    seen = bytearray()
    status = 0 if play(master, slave, steps, seen) else 97
    if status:
        os.kill(pid, signal.SIGKILL)
    until = time.monotonic() + 20
    done = 0
    while not done and time.monotonic() < until:
        read_some(master, seen, time.monotonic() + 0.02)
        done, raw = os.waitpid(pid, os.WNOHANG)
    if not done:
        os.kill(pid, signal.SIGKILL)
        raw = os.waitpid(pid, 0)[1]
    while read_some(master, seen, time.monotonic() + 0.05):
        pass
    if not status:
        status = os.waitstatus_to_exitcode(raw)
        if status < 0:
            status = 128 - status
        if termios.tcgetattr(slave) != before:
            status = 98
    sys.stdout.buffer.write(bytes(seen))
    return status


sys.exit(main())
