"""Opens COUNT connections to PORT of the loopback, then asks on each, then counts the answers with status 200."""
import socket
import sys


def main():
    port, count = int(sys.argv[1]), int(sys.argv[2])
    peers = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
    for peer in peers:
        peer.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    print(sum(peer.recv(65536).startswith(b"HTTP/1.1 200") for peer in peers))


main()
