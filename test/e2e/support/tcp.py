# SPDX-License-Identifier: MIT
"""TCP without SMTP: ports that refuse or never answer, and both ends of a session in one thread."""

import contextlib
import socket
import struct

from support import scope as s


@contextlib.contextmanager
def refusing_port():
    """Bound, so that no other program gets it, and not listening."""
    with socket.socket() as keeper:
        keeper.bind(("127.0.0.1", 0))
        yield keeper.getsockname()[1]


def free_port():
    """A port that the caller is about to listen on."""
    with refusing_port() as port:
        return port


@contextlib.contextmanager
def silent_port(address="127.0.0.1", port=0):
    """Its queue is full, so the kernel drops each SYN."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((address, port))
        listener.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def will_reset(connection):
    """Its close is going to be a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def reset(connection):
    will_reset(connection)
    connection.close()


class Ends:
    """A listener, and sessions through a proxy to it whose both ends the test holds. In one thread,
    so that each step has passed before the next is taken."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))

    def __enter__(self):
        return self

    def __exit__(self, *reason):
        self.listener.close()

    def proxy(self, scope, *words, **options):
        port = self.listener.getsockname()[1]
        return scope.proxy("--mode", f"reverse:smtp://127.0.0.1:{port}@127.0.0.1:0", *words, **options)

    def open(self, proxy):
        """(the client's end, the server's end)"""
        client = s.connect(proxy.port())
        server, _ = self.listener.accept()
        server.settimeout(s.TIMEOUT)
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return client, server


def carry(source, target, data):
    """It has left one end and arrived at the other."""
    source.sendall(data)
    assert s.read_exactly(target, len(data)) == data


def walk(client, server, steps):
    """Steps are ("C", bytes) of the client and ("S", bytes) of the server."""
    for who, data in steps:
        carry(*((client, server) if who == "C" else (server, client)), data)
