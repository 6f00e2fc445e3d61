#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`doctor` is calm: what only some need is a note, and each fault has its remedy and who must act."""

import os
import re
import shutil
import subprocess

from support import scope as harness

RESULT = re.compile(r"(ok  |note|FAIL) ([a-z-]+): \S.*")
REMEDY = re.compile(r"     remedy: (as root|you|for `proxy`, in your shell|who starts the container): .*")


def results(scope, *words, program=None, **environment):
    """What it says of each thing: its mark and the lines about it."""
    done = subprocess.run([program or scope.program, "doctor", *words],
                          env={**scope.environment, **environment}, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=harness.TIMEOUT)
    assert (done.returncode, done.stderr) == (0, b""), done
    found = {}
    for line in done.stdout.decode().splitlines():
        match = RESULT.fullmatch(line)
        if match:
            name = match.group(2)
            found[name] = [match.group(1).strip(), line]
        else:
            assert REMEDY.fullmatch(line), line
            found[name].append(line)
    for mark, *lines in found.values():
        assert mark == "ok" or len(lines) == 2, lines
    return found


def without_trust(scope):
    names = ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE")
    for name in names:
        scope.environment.pop(name, None)


def test_a_first_look_fails_for_nothing_of_its_own(scope):
    without_trust(scope)
    found = results(scope)
    assert found["ca"] == ["ok", f"ok   ca: the first start makes it in {scope.folder}/smtpscope"]
    assert not any(name.startswith("trust-") and name != "trust-mount" for name in found), found
    assert not os.path.exists(scope.path("smtpscope")), "it was made by looking"


def test_what_run_sees_to_is_a_note(scope):
    without_trust(scope)
    assert scope.ca
    found = results(scope, CURL_CA_BUNDLE="/nowhere", SSL_CERT_FILE=scope.ca)
    assert re.search(r"ca.pem, until \d{4}-\d\d-\d\d$", found["ca"][1]), found
    assert found["trust-system"][0] == "note"
    assert found["trust-variables"][1].startswith("note trust-variables: CURL_CA_BUNDLE: roots without")


def test_a_folder_that_cannot_be_made_is_a_note(scope):
    found = results(scope, "--ca-dir", "/etc/passwd/ca")
    assert found["ca"][1] == "note ca: /etc/passwd/ca cannot be made or written"
    environment = {"HOME": "", "XDG_DATA_HOME": ""}
    assert results(scope, **environment)["ca"][0] == "note"


def test_the_dates_of_the_ca(scope):
    if shutil.which("faketime") is None or "FAKETIME" in os.environ:
        raise harness.Skip("faketime is not here, or at work")
    for offset, mark, says in (("-340d", "note", "ends on"), ("+3d", "FAIL", "is not valid before"),
                               ("-400d", "FAIL", "expired")):
        folder = scope.path("ca" + offset)
        subprocess.run(["faketime", "-f", offset, scope.program, "ca", "show", "--ca-dir", folder],
                       env=scope.environment, check=True, stdout=subprocess.DEVNULL)
        found = results(scope, "--ca-dir", folder)["ca"]
        assert found[0] == mark and says in found[1] and "smtpscope ca renew" in found[2], found


def test_the_script_for_the_firewall_is_found(scope):
    prefix = scope.path("prefix")
    subprocess.run(["cmake", "--install", os.path.dirname(scope.program), "--prefix", prefix],
                   check=True, stdout=subprocess.DEVNULL)
    script = os.path.join(prefix, "bin", "smtpscope-redirect")
    helped = subprocess.run([script, "--help"], check=True, stdout=subprocess.PIPE).stdout.decode()
    assert f"usage: {script} up gateway" in helped
    program = os.path.join(prefix, "bin", "smtpscope")
    found = results(scope, program=program)["redirect"]
    assert shutil.which("nft") is None or f"{script} can" in found[1], found
    os.unlink(script)
    found = results(scope, program=program)["redirect"]
    assert found[0] == "note" and "smtpscope-redirect" in found[1], found


if __name__ == "__main__":
    harness.main(globals())
