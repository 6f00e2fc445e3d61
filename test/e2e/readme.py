#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The commands of the README do what it says. Each `smtpscope …` of a shell block is run as it
stands but for what a test has to choose: hosts, ports, and the program that sends the mail.
readme.py SMTPSCOPE [TEST…]"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys

from support import scope as harness
from support import tcp

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

PYTHON_MAIL = """
import email.utils, smtplib, ssl, sys
with smtplib.SMTP("localhost", int(sys.argv[1]), local_hostname="client.example.com") as client:
    client.starttls(context=ssl.create_default_context())
    client.sendmail("shop@example.com", ["me@example.net"],
                    "Date: " + email.utils.formatdate() + "\\r\\nFrom: shop@example.com\\r\\n"
                    "To: me@example.net\\r\\nMessage-ID: <1@example.com>\\r\\n"
                    "Subject: Welcome to the shop\\r\\n\\r\\nHello\\r\\n")
"""

NODE_MAIL = """
const mailer = require(process.argv[3]);
mailer.createTransport({host: 'localhost', port: +process.argv[2], requireTLS: true,
                        name: 'client.example.com'})
    .sendMail({from: 'shop@example.com', to: 'me@example.net', subject: 'Welcome to the shop',
               text: 'Hello'})
    .catch((error) => { console.error(error); process.exit(1); });
"""


def commands():
    """Every command line of the README's shell blocks that begins with smtpscope, as words."""
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
        text = file.read()
    found = []
    for block in re.findall(r"^```sh\n(.*?)^```", text, re.S | re.M):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if words and words[0] == "smtpscope" and words[-1] != "&":
                found.append(words[1:])
    for line in re.findall(r"^(?:- run|  script): (smtpscope .*)$", text, re.M):
        found.append(shlex.split(line)[1:])
    assert len(found) >= 6, found
    return found


def on_a_free_port(mode):
    """The same mode, with a port that is certainly free, and a server that is there."""
    kind = mode.split("@")[0]
    kind = kind.replace("mail.example.com:587", "127.0.0.1:9")
    return kind + "@127.0.0.1:0"


def test_every_proxy_starts(scope):
    started = 0
    for words in commands():
        if words[0] == "proxy":
            at = words.index("--mode") + 1 if "--mode" in words else 1
            words[at] = on_a_free_port(words[at])
            with scope.proxy(*words[1:], outputs=()):
                started += 1
    assert started >= 3, started


def sink(scope):
    """A server for the examples, whose certificate `run` is made to trust."""
    return scope.proxy("--mode", "sink@127.0.0.1:0", outputs=("eml",))


def mail_programs(scope, port):
    """The test suites of a small Python and a small Node program."""
    python = scope.path("mail.py")
    with open(python, "w", encoding="utf-8") as file:
        file.write(PYTHON_MAIL)
    yield ["/usr/bin/python3", python, str(port)]
    mailer = os.path.join(ROOT, "test/peers/node_modules/nodemailer")
    if shutil.which("node") and os.path.exists(mailer):
        node = scope.path("mail.js")
        with open(node, "w", encoding="utf-8") as file:
            file.write(NODE_MAIL)
        yield ["node", node, str(port), mailer]


def run_words(scope, words, port, program):
    options = words[1:words.index("--")]
    return ["run", "--ports", str(port), "--server-ca", scope.ca, *options, "--", *program]


def test_every_run_judges_a_real_test_suite(scope):
    tried = 0
    for words in commands():
        if words[0] != "run" or "--fault" in words:
            continue
        with sink(scope) as server:
            for program in mail_programs(scope, server.port()):
                done = scope.run(*run_words(scope, words, server.port(), program),
                                 cwd=scope.folder)
                if b"seccomp" in done.stderr and done.returncode == 3:
                    raise harness.Skip(done.stderr.decode().strip())
                assert done.returncode == 0, (words, program, done)
                tried += 1
    assert tried >= 3, tried
    with open(scope.path("mail.json"), encoding="utf-8") as file:
        session = json.load(file)["sessions"][-1]  # the first may be a refused ::1
    assert session["tls"]["client"]["version"] == "TLSv1.3", session["tls"]
    assert b"<testsuites" in open(scope.path("mail.xml"), "rb").read()


def test_each_fault_acts_where_it_says(scope):
    """On one mail to one recipient; what the program makes of it is its own affair."""
    tried = 0
    for words in commands():
        if words[0] != "run" or "--fault" not in words:
            continue
        rule = words[words.index("--fault") + 1]
        with sink(scope) as server:
            program = next(mail_programs(scope, server.port()))
            done = scope.run(*run_words(scope, words, server.port(), program))
        if b"seccomp" in done.stderr and done.returncode == 3:
            raise harness.Skip(done.stderr.decode().strip())
        acts = "over" not in rule and "#3" not in rule
        assert (f"### Fault: {rule}\n".encode() in done.stderr) == acts, (rule, done.stderr)
        tried += 1
    assert tried >= 8, tried


def test_a_failed_expectation_fails_the_build(scope):
    words = next(words for words in commands() if words[0] == "run" and "accepted = 1" in words)
    words[words.index("accepted = 1")] = "accepted = 2"
    with sink(scope) as server:
        program = next(mail_programs(scope, server.port()))
        done = scope.run(*run_words(scope, words, server.port(), program), cwd=scope.folder)
    assert done.returncode == 1, done
    assert b"accepted = 2, found 1" in done.stderr, done.stderr


def sink_recipe():
    """The shell block in which a proxy runs beside the tests."""
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
        blocks = re.findall(r"^```sh\n(.*?)^```", file.read(), re.S | re.M)
    recipe, = (block for block in blocks if "smtpscope ctl " in block)
    return recipe


def test_the_sink_takes_the_mail_of_the_tests(scope):
    bin_folder = scope.path("bin")
    os.mkdir(bin_folder)
    os.symlink(scope.program, os.path.join(bin_folder, "smtpscope"))
    environment = dict(scope.environment, PATH=bin_folder + ":" + os.environ["PATH"])
    for wanted, status in (("accepted = 1", 0), ("accepted = 2", 1)):
        port = tcp.free_port()
        for program in mail_programs(scope, port):
            script = sink_recipe().replace("--mode sink ", f"--mode sink@{port} ")
            script = script.replace("npm test", shlex.join(program)).replace("accepted = 1", wanted)
            folder = scope.path(f"recipe{status}{os.path.basename(program[0])}")
            os.mkdir(folder)
            with sink(scope):  # a second proxy, which the recipe must not mistake for its own
                done = subprocess.run(["bash", "-eu", "-c", script], cwd=folder, env=environment,
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, timeout=harness.TIMEOUT)
            assert done.returncode == status, done
            with open(os.path.join(folder, "mail.json"), encoding="utf-8") as file:
                session, = json.load(file)["sessions"]
            assert session["messages"][0]["accepted"] and session["tls"]["client"], session


def test_the_variables_of_ca_env_are_those_of_the_table(scope):
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
        text = file.read()
    shell = scope.run("ca", "env").stdout.decode()
    for name in ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"):
        assert f"`{name}`" in text and f"export {name}=" in shell, name
    assert "trustStore=" in shell


if __name__ == "__main__":
    sys.exit(harness.main(globals()))
