# SPDX-License-Identifier: MIT
"""What smtpscope made can be taken away again: `ca remove`, and no file outside its own folders."""

import os
import shutil
import signal
import subprocess
import sys
import textwrap

from support import scope as s
from support import ways


def tree(folder):
    return {os.path.relpath(os.path.join(place, name), folder)
            for place, folders, files in os.walk(folder) for name in folders + files}


LEFT_BY_RUNS = "removed  /tmp/smtpscope-trust-"


def remove(scope, *words, status=0):
    """What it said, as root without the folders that killed runs, of other tests too, left in /tmp."""
    done = scope.run("ca", "remove", *words)
    assert done.returncode == status, done
    said = done.stdout.decode() if status == 0 else done.stderr.decode()
    return "".join(line for line in said.splitlines(keepends=True)
                   if not line.startswith(LEFT_BY_RUNS))


def test_all_that_was_made_goes(scope):
    before = tree(scope.folder)
    key = scope.path("smtpscope/ca.key")
    scope.run("ca", "show")
    scope.run("ca", "env")
    with open(scope.path("smtpscope/.smtpscope-0123456789abcdef"), "w", encoding="utf-8"):
        pass  # of a start that was killed
    made = tree(scope.path("smtpscope"))
    assert len(made) == 5, made
    said = remove(scope).splitlines()
    assert tree(scope.folder) == before, tree(scope.folder) - before
    assert said[0] == f"removed  {key}", said  # the secret first
    assert {line.split()[1] for line in said} == {
        os.path.normpath(scope.path("smtpscope/" + name)) for name in made | {""}}, said
    assert remove(scope) == f"there is no CA in {scope.path('smtpscope')}\n"
    assert tree(scope.folder) == before  # nothing is made to be removed


def test_what_is_not_ours_stays(scope):
    scope.run("ca", "show")
    kept = {"bundle-mine.pem", "notes", ".smtpscope-notes", "bundle-0123456789abcdef.txt"}
    for name in kept:
        with open(scope.path("smtpscope/" + name), "w", encoding="utf-8"):
            pass
    said = remove(scope)
    assert tree(scope.path("smtpscope")) == kept
    assert f"left     {scope.path('smtpscope')}: " in said, said


def test_a_ca_that_cannot_be_used_goes_too(scope):
    for name, content in (("ca.key", "no key"), ("ca.pem", "no certificate"), ("ca.pem", None)):
        scope.run("ca", "show")
        if content is None:
            os.remove(scope.path("smtpscope/" + name))
        else:
            with open(scope.path("smtpscope/" + name), "w", encoding="utf-8") as file:
                file.write(content)
        assert scope.run("ca", "show").returncode == 3
        remove(scope)
        assert not os.path.exists(scope.path("smtpscope"))


def test_another_users_folder_is_left_alone(scope):
    if os.geteuid() != 0:
        raise s.Skip("only root may give a folder away")
    scope.run("ca", "show")
    shutil.chown(scope.path("smtpscope"), ways.NOBODY)
    assert "belongs to another user" in remove(scope, status=3)
    assert tree(scope.path("smtpscope")) == {"ca.pem", "ca.key"}


def test_it_says_what_still_trusts_it(scope):
    os.makedirs(scope.path(".pki/nssdb"))
    os.makedirs(scope.path(".mozilla/firefox/one.default"))
    database = scope.path(".pki/nssdb/cert9.db")
    firefox = scope.path(".mozilla/firefox/one.default/cert9.db")
    der = scope.run("ca", "export", "--format", "der").stdout
    for path, content in ((database, b"SQLite" + der + b"more"), (firefox, b"SQLite" + der[1:])):
        with open(path, "wb") as file:
            file.write(content)
    assert scope.run("ca", "export", "--format", "jks", "--out", scope.path(".keystore")
                     ).returncode == 0
    scope.environment["CURL_CA_BUNDLE"] = scope.path("smtpscope/bundle-0123456789abcdef.pem")
    scope.environment["NODE_EXTRA_CA_CERTS"] = "/elsewhere/smtpscope/ca.pem"
    said = remove(scope)
    assert f"left     {database}: certutil" in said, said
    assert f"certutil -D -d sql:{os.path.dirname(database)} " in said, said
    assert f"left     {scope.path('.keystore')}: keytool" in said, said
    assert firefox not in said, said
    assert "unset CURL_CA_BUNDLE\n" in said, said


# In a mount namespace of its own, with copies of the system's certificates.
SYSTEM = textwrap.dedent("""
    set -e
    for folder in /usr/local/share/ca-certificates /etc/ssl; do
        copy=$(mktemp -d "$1/XXXXXX")
        cp -a "$folder/." "$copy"
        mount --bind "$copy" "$folder"
    done
    grep -v '^#' /etc/ca-certificates.conf | head -2 >"$1/conf"  # few are fast
    mount --bind "$1/conf" /etc/ca-certificates.conf
    update-ca-certificates --fresh >/dev/null 2>&1
    before=$(sha256sum /etc/ssl/certs/ca-certificates.crt)
    cp "$2" /usr/local/share/ca-certificates/smtpscope.crt
    cat "$2" "$2" >/usr/local/share/ca-certificates/two.crt
    update-ca-certificates >/dev/null 2>&1
    test "$before" != "$(sha256sum /etc/ssl/certs/ca-certificates.crt)"
    "$3" ca remove 2>/dev/null
    test -e /usr/local/share/ca-certificates/two.crt
    rm /usr/local/share/ca-certificates/two.crt
    update-ca-certificates --fresh >/dev/null 2>&1
    test "$before" = "$(sha256sum /etc/ssl/certs/ca-certificates.crt)"
    test ! -e /etc/ssl/certs/smtpscope.pem && test ! -L /etc/ssl/certs/smtpscope.pem
""")


