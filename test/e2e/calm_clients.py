#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A well-behaved client on a submission port has at most one finding that is not its user's doing,
and none that is an error: each sends a message that has what it should have, by STARTTLS, once to
the embedded server and once to one of the test's."""

import email.utils
import json
import os
import subprocess

import run_clients
from support import scope as s
from support import smtp
from support import ways

PORT = "587"
OF_THE_MACHINE = {"ehlo-name"}  # some clients say the name of the machine, which may have no dot
PARTING = {"no-quit", "quit-without-wait", "tls-truncated"}  # of one close: nodemailer and mutt hang up
RUBY = """
require 'net/smtp'
client = Net::SMTP.new('localhost', ARGV[0].to_i)
client.enable_starttls
client.start('client.example.com') do |smtp|
  smtp.send_message(File.binread(ARGV[1]), 'a@example.com', 'b@example.net')
end
"""
PHP = """<?php
require '/usr/share/php/libphp-phpmailer/autoload.php';
$mail = new PHPMailer\\PHPMailer\\PHPMailer(true);
$mail->isSMTP();
$mail->Host = 'localhost';
$mail->Port = $argv[1];
$mail->SMTPSecure = 'tls';
$mail->setFrom('a@example.com');
$mail->addAddress('b@example.net');
$mail->Subject = 'hello';
$mail->Body = 'A line.';
$mail->send();
"""


def ruby(scope):
    s.need("ruby")
    return ["ruby", run_clients.write(scope, "mail.rb", RUBY), "PORT", "MESSAGE"], "ruby"


def php(scope):
    s.need("php")
    if not os.path.exists("/usr/share/php/libphp-phpmailer/autoload.php"):
        raise s.Skip("PHPMailer is not installed (libphp-phpmailer)")
    return ["php", run_clients.write(scope, "mail.php", PHP), "PORT"], "php"


def git(scope):
    s.need("git")
    folder = subprocess.run(["git", "--exec-path"], stdout=subprocess.PIPE).stdout.decode().strip()
    if not os.path.exists(os.path.join(folder, "git-send-email")):
        raise s.Skip("git send-email is not installed (git-email)")
    return ["git", "-c", "user.name=A", "-c", "user.email=a@example.com", "send-email", "--quiet",
            "--confirm=never", "--from=a@example.com", "--to=b@example.net",
            "--smtp-server=localhost", "--smtp-server-port=PORT", "--smtp-encryption=tls",
            "MESSAGE"], "git"


def findings_of(scope, command, port, *options):
    message = run_clients.write(
        scope, "message.eml",
        f"Date: {email.utils.formatdate()}\r\nFrom: a@example.com\r\nTo: b@example.net\r\n"
        "Message-ID: <1@example.com>\r\nSubject: hello\r\n\r\nA line.\r\n")
    command = [word.replace("PORT", str(port)).replace("MESSAGE", message) for word in command]
    record = scope.path("record.json")
    done = scope.run("run", *options, "--ports", str(port), "-o", "json:" + record, "--", *command,
                     cwd=scope.folder)
    assert done.returncode == 0, done
    with open(record, encoding="utf-8") as file:
        sessions = json.load(file)["sessions"]
    # A client that tries ::1 first is refused there, as without us.
    sessions = [one for one in sessions if one["outcome"] != "connect-failed"]
    assert [message["accepted"] for session in sessions for message in session["messages"]] == [True]
    return [finding for session in sessions for finding in session["findings"]]


def is_calm(findings):
    found = [(one["severity"], one["rule"]) for one in findings if one["rule"] not in OF_THE_MACHINE]
    partings = [rule for _, rule in found if rule in PARTING]
    assert len(found) - max(len(partings) - 1, 0) <= 1 and not any(severity == "error" for severity, _ in found), found


def claim(client):
    def test(scope):
        ways.need_capture(scope)
        if client in (run_clients.msmtp, run_clients.mutt):
            run_clients.need_mount(scope)
        command, _ = client(scope)
        is_calm(findings_of(scope, command, PORT, "--sink"))
        with smtp.Server(context=scope.server_context()) as server:
            root = scope.server_certificate()[2]
            is_calm(findings_of(scope, command, server.port, "--server-ca", root))

    test.__name__ = f"test_{client.__name__}"
    return {test.__name__: test}


TESTS = {}
for one in (run_clients.python, run_clients.curl, run_clients.perl, run_clients.node,
            run_clients.swaks, run_clients.java, run_clients.go, run_clients.msmtp,
            run_clients.mutt, ruby, php, git):
    TESTS.update(claim(one))

if __name__ == "__main__":
    s.main(TESTS)
