#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`audit` gives each client that is installed its grade, in its safe and in its unsafe form, on a few
cases; test/audit/README.md is about all of them.

grades.py PROGRAM [TEST…]"""

import functools

import auditing
import mailers
import truths
from support import scope as s

CASES = ["certificate.unknown-issuer", "certificate.wrong-name", "downgrade.not-offered"]
# Of each runtime a safe form and one for each kind of danger.
RUNTIMES = {
    "smtplib": ["smtplib-default-context", "smtplib-no-context"],
    "smtplib_ssl": ["smtplib-ssl-default-context", "smtplib-ssl-no-context"],
    "curl": ["curl-ssl-reqd", "curl-ssl", "curl-insecure"],
    "msmtp": ["msmtp", "msmtp-certcheck-off"],
    "nodemailer": ["nodemailer-require-tls", "nodemailer-unauthorized"],
    "perl": ["net-smtp-perl", "net-smtp-perl-no-verify"],
    "phpmailer": ["phpmailer", "phpmailer-auto-tls"],
    "ruby": ["net-smtp-ruby-always", "net-smtp-ruby-no-verify"],
    "go": ["go-sendmail", "go-insecure-skip-verify"],
    "javamail": ["javamail-checked", "javamail-no-identity"],
    "swaks": ["swaks-tls-verify", "swaks-tls"],
    "mutt": ["mutt", "mutt-no-verify-host"],
    "git_send_email": ["git-send-email", "git-send-email-no-verify"],
}


def grade_due(verdicts):
    """Of these cases every `fail` is a credential lost."""
    if "fail" in verdicts:
        return "F"
    return "B" if "weak" in verdicts else "A"


def check(client, audit):
    assert set(audit.verdicts) == set(CASES), f"exit {audit.status}: {audit.output}"
    wrong = truths.disagreements(client, audit.verdicts)
    assert not wrong, "\n".join(wrong) + "\n" + audit.output
    due = grade_due([truths.due(client, case)[0] for case in CASES])
    assert audit.grade == due, f"{client} got {audit.grade} and not {due}: {audit.output}"
    assert audit.status == (1 if due == "F" else 0), f"exit {audit.status}: {audit.output}"


def grades(clients, scope):
    mailers.need_capture(scope)
    place = mailers.Place(scope.path("place"))
    options = [word for case in CASES for word in ("--case", case)] + ["--jobs", "2"]
    for client in clients:
        audit = auditing.run(scope.program, place, client, options, scope.environment)
        check(client, audit)
        assert auditing.leaks(place, client) == []


TESTS = {}
for _runtime, _clients in RUNTIMES.items():
    TESTS[f"test_{_runtime}"] = functools.partial(grades, _clients)


def test_each_client_has_its_truth(_scope):
    assert set(truths.CLIENTS) == set(mailers.ALL)
    assert {name for one in truths.CLIENTS.values() for name in one["by"]} == set(truths.SAYS)
    for name, says in truths.SAYS.items():
        bad = set(says.get("verdicts", {}).values()) - {"pass", "n/a"}
        assert not bad or "because" in says, f"{name} does not say why"


TESTS["test_each_client_has_its_truth"] = test_each_client_has_its_truth

if __name__ == "__main__":
    s.main(TESTS)
