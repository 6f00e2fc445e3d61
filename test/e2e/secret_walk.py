#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The secret walk: dialogues that nobody wrote. Each session is a random walk over what a client and
a server may say to each other, in lockstep through the proxy, so that it is known at each byte which
secrets have been seen. Afterwards each session is read back from every output, and

- no secret of it stands there in any form, nor a good part of one, from where it was first sent;
- every line in which there was no secret is shown as it was said.

WALK_SEED makes other walks, WALK_ROUNDS and WALK_SESSIONS more of them;
`secret_walk.py --show SEED/NUMBER` prints one session.
"""
import json
import os
import random
import re
import string
import struct
import sys

from secret_hunt import ECHOES, b64, inner_base64, tcp_payload
from support import scope as support
from support import tcp

OFFER = b"250-walk.example\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 AUTH PLAIN LOGIN\r\n"
WORDS = [b"fine", b"thanks a lot", b"see the manual", b"no such thing", b"try later", b"who are you"]
TEXT = b"From: <a@x.example>\r\nSubject: hi\r\n\r\nhello world\r\nAUTH PLAIN dGVzdA==\r\n"
HEX = "0123456789abcdef"
OPTIONS = [[], ["--body", "full"], ["--auth", "identity"], ["--max-line", "60"],
           ["--max-line", "17", "--body", "none"]]


# ── secrets ─────────────────────────────────────────────────────────────────────────────────────


def letters(rng, alphabet, low, high):
    return "".join(rng.choices(alphabet, k=rng.randint(low, high))).encode()


def octets(rng, count):
    """Without those that would end a line, or set a PLAIN or bearer response apart."""
    return bytes(rng.choices([c for c in range(2, 256) if c not in b"\r\n"], k=count))


def make_secret(rng):
    word = string.ascii_letters + string.digits
    return rng.choice([
        lambda: letters(rng, string.ascii_letters, 12, 24),
        lambda: letters(rng, "".join(map(chr, range(0x21, 0x7F))), 10, 40),
        lambda: letters(rng, "äöüßéñ€漢字пароль", 6, 14),
        lambda: b" ".join(letters(rng, string.ascii_lowercase + string.digits, 5, 9) for _ in "ab"),
        lambda: b"ya29." + letters(rng, word + "-_", 20, 300),
        lambda: octets(rng, 16),
        lambda: letters(rng, word + "+/=%\\\"'<>&", 10, 30),
    ])()


FORMS = dict(ECHOES, **{
    "hex-colons": lambda s: s.hex(":").encode(),
    "base64-percent": lambda s: b64(s).replace(b"+", b"%2B").replace(b"=", b"%3D"),
    "within": lambda s: b"x" + s + b"9",
    "twice": lambda s: s + s,
})


def needles(secret):
    """(needle, whether case matters)"""
    yield secret, secret.isalpha()
    if len(secret) >= 12:
        part = max(9, len(secret) * 2 // 3)
        yield secret[:part], True
        yield secret[-part:], True
    for alignment in range(3):
        inner = inner_base64(secret, alignment)
        yield inner, True
        yield inner.replace(b"+", b"-").replace(b"/", b"_"), True
    yield secret.hex().encode(), False
    yield b"".join(b"%%%02X" % byte for byte in secret), False


# ── the walk ────────────────────────────────────────────────────────────────────────────────────


class Walk:
    """One session: `steps` of ("C", bytes) and ("S", bytes); `secrets` that must not be seen, and
    `shown`, the lines that must."""

    def __init__(self, seed, number):
        self.rng = random.Random(f"{seed}/{number}")
        self.number = number
        self.user = b"user%dq" % number
        self.steps, self.secrets, self.shown = [], [], []
        self.exact = True  # what is shown of it can be foretold
        self.build()

    def client(self, data):
        self.steps.append(("C", data))

    def server(self, data):
        self.steps.append(("S", data))

    def learn(self, *secrets):
        self.secrets += [s for s in secrets if len(s) >= 8 and s not in self.secrets]

    def form(self, secret):
        return FORMS[self.rng.choice(list(FORMS))](secret)

    def reply(self, code):
        rng, count = self.rng, self.rng.choice([1, 1, 1, 2, 3])
        for i in range(count):
            text = rng.choice(WORDS)
            if rng.random() < 0.5:
                text = b"%d.%d.%d " % (code // 100, rng.randint(0, 7), rng.randint(0, 9)) + text
            if self.secrets and rng.random() < 0.6:
                text += b" " + self.form(rng.choice(self.secrets)) + b" " + rng.choice(WORDS)
            else:
                self.shown.append(text)
            self.server(b"%d" % code + (b" " if i + 1 == count else b"-") + text + b"\r\n")

    def ending(self):
        return self.rng.choice([b"\r\n", b"\r\n", b"\r\n", b"\n"])

    def command(self, line, code=250):
        self.client(line + self.ending())
        self.shown.append(line)
        self.reply(code)

    # what may happen

    def hello(self):
        self.client(b"EHLO client.example\r\n")
        self.server(OFFER)

    def harmless(self):
        self.command(self.rng.choice([b"NOOP", b"RSET", b"HELP me", b"noop hello", b"VRFY joe",
                                      b"MAIL FROM:<%s@x.example>" % self.user,
                                      b"RCPT TO:<%s@y.example>" % self.user]),
                     self.rng.choice([250, 500, 451]))

    def repeat(self):
        if not self.secrets:
            return
        line = self.rng.choice([b"NOOP %s", b"VRFY <%s>", b"RCPT TO:<%s@x.org>", b"HELO %s", b"%s",
                                b"MAIL FROM:<%s> ENVID=%s", b"XFOO %s", b"ETRN @%s", b"%s=%s"])
        secret = self.rng.choice(self.secrets)
        self.exact = self.exact and secret != b64(self.user)  # which nobody could know by then
        self.client(line.replace(b"%s", self.form(secret)) + self.ending())
        self.reply(self.rng.choice([250, 500, 550]))

    def message(self):
        self.command(b"MAIL FROM:<a@x.example>")
        self.command(b"RCPT TO:<b@x.example>")
        if self.rng.random() < 0.5:
            self.client(b"DATA\r\n")
            self.server(b"354 go on\r\n")
            self.client(TEXT + b".\r\n")
        else:
            self.client(b"BDAT %d LAST\r\n" % len(TEXT) + TEXT)
        self.reply(self.rng.choice([250, 554]))

    def refused_data(self):
        self.client(b"DATA\r\n")
        self.reply(503)
        for line in self.rng.sample([b"Subject: hello", b"", b"some text", b"."], 2):
            self.client(line + b"\r\n")
            self.reply(500)
        self.exact = False  # where the text ends is anybody's guess
        self.login()
        self.command(b"RSET")

    def behind_starttls(self):
        secret = make_secret(self.rng)
        line = b64(b"\0" + self.user + b"\0" + secret)
        self.client(b"STARTTLS\r\nAUTH PLAIN " + line + b"\r\n")
        self.learn(secret, line)
        self.reply(454)
        self.reply(535)

    def value(self):
        secret = letters(self.rng, string.ascii_letters + string.digits, 14, 40)
        line = self.rng.choice([b"BURL imap://joe@x/I;uid=2;urlauth=submit+joe:internal:%s LAST",
                                b"  burl\timap://h/;UrlAuth=anonymous:%s\tLAST",
                                b"XCLIENT ADDR=[UNAVAILABLE] LOGIN=%s PROTO=ESMTP"])
        self.client(line.replace(b"%s", secret) + self.ending())
        self.learn(secret)
        self.reply(550)

    def exchange(self):
        """(mechanism, SASL lines, what is secret in them)"""
        rng, user, secret = self.rng, self.user, make_secret(self.rng)
        proof, nonce = letters(rng, HEX, 32, 32), letters(rng, HEX, 12, 12)
        raw = b"NTLMSSP\0\3" + octets(rng, 40)
        ways = [
            (b"PLAIN", [b64(b"\0" + user + b"\0" + secret)], secret),
            (b"PLAIN", [b64(b"admin\0" + user + b"\0" + secret)], secret),
            (b"LOGIN", [b64(user), b64(secret)], secret),
            (b"XOAUTH2", [b64(b"user=" + user + b"\1auth=Bearer " + secret + b"\1\1")], secret),
            (b"OAUTHBEARER", [b64(b"n,a=" + user + b",\1host=h\1auth=Bearer " + secret + b"\1\1")],
             secret),
            (b"CRAM-MD5", [b64(user + b" " + proof)], proof),
            (b"DIGEST-MD5", [b64(b'username="' + user + b'",nonce="n",response=' + proof), b""], proof),
            (b"SCRAM-SHA-256", [b64(b"n,,n=" + user + b",r=" + nonce),
                                b64(b"c=biws,r=" + nonce + b",p=" + b64(raw))], b64(raw)),
            (b"NTLM", [b64(b"NTLMSSP\0\1\0\0\0"), b64(raw)], raw),
            (b"EXTERNAL", [b64(user)], b""),
            (b"X-MAGIC", [b64(user + b"\0" + secret)], secret),
            (b"XTOKEN", [b64(secret)], secret),
        ]
        return rng.choice(ways)

    def login(self):
        rng, end = self.rng, self.ending()
        mechanism, lines, secret = self.exchange()
        word = rng.choice([b"AUTH ", b"auth ", b"aUtH\t", b" AUTH  ", b"AUTH=", b"\x0bAUTH ",
                           b" " * 70 + b"AUTH ", b" " * 2000 + b"AUTH "])
        first, rest = word + mechanism, lines
        if rng.random() < 0.6:
            first, rest = first + rng.choice([b" ", b"\t"]) + lines[0], lines[1:]
        said = [first] + [line + rng.choice([b"", b"", b" "]) for line in rest]
        if rng.random() < 0.25:
            self.pipelined(said, lines, secret, end)
        elif len(said) > 1 and rng.random() < 0.25:
            self.refused_early(said, lines, secret, end)
        else:
            self.answered(said, lines, secret, end)

    def pipelined(self, said, lines, secret, end):
        self.client(end.join(said) + end + b"NOOP after\r\n")
        self.shown.append(b"NOOP after")
        self.learn(secret, *lines)
        for _ in said[1:]:
            self.server(b"334 " + b64(b"go on") + b"\r\n")
        self.reply(self.rng.choice([235, 535, 454]))
        self.reply(250)

    def refused_early(self, said, lines, secret, end):
        """The client goes on with its exchange though it was refused."""
        self.client(said[0] + end)
        self.reply(535)
        for line in said[1:]:
            self.client(line + end)
            self.learn(*[known for known in lines if known in line])
            self.reply(500)
        self.learn(secret)
        self.command(b"NOOP")

    def answered(self, said, lines, secret, end):
        for i, line in enumerate(said):
            if i > 0:
                self.server(b"334 " + b64(b"Username:" if i < len(lines) else b"Password:") + b"\r\n")
            if i > 0 and self.rng.random() < 0.1:
                self.client(b"*" + end)
                self.shown.append(b"*")
                self.reply(501)
                return
            self.client(line + end)
            self.learn(*[known for known in lines if known and known in line])
        self.learn(secret)
        self.reply(self.rng.choice([235, 235, 535, 454, 504, 421]))

    def build(self):
        happenings = [self.login] * 5 + [self.repeat] * 3 + [
            self.harmless, self.harmless, self.message, self.refused_data, self.behind_starttls,
            self.value, self.hello]
        self.server(b"220 walk.example ESMTP\r\n")
        self.hello()
        for _ in range(self.rng.randint(1, 7)):
            self.rng.choice(happenings)()
        if self.rng.random() < 0.7:
            self.client(b"QUIT\r\n")
            self.reply(221)
        elif self.secrets:
            self.client(b"AUTH PLAIN " + b64(b"\0u\0" + self.secrets[0]))


# ── playing ─────────────────────────────────────────────────────────────────────────────────────


def pieces(rng, data):
    how = rng.random()
    if how < 0.5 or len(data) > 1500:
        return [data]
    size = 1 if how < 0.6 else rng.randint(1, len(data))
    return [data[i:i + size] for i in range(0, len(data), size)]


def play(proxy, ends, walk):
    client, server = ends.open(proxy)
    for who, data in walk.steps:
        source, target = (client, server) if who == "C" else (server, client)
        for piece in pieces(walk.rng, data):
            tcp.carry(source, target, piece)
    for connection in walk.rng.sample([client, server], 2):
        connection.close()


# ── reading back ────────────────────────────────────────────────────────────────────────────────


def unescape(text):
    return re.sub(rb'\\(?:x([0-9A-F]{2})|(["\\]))',
                  lambda m: bytes([int(m[1], 16)]) if m[1] else m[2], text)


def strings(value):
    if isinstance(value, str):
        yield value.encode("utf-8", "replace")
    elif isinstance(value, (list, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from strings(item)


def by_session(proxy):
    """{session: {output: everything it says}}"""
    seen = {}

    def put(session, name, text):
        texts = seen.setdefault(session, {})
        texts[name] = texts.get(name, b"") + text + b"\n"

    for line in proxy.output("text").splitlines():
        fields = line.split(b" ", 4)
        put(int(fields[3]), "text", fields[4] + b"\n" + unescape(fields[4]))
    for line in proxy.output("jsonl").splitlines():
        event = json.loads(line)
        put(event["session"], "jsonl", b"\n".join(strings(event)))
    ports = {}
    for session in proxy.sessions():
        ports[session["client"]["port"]] = session["id"]
        put(session["id"], "json", b"\n".join(strings(session)))
    data, at = proxy.output("pcap"), 24
    while at + 16 <= len(data):
        size = struct.unpack_from("<I", data, at + 8)[0]
        flow, payload = tcp_payload(data[at + 16:at + 16 + size])
        source, target = struct.unpack(">HH", flow[-4:])
        session = ports.get(source) or ports.get(target)
        name = "pcap " + ("C" if source in ports else "S")
        seen[session][name] = seen[session].get(name, b"") + payload
        at += 16 + size
    return seen


def faults(walk, seen, cut):
    """What is wrong with one session's outputs."""
    for name, text in seen.items():
        lower = text.lower()
        for secret in walk.secrets:
            for needle, exact in needles(secret):
                at = text.find(needle) if exact else lower.find(needle.lower())
                if at >= 0:
                    yield f"{name} shows {needle!r}: {text[max(0, at - 60):at + len(needle) + 20]!r}"
                    break
    if walk.exact and not cut:
        lines = seen["jsonl"].splitlines()
        for line in walk.shown:
            if line not in lines:
                yield f"{line!r} is not shown"


