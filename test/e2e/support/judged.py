# SPDX-License-Identifier: MIT
"""Conversations with the findings expected of them.

A case is a name, the steps of the conversation (smtp.py) and all the findings expected, in the form
`rule@EXCHANGE/MESSAGE`, with `!severity` or `<side` where they are not the rule's usual.
"""

import base64
import email.utils
import re

from support import smtp
from support.smtp import C, S, S_CLOSE

CLIENT, SERVER = "client", "server"
RULES = {  # rule: severity, side, reference
    "bare-lf": ("error", CLIENT, "RFC 5321 2.3.8"),
    "bare-cr": ("error", CLIENT, "RFC 5321 2.3.8"),
    "nul-byte": ("error", CLIENT, "RFC 5321 4.5.2"),
    "command-too-long": ("error", CLIENT, "RFC 5321 4.5.3.1.4, RFC 4954 4"),
    "text-line-too-long": ("error", CLIENT, "RFC 5321 4.5.3.1.6"),
    "command-8bit": ("error", CLIENT, "RFC 6531 3.4"),
    "data-8bit": ("error", CLIENT, "RFC 6152 3"),
    "talks-before-greeting": ("error", CLIENT, "RFC 5321 4.3.1"),
    "pipelining-not-offered": ("error", CLIENT, "RFC 2920 3.1"),
    "pipelining-past-sync": ("error", CLIENT, "RFC 2920 3.1"),
    "starttls-injection": ("error", CLIENT, "RFC 3207 4.2, CVE-2011-0411"),
    "smuggling": ("error", CLIENT, "CVE-2023-51764"),
    "dot-not-stuffed": ("error", CLIENT, "RFC 5321 4.5.2"),
    "trailing-space": ("info", CLIENT, "RFC 5321 4.1.1"),
    "unknown-command": ("warning", CLIENT, "RFC 5321 4.1.1"),
    "bad-sequence": ("error", CLIENT, "RFC 5321 4.1.4"),
    "ehlo-name": ("info", CLIENT, "RFC 5321 4.1.1.1, 4.1.3"),
    "helo-used": ("info", CLIENT, "RFC 5321 3.2"),
    "no-ehlo-after-starttls": ("error", CLIENT, "RFC 3207 4.2"),
    "starttls-ignored": ("warning", CLIENT, "RFC 8314 4.1"),
    "auth-in-clear": ("info", CLIENT, "RFC 4954 4"),
    "auth-not-offered": ("error", CLIENT, "RFC 4954 4"),
    "auth-repeated": ("error", CLIENT, "RFC 4954 4"),
    "auth-in-transaction": ("error", CLIENT, "RFC 4954 4"),
    "auth-malformed": ("error", CLIENT, "RFC 4954 4, RFC 4616"),
    "auth-retried": ("warning", CLIENT, "RFC 4954 6"),
    "scram-plus": ("warning", CLIENT, "RFC 5802 6"),
    "extension-not-offered": ("error", CLIENT, "RFC 5321 2.2.1"),
    "parameter-malformed": ("error", CLIENT, "RFC 1870, 3461, 6152"),
    "size-over-limit": ("warning", CLIENT, "RFC 1870 6"),
    "size-declared-wrong": ("info", CLIENT, "RFC 1870 5"),
    "path-syntax": ("error", CLIENT, "RFC 5321 3.3, 4.1.2, 4.5.3.1"),
    "data-after-refusal": ("error", CLIENT, "RFC 5321 4.1.1.4"),
    "commands-after-421": ("error", CLIENT, "RFC 5321 3.8"),
    "no-quit": ("warning", CLIENT, "RFC 5321 4.1.1.10"),
    "quit-without-wait": ("info", CLIENT, "RFC 5321 4.1.1.10"),
    "closed-in-data": ("error", CLIENT, "RFC 5321 3.8"),
    "gave-up-early": ("warning", CLIENT, "RFC 5321 4.5.3.2"),
    "dots-doubled": ("warning", CLIENT, "RFC 3030 2"),
    "text-stalled": ("warning", CLIENT, "RFC 5321 4.5.3.2"),
    "argument-unexpected": ("error", CLIENT, "RFC 5321 4.1.1"),
    "text-as-command": ("error", CLIENT, "RFC 5321 4.1.1.4"),
    "out-of-step": ("error", CLIENT, "RFC 5321 4.5.3.2"),
    "auth-doubtful": ("warning", CLIENT, "RFC 4954 4"),
    "auth-unanswered": ("error", CLIENT, "RFC 4954 4"),
    "smtputf8-unneeded": ("info", CLIENT, "RFC 6531 3.4"),
    "left-after-ehlo": ("info", CLIENT, None),
    "message-repeated": ("warning", CLIENT, None),
    "middlebox": ("warning", SERVER, None),
    "lmtp-on-smtp": ("warning", CLIENT, "RFC 2033 4.1"),
    "header-missing": ("error", CLIENT, "RFC 5322 3.6"),
    "header-repeated": ("error", CLIENT, "RFC 5322 3.6"),
    "header-malformed": ("error", CLIENT, "RFC 5322 2.2"),
    "header-8bit": ("error", CLIENT, "RFC 5322 2.2"),
    "header-line-long": ("warning", CLIENT, "RFC 5322 2.1.1"),
    "date-malformed": ("error", CLIENT, "RFC 5322 3.3"),
    "message-id-malformed": ("warning", CLIENT, "RFC 5322 3.6.4"),
    "bcc-leaked": ("error", CLIENT, "RFC 5322 3.6.3"),
    "mime-incomplete": ("warning", CLIENT, "RFC 2045, 2046"),
    "envelope-differs": ("info", CLIENT, "RFC 5321 3.3"),
    "tls-truncated": ("info", CLIENT, "RFC 8446 6.1"),
    "tls-no-sni": ("info", CLIENT, "RFC 6066 3"),
    "reply-malformed": ("error", SERVER, "RFC 5321 4.2"),
    "reply-too-long": ("warning", SERVER, "RFC 5321 4.5.3.1.5"),
    "reply-bare-lf": ("error", SERVER, "RFC 5321 2.3.8"),
    "reply-unexpected": ("error", SERVER, "RFC 5321 4.3.1"),
    "reply-code-odd": ("warning", SERVER, "RFC 5321 4.3.2"),
    "enhanced-missing": ("info", SERVER, "RFC 2034 4"),
    "enhanced-contradicts": ("error", SERVER, "RFC 2034 4"),
    "starttls-offered-in-tls": ("error", SERVER, "RFC 3207 4.2"),
    "auth-offered-in-clear": ("warning", SERVER, "RFC 8314 4.1"),
    "slow-reply": ("info", SERVER, "RFC 5321 4.5.3.2"),
    "server-closed": ("error", SERVER, "RFC 5321 3.8"),
    "rejected": ("error", SERVER, "RFC 5321 4.2, RFC 3463"),
}
NO_REFERENCE_GIVEN = ("slow-reply",)

