#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The command line from outside: cli_test.py SMTPSCOPE."""

import json
import os
import re
import stat
import subprocess
import sys
import tempfile
import unittest

PROGRAM = os.path.abspath(sys.argv.pop(1))
HERE = os.path.dirname(os.path.abspath(__file__))

TRANSCRIPT = {"schema": "smtpscope/1", "sessions": [
    {"id": 1, "mode": "reverse", "started": "2026-11-22T15:03:11.586123Z",
     "ended": "2026-11-22T15:03:12.242333Z", "duration_ms": 656.21,
     "client": {"address": "127.0.0.1", "port": 51234, "pid": 0, "program": None},
     "server": {"host": "smtp.example.com", "address": "192.0.2.7", "port": 587},
     "tls": {"client": None, "server": None},
     "exchanges": [
         {"n": 0, "command": None, "reply": {"code": 220, "enhanced": None,
                                             "lines": ["smtp.example.com ESMTP"], "at_ms": 8.1},
          "latency_ms": None, "tls": False},
         {"n": 1, "command": {"verb": "EHLO", "argument": "client.example.com",
                              "line": "EHLO client.example.com", "pipelined": False,
                              "at_ms": 8.31},
          "reply": {"code": 250, "enhanced": None, "lines": ["smtp.example.com"], "at_ms": 18.42},
          "latency_ms": 10.11, "tls": False}],
     "auth": [], "messages": [
         {"n": 1, "from": "a@example.com", "from_parameters": {},
          "recipients": [{"to": "b@example.net", "parameters": {}, "code": 250, "accepted": True}],
          "via": "DATA", "bytes": 10, "lines": 2, "sha256": "0" * 64, "complete": True,
          "header": [{"name": "Subject", "value": "Hello"}], "body": None, "code": 250,
          "accepted": True}],
     "findings": [
         {"rule": "bare-lf", "severity": "error", "side": "client", "exchange": 1, "message": None,
          "text": "100% of <it>\nis bare", "reference": "RFC 5321 2.3.8"},
         {"rule": "helo-used", "severity": "info", "side": "client", "exchange": 1,
          "message": None, "text": "HELO", "reference": None}],
     "bytes": {"from_client": 28, "from_server": 41}, "truncated": False,
     "outcome": "completed", "error": None}]}


def run(*words, stdin=None, env=None):
    return subprocess.run([PROGRAM, *words], input=stdin, capture_output=True, timeout=60,
                          env=None if env is None else {**os.environ, **env}, check=False)


class CommandLine(unittest.TestCase):
    def test_help_is_on_standard_output_and_good(self):
        for words in ([], ["proxy"], ["run"], ["ca"], ["doctor"], ["show"], ["check"], ["ctl"]):
            done = run(*words, "--help")
            self.assertEqual((done.returncode, done.stderr), (0, b""), words)
            self.assertIn(b"usage: smtpscope", done.stdout)

    def test_version_names_the_libraries(self):
        done = run("--version")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout.decode(), r"^smtpscope \d")
        for library in (b"BoringSSL", b"libuv 1.", b"cJSON 1."):
            self.assertIn(library, done.stdout)

    def test_wrong_usage_names_the_word_in_one_line(self):
        for words, named in ((["prxy"], "prxy"), (["proxy"], "--mode"),
                             (["proxy", "--mode", "sink", "--verify", "maybe"], "maybe"),
                             (["proxy", "--mode", "reverse:http://x"], "http://x"),
                             (["proxy", "--mode", "sink", "-o", "text:a", "-o", "json:a"], "a"),
                             (["run", "--mode", "sink", "--", "true"], "--mode"),
                             (["check", "x", "--expect", "nonsense = 1"], "nonsense"),
                             (["ctl", "halt"], "halt")):
            done = run(*words)
            self.assertEqual((done.returncode, done.stdout), (2, b""), words)
            self.assertRegex(done.stderr.decode(), r"\Asmtpscope: [^\n]*%s[^\n]*\n\Z"
                             % re.escape(named))

    def test_the_name_alone_shows_the_help_and_what_is_missing(self):
        done = run()
        self.assertEqual((done.returncode, done.stdout), (2, b""))
        shown, _, missing = done.stderr.decode().rpartition("smtpscope: a command is missing")
        self.assertEqual(shown.encode(), run("--help").stdout)
        self.assertEqual(missing.count("\n"), 1)

    def test_help_and_version_have_short_ways(self):
        self.assertEqual(run("help").stdout, run("--help").stdout)
        self.assertEqual(run("help", "run").stdout, run("run", "--help").stdout)
        self.assertEqual(run("-V").stdout, run("--version").stdout)

    def test_defaults_come_from_the_environment_and_a_file(self):
        with tempfile.TemporaryDirectory() as home:
            options = os.path.join(home, "smtpscope", "options")
            os.mkdir(os.path.dirname(options))
            with open(options, "w", encoding="utf-8") as file:
                file.write("# for all\nfail-on never\nbody full\n")
            path = os.path.join(home, "t.json")
            with open(path, "w", encoding="utf-8") as file:
                json.dump(TRANSCRIPT, file)
            env = {"XDG_CONFIG_HOME": home}
            self.assertEqual(run("check", path).returncode, 1)
            self.assertEqual(run("check", path, env=env).returncode, 0)
            self.assertEqual(run("check", path, "--fail-on", "error", env=env).returncode, 1)
            env["SMTPSCOPE_OPTIONS"] = "--fail-on warning"
            self.assertEqual(run("check", path, env=env).returncode, 1)
            self.assertIn(f"come from {options}\n", run("doctor", env=env).stdout.decode())
            env["SMTPSCOPE_OPTIONS"] = "--fail-on 'warning"
            self.assertEqual(run("check", path, env=env).returncode, 3)

    def test_a_word_cannot_move_the_terminal(self):
        done = run("proxy", "--mode", "\x1b[2J\n")
        self.assertEqual(done.returncode, 2)
        self.assertNotIn(b"\x1b", done.stderr)
        self.assertEqual(done.stderr.count(b"\n"), 1)


