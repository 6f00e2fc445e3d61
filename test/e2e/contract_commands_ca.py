# SPDX-License-Identifier: MIT
"""The contract, Commands: `ca` and the files of the certificate authority."""

import os
import ssl
import stat
import subprocess
import time

from support import scope as s
from support.documents import refused
from support.record import same
from support.visits import ca_text, issue


def test_ca_is_made_once(scope):
    result = scope.run("ca", "show")
    assert result.returncode == 0 and scope.ca.encode() in result.stdout, result
    folder = os.path.dirname(scope.ca)
    assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
    assert stat.S_IMODE(os.stat(os.path.join(folder, "ca.key")).st_mode) == 0o600
    begin, end = [ssl.cert_time_to_seconds(line.split("=")[1]) for line in
                  ca_text(scope, "-dates").splitlines()]
    assert 364 * 86400 < end - time.time() <= 366 * 86400, end - begin
    with open(scope.ca, "rb") as file:
        first = file.read()
    scope.run("ca", "show")
    with open(scope.ca, "rb") as file:
        assert file.read() == first
    assert scope.run("ca", "renew").returncode == 0
    with open(scope.ca, "rb") as file:
        assert file.read() != first
    assert stat.S_IMODE(os.stat(os.path.join(folder, "ca.key")).st_mode) == 0o600


def test_ca_export_gives_the_certificate_alone(scope):
    with open(scope.ca, "rb") as file:
        pem = file.read()
    assert scope.run("ca", "export").stdout == pem
    assert scope.run("ca", "export", "--format", "pem").stdout == pem
    der = ssl.PEM_cert_to_DER_cert(pem.decode())
    assert scope.run("ca", "export", "--format", "der").stdout == der
    for form in ("pem", "der", "p12", "jks"):
        out = scope.path("out." + form)
        result = scope.run("ca", "export", "--format", form, "--out", out)
        assert result.returncode == 0 and result.stdout == b"", result
        assert os.path.getsize(out) > 100
    text = subprocess.run(["openssl", "pkcs12", "-in", scope.path("out.p12"), "-passin",
                           "pass:changeit", "-nokeys"], stdout=subprocess.PIPE, check=True).stdout
    assert b"BEGIN CERTIFICATE" in text
    text = subprocess.run(["openssl", "pkcs12", "-in", scope.path("out.p12"), "-passin",
                           "pass:changeit", "-nocerts", "-nodes"], stdout=subprocess.PIPE).stdout
    assert b"KEY" not in text
    result = scope.run("ca", "export", "--format", "pfx")
    assert result.returncode == 2 and b"pfx" in result.stderr, result
    result = scope.run("ca", "export", "--out", scope.path("no/such"))
    assert result.returncode == 3 and b"no/such" in result.stderr, result
    for words in (["ca"], ["ca", "frob"], ["ca", "show", "more"]):
        result = scope.run(*words)
        assert result.returncode == 2 and (words[-1].encode() in result.stderr), (words, result)


def test_ca_env_has_the_variables_of_each_runtime(scope):
    result = scope.run("ca", "env")
    assert result.returncode == 0, result
    script = result.stdout.decode() + "\nenv -0"
    told = subprocess.run(["sh", "-c", script], stdout=subprocess.PIPE, check=True).stdout
    values = dict(item.split("=", 1) for item in told.decode().split("\0") if "=" in item)
    for name in ("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        assert os.path.exists(values[name]), (name, values.get(name))
    with open(scope.ca) as file, open(values["SSL_CERT_FILE"]) as bundle:
        assert file.read().strip() in bundle.read()


def test_a_key_that_is_not_private_or_not_ours_is_refused(scope):
    key = os.path.join(os.path.dirname(scope.ca), "ca.key")
    for mode in (0o640, 0o604, 0o644):
        os.chmod(key, mode)
        for words in (("ca", "show"), ("proxy", "--mode", "sink@127.0.0.1:0")):
            result = scope.run(*words)
            assert result.returncode == 3, (oct(mode), words, result)
            assert key.encode() in result.stderr and result.stderr.count(b"\n") == 1, result.stderr
    os.chmod(key, 0o600)
    with open(key) as file:
        old = file.read()
    issue(scope, "foreign")
    with open(scope.path("foreign.key")) as file, open(key, "w") as out:
        out.write(file.read())
    result = scope.run("proxy", "--mode", "sink@127.0.0.1:0")
    assert result.returncode == 3 and result.stderr.count(b"\n") == 1, result
    with open(key, "w") as out:
        out.write("rubbish\n")
    result = scope.run("proxy", "--mode", "sink@127.0.0.1:0")
    assert result.returncode == 3 and b"ca.key" in result.stderr, result
    with open(key, "w") as out:
        out.write(old)
    assert scope.run("ca", "show").returncode == 0


def test_half_a_ca_is_refused_and_an_old_one_named(scope):
    """What is half there, over, or elsewhere."""
    folder = os.path.dirname(scope.ca)
    key = os.path.join(folder, "ca.key")
    os.rename(key, key + ".away")
    result = scope.run("proxy", "--mode", "sink@127.0.0.1:0")
    assert result.returncode == 3 and result.stderr.count(b"\n") == 1, result
    os.rename(key + ".away", key)
    os.rename(scope.ca, scope.path("away.pem"))
    result = scope.run("proxy", "--mode", "sink@127.0.0.1:0")
    assert result.returncode == 3 and result.stderr.count(b"\n") == 1, result
    other = scope.path("other/deep")
    result = scope.run("ca", "show", "--ca-dir", other, "--ca-hosts", "example.com,192.0.2.7")
    assert result.returncode == 0, result
    text = subprocess.run(["openssl", "x509", "-noout", "-text", "-in", other + "/ca.pem"],
                          stdout=subprocess.PIPE, check=True).stdout.decode()
    assert "DNS:example.com" in text and "192.0.2.7" in text, text
    assert stat.S_IMODE(os.stat(other).st_mode) == 0o700
    assert stat.S_IMODE(os.stat(other + "/ca.key").st_mode) == 0o600
    issue(scope, "overca", ca=True, days=(-30, -2))
    os.replace(scope.path("overca.pem"), other + "/ca.pem")
    os.replace(scope.path("overca.key"), other + "/ca.key")
    os.chmod(other + "/ca.key", 0o600)
    result = scope.run("proxy", "--mode", "sink@127.0.0.1:0", "--ca-dir", other)
    assert result.returncode == 3 and b"expired" in result.stderr and b"renew" in result.stderr, (
        result)
    assert scope.run("ca", "renew", "--ca-dir", other).returncode == 0


def test_ca_hosts_are_checked_where_the_ca_exists_too(scope):
    assert os.path.exists(scope.ca)
    status, err = refused(scope, "--mode", "sink@0", "--ca-hosts", "good.example.com,not good")
    same(status, 2)
    assert "'not good'" in err, err


if __name__ == "__main__":
    s.main(globals())