NOW = email.utils.formatdate()
FROM, TO, DATE, ID = ("From: a@example.com", "To: b@example.net", "Date: " + NOW,
                      "Message-ID: <1@example.com>")
HEAD = [FROM, TO, DATE, ID]
CAPS = ["PIPELINING", "SIZE 10000000", "8BITMIME", "SMTPUTF8", "CHUNKING", "BINARYMIME", "DSN",
        "ENHANCEDSTATUSCODES"]
GREET = S("220 mx.example.net ESMTP ready")
BYE = [C("QUIT"), S("221 2.0.0 bye"), S_CLOSE]
DATA = [C("DATA"), S("354 go on")]
DONE = S("250 2.0.0 queued")


def offer(caps):
    names = ["mx.example.net", *caps]
    return S(*[("250-" if at < len(names) - 1 else "250 ") + name for at, name in enumerate(names)])


def hi(*caps, name="client.example.com"):
    return [GREET, C(f"EHLO {name}"), offer(caps or CAPS)]


def mail_from(words="<a@example.com>", reply="250 2.1.0 ok"):
    return [C("MAIL FROM:" + words), S(reply)]


def rcpt(words="<b@example.net>", reply="250 2.1.5 ok"):
    return [C("RCPT TO:" + words), S(reply)]


def envelope(parameters=""):
    return [mail_from("<a@example.com>" + parameters), rcpt()]