def run_walks(scope, seed, count, words):
    walks = [Walk(seed, number) for number in range(1, count + 1)]
    with tcp.Ends() as ends:
        with ends.proxy(scope, "--threads", "1", *words,
                        outputs=("text", "jsonl", "json", "pcap", "eml")) as proxy:
            for walk in walks:
                play(proxy, ends, walk)
    assert not re.sub(r"smtpscope: (listening on|made a cert).*\n", "", proxy.errors()), proxy.errors()
    seen = by_session(proxy)
    wrong = [f"{' '.join(words)} {seed}/{walk.number}: {fault}" for walk in walks
             for fault in faults(walk, seen[walk.number], "--max-line" in words)]
    assert not wrong, "\n".join(wrong)


def claim_masked(first_round, words):
    def test(scope):
        seed, count = os.environ.get("WALK_SEED", "2026"), int(os.environ.get("WALK_SESSIONS", "100"))
        for i in range(int(os.environ.get("WALK_ROUNDS", "2"))):
            run_walks(scope, f"{seed}-{first_round + i * len(OPTIONS)}", count, words)

    return test


def show(name):
    seed, number = name.rsplit("/", 1)
    for step in Walk(seed, int(number)).steps:
        print(*step)


if __name__ == "__main__":
    if sys.argv[1] == "--show":
        show(sys.argv[2])
    else:
        support.main({"_".join(["test_walk", *words]).replace("--", "").replace("-", "_"): claim_masked(i, words)
                      for i, words in enumerate(OPTIONS)})
