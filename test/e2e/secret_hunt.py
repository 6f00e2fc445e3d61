#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The secret hunt: hundreds of ways to say AUTH, each with a password of its own, go through the
proxy to a server that repeats it in every form; then every byte of every output, of standard error,
of all that the page's server answers and of the HTML report is searched for every form of every
password.

The same hunt under `--auth reveal` does find them: one that cannot find anything proves nothing.
HUNT_SEED repeats a hunt, HUNT_VARIANTS says how many ways.
"""
import base64
import itertools
import os
import random
import socket
import string
import struct
from concurrent.futures import ThreadPoolExecutor

from support import scope as support
from support import web as pages

# No byte that an output would escape, so that what is searched for is what would be shown.
FORMS = ("text", "jsonl", "json", "pcap")
ALPHABET = string.ascii_letters + string.digits + "!#%+=_.:-"


def b64(data):
    return base64.b64encode(data)


def is_base64(line):
    try:
        return b64(base64.b64decode(line, validate=True)) == line
    except ValueError:
        return False


# ── the forms of a secret ───────────────────────────────────────────────────────────────────────


def inner_base64(secret, alignment):
    """The digits that the secret alone decides, behind `alignment` other bytes."""
    digits = b64(b"\0" * alignment + secret).rstrip(b"=")
    first = (8 * alignment + 5) // 6
    last = 8 * (alignment + len(secret)) // 6
    return digits[first:last]


def each(secret, form):
    return b"".join(form % byte for byte in secret)


def odd(secret, form):
    return b"".join(bytes([c]) if chr(c).isalnum() else form % c for c in secret)


ECHOES = {
    "raw": lambda s: s,
    "upper": lambda s: s.upper(),
    "base64": b64,
    "base64-1": lambda s: b64(b"<" + s),
    "base64-2": lambda s: b64(b"<<" + s + b">>"),
    "base64url": base64.urlsafe_b64encode,
    "unpadded": lambda s: b64(s).rstrip(b"="),
    "percent": lambda s: each(s, b"%%%02X"),
    "percent-odd": lambda s: odd(s, b"%%%02x"),
    "quoted-printable": lambda s: odd(s, b"=%02X"),
    "xtext": lambda s: odd(s, b"+%02X"),
    "hex": lambda s: s.hex().encode(),
    "backslash": lambda s: odd(s, b"\\%c"),
    "backslash-x": lambda s: each(s, b"\\x%02x"),
    "octal": lambda s: odd(s, b"\\%03o"),
    "entities": lambda s: odd(s, b"&#%d;"),
    "entities-hex": lambda s: odd(s, b"&#x%X;"),
    "quoted": lambda s: b'"' + s + b'"',
}


def needles(secret):
    """What must not be found, folded to lower case where case does not matter."""
    for name, echo in ECHOES.items():
        if not name.startswith(("base64", "unpadded")):
            yield True, echo(secret)
    for alignment in range(3):
        inner = inner_base64(secret, alignment)
        yield False, inner
        yield False, inner.replace(b"+", b"-").replace(b"/", b"_")


# ── the variants ────────────────────────────────────────────────────────────────────────────────


class Variant:
    """One session: what the client says for AUTH, how, and what the server makes of it."""

    def __init__(self, number, rng):
        self.number = number
        self.secret = "".join(rng.choices(ALPHABET, k=rng.randint(11, 30))).encode() + b"7q"
        self.user = b"user%d" % number
        self.spelling = rng.choice(
            [b"AUTH %s", b"auth %s", b"aUtH %s", b"  AUTH %s", b"AUTH   %s", b"AUTH\t%s", b"AUTH %s "]
        )
        self.blank = rng.choice([b" ", b"  ", b"\t", b" \t "])
        self.ending = rng.choice([b"\r\n", b"\r\n", b"\r\n", b"\n"])
        self.split = rng.choice(["whole", "bytes", "random"])
        self.pipelined = rng.random() < 0.3
        self.outcome = rng.choice([235, 535, 535, 454, 504, "close", "challenge", "malformed"])
        self.after = rng.choice(["quit", "continue", "repeat", "mail", "junk", "unknown", "drop"])
        self.echo = rng.choice(list(ECHOES))
        self.long = rng.random() < 0.15
        self.rng = random.Random(rng.random())
        self.mechanism, self.lines, self.initial = self.exchange(number)
        if self.mechanism == b"CRAM-MD5":
            self.secret = self.secret.hex().encode()[:32]  # the proof, not what it is made of
        # Behind these more text would be more of the password, or make it the name.
        whole = [[b64(self.secret)], [b64(self.user + b"\0" + self.secret)],
                 [self.user, self.secret]]
        if self.mechanism == b"NTLM" or self.lines in whole or not is_base64(self.lines[-1]):
            self.long = False
        if self.long:
            self.lines = [line + b64(b"\0pad" * 30000) if line else line for line in self.lines]

    def exchange(self, number):
        user, secret = self.user, self.secret
        plain = b"\0" + user + b"\0" + secret
        bearer = b"user=" + user + b"\1auth=Bearer " + secret + b"\1\1"
        gs2 = b"n,a=" + user + b",\1host=h\1port=25\1auth=Bearer " + secret + b"\1\1"
        digest = b'username="' + user + b'",realm="r",response=' + secret.replace(b",", b"")
        ways = [
            (b"PLAIN", [b64(plain)], True),
            (b"PLAIN", [b64(plain)], False),
            (b"plain", [b64(b"admin" + plain)], True),
            (b"PLAIN", [b64(user + b"\0" + secret)], True),  # its first NUL forgotten
            (b"PLAIN", [plain.replace(b"\0", b" ")], True),  # no base64 at all
            (b"LOGIN", [b64(user), b64(secret)], False),
            (b"LOGIN", [b64(user), b64(secret)], True),
            (b"LOGIN", [user, secret], False),  # no base64 at all
            (b"XOAUTH2", [b64(bearer)], True),
            (b"OAUTHBEARER", [b64(gs2)], False),
            (b"CRAM-MD5", [b64(user + b" " + secret.hex().encode()[:32])], False),
            (b"DIGEST-MD5", [b64(digest)], False),
            (b"SCRAM-SHA-256", [b64(b"n,,n=" + user + b",r=abc"),
                                b64(b"c=biws,r=abcdef,p=" + secret)], True),
            (b"NTLM", [b64(b"NTLMSSP\0\1"), b64(secret)], True),
            (b"X-NOBODY-KNOWS", [b64(user + b"\0" + secret)], True),
            (b"X-NOBODY-KNOWS", [b64(secret)], False),
            (b"X_ODD.NAME", [b64(b"id=" + user + b"\1" + secret)], False),
        ]
        return ways[number % len(ways)]

    def auth_lines(self):
        first = self.spelling.rstrip() % self.mechanism
        if self.initial:
            return [first + self.blank + self.lines[0]] + self.lines[1:]
        return [first] + self.lines

    def echoed(self):
        shown = ECHOES[self.echo](self.secret)
        return b" you said " + shown + b" did you"

    def __str__(self):
        return (
            f"{self.number}: {self.mechanism.decode()} initial={self.initial} "
            f"spelling={self.spelling} split={self.split} pipelined={self.pipelined} "
            f"ending={self.ending} outcome={self.outcome} after={self.after} echo={self.echo} "
            f"long={self.long} secret={self.secret.decode()}"
        )


# ── the server ──────────────────────────────────────────────────────────────────────────────────


class Server(support.Server):
    """Answers each session as its variant says, which it knows from the EHLO name."""

    def __init__(self, variants):
        self.variants = {v.number: v for v in variants}
        super().__init__(self.serve)

    def serve(self, peer):
        try:
            with peer.makefile("rb") as lines:
                peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                Dialogue(self, peer, lines).run()
        except OSError:
            pass


class Dialogue:
    def __init__(self, server, peer, lines):
        self.server, self.peer, self.lines = server, peer, lines
        self.variant = None

    def say(self, text):
        """One reply, its second half a moment of the network later."""
        half = len(text) // 2
        self.peer.sendall(text[:half])
        self.peer.sendall(text[half:] + b"\r\n")

    def run(self):
        self.say(b"220 hunt.example ESMTP")
        for line in self.lines:
            word = line.split(None, 1)[0].upper() if line.split() else b""
            if word == b"EHLO":
                number = int(line.split(b"-")[1])
                self.variant = self.server.variants[number]
                self.say(b"250-hunt.example\r\n250-PIPELINING\r\n250 AUTH PLAIN LOGIN CRAM-MD5")
            elif word.startswith(b"AUTH"):
                if not self.auth():
                    return
            elif word == b"QUIT":
                self.say(b"221 2.0.0 bye" + self.variant.echoed())
                return
            elif word == b"DATA":
                self.data()
            else:
                self.say(b"250-2.0.0 ok\r\n250 2.0.0" + self.variant.echoed())

    def auth(self):
        variant = self.variant
        for _ in variant.lines[1 if variant.initial else 0:]:
            self.say(b"334 " + b64(b"go on"))
            if not self.lines.readline():
                return False
        if variant.outcome == "close":
            return False
        if variant.outcome == "challenge":
            self.say(b"334 " + b64(b"so: " + variant.secret))
            self.lines.readline()
            self.say(b"501 5.7.0" + variant.echoed())
        elif variant.outcome == "malformed":
            self.say(variant.echoed()[1:])
            self.say(b"535" + variant.echoed())
        else:
            self.say(b"%d" % variant.outcome + variant.echoed())
        return True

    def data(self):
        self.say(b"354 go on")
        for line in self.lines:
            if line == b".\r\n":
                break
        self.say(b"250 2.0.0" + self.variant.echoed())


# ── the client ──────────────────────────────────────────────────────────────────────────────────


class Client:
    def __init__(self, variant, port):
        self.variant = variant
        self.peer = support.connect(port)
        self.replies = self.peer.makefile("rb")

    def send(self, data):
        rng, split = self.variant.rng, self.variant.split
        if split == "whole" or len(data) > 20000:
            self.peer.sendall(data)
            return
        at = 0
        while at < len(data):
            size = 1 if split == "bytes" else rng.randint(1, 15)
            self.peer.sendall(data[at:at + size])
            at += size

    def reply(self):
        for line in self.replies:
            if line[3:4] != b"-":
                return line
        raise ConnectionError("closed")

    def command(self, line):
        self.send(line + self.variant.ending)
        return self.reply()

    def run(self):
        try:
            self.reply()
            self.command(b"EHLO hunt-%d-x.example" % self.variant.number)
            self.auth()
            getattr(self, "after_" + self.variant.after)()
        except OSError:
            pass
        finally:
            self.replies.close()
            self.peer.close()

    def auth(self):
        variant = self.variant
        lines = variant.auth_lines()
        if variant.pipelined:
            self.send(variant.ending.join(lines) + variant.ending)
            for _ in lines:
                self.reply()
        else:
            for line in lines:
                self.command(line)
        if variant.outcome == "challenge":
            self.command(b"*")
        if variant.outcome == "malformed":
            self.reply()

    def after_quit(self):
        self.command(b"NOOP")
        self.command(b"QUIT")

    def after_continue(self):
        """Goes on with the exchange though it was refused."""
        for line in self.variant.lines:
            self.command(line)
        self.command(b"QUIT")

    def after_repeat(self):
        """Says the password where no credential belongs."""
        echo = ECHOES[self.variant.echo](self.variant.secret)
        self.command(b"NOOP " + self.variant.secret)
        self.command(b"VRFY " + echo)
        self.command(b"MAIL FROM:<" + echo.replace(b" ", b"") + b"@x.example> ENVID=" + echo)
        self.command(b"QUIT")

    def after_mail(self):
        self.command(b"MAIL FROM:<a@x.example>")
        self.command(b"RCPT TO:<b@x.example>")
        self.command(b"DATA")
        self.send(b"From: a@x.example\r\nSubject: hello\r\n\r\nhi\r\n.\r\n")
        self.reply()
        self.command(b"QUIT")

    def after_junk(self):
        """No SMTP any more."""
        junk = bytes(self.variant.rng.randrange(256) for _ in range(200))
        self.send(junk.replace(b"\n", b"\0") + self.variant.secret + b"\r\n")
        self.send(b"\x16\x03\x01" + self.variant.secret + b"\0" * 20 + b"\r\n")
        self.reply()

    def after_unknown(self):
        self.command(self.variant.secret)
        self.command(b"FROB " + b64(self.variant.secret))
        self.command(b"QUIT")

    def after_drop(self):
        """Ends in the middle of a line that holds the password."""
        self.send(b"AUTH PLAIN " + self.variant.lines[0])


# ── the outputs ─────────────────────────────────────────────────────────────────────────────────


def tcp_payload(packet):
    """(flow, payload) of one raw IP packet."""
    if packet[0] >> 4 == 4:
        size = (packet[0] & 15) * 4
        addresses = packet[12:20]
    else:
        size = 40
        addresses = packet[8:40]
    tcp = packet[size:]
    return addresses + tcp[:4], tcp[(tcp[12] >> 4) * 4:]


def pcap_streams(data):
    """Each direction's bytes, so that a secret split over two packets is found too."""
    flows = {}
    at = 24
    while at + 16 <= len(data):
        size = struct.unpack_from("<I", data, at + 8)[0]
        flow, payload = tcp_payload(data[at + 16:at + 16 + size])
        flows.setdefault(flow, []).append(payload)
        at += 16 + size
    return b"\n".join(b"".join(parts) for parts in flows.values())


