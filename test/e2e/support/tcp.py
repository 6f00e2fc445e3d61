# SPDX-License-Identifier: MIT
"""TCP without SMTP: ports that refuse or never answer, and both ends of a session in one thread."""

import contextlib
import random
import socket
import struct

from support import scope as s


@contextlib.contextmanager
def refusing_port():
    """Bound, so that no other program gets it, and not listening."""
    with socket.socket() as keeper:
        keeper.bind(("127.0.0.1", 0))
        yield keeper.getsockname()[1]


PORTS_BEGIN = 10000  # below are those of services


def _first_of_the_kernel():
    """From here on the kernel chooses where a program asks for any port."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
        return int(file.read().split()[0])


def free_port():
    """A port where nothing listens, and the caller may. The kernel gives it to no other program in
    the meantime, as it would one of those that it chooses from."""
    end = _first_of_the_kernel()
    while end > PORTS_BEGIN:
        port = random.randrange(PORTS_BEGIN, end)
        with contextlib.suppress(OSError), socket.socket() as keeper:
            keeper.bind(("", port))
            return port
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