def need_mounts():
    if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], check=False).returncode != 0:
        raise s.Skip("only root may mount, where it may")


def test_the_systems_copy_goes_as_root(scope):
    need_mounts()
    if shutil.which("update-ca-certificates") is None:
        raise s.Skip("update-ca-certificates is not installed")
    done = subprocess.run(["unshare", "-m", "sh", "-c", SYSTEM, "sh", scope.folder, scope.ca,
                           scope.program], env=scope.environment, stdout=subprocess.PIPE,
                          check=False, timeout=s.TIMEOUT)
    said = done.stdout.decode()
    assert done.returncode == 0, said
    assert "removed  /usr/local/share/ca-certificates/smtpscope.crt\n" in said, said
    assert "left     /usr/local/share/ca-certificates/two.crt: " in said, said
    assert "left     /etc/ssl/certs/ca-certificates.crt: " in said, said


# All commands, in a machine whose /tmp and home are empty; what is there at the end is printed.
EVERYTHING = textwrap.dedent("""
    set -e
    exec 3<"$1"
    mount -t tmpfs none /tmp
    cat <&3 >/tmp/program # the tree may be in /tmp, too
    exec 3<&-
    chmod +x /tmp/program
    set -- /tmp/program
    export HOME=/tmp/home
    unset XDG_DATA_HOME XDG_RUNTIME_DIR XDG_CONFIG_HOME TMPDIR
    mkdir /tmp/home
    cd /tmp/home
    exec 2>/tmp/home/said
    "$1" ca show
    "$1" ca env
    "$1" doctor
    "$1" run --sink -o json:mail.json -- true
    mkfifo ready
    "$1" proxy --mode sink@0 --web 0 -o text:mail.text --report html:mail.html 2>ready &
    grep -q -m 1 'web page' ready
    "$1" ctl status
    "$1" ctl stop
    wait $!
    "$1" proxy --mode sink@0 -o jsonl:mail.jsonl 2>ready &
    grep -q -m 1 listening ready
    kill -9 $!
    wait $! || true
    "$1" show mail.json
    "$1" check mail.json
    "$1" run --sink -- true
    "$1" ca remove
    rm ready said /tmp/program
    echo ----
    find /tmp -mindepth 1 | sort
""")


def start_run(scope):
    """A command under `run` as root, and the folder of its bundles."""
    there = scope.path("there")
    run = subprocess.Popen([scope.program, "run", "--sink", "--", "sh", "-c",
                            'echo "$SSL_CERT_FILE" >"$0.new"; mv "$0.new" "$0"; exec sleep 600', there],
                           env=scope.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                           start_new_session=True)
    s.until(lambda: os.path.exists(there), "the command")
    with open(there, encoding="utf-8") as file:
        folder = os.path.dirname(file.read().strip())
    os.remove(there)
    return run, folder


def test_what_a_killed_run_left_goes(scope):
    """By `ca remove` or the next run; the folder of one that goes on stays."""
    if os.geteuid() != 0:
        raise s.Skip("only root's runs have a folder of their own")
    ways.need_capture(scope)
    runs = []
    try:
        for ends in ("ca remove", "run"):
            live, killed = start_run(scope), start_run(scope)
            runs += [live[0], killed[0]]
            os.kill(killed[0].pid, signal.SIGKILL)
            killed[0].wait(s.TIMEOUT)
            if ends == "run":
                runs.append(start_run(scope)[0])
            else:
                remove(scope)  # a run of another test may have been faster
            assert not os.path.exists(killed[1]) and os.path.isdir(live[1]), ends
    finally:
        for run in runs:
            os.killpg(run.pid, signal.SIGTERM)
            run.wait(s.TIMEOUT)
    assert not os.path.exists(live[1])


def test_no_file_is_left_outside_its_folders(scope):
    need_mounts()
    ways.need_capture(scope)
    done = subprocess.run(["unshare", "-m", "sh", "-c", EVERYTHING, "sh", scope.program],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                          timeout=s.TIMEOUT)
    assert done.returncode == 0, done
    left = set(done.stdout.decode().partition("----\n")[2].split())
    home = {"/tmp/home", "/tmp/home/.local", "/tmp/home/.local/share"}
    named = {"/tmp/home/mail." + end for end in ("json", "jsonl", "text", "html")}
    control = {f"/tmp/smtpscope-{os.geteuid()}"}  # the folder of the control sockets
    sockets = {one for one in left if one.startswith(*control) and one.endswith(".sock")}
    assert left - sockets == home | named | control, left
    assert len(sockets) <= 1, sockets  # of the one that was killed; the next `ctl` removes it


if __name__ == "__main__":
    sys.exit(s.main(globals()))
