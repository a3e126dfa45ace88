#!/usr/bin/env python3
"""A raw HTTP server that does one thing with every connection, and counts the requests whose head has come whole.

usage: wire.py

A line on standard input sets what is done from now on: a mode, and for some the bytes to send in hexadecimal:

  answer HEX   read the request, send the bytes, close
  keep HEX     the same, and leave the connection open
  drip HEX     the same, a byte each 20 ms
  reset-early  reset the connection once bytes have come, unread
  reset-late   reset it once the request was read
  close        close it once the request was read
  hold         read the request, say nothing
  deaf         read nothing (a TLS handshake never ends)
  hang-up      hold, and close the connections that were left open so far

The first line on standard output is the port; then "ready" for each mode, "connection", and "request METHOD TARGET SIZE"
with the size of the body, as they happen, and "answered" once the bytes are on their way.
"""
import socket
import struct
import sys
import threading
import time

lock = threading.Lock()
mode = ["hold", b""]
kept = []


def tell(text):
    with lock:
        print(text, flush=True)


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def hang_up(connection):
    try:
        connection.shutdown(socket.SHUT_RDWR)  # also where a thread waits for bytes of it, which closing alone leaves waiting
    except OSError:
        pass  # the peer was first
    connection.close()


def read_request(connection):
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return False
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    size = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            size = int(value)
    tell("request %s %d" % (head.split(b"\r\n")[0].decode("latin-1").rsplit(" ", 1)[0], size))
    while len(body) < size:
        piece = connection.recv(65536)
        if not piece:
            break
        body += piece
    return True


def act(connection, what, answer):
    if what == "reset-early":
        # Sooner, the client may meet the reset before it has a connection: then nothing was sent, and it tries again.
        connection.recv(1, socket.MSG_PEEK)
        return reset(connection)
    stays = what in ("hold", "keep", "deaf")
    if stays:
        # Before a byte is sent: whoever has the answer may ask for the hang-up before this thread goes on.
        kept.append(connection)
    if what == "deaf":
        return
    if not read_request(connection):
        return connection.close()
    if what == "reset-late":
        return reset(connection)
    if what == "drip":
        for byte in answer:
            connection.sendall(bytes([byte]))
            time.sleep(0.02)
    elif answer:
        connection.sendall(answer)
    tell("answered")
    if not stays:
        connection.close()


def serve(connection, what, answer):
    try:
        act(connection, what, answer)
    except OSError:
        connection.close()


def accept(listener):
    while True:
        connection, _ = listener.accept()
        tell("connection")
        threading.Thread(target=serve, args=(connection, mode[0], mode[1]), daemon=True).start()


def main():
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    tell(listener.getsockname()[1])
    threading.Thread(target=accept, args=(listener,), daemon=True).start()
    for line in sys.stdin:
        what, _, digits = line.strip().partition(" ")
        if what == "hang-up":
            while kept:
                hang_up(kept.pop())
            what = "hold"
        mode[:] = [what, bytes.fromhex(digits)]
        tell("ready")


main()
