# SPDX-License-Identifier: MIT
"""What `cmake --install` puts where, that the version is in one place, and what systemd makes of the
unit. The Debian package has a script of its own, scripts/check-package."""

import os
import re
import shutil
import subprocess
import sys

from support import scope as s

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))

INSTALLED = {
    "bin/smtpscope",
    "bin/smtpscope-redirect",
    "lib/systemd/system/smtpscope.service",
    "share/bash-completion/completions/smtpscope",
    "share/doc/smtpscope/options",
    "share/fish/vendor_completions.d/smtpscope.fish",
    "share/man/man1/smtpscope.1",
    "share/man/man8/smtpscope-redirect.8",
    "share/zsh/site-functions/_smtpscope",
}


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()


def version():
    return re.search(r"^project\(smtpscope VERSION (\S+) ", read(ROOT, "CMakeLists.txt"), re.M).group(1)


def install(scope):
    """The folder below which all was installed."""
    prefix = scope.path("prefix")
    build = os.path.dirname(scope.program)
    subprocess.run(["cmake", "--install", build, "--prefix", prefix], check=True,
                   stdout=subprocess.DEVNULL, timeout=s.TIMEOUT)
    return prefix


def test_what_is_installed(scope):
    prefix = install(scope)
    found = {os.path.relpath(os.path.join(folder, name), prefix)
             for folder, _, files in os.walk(prefix) for name in files}
    assert found == INSTALLED, found ^ INSTALLED
    done = subprocess.run([os.path.join(prefix, "bin/smtpscope"), "--version"], check=True,
                          stdout=subprocess.PIPE, timeout=s.TIMEOUT)
    assert done.stdout.startswith(f"smtpscope {version()}\n".encode()), done


def test_the_version_is_in_one_place(scope):
    del scope
    files = subprocess.run(["git", "-C", ROOT, "ls-files"], check=False, stdout=subprocess.PIPE,
                           text=True).stdout.split("\n")
    if not any(files):
        raise s.Skip("this is no clone of the repository")
    word = re.compile(rf"(?<![\d.]){re.escape(version())}(?![\d.])")
    kept = ("CMakeLists.txt", "CHANGELOG.md")  # what came in which version
    others = [name for name in files
              if name.endswith((".md", ".yml", ".txt", ".cmake", ".json", ".in", ".c", ".h", ".1", ".8")) or
              name.startswith("scripts/") or "/" not in name and name]
    wrong = [name for name in others if name not in kept and "test/" not in name
             and os.path.isfile(os.path.join(ROOT, name)) and not name.endswith(".png")
             and word.search(read(ROOT, name))]
    assert wrong == [], wrong


def test_the_units_exposure(scope):
    if shutil.which("systemd-analyze") is None:
        raise s.Skip("systemd is not installed")
    unit = os.path.join(install(scope), "lib/systemd/system/smtpscope.service")
    judge = ["systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=20"]
    done = subprocess.run([*judge, unit], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False, timeout=s.TIMEOUT)
    if b"nrecognized option" in done.stdout:
        raise s.Skip("this systemd judges no unit that is not loaded")
    exposure = re.search(rb"exposure level for smtpscope.service: ([\d.]+)", done.stdout)
    assert done.returncode == 0 and float(exposure.group(1)) < 2.0, done.stdout.decode()


def test_the_services_options_are_options(scope):
    """Each that is shown as an example is taken as it is."""
    examples = [line[2:] for line in read(ROOT, "scripts/packaging/options").splitlines()
                if re.match(r"# [a-z-]+( \S+)?$", line)]
    assert len(examples) >= 6, examples
    folder = scope.path("smtpscope")
    os.mkdir(folder)
    scope.environment["XDG_CONFIG_HOME"] = scope.folder
    for example in examples:
        with open(os.path.join(folder, "options"), "w", encoding="utf-8") as file:
            file.write(example + "\n")
        done = scope.run("proxy", "--ready-file", "")  # fails, at what is wrong in the call itself
        assert b"in /" not in done.stderr and b"ready-file" in done.stderr, (example, done)


def test_the_unit_allows_what_the_proxy_does(scope):
    """The system calls of a session are among those of its filter."""
    for program in ("strace", "systemd-analyze"):
        s.need(program)
    unit = read(os.path.dirname(scope.program), "smtpscope.service")
    allowed = set()
    for words in re.findall(r"^SystemCallFilter=(.*)$", unit, re.M):
        for word in words.lstrip("~").split():
            allowed = allowed - expanded(word) if words[0] == "~" else allowed | expanded(word)
    trace = scope.path("trace")
    scope.wrapper = ["strace", "-f", "-qq", "-o", trace, "-e", "signal=none"]
    with scope.proxy("--mode", "sink@0", "--web", "0", "--once") as proxy:
        with s.connect(proxy.port()) as client:
            s.read_line(client)
            client.sendall(b"QUIT\r\n")
            s.read_all(client)
        proxy.process.wait(s.TIMEOUT)  # a signal would be strace's
    used = set(re.findall(r"^\d+ +(\w+)\(", read(trace), re.M)) - {"execve"}
    wrong = used - allowed
    assert len(used) > 30 and wrong <= {"prlimit64", "setrlimit"}, wrong  # refused, it goes on


def expanded(word):
    if not word.startswith("@"):
        return {word}
    done = subprocess.run(["systemd-analyze", "--no-pager", "syscall-filter", word], check=True,
                          stdout=subprocess.PIPE, text=True, timeout=s.TIMEOUT)
    names = [line.strip() for line in done.stdout.splitlines()[1:]]
    found = set()
    for name in filter(lambda name: name and name[0] != "#", names):
        found |= expanded(name)
    return found


if __name__ == "__main__":
    sys.exit(s.main(globals()))
