# SPDX-License-Identifier: MIT
"""What the tests of the ways in (run, transparent, socks5) share: `smtpscope run` with its
transcript, and the user that it is run by."""

import json
import os
import pwd
import shutil
import subprocess

from support import scope as s

NOBODY = "nobody"


class Run:
    """What `smtpscope run` came to."""

    def __init__(self, done, transcript):
        self.status = done.returncode
        self.output = done.stdout.decode("utf-8", "replace")
        self.errors = done.stderr.decode("utf-8", "replace")
        self.sessions = []
        if os.path.exists(transcript):
            with open(transcript, "rb") as file:
                self.sessions = json.load(file)["sessions"]

    def assert_status(self, status):
        assert self.status == status, f"exit {self.status}: {self.output}{self.errors}"


def need_capture(scope, options=()):
    """Skips where this machine cannot capture, with these options of `run`."""
    done = scope.run("run", *options, "--", "true")
    if done.returncode != 0:
        raise s.Skip(done.stderr.decode("utf-8", "replace").strip())


def prepare_user(scope):
    """Words that make a command run as a plain user, to whom the test's folder then belongs."""
    if os.geteuid() != 0:
        raise s.Skip("only root can become another user")
    if shutil.which("setpriv") is None:
        raise s.Skip("setpriv is not installed")
    entry = pwd.getpwnam(NOBODY)
    for folder, folders, files in os.walk(scope.folder):
        for name in [".", *folders, *files]:
            os.chown(os.path.join(folder, name), entry.pw_uid, entry.pw_gid)
    words = ["setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups"]
    if subprocess.run([*words, "test", "-x", scope.program]).returncode != 0:
        raise s.Skip(f"{NOBODY} may not reach {scope.program}")
    return words


def run(scope, port, command, options=(), user=(), environment=None, **more):
    """Runs a command under `run`, watching one port (or a list as text)."""
    scope.count += 1
    transcript = scope.path(f"run{scope.count}.json")
    words = [*user, scope.program, "run", "--ports", str(port), "-o", f"json:{transcript}",
             *options, "--", *command]
    done = subprocess.run(words, env=dict(scope.environment, **(environment or {})),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=s.TIMEOUT, **more)
    return Run(done, transcript)
