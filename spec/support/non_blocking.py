"""Runs a program whose standard streams are pipes that somebody left non-blocking.

    non_blocking.py PROGRAM            types a line into its REPL, the end of it once the beginning is read
    non_blocking.py PROGRAM ARG...     reads its output only once the pipe is full

Prints what it said; ends with its status.
"""
import array
import fcntl
import os
import subprocess
import sys
import termios


def pipe():
    read, write = os.pipe()
    os.set_blocking(read, False)
    os.set_blocking(write, False)
    return read, write


def unread(fd):
    count = array.array("i", [0])
    fcntl.ioctl(fd, termios.FIONREAD, count)
    return count[0]


def state(process):
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as stat:
        return stat.read().rpartition(")")[2].split()[0]


def type_line(program):
    read, write = pipe()
    child = subprocess.Popen([program, "repl", "--simulate"], stdin=read, stdout=subprocess.PIPE)
    os.write(write, b"20 +")
    while unread(read) or state(child) not in "SZ":
        pass
    os.write(write, b" 1\n")
    os.close(write)
    os.close(read)
    sys.stdout.write(child.stdout.read().decode())
    return child.wait()


def read_late(command):
    read, write = pipe()
    room = fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)
    child = subprocess.Popen(command, stdout=write)
    os.close(write)
    os.set_blocking(read, True)
    while unread(read) < room and child.poll() is None:
        pass
    while True:
        some = os.read(read, 65536)
        if not some:
            return child.wait()
        sys.stdout.write(some.decode())


def main():
    program, arguments = sys.argv[1], sys.argv[2:]
    status = read_late([program] + arguments) if arguments else type_line(program)
    sys.stdout.flush()
    sys.exit(status)


main()
