# SPDX-License-Identifier: MIT
"""The suites: where each is found, how it is run, what became of each case. suites.py runs them.

Nothing of them is in this project: Debian's packages and npm bring those that they have."""

import collections
import glob
import os
import re
import shutil
import sys
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from support import scope as s

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))

UNKNOWN_CA = re.compile("certificate verify failed: self-signed certificate")

Case = collections.namedtuple("Case", "what text")  # "passed", "failed" or "skipped"


class Suite:
    """One suite; its cases are read from a report in JUnit's form."""

    name = None
    folder = None  # where it is run
    ports = (25, 465, 587, 2525)  # those it uses beside what the kernel gives out
    least_sessions = 1
    at_once = True  # both sides at once
    # What a case says that fails because its client trusts only a certificate which its own code
    # names: `run` cannot add the CA there.
    private_ca = None

    def __init__(self, sources):
        self.sources = sources

    def prepare(self):
        """Finds the suite and sets `folder`; raises Skip."""
        raise NotImplementedError

    def command(self, report):
        raise NotImplementedError

    def variables(self):
        return {}

    def cases(self, report, output):
        """{case: Case} of a finished run."""
        return read_junit(report) if os.path.exists(report) else {}

    def checkout(self, needed="."):
        """The folder of a suite that no package brings."""
        path = os.path.join(self.sources or "", self.name)
        if not self.sources or not os.path.exists(os.path.join(path, needed)):
            raise s.Skip(f"no package brings it, and {needed} of a checkout of it is not in "
                         f"{self.sources or 'a folder given by --sources'}/{self.name}")
        return path


def unused(name, cases):
    """Cases of one name are distinguished by their order."""
    while name in cases:
        name += "+"
    return name


def read_junit(path):
    cases = {}
    for test in ElementTree.parse(path).iter("testcase"):
        inner = {child.tag: child for child in test}
        fault = inner.get("failure", inner.get("error"))
        what = "failed" if fault is not None else "skipped" if "skipped" in inner else "passed"
        name = f"{test.get('classname')}: {test.get('name')}"
        cases[unused(name, cases)] = Case(what, "" if fault is None else "".join(fault.itertext()))
    return cases


def need_command(name):
    if shutil.which(name) is None:
        raise s.Skip(f"{name} is not installed")


# ── what packages bring ─────────────────────────────────────────────────────────────────────────


class Aiosmtpd(Suite):
    name = "aiosmtpd"
    ports = (*Suite.ports, 8025)
    least_sessions = 300
    private_ca = UNKNOWN_CA

    def prepare(self):
        self.folder = "/usr/lib/python3/dist-packages/aiosmtpd/tests"
        if not os.path.exists(self.folder):
            raise s.Skip("python3-aiosmtpd is not installed")
        if not os.path.exists("/usr/lib/python3/dist-packages/pytest_mock"):
            raise s.Skip("python3-pytest-mock is not installed")

    def command(self, report):
        return ["/usr/bin/python3", "-m", "pytest", "-p", "no:cacheprovider", "-q",
                "--junitxml", report, self.folder]


class Cpython(Suite):
    """The package depends on one version of Python alone, so it is unpacked, not installed."""

    name = "cpython"
    least_sessions = 30

    def prepare(self):
        found = glob.glob(os.path.join(ROOT, "build/suites/usr/lib/python3.*/test/test_smtplib.py"))
        if not found:
            raise s.Skip("scripts/suites has not unpacked CPython's tests")
        self.folder = os.path.dirname(os.path.dirname(found[0]))

    def variables(self):
        return {"PYTHONPATH": self.folder}

    def command(self, report):
        return ["/usr/bin/python3", "-m", "test", "--junit-xml", report, "test_smtplib",
                "test_smtpd"]


class SmtpServer(Suite):
    name = "smtp-server"
    least_sessions = 30

    def prepare(self):
        need_command("node")
        self.folder = os.path.join(HERE, "suites")
        if not os.path.exists(os.path.join(self.folder, "node_modules", ".package-lock.json")):
            raise s.Skip("npm has not installed it; see scripts/suites")

    def command(self, report):
        tests = sorted(glob.glob(self.folder + "/node_modules/smtp-server/test/*-test.js"))
        return ["node", "node_modules/mocha/bin/mocha.js", "--exit", "--reporter", "xunit",
                "--reporter-option", "output=" + report, *tests]


