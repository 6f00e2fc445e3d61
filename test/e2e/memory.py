# SPDX-License-Identifier: MIT
"""What a hundred hostile clients make the program keep has a bound, and what is left out is said.
Bytes are counted, not time."""

import os
import threading

from support import scope as s
from support import smtp

CLIENTS = 100
MIB = 1 << 20


def memory_of(proxy, name):
    with open(f"/proc/{proxy.process.pid}/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(name + ":"))


def high_water(proxy):
    return memory_of(proxy, "VmHWM")


def resident(proxy):
    return memory_of(proxy, "VmRSS")


def test_idle_sessions(scope):
    """In TLS on both sides. The first hundred pay for what all share; `test/bench/idle_memory.py`
    measures more of them. A record of each, or TLS with its buffers or the
    configuration of its handshake, would be 5 KiB more."""
    count = 300
    context = scope.client_context()
    with smtp.Server(scope, "starttls") as server:
        with server.proxy_to(scope, "--threads", "1", "-o", "text:" + scope.path("text")) as proxy:
            if memory_of(proxy, "VmSize") > 1 << 40:
                raise s.Skip("AddressSanitizer's own memory is counted too")
            clients = [smtp.Client(proxy.port(), "starttls", context) for _ in range(CLIENTS + count)]
            for client in clients[:CLIENTS]:
                client.open()
            before = resident(proxy)
            for client in clients[CLIENTS:]:
                client.open()
            each = (resident(proxy) - before) / count
            for client in clients:
                client.connection.close()
    print(f"     {each / 1024:.1f} KiB a session")
    assert each < 15 * 1024, each


def send(connection, text):
    """Sends while the answers are read, so that neither side waits for the other."""
    reader = threading.Thread(target=s.read_all, args=(connection,), daemon=True)
    reader.start()
    connection.sendall(text)
    return reader


def all_at_once(port, text):
    """Whole sessions of all clients."""
    connections = [s.connect(port) for _ in range(CLIENTS)]
    readers = [send(connection, text) for connection in connections]
    for reader, connection in zip(readers, connections):
        reader.join(s.TIMEOUT)
        connection.close()


def test_a_flood_of_empty_messages(scope):
    """Each makes a file of nothing; the other outputs lose no line."""
    count = 300
    folder = scope.path("mail")
    with scope.proxy("--mode", "sink@0", "-o", f"eml:{folder}", outputs=("jsonl", "text")) as proxy:
        before = high_water(proxy)
        all_at_once(proxy.port(), b"BDAT 0 LAST\r\n" * count + b"QUIT\r\n")
        kept = high_water(proxy) - before
    events = proxy.events()
    assert not [event for event in events if event["event"] == "lost"]
    assert sum(event["event"] == "message" for event in events) == CLIENTS * count
    assert len(os.listdir(folder)) == CLIENTS * count
    print(f"     {kept / MIB:.0f} MiB kept at most")
    assert kept < 64 * MIB, kept


def answered(connection, count):
    """Reads so many lines and keeps the connection open."""
    lines = 0
    while lines < count:
        part = connection.recv(1 << 16)
        assert part, "closed too early"
        lines += part.count(b"\n")


def small_session(port):
    client = smtp.Client(port)
    client.open()
    client.send_mail(b"Subject: small\r\n\r\nx\r\n")
    client.quit()


def test_sessions_held_open(scope):
    """Empty lines cost their sender a byte each. Each client fills its share before the next one
    comes, so that the last ones find nothing left. A small session that comes then is recorded
    whole; of the others it is said how much is missing. The memory goes back to the system."""
    count = 4000
    with scope.proxy("--mode", "sink@0", "--only", "outcome!=timeout",
                     outputs=("json", "jsonl", "text")) as proxy:
        before = high_water(proxy)
        connections = []
        for _ in range(CLIENTS):
            connections.append(s.connect(proxy.port()))
            reader = threading.Thread(target=answered, args=(connections[-1], count + 1))
            reader.start()
            connections[-1].sendall(b"\n" * count)
            reader.join(s.TIMEOUT)
        small_session(proxy.port())
        kept = high_water(proxy) - before
        for connection in connections:
            s.ask(connection, "QUIT")
            connection.close()
        s.until(lambda: resident(proxy) - before < 32 * MIB, "what they left to be given back")
    print(f"     {kept / MIB:.0f} MiB kept at most")
    assert kept < 256 * MIB, kept
    sessions = proxy.sessions()
    assert len(sessions) == CLIENTS + 1
    small = [one for one in sessions if one["messages"]]
    assert [one["truncated"] for one in small] == [False]
    assert len(small[0]["exchanges"]) == 6
    cut = [one for one in sessions if len(one["exchanges"]) < count + 1 and not one["messages"]]
    assert cut and all(one["truncated"] for one in cut)
    assert all(len(one["exchanges"]) > 20 for one in sessions if not one["messages"])
    check_what_is_said(proxy, small[0]["id"], count)


def check_what_is_said(proxy, small, count):
    """Lines that are there and lines that are said to be lost are all lines. Findings count too; of
    each session there are at most as many as rules about such lines."""
    lines = proxy.output("text").decode().splitlines()
    peers = [line for line in lines if line.split(" ", 4)[4].startswith(('C > "', 'S < "'))]
    told = sum(1 for line in peers if line.split(" ")[3] != str(small))
    text_lost = sum(int(line.split(" ")[5]) for line in lines if " lines were lost: " in line)
    lost = [event for event in proxy.events() if event["event"] == "lost"]
    assert text_lost > 0 and text_lost == sum(event["count"] for event in lost)
    assert all(event["session"] == 0 and "--only" in event["reason"] for event in lost)
    missing = CLIENTS * (2 * count + 3) - told - text_lost
    assert -200 * CLIENTS <= missing <= 0, missing


# A server that greets, answers the hello, and never again.
swallow = smtp.answers(b"220 test\r\n", b"250-test\r\n250 CHUNKING\r\n")


def hold_messages(scope, message, count, *words):
    """What clients hold that send so many messages without an answer."""
    with s.Server(swallow) as server:
        with scope.proxy("--mode", f"reverse:smtp://127.0.0.1:{server.port}@0", *words,
                         outputs=("json", "jsonl")) as proxy:
            before = high_water(proxy)
            connections = [s.connect(proxy.port()) for _ in range(CLIENTS)]
            envelope = b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\n"
            for connection in connections:
                connection.sendall(b"EHLO a.example\r\n")
            for connection in connections:
                s.read_reply(connection)
                s.read_reply(connection)
            for connection in connections:
                for _ in range(count):
                    connection.sendall(envelope + b"BDAT %d LAST\r\n" % len(message) + message)
            for connection in connections:
                connection.shutdown(1)
            for connection in connections:
                s.read_all(connection)
                connection.close()
            kept = high_water(proxy) - before
    print(f"     {kept / MIB:.0f} MiB kept at most")
    return proxy, kept


def test_messages_without_an_answer(scope):
    message = b"Subject: x\r\n\r\n" + (b"b" * 900 + b"\r\n") * 1160
    proxy, kept = hold_messages(scope, message, 4, "--body", "full")
    assert kept < 256 * MIB, kept
    messages = [message for one in proxy.sessions() for message in one["messages"]]
    assert any(message.get("cut") for message in messages)


def test_header_fields_without_an_answer(scope):
    _, kept = hold_messages(scope, b"a:b\r\n" * 1000 + b"\r\n", 50)
    assert kept < 256 * MIB, kept


if __name__ == "__main__":
    s.main(dict(globals()))
