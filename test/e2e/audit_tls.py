# SPDX-License-Identifier: MIT
"""Clients that are careless about TLS, each in one way, and what `audit` says of them."""

import re

from support import scope as s
from support import ways

CLIENT = """
import smtplib, ssl, sys
way = sys.argv[1]

def send(client):
    client.login("user", "a secret of the test")
    client.sendmail("a@example.com", ["b@example.net"], "Subject: x\\n\\nhello\\n")
    client.quit()

if way == "implicit":
    send(smtplib.SMTP_SSL("localhost", 465, context=ssl.create_default_context(), timeout=10))
    sys.exit()
client = smtplib.SMTP("localhost", 587, timeout=10)
try:
    client.starttls(context=None if way == "unverified" else ssl.create_default_context())
except (smtplib.SMTPException, OSError):
    if way != "falls back":
        raise
    client.close()
    client = smtplib.SMTP("localhost", 587, timeout=10)
send(client)
"""


def verdicts(scope, way, *cases):
    words = [word for case in cases for word in ("--case", case)]
    done = scope.run("audit", *words, "--timeout", "20", "--jobs", "2", "--",
                     "/usr/bin/python3", "-c", CLIENT, way)
    found = re.findall(r"^(\w+) +([\w.-]+) +(pass|fail|weak|n/a) ", done.stdout.decode(), re.M)
    assert found, done
    return {f"{group}.{name}": verdict for group, name, verdict in found}


def test_a_client_that_verifies(scope):
    ways.need_capture(scope)
    got = verdicts(scope, "verifies", "certificate.name-constraint", "certificate.common*",
                   "version.tls-1-[02]", "downgrade.*")
    other = {case: verdict for case, verdict in got.items() if verdict != "pass"}
    assert other == {"certificate.common-name-only": "weak",  # as OpenSSL does
                     "downgrade.plain-on-tls-port": "n/a"}, other
    assert len(got) == 10, got


def test_a_client_that_verifies_by_implicit_tls(scope):
    ways.need_capture(scope)
    got = verdicts(scope, "implicit", "certificate.expired", "downgrade.*")
    assert got == {"certificate.expired": "pass", "downgrade.not-offered": "n/a",
                   "downgrade.answered-454": "n/a", "downgrade.refused-502": "n/a",
                   "downgrade.plain-after-220": "n/a", "downgrade.plain-on-tls-port": "pass",
                   "downgrade.preauth": "n/a"}, got


def test_a_client_that_verifies_nothing(scope):
    ways.need_capture(scope)
    got = verdicts(scope, "unverified", "certificate.issuer-no-ca", "certificate.nul-in-name",
                   "certificate.address-for-name", "certificate.sha1", "downgrade.plain-after-220")
    assert list(got.values()) == 4 * ["fail"] + ["pass"], got


def test_a_verdict_is_the_same_whichever_cases_are_chosen(scope):
    ways.need_capture(scope)
    case = "certificate.common-name-only"  # its verdict rests on certificate.wrong-name
    assert verdicts(scope, "unverified", case) == {case: "fail"}
    assert verdicts(scope, "verifies", case) == {case: "weak"}


def test_a_client_that_falls_back(scope):
    ways.need_capture(scope)
    got = verdicts(scope, "falls back", "downgrade.not-offered", "downgrade.answered-454",
                   "downgrade.plain-after-220")
    assert set(got.values()) == {"fail"} and len(got) == 3, got


if __name__ == "__main__":
    s.main(globals())
