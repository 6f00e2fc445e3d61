#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the first inputs of the decoder's fuzz targets out of the dialogue files.

    seeds.py FOLDER     writes FOLDER/TARGET/NAME for line, command, reply, caps, auth, content
                        and dialogue
"""
import pathlib
import re
import sys

DIALOGUES = pathlib.Path(__file__).parent.parent / "dialogues"
REPEAT_MAX = 300  # a fuzzer needs no long inputs
ESCAPES = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0"}


def unescape(text):
    out, at = bytearray(), 0
    while at < len(text):
        if text[at] != "\\":
            out += text[at].encode()
            at += 1
            continue
        kind = text[at + 1 : at + 2]
        repeat = re.match(r"\{(\d+):", text[at + 1 :])
        if kind == "x":
            out.append(int(text[at + 2 : at + 4], 16))
            at += 4
        elif repeat:
            start = at + 1 + repeat.end()
            end = closing(text, start)
            out += unescape(text[start:end]) * min(int(repeat[1]), REPEAT_MAX)
            at = end + 1
        else:
            out += ESCAPES.get(kind, kind.encode())
            at += 2
    return bytes(out)


def closing(text, at):
    while at < len(text) and text[at] != "}":
        if text[at] == "\\" and text[at + 1 : at + 2] == "{":
            at = closing(text, at + 2)
        at += 1
    return at


def steps(path):
    for line in path.read_text("utf-8", "surrogateescape").splitlines():
        who, rest = line[:3], line[3:]
        if who in ("C: ", "S: ", "C- ", "S- ") or line in ("C:", "S:"):
            yield who[0] if ":" in who else who[0].lower(), unescape(rest)
        elif who in ("P> ", "P< "):
            yield who[1], unescape(rest)
        elif line.startswith("TLS"):
            yield from (("t", b""), ("u", b""))


def encode(what, data):
    pieces = [data[i : i + 255] for i in range(0, len(data), 255)] or [b""]
    kinds = [what.lower()] * (len(pieces) - 1) + [what]
    return b"".join(kind.encode() + bytes([len(p)]) + p for kind, p in zip(kinds, pieces))


def inputs(path):
    played = list(steps(path))
    client = [data for what, data in played if what in "Cc"]
    server = [data for what, data in played if what in "Ss"]
    yield "dialogue", b"\xff" + b"".join(encode(what, data) for what, data in played)
    yield "line", b"\r\n".join(client)
    yield "command", max(client, key=len, default=b"")
    yield "reply", b"\n".join(server)
    yield "caps", b"\n".join(data[4:] for data in server)
    yield "auth", b"\n".join([b"PLAIN"] + client)
    yield "content", b"\0" + b"\r\n".join(client)


def main():
    folder = pathlib.Path(sys.argv[1])
    for path in sorted(DIALOGUES.glob("*.smtp")):
        for target, data in inputs(path):
            (folder / target).mkdir(parents=True, exist_ok=True)
            (folder / target / path.stem).write_bytes(data[:4096])


if __name__ == "__main__":
    main()