class Check(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.file = os.path.join(self.folder.name, "t.json")
        self.write(json.dumps(TRANSCRIPT))

    def tearDown(self):
        self.folder.cleanup()

    def write(self, text):
        with open(self.file, "w", encoding="utf-8") as file:
            file.write(text)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def check(self, *words):
        return run("check", self.file, *words)

    def test_the_bar_decides(self):
        for bar, status in (("error", 1), ("warning", 1), ("info", 1), ("never", 0)):
            self.assertEqual(self.check("--fail-on", bar).returncode, status, bar)
        self.assertEqual(self.check().returncode, 1)

    def test_expectations_decide(self):
        for expression, status in (("messages = 1", 0), ("subject = Hello", 0),
                                   ("to ~ @example\\.net$", 0), ("all:from = a@example.com", 0),
                                   ("subject=Goodbye", 1), ("sessions > 1", 1)):
            done = self.check("--fail-on", "never", "--expect", expression)
            self.assertEqual(done.returncode, status, expression)

    def test_standard_input_is_a_transcript_too(self):
        done = run("check", "-", "--fail-on", "never", stdin=json.dumps(TRANSCRIPT).encode())
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_no_transcript_is_no_verdict(self):
        for text in ("", "no json", "[1, 2", '{"schema": "other/1", "sessions": []}'):
            self.write(text)
            done = self.check()
            self.assertEqual(done.returncode, 3, text)
            self.assertRegex(done.stderr.decode(), r"\Asmtpscope: [^\n]+\n\Z")
        self.assertEqual(run("check", self.path("none")).returncode, 3)
        self.assertEqual(run("check", self.folder.name).returncode, 3)

    def test_reports_go_where_they_should(self):
        done = self.check("--report", "json", "--report", "junit:" + self.path("r.xml"),
                          "--report", "github:" + self.path("r.txt"), "--expect", "messages = 2")
        self.assertEqual((done.returncode, done.stderr), (1, b""))
        report = json.loads(done.stdout)
        self.assertIs(report["ok"], False)
        self.assertEqual(report["expectations"],
                         [{"expression": "messages = 2", "ok": False, "found": "1"}])
        self.assertEqual([finding["rule"] for finding in report["findings"]],
                         ["bare-lf", "helo-used"])
        subprocess.run(["xmllint", "--noout", "--schema", os.path.join(HERE, "junit.xsd"),
                        self.path("r.xml")], check=True, capture_output=True)
        with open(self.path("r.txt"), encoding="utf-8") as file:
            lines = file.read().splitlines()
        self.assertEqual([line.split(" ")[0] for line in lines],
                         ["::error", "::error", "::notice"])
        self.assertIn("100%25 of <it>", lines[1])

    def test_a_report_that_cannot_be_written_is_said(self):
        done = self.check("--fail-on", "never", "--report", "json:" + self.path("no/r.json"))
        self.assertEqual(done.returncode, 3)
        self.assertIn(b"no/r.json", done.stderr)

    def test_rules_are_printed(self):
        done = run("check", "--rules")
        self.assertEqual(done.returncode, 0)
        rules = re.findall(r"^([a-z0-9-]+): (error|warning|info)", done.stdout.decode(), re.M)
        self.assertIn(("bare-lf", "error"), rules)
        self.assertGreater(len(rules), 60)

    def test_show_renders_it(self):
        done = run("show", self.file)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        lines = done.stdout.decode().splitlines()
        self.assertEqual([line.split(" ")[0] for line in lines],
                         [str(i + 1) for i in range(len(lines))])
        self.assertIn('C > "EHLO client.example.com"', done.stdout.decode())
        self.assertNotIn("\x1b", done.stdout.decode())
        self.assertIn("\x1b", run("show", self.file, "--color", "always").stdout.decode())


class Authority(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.dir = os.path.join(self.folder.name, "ca")

    def tearDown(self):
        self.folder.cleanup()

    def ca(self, *words):
        return run("ca", *words, "--ca-dir", self.dir)

    def test_it_is_made_and_shown(self):
        done = self.ca("show")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertIn(self.dir.encode(), done.stdout)
        self.assertEqual(stat.S_IMODE(os.stat(self.dir).st_mode), 0o700)
        self.assertEqual(stat.S_IMODE(os.stat(os.path.join(self.dir, "ca.key")).st_mode), 0o600)
        self.assertEqual(self.ca("show").stdout, done.stdout)

    def test_renew_makes_another(self):
        first = self.ca("export").stdout
        self.assertEqual(self.ca("renew").returncode, 0)
        self.assertNotEqual(self.ca("export").stdout, first)

    def openssl(self, *words, stdin):
        return subprocess.run(["openssl", *words], input=stdin, capture_output=True, check=True)

    def test_export_gives_the_certificate_alone(self):
        pem = self.ca("export").stdout
        self.assertNotIn(b"PRIVATE", pem)
        text = self.openssl("x509", "-noout", "-text", stdin=pem).stdout
        self.assertIn(b"CA:TRUE", text)
        der = self.ca("export", "--format", "der").stdout
        self.assertEqual(self.openssl("x509", "-inform", "der", stdin=der).stdout, pem)
        p12 = self.ca("export", "--format", "p12").stdout
        shown = self.openssl("pkcs12", "-nodes", "-passin", "pass:changeit", stdin=p12).stdout
        self.assertIn(b"BEGIN CERTIFICATE", shown)
        self.assertNotIn(b"PRIVATE", shown)
        self.assertTrue(self.ca("export", "--format", "jks").stdout.startswith(b"\xfe\xed\xfe\xed"))

    def test_export_into_a_file(self):
        out = os.path.join(self.folder.name, "out.pem")
        done = self.ca("export", "--out", out)
        self.assertEqual((done.returncode, done.stdout), (0, b""))
        with open(out, "rb") as file:
            self.assertEqual(file.read(), self.ca("export").stdout)

    def test_env_is_what_a_shell_takes(self):
        done = self.ca("env")
        self.assertEqual(done.returncode, 0)
        shell = subprocess.run(["sh", "-c", done.stdout.decode() + '\ncat "$SSL_CERT_FILE"'],
                               capture_output=True, check=True)
        self.assertIn(self.ca("export").stdout.strip(), shell.stdout)

    def test_a_key_that_others_can_read_is_refused(self):
        self.ca("show")
        os.chmod(os.path.join(self.dir, "ca.key"), 0o644)
        done = self.ca("show")
        self.assertEqual((done.returncode, done.stdout), (3, b""))
        self.assertIn(b"ca.key", done.stderr)


class Control(unittest.TestCase):
    def test_nobody_runs(self):
        with tempfile.TemporaryDirectory() as folder:
            done = run("ctl", "status", env={"XDG_RUNTIME_DIR": folder})
            self.assertEqual((done.returncode, done.stdout), (3, b""))
            self.assertRegex(done.stderr.decode(), r"\Asmtpscope: [^\n]+\n\Z")


class Doctor(unittest.TestCase):
    def test_it_looks_at_everything_and_is_well(self):
        with tempfile.TemporaryDirectory() as folder:
            done = run("doctor", "--ca-dir", os.path.join(folder, "ca"))
            self.assertEqual((done.returncode, done.stderr), (0, b""))
            for what in (b" ca: ", b" limits: "):
                self.assertIn(what, done.stdout)
            self.assertEqual(os.listdir(folder), [])


unittest.main()
