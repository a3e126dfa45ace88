#!/usr/bin/env python3
"""An MCP client that always leaves some answers unread.

usage: slow_reader.py PROGRAM [ARGUMENT]...

Sends pings with ids of 100 kB, reads each answer when 40 more were asked for, 1,500 in all; then the rest.
Prints the server's greatest resident memory in MiB and its exit status.
"""
import os
import subprocess
import sys

TOTAL, BEHIND, SIZE = 1500, 40, 100_000

# A sanitizer keeps freed memory for a while; what counts here is memory in use.
environment = dict(os.environ, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=4")
server = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)


def ask(number):
    name = str(number).ljust(SIZE, "x")
    server.stdin.write(b'{"jsonrpc":"2.0","id":"%s","method":"ping"}\n' % name.encode())
    server.stdin.flush()


def take(number):
    line = server.stdout.readline()
    assert line.startswith(b'{"jsonrpc":"2.0","id":"%dx' % number) and line.endswith(b"}\n"), line[:100]


for number in range(TOTAL):
    ask(number)
    if number >= BEHIND:
        take(number - BEHIND)
with open(f"/proc/{server.pid}/status", encoding="ascii") as status:
    most = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
server.stdin.close()
for number in range(TOTAL - BEHIND, TOTAL):
    take(number)
print(most // 1024, server.wait())
