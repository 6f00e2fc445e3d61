# SPDX-License-Identifier: MIT
"""What a hundred hostile clients make the program keep has a bound, and what is left out is said.
Bytes are counted, not time."""

import json
import os
import threading

from support import scope as s

CLIENTS = 100
MIB = 1 << 20


def high_water(proxy):
    with open(f"/proc/{proxy.process.pid}/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM:"))


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


if __name__ == "__main__":
    s.main(dict(globals()))
