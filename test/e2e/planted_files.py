# SPDX-License-Identifier: MIT
"""What somebody else has put where the program writes changes no file of the user's."""

import json
import os
import stat
import subprocess

from support import scope as s

PRECIOUS = b"precious\n"


def victim(scope):
    path = scope.path("victim")
    with open(path, "wb") as file:
        file.write(PRECIOUS)
    return path


def untouched(path):
    with open(path, "rb") as file:
        return file.read() == PRECIOUS


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def test_ready_file(scope):
    """Under the names that a pid gives away, and under its own."""
    target, ready = victim(scope), scope.path("ready")
    os.symlink(target, ready)
    script = ('for end in "" .new .tmp .partial; do ln -s "$1" "$2.$$$end"; ln -s "$1" "$2$end"; done; '
              'shift; ready=$1; shift; exec "$@" --ready-file "$ready"')
    process = subprocess.Popen(["sh", "-c", script, "sh", target, ready, scope.program, "proxy",
                                "--mode", "sink@0"], env=scope.environment,
                               stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        while os.path.islink(ready) and process.poll() is None and untouched(target):
            pass
    finally:
        process.terminate()
        process.wait(s.TIMEOUT)
    assert untouched(target)
    assert not os.path.islink(ready) and mode(ready) == 0o600


def test_reports_and_exports(scope):
    with scope.proxy("--mode", "sink@0", "--once", outputs=("json",)) as proxy:
        with s.connect(proxy.port()) as connection:
            s.read_reply(connection)
            s.ask(connection, "QUIT")
        proxy.process.wait(s.TIMEOUT)
    transcript = os.path.join(proxy.folder, "out.json")
    target = victim(scope)
    for form in ("text", "json", "junit", "github"):
        path = scope.path("report." + form)
        os.symlink(target, path)
        assert scope.run("check", transcript, "--report", f"{form}:{path}").returncode in (0, 1)
        assert untouched(target) and not os.path.islink(path), form
        assert mode(path) == 0o600, form
    path = scope.path("ca.der")
    os.symlink(target, path)
    assert scope.run("ca", "export", "--format", "der", "--out", path).returncode == 0
    assert untouched(target) and not os.path.islink(path)
    done = scope.run("check", transcript, "--report", "json:/dev/stdout")
    assert json.loads(done.stdout)["ok"], "a link to a pipe is followed"


def test_key_log_and_capture_with_secrets(scope):
    target = victim(scope)
    for words in (("--keylog",), ("--with-secrets", "-o")):
        link, plain = scope.path("link"), scope.path("plain")
        os.symlink(target, link)
        with open(plain, "w"):
            os.chmod(plain, 0o666)
        prefix = "pcapng:" if words[-1] == "-o" else ""
        done = scope.run("proxy", "--mode", "sink@0", *words, prefix + link)
        assert done.returncode == 3 and link.encode() in done.stderr, done.stderr
        assert untouched(target)
        with scope.proxy("--mode", "sink@0", *words, prefix + plain, outputs=()):
            assert mode(plain) == 0o600
        os.unlink(link)
        os.unlink(plain)


def test_descriptors_of_the_program(scope):
    """/dev/stderr and its like are links, and named on purpose; here they are files."""
    with scope.proxy("--mode", "sink@0", "--once", "--keylog", "/dev/stderr",
                     outputs=("json",)) as proxy:
        s.connect(proxy.port()).close()
        proxy.process.wait(s.TIMEOUT)
    path = scope.path("report")
    with open(path, "wb") as out:
        subprocess.run([scope.program, "check", os.path.join(proxy.folder, "out.json"), "--report",
                        "json:/dev/stdout"], stdout=out, check=False, timeout=s.TIMEOUT)
    with open(path) as file:
        assert "findings" in json.load(file)
    assert os.path.islink("/dev/stdout")


def test_files_of_the_ca(scope):
    target, folder = victim(scope), scope.path("smtpscope")
    os.mkdir(folder, 0o700)
    for name in ("ca.pem", "ca.key"):
        for planted in (f".{name}.new", f"{name}.new", f"{name}.tmp"):
            os.symlink(target, os.path.join(folder, planted))
    assert scope.run("ca", "show").returncode == 0
    assert scope.run("ca", "env").returncode == 0
    assert scope.run("ca", "renew").returncode == 0
    assert untouched(target)
    assert mode(os.path.join(folder, "ca.key")) == 0o600


def test_messages(scope):
    """The names of message files can be known."""
    target, folder = victim(scope), scope.path("mail")
    os.mkdir(folder, 0o700)
    for name in ("1-1.eml", "1-1.eml.partial"):
        os.symlink(target, os.path.join(folder, name))
    with scope.proxy("--mode", "sink@0", "-o", f"eml:{folder}", "--once", outputs=()) as proxy:
        with s.connect(proxy.port()) as connection:
            s.read_reply(connection)
            for line in ("EHLO a.example", "MAIL FROM:<a@example.com>", "RCPT TO:<b@example.net>",
                         "DATA", "Subject: x\r\n\r\nx\r\n.", "QUIT"):
                s.ask(connection, line)
        proxy.process.wait(s.TIMEOUT)
    assert untouched(target)
    path = os.path.join(folder, "1-1.eml")
    assert not os.path.islink(path) and mode(path) == 0o600


if __name__ == "__main__":
    s.main(dict(globals()))
