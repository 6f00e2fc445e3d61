#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A password that is a word of our own texts: the transcript is the same as with any other of its
length, so nobody reads the word from a gap. Each word that the outputs say by themselves is tried,
with LOGIN and PLAIN, as the password alone and as the user name too.

    secret_words.py PROGRAM [TEST…]
"""
import json
import random
import re

from secret_hunt import b64
from support import scope as support
from support import tcp

# What the wire says has as few words as can be: what is one of them is masked, and is not tried.
OFFER = b"250-q.q\r\n250-SIZE 9\r\n250 AUTH PLAIN LOGIN\r\n"
VOLATILE = {"counter", "time", "pid", "session", "started", "ended", "duration_ms", "at_ms", "port",
            "latency_ms", "id", "handshake_ms", "ja3", "ja4", "program", "sha256", "client"}


def log_in(mechanism, user, password):
    if mechanism == "PLAIN":
        return [("C", b"AUTH PLAIN " + b64(b"\0" + user + b"\0" + password) + b"\r\n"),
                ("S", b"535 5.7.8 zz\r\n")]
    return [("C", b"AUTH LOGIN\r\n"), ("S", b"334 \r\n"), ("C", b64(user) + b"\r\n"),
            ("S", b"334 \r\n"), ("C", b64(password) + b"\r\n"), ("S", b"535 5.7.8 zz\r\n")]


def opened(*steps):
    return [("S", b"220 q.q\r\n"), ("C", b"EHLO q\r\n"), ("S", OFFER), *steps]


def faults(credentials):
    """A client that does all wrong, and a server that refuses it."""
    message = b"Q: q\r\nQ q\r\nSubject: \xe4\r\nContent-Type: multipart/q\r\n\r\nq\r\n.\r\n"
    return opened(*credentials, *credentials, ("C", b"NOOP\n"), ("S", b"250 zz\r\n"),
                  ("C", b"qq \xe4\0 \r\n"), ("S", b"500 zz\r\n"),
                  ("C", b"MAIL FROM: q SIZE=q BODY=q RET=q\r\n"), ("S", b"250 2.1.0 zz\r\n"),
                  ("C", b"RCPT TO:<q@q>\r\n"), ("S", b"550 5.1.1 zz\r\n"),
                  ("C", b"RCPT TO:<q@q>\r\n"), ("S", b"250 zz\n"),
                  ("C", b"DATA\r\n"), ("S", b"354 zz\r\n"), ("C", message), ("S", b"554 5.7.1 zz\r\n"),
                  ("S", b"250 zz\r\n"), ("C", b"\r\n"), ("S", b"235 2.0.0 zz\r\n"),
                  ("C", b"LHLO q\r\n"), ("S", b"421 4.3.2 zz\r\n"), ("C", b"VRFY q\r\n"))


def strangers(credentials):
    """No SMTP any more."""
    return opened(*credentials, ("S", b"zz zz\r\n"), ("C", b"\x16\x03\x01\x00\x05zzzzz"))


def handshakes(credentials):
    """A STARTTLS whose handshake comes to nothing."""
    return opened(*credentials, ("C", b"STARTTLS\r\n"), ("S", b"220 zz\r\n"))


DIALOGUES = [faults, strangers, handshakes]


def cleaned(value):
    if isinstance(value, dict):
        return {key: cleaned(item) for key, item in value.items() if key not in VOLATILE}
    if isinstance(value, list):  # a number in a list is a time
        return [None if isinstance(item, (int, float)) else cleaned(item) for item in value]
    return value


def transcripts(proxy):
    """{session: all that is shown of it}"""
    found = {}
    for line in proxy.output("text").decode().splitlines():
        _, _, _, number, what = line.split(" ", 4)
        found.setdefault(int(number), []).append(re.sub(r"port \d+|\d+ ms", "N", what))
    for line in proxy.output("jsonl").splitlines():
        event = json.loads(line)
        found[event["session"]].append(cleaned(event))
    for session in proxy.sessions():
        found[session["id"]].append(cleaned(session))
    return found


def play(proxy, ends, steps):
    """To an end that is seen in one order."""
    client, server = ends.open(proxy)
    tcp.walk(client, server, steps)
    client.close()
    assert support.read_all(server) == b""
    server.close()


def run(scope, sessions):
    with tcp.Ends() as ends:
        with ends.proxy(scope, "--threads", "1",
                        outputs=("text", "jsonl", "json", "pcap")) as proxy:
            for steps in sessions:
                play(proxy, ends, steps)
    return transcripts(proxy)


def words_of(shown):
    text = json.dumps(shown)
    return set(re.findall(r"[A-Za-z][A-Za-z0-9'-]{3,}", text))


def difference(one, two, where=""):
    """Where two values differ first."""
    if isinstance(one, dict) and isinstance(two, dict) and one.keys() == two.keys():
        pairs = [(key, one[key], two[key]) for key in one]
    elif isinstance(one, list) and isinstance(two, list) and len(one) == len(two):
        pairs = [(key, *pair) for key, pair in enumerate(zip(one, two))]
    else:
        return f"{where}:\n     {one}\n     {two}"
    for key, left, right in pairs:
        if left != right:
            return difference(left, right, f"{where}/{key}")
    return None


# (mechanism, the password is the user name too)
WAYS = [("LOGIN", False), ("PLAIN", False), ("LOGIN", True)]


def session_of(dialogue, way, password):
    mechanism, as_name = way
    return dialogue(log_in(mechanism, password if as_name else b"qqqq", password))


def check_words(scope, dialogue):
    rng = random.Random(4)
    base = run(scope, [session_of(dialogue, WAYS[0], b"qxqjzqxjq")])
    wire = b"".join(data for _, data in session_of(dialogue, WAYS[0], b"qxqjzqxjq")).lower()
    words = sorted(word for word in words_of(base[1]) if word.lower().encode() not in wire)
    assert len(words) > 20, words
    # Letters that no word of ours has a run of, nor its base64.
    lengths = sorted({len(word.encode()) for word in words})
    others = ["".join(rng.choices("qxzj", k=length)) for length in lengths]
    cases = [(way, word) for way in WAYS for word in others + words]
    found = run(scope, [session_of(dialogue, way, word.encode()) for way, word in cases])
    said = dict(zip(cases, (found[number + 1] for number in range(len(cases)))))
    for way in WAYS:
        for word in words:
            other = others[lengths.index(len(word.encode()))]
            gap = difference(said[way, word], said[way, other])
            assert gap is None, f"{dialogue.__name__} {way} {word!r}: {gap}"
    print(f"     {dialogue.__name__}: {len(words)} words, {len(cases)} sessions")


def test_no_word_of_ours_is_read_from_a_gap(scope):
    for dialogue in DIALOGUES:
        check_words(scope, dialogue)


if __name__ == "__main__":
    support.main(globals())
