# SPDX-License-Identifier: MIT
"""One end of a connection that counts its bytes on the wire. TLS is done over memory, so that the
connection can be cut anywhere, also within a record."""

import ssl

from support import tcp


class Cut(Exception):
    """As many bytes were sent as were to be sent, or the other end is gone."""


class Wire:
    def __init__(self, connection, budget):
        self.socket, self.budget = connection, budget
        self.tls, self.incoming, self.outgoing = None, ssl.MemoryBIO(), ssl.MemoryBIO()

    def send_wire(self, data):
        part = data[:self.budget]
        self.budget -= len(part)
        if part:  # after our own end there is nothing to send, not even no bytes
            self.socket.sendall(part)
        if self.budget == 0:
            raise Cut

    def receive_wire(self):
        data = self.socket.recv(1 << 16)
        if not data:
            raise Cut
        return data

    def in_tls(self, step):
        while True:
            try:
                result = step()
                self.send_wire(self.outgoing.read())
                return result
            except ssl.SSLWantReadError:
                self.send_wire(self.outgoing.read())
                self.incoming.write(self.receive_wire())

    def start_tls(self, context, **how):
        self.tls = context.wrap_bio(self.incoming, self.outgoing, **how)
        try:
            self.in_tls(self.tls.do_handshake)
        except ssl.SSLError:
            self.send_wire(self.outgoing.read())  # the alert
            raise

    def send(self, data):
        if self.tls is None:
            self.send_wire(data)
        else:
            self.in_tls(lambda: self.tls.write(data))

    def receive(self):
        return self.receive_wire() if self.tls is None else self.in_tls(
            lambda: self.tls.read(1 << 16))

    def end(self, reset):
        if reset:
            tcp.will_reset(self.socket)
        self.socket.close()