def whole(*lines, parameters="", done=DONE):
    """A message from MAIL to its answer; exchanges 2 to 4 behind one EHLO."""
    return [envelope(parameters), DATA, C(*lines, "."), done]


def text(*body, parameters=""):
    """A message with a good header."""
    return whole(*HEAD, "", *body, parameters=parameters)


def header(*lines, body=("text",), parameters=""):
    """A message of the good header and these lines."""
    return whole(*HEAD, *lines, "", *body, parameters=parameters)


def one(*steps, caps=()):
    return [hi(*caps), *steps, BYE]


def b64(value):
    return base64.b64encode(value).decode()


PLAIN = b64(b"\0ann\0secret123")
RCPT_OK = S("250 2.1.5 ok")
MAIL_OK = S("250 2.1.0 ok")

FORM = re.compile(r"([a-z0-9-]+)(?:@(\d+))?(?:/(\d+))?(?:!(\w+))?(?:<(\w+))?")


def expectation(word):
    rule, exchange, message, severity, side = FORM.fullmatch(word).groups()
    usual = RULES[rule]
    return (rule, severity or usual[0], side or usual[1], exchange and int(exchange),
            message and int(message), usual[2])


def found(session):
    entries = []
    for entry in session["findings"]:
        rule = entry["rule"]
        reference = RULES[rule][2] if rule in NO_REFERENCE_GIVEN else entry["reference"]
        entries.append((rule, entry["severity"], entry["side"], entry["exchange"],
                        entry["message"], reference))
    return entries


def order(entry):
    return tuple(str(part) for part in entry)


def check_outputs(proxy, sessions):
    """jsonl and text say what json says, in the same order."""
    lines = proxy.output("text").decode().splitlines()
    for session in sessions:
        number = session["id"]
        told = [{key: event[key] for key in entry} for event in proxy.events()
                if event["event"] == "finding" and event["session"] == number
                for entry in [session["findings"][0]]] if session["findings"] else []
        assert told == session["findings"], (told, session["findings"])
    said = [line.split(" ", 4)[3:] for line in lines if line.split(" ", 4)[4].startswith("!!! ")]
    for session in sessions:
        own = [what for number, what in said if number == str(session["id"])]
        expected = []
        for entry in session["findings"]:
            reference = f" ({entry['reference']})" if entry["reference"] else ""
            expected.append(f"!!! {entry['severity']} {entry['rule']}: {entry['text']}{reference}")
        escaped = [line.replace("\\", "\\\\") for line in expected]
        assert own == expected or own == escaped, (own, expected)


def run(scope, cases, *words):
    problems = []
    with smtp.Stage(scope) as stage:
        with scope.proxy("--mode", f"reverse:smtp://localhost:{stage.port}@127.0.0.1:0",
                         *words) as proxy:
            for name, steps, _ in cases:
                try:
                    stage.play(proxy.port(), *steps)
                except Exception as error:
                    problems.append(f"{name}: the play failed: {error!r}")
    sessions = sorted(proxy.sessions(), key=lambda session: session["id"])
    assert len(sessions) == len(cases), (len(sessions), len(cases), problems)
    for (name, _, words), session in zip(cases, sessions):
        want = sorted((expectation(word) for word in words.split()), key=order)
        got = sorted(found(session), key=order)
        if want != got:
            problems.append(f"{name}:\n    missing {[x for x in want if x not in got]}"
                            f"\n    extra   {[x for x in got if x not in want]}"
                            f"\n    all     {[(x['rule'], x['text']) for x in session['findings']]}")
    check_outputs(proxy, sessions)
    assert not problems, "\n".join([f"{len(problems)} of {len(cases)}", *problems])
    return sessions
