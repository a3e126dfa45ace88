#!/usr/bin/env python3
"""An MCP client that asks and asks, and reads nothing until it cannot ask any more.

usage: deaf_client.py COUNT MESSAGE PROGRAM [ARGUMENT]...

Sends MESSAGE COUNT times, with its % replaced by a number from 1 on, while it can (one second without progress: it cannot);
then goes on with that and reads.  All must be answered, in order.  Prints how many were sent before the first byte was read,
the server's greatest resident memory in MiB, and its exit status.
"""
import json
import os
import select
import subprocess
import sys
import threading

count, message = int(sys.argv[1]), sys.argv[2]
# A sanitizer keeps freed memory for a while; what counts here is memory in use.
environment = dict(os.environ, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=4")
server = subprocess.Popen(sys.argv[3:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
pipe = server.stdin.fileno()
sent = 0


def line(number):
    return message.replace("%", str(number)).encode() + b"\n"


# A pipe that poll calls writable takes 4,096 bytes.
assert len(line(count)) < 4096
while sent < count and select.select([], [pipe], [], 1)[1]:
    sent += 1
    os.write(pipe, line(sent))
unread = sent


def ask_on():
    for number in range(sent + 1, count + 1):
        os.write(pipe, line(number))


asking = threading.Thread(target=ask_on)
asking.start()
for number in range(1, count + 1):
    answer = json.loads(server.stdout.readline())
    assert answer["id"] == number and "result" in answer, answer
asking.join()
with open(f"/proc/{server.pid}/status", encoding="ascii") as status:
    most = next(int(entry.split()[1]) for entry in status if entry.startswith("VmHWM"))
server.stdin.close()
assert server.stdout.read() == b""
print(unread, most // 1024, server.wait())