# ── what is read from a checkout ────────────────────────────────────────────────────────────────


class Aiosmtplib(Suite):
    name = "aiosmtplib"
    least_sessions = 50
    private_ca = UNKNOWN_CA
    # It wants both replies and the end before its next command, which holds only where client and
    # server share an event loop with nothing between them.
    ONE_LOOP = ("tests/test_connect.py::"
                "test_server_unexpected_disconnect_on_command_then_reconnect")

    def prepare(self):
        self.folder = self.checkout("tests/conftest.py")

    def variables(self):
        return {"PYTHONPATH": os.path.join(self.folder, "src")}

    def command(self, report):
        return ["/usr/bin/python3", "-m", "pytest", "-p", "no:cacheprovider", "-q",
                "--junitxml", report, "--deselect", self.ONE_LOOP]


class Nodemailer(Suite):
    name = "nodemailer"
    least_sessions = 150
    CASE = re.compile(r"^ *(not )?ok \d+ - (.*?)( # (?:SKIP|TODO).*)?$", re.MULTILINE)

    def prepare(self):
        need_command("node")
        self.folder = self.checkout("node_modules/smtp-server")

    def command(self, report):
        tests = glob.glob(os.path.join(self.folder, "test/smtp-*/*-test.js"))
        return ["node", "--test", "--test-force-exit", "--test-concurrency=1",
                "--test-reporter=tap", *sorted(tests)]

    def cases(self, report, output):
        cases = {}
        with open(output, errors="replace") as file:
            for fault, name, skipped in self.CASE.findall(file.read()):
                what = "failed" if fault else "skipped" if skipped else "passed"
                cases[unused(name, cases)] = Case(what, "")
        return cases


class NetSmtp(Suite):
    name = "net-smtp"
    least_sessions = 20
    # A line of test-unit with -v: "  test_name:\t\t.: (0.001)", and E, F, O or P for the dot.
    CASE = re.compile(r"^  (test\S* ?[^\t]*):\t+(?:.*?)([.EFOPN]):? \(", re.MULTILINE)

    def prepare(self):
        need_command("ruby")
        self.folder = self.checkout("test/net/smtp/test_smtp.rb")

    def command(self, report):
        load = 'Dir["test/**/test_*.rb"].sort.each { |file| require "./" + file }'
        return ["ruby", "-Ilib", "-Itest/lib", "-Itest", "-e", load, "--", "-v"]

    def cases(self, report, output):
        with open(output, errors="replace") as file:
            found = self.CASE.findall(file.read())
        what = {".": "passed", "O": "skipped", "P": "skipped"}
        return {name: Case(what.get(mark, "failed"), "") for name, mark in found}


class Curl(Suite):
    """Built in its folder with the programs of tests/; it is that curl which runs."""

    name = "curl"
    least_sessions = 60
    at_once = False  # its servers write into its folder
    # "test 0900...[SMTP]", and "--pd---e-v- OK (…" or " 0900: …FAILED" behind it.
    CASE = re.compile(r"^test (\d{4})(?: (SKIPPED)|\.\.\.)", re.MULTILINE)

    def prepare(self):
        need_command("perl")
        self.folder = os.path.join(self.checkout("tests/server/sockfilt"), "tests")

    def variables(self):
        return {"USER": "curl", "LOGNAME": "curl"}  # its servers do not start without

    def command(self, report):
        return ["perl", "runtests.pl", "-a", "-n", "-p", "SMTP"]  # no valgrind

    def cases(self, report, output):
        with open(output, errors="replace") as file:
            _, *parts = self.CASE.split(file.read())
        return {number: Case(skipped.lower() if skipped else
                             "passed" if " OK (" in text else "failed", "")
                for number, skipped, text in zip(*[iter(parts)] * 3, strict=True)}


def every(sources):
    return [kind(sources) for kind in (Cpython, Aiosmtpd, SmtpServer, Aiosmtplib, Nodemailer,
                                       NetSmtp, Curl)]
