# SPDX-License-Identifier: MIT
"""The CA and its folder from outside: what is said of a CA that is there or was replaced, whose
folder it may be, and that nothing that another process does to it holds a start up."""

import fcntl
import os
import shutil
import subprocess
import sys

from support import scope as s
from support import ways


def show(scope, *words, folder="ca"):
    return scope.run("ca", *words, "--ca-dir", scope.path(folder))


def test_ca_hosts_of_a_ca_that_is_there(scope):
    made = show(scope, "show", "--ca-hosts", "example.com")
    assert made.returncode == 0 and made.stderr == b"", made.stderr
    for words in (["show"], ["export"], ["env"]):
        done = show(scope, *words, "--ca-hosts", "example.org")
        assert done.returncode == 0, done.stderr
        assert b"--ca-hosts has no effect" in done.stderr, done.stderr
        assert b"limited to example.com" in done.stderr, done.stderr
        assert done.stderr.count(b"\n") == 1, done.stderr
    assert b"example.com" in show(scope, "show").stdout
    assert show(scope, "show", folder="all").stderr == b""
    done = show(scope, "show", "--ca-hosts", "example.org", folder="all")
    assert b"no effect" in done.stderr and b"for all names" in done.stderr, done.stderr


def test_a_start_says_it_too(scope):
    ways.need_capture(scope)
    show(scope, "show")
    done = scope.run("run", "--ca-dir", scope.path("ca"), "--ca-hosts", "example.org", "--", "true")
    assert done.returncode == 0 and b"--ca-hosts has no effect" in done.stderr, done.stderr


def test_renew_says_what_trusts_no_more(scope):
    done = show(scope, "renew", "--ca-hosts", "example.com")
    assert done.returncode == 0 and done.stderr == b"", done.stderr  # there was none
    done = show(scope, "renew", "--ca-hosts", "example.org")
    assert b"programs that trusted the old CA do not trust the new one" in done.stderr, done.stderr
    assert b"no effect" not in done.stderr and b"example.org" in done.stdout, done


def test_runs_of_different_environments_have_a_bundle_each(scope):
    """The second one writes over nothing that the first one's command reads."""
    ways.need_capture(scope)
    user = ways.prepare_user(scope)
    show(scope, "show", folder="company")
    shutil.chown(scope.path("company"), "nobody")
    company = scope.path("company.pem")
    shutil.copy(scope.path("company/ca.pem"), company)
    os.chmod(company, 0o644)
    read = 'cat "$SSL_CERT_FILE" | grep -c BEGIN'
    inner = (f'{read}; REQUESTS_CA_BUNDLE={company} "$0" ca env >/dev/null; {read}; '
             f'eval "$(cat)"; {read}; echo "$SSL_CERT_FILE"')
    env = subprocess.run([*user, scope.program, "ca", "env"], stdout=subprocess.PIPE, check=True,
                         env=dict(scope.environment, REQUESTS_CA_BUNDLE=company)).stdout
    result = ways.run(scope, 25, ["sh", "-c", inner, scope.program], user=user, input=env)
    result.assert_status(0)
    first, after, other, _ = result.output.split()
    assert first == after, result.output
    assert int(other) == int(first) + 1, result.output


def refused(scope, says, words=("ca", "show"), user=()):
    done = subprocess.run([*user, scope.program, *words, "--ca-dir", scope.path("ca")],
                          env=scope.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=s.TIMEOUT)
    assert done.returncode == 3 and says in done.stderr, (done.returncode, done.stderr)
    assert done.stderr.count(b"\n") == 1, done.stderr


def test_the_folder_of_another_user_is_refused(scope):
    show(scope, "show")
    ways.prepare_user(scope)
    refused(scope, b"belongs to another user")
    refused(scope, b"belongs to another user", ("proxy", "--mode", "sink@0"))
    shutil.chown(scope.path("ca"), 0)
    refused(scope, b"belongs to another user")  # the key does still


def test_what_others_may_write_is_refused(scope):
    show(scope, "show")
    os.chmod(scope.path("ca"), 0o777)
    refused(scope, b"may write into the folder")
    refused(scope, b"may write into the folder", ("ca", "renew"))
    os.chmod(scope.path("ca"), 0o700)
    os.chmod(scope.path("ca/ca.pem"), 0o666)
    refused(scope, b"may write the CA's certificate")


def test_a_pipe_holds_nothing_up(scope):
    show(scope, "show")
    for name in ("ca.pem", "ca.key"):
        os.unlink(scope.path(f"ca/{name}"))
        os.mkfifo(scope.path(f"ca/{name}"), 0o600)
        refused(scope, name.encode() + b" is not a regular file")


def test_a_lock_holds_nothing_up(scope):
    show(scope, "show")
    folder = os.open(scope.path("ca"), os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    refused(scope, b"another process holds the lock")
    os.close(folder)
    assert show(scope, "show").returncode == 0


def test_the_key_of_a_limited_ca_signs_for_nothing_else(scope):
    """The root's own key, with which Java would take any name, is not there to leak."""
    if shutil.which("openssl") is None:
        raise s.Skip("openssl is not installed")
    show(scope, "show", "--ca-hosts", "example.com")
    ca, key = scope.path("ca/ca.pem"), scope.path("ca/ca.key")
    public = [subprocess.run(["openssl", *words], stdout=subprocess.PIPE, check=True).stdout
              for words in (["x509", "-in", ca, "-noout", "-pubkey"],
                            ["pkey", "-in", key, "-pubout"])]
    assert public[0] != public[1]
    with open(key, encoding="ascii") as file:
        text = file.read()
    assert text.count("BEGIN CERTIFICATE") == 1 and text.count("PRIVATE KEY") == 2, text
    # What is signed with it for another name verifies nowhere.
    issuer, leaf, request = (scope.path(name) for name in ("issuer.pem", "leaf.pem", "leaf.csr"))
    with open(issuer, "w", encoding="ascii") as file:
        file.write(text[text.index("-----BEGIN CERTIFICATE"):])
    for name, good in (("a.example.com", True), ("a.example.org", False)):
        subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-keyout", scope.path("leaf.key"),
                        "-subj", "/CN=leaf", "-out", request], check=True,
                       stderr=subprocess.DEVNULL)
        with open(scope.path("san"), "w", encoding="ascii") as file:
            file.write(f"subjectAltName=DNS:{name}\n")
        subprocess.run(["openssl", "x509", "-req", "-in", request, "-CA", issuer, "-CAkey", key,
                        "-CAcreateserial", "-extfile", scope.path("san"), "-out", leaf],
                       check=True, stderr=subprocess.DEVNULL)
        done = subprocess.run(["openssl", "verify", "-CAfile", ca, "-untrusted", issuer, leaf],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert (done.returncode == 0) == good, (name, done.stdout)


if __name__ == "__main__":
    sys.exit(s.main(globals()))
