#!/usr/bin/env python3
"""Runs a program whose standard error nobody reads until it is done.

usage: deaf_log.py KIND PROGRAM [ARGUMENT]...

KIND is pipe, socket or pty: what standard error is.  The program writes one line to standard output when it has logged all
it wants, then waits for the end of its standard input.  Prints whether the description is still a blocking one, the number
of bytes of the log, its last line, and the exit status.
"""
import fcntl
import os
import pty
import socket
import subprocess
import sys
import termios
import threading

kind = sys.argv[1]
if kind == "pipe":
    ours, theirs = os.pipe()
elif kind == "socket":
    a, b = socket.socketpair()
    ours, theirs = a.detach(), b.detach()
else:
    ours, theirs = pty.openpty()
    attributes = termios.tcgetattr(theirs)
    attributes[1] &= ~termios.OPOST
    termios.tcsetattr(theirs, termios.TCSANOW, attributes)
program = subprocess.Popen(sys.argv[2:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=theirs)
assert program.stdout.readline() == b"done\n"
blocking = not fcntl.fcntl(theirs, fcntl.F_GETFL) & os.O_NONBLOCK
os.close(theirs)
log = bytearray()


def read():
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:
            return
        if not piece:
            return
        log.extend(piece)


reader = threading.Thread(target=read)
reader.start()
program.stdin.close()
status = program.wait()
reader.join()
print(blocking, len(log), status, bytes(log).rstrip(b"\n").split(b"\n")[-1].decode(), sep="\t")