def said_by_the_page(web, count):
    """What the page's server says of so many sessions, by name."""
    said = {"list": web.ask("/api/v1/sessions")[1], "metrics": web.ask("/metrics")[1],
            "verdict": web.ask("/api/v1/wait", expect=["sessions = 0", "auth = x"], timeout=0)[1],
            "stream": b"", "page": b""}
    with web.open("/api/v1/events", after=0) as stream:
        closed = 0
        while closed < count:
            line = stream.readline()
            closed += line.endswith(b"}\n") and b'"event":"close"' in line
            said["stream"] += line
    for session in range(1, count + 1):
        at = f"/api/v1/sessions/{session}"
        for ending in ("", ".txt", ".json", "/messages/1", "/messages/1.eml"):
            said["page"] += web.ask(at + ending)[1]
        said["page"] += pcap_streams(web.ask(at + ".pcap")[1])
    return said


def run_proxy(scope, options, variants):
    """Sends all variants through one proxy; returns what it wrote and said, by name."""
    report = scope.path("hunt.html")
    with Server(variants) as server, scope.proxy(
            "--mode", f"reverse:smtp://127.0.0.1:{server.port}@127.0.0.1:0", "--grace", "1",
            "--web", "0", "--report", f"html:{report}", "--fail-on", "never", *options,
            outputs=FORMS) as proxy:
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda variant: Client(variant, proxy.port()).run(), variants))
        outputs = said_by_the_page(pages.Web(proxy.errors()), len(variants))
        proxy.stop()
    outputs |= {form: proxy.output(form) for form in FORMS}
    outputs["pcap"] += b"\n" + pcap_streams(outputs["pcap"])
    outputs["stderr"] = proxy.errors().encode()
    with open(report, "rb") as file:
        outputs["report"] = file.read()
    return outputs


