#!/usr/bin/env python3
"""A raw HTTP/1.1 responder, for what a proper server cannot be made to do.

usage: responder.py [--tls CERTIFICATE KEY] [REQUEST ANSWER AFTER]...

REQUEST is "METHOD TARGET" or "*", ANSWER the bytes to send in hexadecimal (may be empty; "AB*3,CD" repeats
a part), AFTER is keep, close or hold.  Without a rule: 200 "ok", kept alive.  The first line on standard output is the port; then
a line a request, separated by tabs: number of the connection, "METHOD TARGET", the body in
hexadecimal, the header lines.  Ends when standard input ends.
"""
import socket
import ssl
import sys
import threading

OK = (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "keep")
output = threading.Lock()


def tell(*columns):
    with output:
        print("\t".join(str(column) for column in columns), flush=True)


def read_request(stream):
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = stream.readline()
        if not line:
            return None
        head += line
    lines = [line for line in head.decode("latin-1").split("\r\n") if line]
    size = 0
    for line in lines[1:]:
        name, _, value = line.partition(":")
        if name.lower() == "content-length":
            size = int(value)
    return lines[0].rsplit(" ", 1)[0], stream.read(size).hex(), lines[1:]


def parts(text):
    answer = b""
    for part in text.split(","):
        digits, _, count = part.partition("*")
        answer += bytes.fromhex(digits) * int(count or "1")
    return answer


def serve(connection, number, rules, context):
    try:
        if context:
            connection = context.wrap_socket(connection, server_side=True)
        stream = connection.makefile("rb")
        while True:
            request = read_request(stream)
            if not request:
                return
            target, body, headers = request
            tell(number, target, body, *headers)
            answer, after = rules.get(target) or rules.get("*") or OK
            connection.sendall(answer)
            if after == "close":
                return
            if after == "hold":
                stream.read(1)
                return
    except OSError:
        pass
    finally:
        try:
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        connection.close()


def main():
    args = sys.argv[1:]
    context = None
    if args and args[0] == "--tls":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(args[1], args[2])
        args = args[3:]
    rules = {}
    for i in range(0, len(args), 3):
        rules[args[i]] = (parts(args[i + 1]), args[i + 2])
    listener = socket.create_server(("127.0.0.1", 0))
    tell(listener.getsockname()[1])

    def accept():
        number = 0
        while True:
            connection, _ = listener.accept()
            number += 1
            threading.Thread(target=serve, args=(connection, number, rules, context), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    sys.stdin.read()


main()
