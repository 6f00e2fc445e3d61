# SPDX-License-Identifier: MIT
"""Runs `smtpscope audit` on a client of mailers.py, and looks for its password in all that it left."""

import base64
import json
import os
import re
import shutil
import subprocess
import urllib.parse
from dataclasses import dataclass

import mailers

ROW = re.compile(r"^([a-z]+) +([a-z0-9.-]+) +(pass|weak|fail|n/a) +(.*)$")
GRADE = re.compile(r"^Grade ([ABCF])\b")
LIMIT = 3600  # seconds; a bound for what hangs


@dataclass
class Audit:
    """What one audit said: {case: verdict}, {case: what the client did}, and the grade."""

    status: int
    output: str
    verdicts: dict
    sentences: dict
    grade: str


def run(program, place, client, options=(), environment=None):
    """One audit of a client. What it writes lies below `place.folder`/CLIENT."""
    command = mailers.ALL[client](place)
    left = place.path("left-" + client)
    shutil.rmtree(left, ignore_errors=True)
    os.makedirs(os.path.join(left, "log"))
    words = [program, "audit", "--log-dir", os.path.join(left, "log"), *options, "--", *command]
    done = subprocess.run(mailers.in_hosts_of(place, words), env=environment, timeout=LIMIT,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    with open(os.path.join(left, "output"), "wb") as file:
        file.write(done.stdout)
    return _read(done.returncode, done.stdout.decode("utf-8", "replace"))


def _read(status, output):
    verdicts, sentences, grade = {}, {}, None
    for line in output.splitlines():
        row, end = ROW.match(line), GRADE.match(line)
        if row:
            case = f"{row[1]}.{row[2]}"
            verdicts[case], sentences[case] = row[3], row[4]
        elif end:
            grade = end[1]
    return Audit(status, output, verdicts, sentences, grade)


# ── the password ────────────────────────────────────────────────────────────────────────────────


def _base64_core(secret, lead):
    """What `secret` looks like in base64 after `lead` other bytes, whatever comes around it."""
    text = base64.b64encode(b"\0" * lead + secret + b"\0\0\0")
    return text[4 if lead else 0:(lead + len(secret)) // 3 * 4]


def password_forms():
    secret = mailers.PASSWORD.encode()
    forms = {secret, json.dumps(mailers.PASSWORD)[1:-1].encode(), secret.hex().encode(),
             urllib.parse.quote(secret, safe="").encode(), urllib.parse.quote_plus(secret).encode(),
             secret.replace(b"&", b"&amp;").replace(b'"', b"&quot;"),
             secret.replace(b"&", b"&amp;").replace(b'"', b"&#34;")}
    return forms | {_base64_core(secret, lead) for lead in range(3)}


def leaks(place, client):
    """The files of the client's last audit in which its password is, and in which form."""
    found = []
    for folder, _, files in os.walk(place.path("left-" + client)):
        for name in files:
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                content = file.read()
            found += [f"{os.path.relpath(path, place.folder)} has {form.decode()}"
                      for form in password_forms() if form in content]
    return found