def leaks(outputs, variants):
    """(variant, output, form, where) for each secret that can be seen."""
    for name, data in outputs.items():
        if not data and name != "stderr":
            raise AssertionError(f"the output {name} is empty")
        texts = [data, data.replace(b"\\\\", b"\\")]
        for text in texts:
            lower = text.lower()
            for variant in variants:
                for fold, needle in needles(variant.secret):
                    at = lower.find(needle.lower()) if fold else text.find(needle)
                    if at >= 0:
                        yield variant, name, needle, text[max(0, at - 60):at + 80]


def hunt(scope, variants, options):
    outputs = run_proxy(scope, options, variants)
    return list(leaks(outputs, variants))


def variants_of(test, count):
    seed = os.environ.get("HUNT_SEED") or str(random.SystemRandom().randrange(10**6))
    print(f"HUNT_SEED={seed}", end=" ", flush=True)
    rng = random.Random(f"{seed} {test}")
    return [Variant(i, rng) for i in range(count)]


def claim_none_leaks(name, options):
    def test(scope):
        found = hunt(scope, variants_of(name, int(os.environ.get("HUNT_VARIANTS", "170"))), options)
        shown = {(variant.number, output): f"{output}: {needle!r} in {where!r}\n  {variant}"
                 for variant, output, needle, where in found}
        assert not shown, "\n".join(shown.values())

    return test


def test_the_hunt_finds_what_is_revealed(scope):
    variants = variants_of("reveal", 34)
    found = hunt(scope, variants, ["--auth", "reveal", "--body", "full"])
    assert len({variant.number for variant, *_ in found}) >= len(variants) * 3 // 4, found
    assert {name for _, name, *_ in found} >= {*FORMS, "stream", "page", "report"}, found


if __name__ == "__main__":
    tests = dict(globals())
    for body, auth, line in itertools.product(("headers", "full"), ("mask", "identity"),
                                              (None, "100")):
        name = f"test_no_secret_leaks_with_body_{body}_auth_{auth}{'_in_short_lines' * bool(line)}"
        tests[name] = claim_none_leaks(name, ["--body", body, "--auth", auth,
                                              *(["--max-line", line] if line else [])])
    support.main(tests)
