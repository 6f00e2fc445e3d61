# SPDX-License-Identifier: MIT
"""With the key log alone tshark reads the mail on both legs, as they were on the wire."""

import shutil
import socket
import ssl
import struct
import subprocess
import threading

from support import scope as s
from support import smtp

SEGMENT = 1400


class Wire:
    """Forwards a port and keeps what went over it, in order: (from the connecting side, bytes)."""

    def __init__(self, target):
        self.segments = []
        self.target = target
        self.lock = threading.Lock()
        self.server = s.Server(self._forward)
        self.port = self.server.port

    def _forward(self, near):
        far = s.connect(self.target)
        back = threading.Thread(target=self._pump, args=(far, near, False), daemon=True)
        back.start()
        self._pump(near, far, True)
        back.join(s.TIMEOUT)
        far.close()

    def _pump(self, source, sink, forward):
        while True:
            data = source.recv(1 << 16)
            with self.lock:
                self.segments.append((forward, data))
            try:
                sink.sendall(data) if data else sink.shutdown(socket.SHUT_WR)
            except OSError:
                return
            if not data:
                return


def packets(segments, client_port, server_port):
    """One TCP conversation in raw IPv4."""
    sequence = {True: 1, False: 1}

    def packet(forward, flags, data=b""):
        ports = (client_port, server_port) if forward else (server_port, client_port)
        tcp = struct.pack("!HHIIBBHHH", *ports, sequence[forward], sequence[not forward], 0x50,
                          flags, 65535, 0, 0) + data
        sequence[forward] += len(data)
        return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0,
                           socket.inet_aton("127.0.0.1"), socket.inet_aton("127.0.0.1")) + tcp

    sequence[True] = sequence[False] = 0
    yield packet(True, 0x02)
    sequence[True] = 1
    yield packet(False, 0x12)
    sequence[False] = 1
    for forward, data in segments:
        for at in range(0, len(data), SEGMENT):
            yield packet(forward, 0x18, data[at:at + SEGMENT])


def write_pcap(path, conversations):
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101))
        second = 0
        for wire, client_port in conversations:
            for packet in packets(wire.segments, client_port, wire.port):
                second += 1
                file.write(struct.pack("<IIII", second, 0, len(packet), len(packet)) + packet)


def commands_seen(pcap, keys, ports, how):
    """(port, command) of each SMTP command that tshark finds."""
    words = []
    for port in ports:
        words += ["-d", f"tcp.port=={port},{'tls' if how == 'implicit' else 'smtp'}"]
        words += ["-d", f"tls.port=={port},smtp"] if how == "implicit" else []
    run = subprocess.run(["tshark", "-r", pcap, "-o", f"tls.keylog_file:{keys}", *words, "-Y",
                          "smtp.req.command", "-T", "fields", "-e", "tcp.dstport", "-e",
                          "smtp.req.command"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         check=True, timeout=s.TIMEOUT)
    return [tuple(line.split("\t")) for line in run.stdout.decode().splitlines()]


def send_mail(scope, port, how, version):
    context = scope.client_context()
    context.minimum_version = context.maximum_version = version
    client = smtp.Client(port, how, context)
    client.open()
    client.send_mail(b"Subject: x\r\n\r\nx\r\n")
    client.quit()


def decrypt(scope, how, version):
    keys, pcap = scope.path("keys"), scope.path("wire.pcap")
    with smtp.Server(scope, how=how) as server:
        far = Wire(server.port)
        with scope.proxy("--mode", f"reverse:smtp://localhost:{far.port}@127.0.0.1:0",
                         "--server-ca", scope.server_certificate()[2], "--keylog", keys) as proxy:
            near = Wire(proxy.port())
            send_mail(scope, near.port, how, version)
            near.server.__exit__(None, None, None)
        far.server.__exit__(None, None, None)
    write_pcap(pcap, [(near, 40001), (far, 40002)])
    seen = commands_seen(pcap, keys, (near.port, far.port), how)
    for wire in (near, far):
        commands = [command for port, command in seen if int(port) == wire.port]
        for command in ("EHLO", "MAIL", "RCPT", "DATA", "QUIT"):
            assert command in commands, (how, version, command, seen)
    with open(keys, "w"):
        pass
    blind = commands_seen(pcap, keys, (near.port, far.port), how)
    assert not any(command == "MAIL" for _, command in blind), blind


def test_tshark_decrypts_both_legs(scope):
    if shutil.which("tshark") is None:
        raise s.Skip("tshark is not installed")
    for how in ("implicit", "starttls"):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            decrypt(scope, how, version)


if __name__ == "__main__":
    s.main(globals())
