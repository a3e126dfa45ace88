"""Connects to PORT of the loopback; standard input goes to the socket, what comes back to standard output.

The end of standard input closes the connection, the peer's end of the connection ends the program.
"""
import os
import select
import socket
import sys


def main():
    peer = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    while True:
        for ready in select.select([0, peer], [], [])[0]:
            if ready is peer:
                try:
                    data = peer.recv(65536)
                except ConnectionResetError:
                    sys.exit("connection reset")
                if not data:
                    return
                os.write(1, data)
            else:
                data = os.read(0, 65536)
                if not data:
                    return
                try:
                    peer.sendall(data)
                except (BrokenPipeError, ConnectionResetError):
                    pass  # what was answered before is still to be read


main()
