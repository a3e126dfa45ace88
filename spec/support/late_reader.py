#!/usr/bin/env python3
"""Runs a program whose standard error, a pipe, nobody reads until it has logged much.

usage: late_reader.py KIND PROGRAM [ARGUMENT]...

KIND is blocking, nonblocking (the description that the program is given) or gone (nobody ever reads).  The program prints one
line to standard output when it has logged what it wants.  Then all that there is is read, the program is told to go on by a
line on its standard input, and the rest is read.  Prints the log, and the exit status on the last line.
"""
import fcntl
import os
import subprocess
import sys
import threading

kind = sys.argv[1]
ours, theirs = os.pipe()
if kind == "nonblocking":
    fcntl.fcntl(theirs, fcntl.F_SETFL, fcntl.fcntl(theirs, fcntl.F_GETFL) | os.O_NONBLOCK)
program = subprocess.Popen(sys.argv[2:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=theirs)
os.close(theirs)
log = bytearray()
emptied = threading.Event()


def read():
    while True:
        piece = os.read(ours, 65536)
        if not piece:
            return
        log.extend(piece)
        if b"dropped" in log:
            emptied.set()


reader = threading.Thread(target=read)
if kind == "gone":
    os.close(ours)
assert program.stdout.readline() == b"done\n"
if kind != "gone":
    reader.start()
    emptied.wait(30)
program.stdin.write(b"go\n")
program.stdin.flush()
program.stdin.close()
status = program.wait()
if kind != "gone":
    reader.join()
sys.stdout.buffer.write(bytes(log))
print(status)
