#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What of a credential stays in the program's memory: of the base64 line the one copy that the mask
looks for, while the session lasts; after it nothing. (In TLS BoringSSL frees its record buffers as
they are; that is out of our reach.)

    secret_memory.py PROGRAM [TEST…]
"""
import contextlib

from secret_hunt import b64
from secret_scenes import EHLO, GREETING, OFFER, USER, make_secret, opened, plain
from support import scope as support
from support import tcp

NOOP = [("C", b"NOOP\r\n"), ("S", b"250 2.0.0 ok\r\n")]


def exchanges(number):
    """(steps up to the answer, the base64 line, the secret), by what is odd about them."""
    s, token = make_secret(number), make_secret(number) + b"t" * 900
    bearer = b64(b"user=" + USER + b"\1auth=Bearer " + token + b"\1\1")
    return {
        "initial": (opened(("C", b"AUTH PLAIN " + plain(s) + b"\r\n"), ("S", b"235 2.7.0 ok\r\n")),
                    plain(s), s),
        "continued": (opened(("C", b"AUTH LOGIN\r\n"), ("S", b"334 VXNlcm5hbWU6\r\n"),
                             ("C", b64(USER) + b"\r\n"), ("S", b"334 UGFzc3dvcmQ6\r\n"),
                             ("C", b64(s) + b"\r\n"), ("S", b"535 5.7.8 no\r\n")), b64(s), s),
        "long": (opened(("C", b"AUTH XOAUTH2 " + bearer + b"\r\n"), ("S", b"235 2.7.0 ok\r\n")),
                 bearer, token),
        "held": ([("S", GREETING), ("C", EHLO + b"AUTH LOGIN\r\n" + b64(USER) + b"\r\n" + b64(s) +
                                    b"\r\nNOOP\r\n"),
                  ("S", OFFER + b"334 UGFzc3dvcmQ6\r\n334 UGFzc3dvcmQ6\r\n235 2.7.0 ok\r\n250 ok\r\n")],
                 b64(s), s),
    }


def copies(pid, needle):
    """Where `needle` stands in the memory of the process."""
    found = []
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in maps:
            span, rights = line.split()[:2]
            start, end = (int(x, 16) for x in span.split("-"))
            if "w" not in rights:
                continue
            with contextlib.suppress(OSError, OverflowError, ValueError):
                mem.seek(start)
                data = mem.read(end - start)
                at = data.find(needle)
                while at >= 0:
                    found.append(data[max(0, at - 30):at + len(needle) + 30])
                    at = data.find(needle, at + 1)
    return found


def end_session(proxy, ends, client, server):
    """Once the next session is served, by the same loop, the one before is gone."""
    client.close()
    assert server.recv(1) == b""
    server.close()
    client, server = ends.open(proxy)
    tcp.walk(client, server, opened(*NOOP))
    client.close()
    server.close()


def check(scope, number, words=()):
    for name, (steps, line, secret) in exchanges(number).items():
        with tcp.Ends() as ends:
            with ends.proxy(scope, "--threads", "1", *words, outputs=("text", "json", "pcap")) as proxy:
                client, server = ends.open(proxy)
                tcp.walk(client, server, steps + NOOP)
                pid = proxy.process.pid
                seen = copies(pid, line)
                assert len(seen) <= 1, f"{name}: the line stands {len(seen)} times: {seen}"
                end_session(proxy, ends, client, server)
                seen = copies(pid, line) + copies(pid, secret)
                assert not seen, f"{name}: after the session there is {seen}"


def test_a_plain_session_leaves_nothing(scope):
    check(scope, 2000)


def test_a_line_that_is_shown_cut_leaves_nothing(scope):
    check(scope, 2200, ["--max-line", "20"])


if __name__ == "__main__":
    support.main(globals())
