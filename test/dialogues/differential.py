#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Bytes, lines and SHA-256 of random hostile messages: the decoder against another reading of
RFC 5321 4.5.2, which shares nothing with it but the RFC.

    differential.py RUNNER [SEED]
"""
import hashlib
import random
import re
import subprocess
import sys
import tempfile
import time

ROUNDS, MESSAGES = 8, 40
PIECES = [b"\r\n", b"\r\n", b"\n", b"\r", b".", b".", b"..", b"\0", b"\xff", b"abc", b"x" * 70, b" "]


def hostile(rng):
    return b"".join(rng.choice(PIECES) for _ in range(rng.randrange(60)))


def first_end(text):
    """Where CRLF . CRLF begins, in what follows the CRLF of DATA."""
    if text.startswith(b".\r\n"):
        return 0
    at = text.find(b"\r\n.\r\n")
    return None if at < 0 else at + 2


def unstuff(text):
    lines = text.split(b"\r\n")
    return b"\r\n".join(line[1:] if line.startswith(b".") else line for line in lines)


def by_data(rng):
    text = hostile(rng)
    if rng.random() < 0.7 and not text.endswith(b"\r\n"):
        text += b"\r\n"
    end = first_end(text)
    if end is None:
        text += b"" if text.endswith(b"\r\n") or not text else b"\r\n"
        end = first_end(text + b".\r\n")
    sent = text[:end] + b".\r\n"
    return ["C: DATA", "S: 354 go", "C- " + escape(sent), "S: 250 ok"], unstuff(text[:end])


def by_bdat(rng):
    chunks = [hostile(rng) for _ in range(rng.randrange(1, 4))]
    script = []
    for i, chunk in enumerate(chunks):
        last = " LAST" if i + 1 == len(chunks) else ""
        script += [f"C: BDAT {len(chunk)}{last}"]
        script += ["C- " + escape(chunk)] if chunk else []
        script += ["S: 250 ok"]
    return script, b"".join(chunks)


def escape(data):
    return "".join(f"\\x{byte:02X}" for byte in data)


def expected(number, meant):
    digest = hashlib.sha256(meant).hexdigest()
    lines = meant.count(b"\n")
    return f"end {number} {len(meant)} bytes {lines} lines sha256={digest}"


def check(runner, rng):
    script, want = ["S: 220 mx.example"], []
    for number in range(1, MESSAGES + 1):
        lines, meant = (by_data if rng.random() < 0.7 else by_bdat)(rng)
        script += lines
        want.append(expected(number, meant))
    with tempfile.NamedTemporaryFile("w", suffix=".smtp") as file:
        file.write("\n".join(script) + "\n")
        file.flush()
        printed = subprocess.run([runner, "--print", file.name], check=True, capture_output=True)
    found = re.findall(r"^= (end .*)$", printed.stdout.decode("utf-8", "replace"), re.M)
    for a, b in zip(want, found + ["(nothing)"] * len(want)):
        if a != b:
            print(f"expected: {a}\nfound:    {b}")
            return False
    return len(found) == len(want)


def main():
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else time.time_ns() % 1000000
    print(f"seed {seed}")
    rng = random.Random(seed)
    sys.exit(0 if all(check(sys.argv[1], rng) for _ in range(ROUNDS)) else 1)


if __name__ == "__main__":
    main()
