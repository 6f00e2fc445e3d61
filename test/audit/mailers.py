# SPDX-License-Identifier: MIT
"""The mail clients that `audit` is tried with: each sends one mail to two people, with AUTH, and
comes in safe and unsafe forms. What is due to each is in truths.toml, by the same names.

A client is a function of a Place that gives its command's words, or raises Skip where its program is
not installed. None is told of the CA: `audit` makes each runtime trust it, as `run` does."""

import email.utils
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
CLIENTS = os.path.join(HERE, "clients")
PEERS = os.path.join(HERE, "..", "peers")
sys.path += [os.path.join(HERE, "..", "e2e"), PEERS]

from support import scope as s  # noqa: E402
from clients import JAVAMAIL, need  # noqa: E402

USER = "alice@audit.test"
# Not one byte of it is the same in base64, in a URL and in JSON.
PASSWORD = 'tr0ub4dor&3 "+/%'
# Two labels more than a public suffix, for wildcards; and not localhost, to which Go's PlainAuth and
# others give a password without TLS.
HOST = "smtp.mail.audit.test"
NAME = "client.example.com"
SENDER = "alice@example.com"
RECIPIENTS = ["bob@example.net", "carol@example.net"]


class Place:
    """The files that the clients need, in a folder of its own."""

    def __init__(self, folder):
        os.makedirs(folder, exist_ok=True)
        self.folder = folder
        self.to = ",".join(RECIPIENTS)
        text = self._text()
        self.message = self.write("message.eml", text.replace(b"\n", b"\r\n"))
        self.unix_message = self.write("message.txt", text)
        self.body = self.write("body.txt", text.partition(b"\n\n")[2])
        self.hosts = self.write("hosts", f"127.0.0.1 localhost\n127.0.0.1 {HOST}\n".encode())
        self.password = self.write("password", PASSWORD.encode() + b"\n")

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, content):
        """Leaves a file alone that has this content: another client may read it now."""
        if os.path.exists(self.path(name)):
            with open(self.path(name), "rb") as file:
                if file.read() == content:
                    return self.path(name)
        with open(self.path(name), "wb") as file:
            file.write(content)
        return self.path(name)

    @staticmethod
    def _text():
        lines = [f"Date: {email.utils.formatdate(localtime=False)}", f"From: {SENDER}",
                 f"To: {', '.join(RECIPIENTS)}", "Message-ID: <1.audit@client.example.com>",
                 "Subject: audit", "", "Hello,", ".", "..", ".a line that begins with a dot", "",
                 "the end"]
        return "\n".join(lines).encode() + b"\n"


def in_hosts_of(place, words):
    """The command in a mount namespace where HOST has an address."""
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    return ["unshare", "--mount", *user, "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"',
            place.hosts, *words]


def need_capture(scope):
    """Skips where this machine cannot capture in such a namespace."""
    place = Place(scope.path("probe"))
    done = subprocess.run(in_hosts_of(place, [scope.program, "run", "--sink", "--", "true"]),
                          env=scope.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        raise s.Skip(done.stdout.decode("utf-8", "replace").strip())


def port_of(how):
    return "465" if how == "implicit" else "587"


# ── the clients ─────────────────────────────────────────────────────────────────────────────────


def smtplib(place, how, form):
    return ["/usr/bin/python3", os.path.join(CLIENTS, "send.py"), form, how, HOST, port_of(how),
            NAME, SENDER, place.to, place.message, USER, PASSWORD]


def curl(place, how, *options):
    need("curl")
    scheme = "smtps" if how == "implicit" else "smtp"
    rcpt = [word for one in RECIPIENTS for word in ("--mail-rcpt", one)]
    return ["curl", "--silent", "--show-error", *options, "--user", f"{USER}:{PASSWORD}",
            "--mail-from", SENDER, *rcpt, "--upload-file", place.message,
            f"{scheme}://{HOST}:{port_of(how)}/{NAME}"]


def msmtp(place, how, *options):
    need("msmtp")
    words = ["msmtp", "--file=/dev/null", f"--host={HOST}", f"--port={port_of(how)}",
             f"--domain={NAME}", f"--from={SENDER}", "--auth=on", f"--user={USER}",
             f"--passwordeval=cat '{place.password}'", "--tls=on",
             f"--tls-starttls={'off' if how == 'implicit' else 'on'}", *options, "--", *RECIPIENTS]
    return ["sh", "-c", 'exec "$@" <"$0"', place.unix_message, *words]


def nodemailer(place, how, more):
    need("node")
    if not os.path.isdir(os.path.join(PEERS, "node_modules", "nodemailer")):
        raise s.Skip("nodemailer is not installed (npm ci in test/peers)")
    return ["node", os.path.join(PEERS, "send.js"), json.dumps({
        "host": HOST, "port": int(port_of(how)), "how": how, "name": NAME, "from": SENDER,
        "to": place.to, "message": place.message, "user": USER, "password": PASSWORD,
        "more": more})]


def net_smtp(place, how, roots):
    need("perl")
    tried = subprocess.run(["perl", "-MNet::SMTP", "-MIO::Socket::SSL", "-MAuthen::SASL", "-e1"],
                           stderr=subprocess.DEVNULL)
    if tried.returncode != 0:
        raise s.Skip("libio-socket-ssl-perl or libauthen-sasl-perl is not installed")
    return ["perl", os.path.join(PEERS, "send.pl"), how, HOST, port_of(how), NAME, roots, SENDER,
            place.to, place.message, USER, PASSWORD]


def phpmailer(place, how, form):
    need("php")
    if not os.path.exists("/usr/share/php/libphp-phpmailer/autoload.php"):
        raise s.Skip("libphp-phpmailer is not installed")
    return ["php", os.path.join(CLIENTS, "send.php"), form, how, HOST, port_of(how), NAME, SENDER,
            place.to, place.body, USER, PASSWORD]


def ruby(place, how, form):
    need("ruby")
    return ["ruby", os.path.join(CLIENTS, "send.rb"), form, how, HOST, port_of(how), NAME, SENDER,
            place.to, place.message, USER, PASSWORD]


def go(place, form):
    need("go")
    program = place.path("send-go")
    if not os.path.exists(program):
        environment = dict(os.environ, CGO_ENABLED="0", GO111MODULE="off",
                           GOCACHE=place.path("gocache"), GOPATH=place.path("gopath"))
        subprocess.run(["go", "build", "-o", program, os.path.join(CLIENTS, "send.go")], check=True,
                       env=environment)
    return [program, form, HOST, "587", SENDER, place.to, place.message, USER, PASSWORD]


def javamail(place, how, *options):
    need("javac")
    jars = f"{JAVAMAIL}:/usr/share/java/javax.activation.jar"
    if not os.path.exists(JAVAMAIL):
        raise s.Skip("JavaMail is not installed (libmail-java)")
    if not os.path.exists(place.path("Send.class")):
        subprocess.run(["javac", "-d", place.folder, "-cp", jars, os.path.join(PEERS, "Send.java")],
                       check=True)
    return ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", *options, "-cp",
            f"{jars}:{place.folder}", "Send", how, HOST, port_of(how), NAME, SENDER, place.to,
            place.message, USER, PASSWORD]


def swaks(place, how, *options):
    need("swaks")
    return ["swaks", "--server", HOST, "--port", port_of(how), "--helo", NAME, "--from", SENDER,
            "--to", place.to, "--data", "@" + place.unix_message, "--auth", "--auth-user", USER,
            "--auth-password", PASSWORD, *options]


def mutt(place, how, *settings):
    need("mutt")
    with open("/etc/Muttrc") as file:
        if "ssl_ca_certificates_file" not in file.read():
            raise s.Skip("mutt has no roots by its own settings here")
    user = USER.replace("@", "%40")
    scheme = "smtps" if how == "implicit" else "smtp"
    lines = [f"set from={SENDER}", f"set smtp_url={scheme}://{user}@{HOST}:{port_of(how)}",
             f"set smtp_pass='{PASSWORD}'", "set copy=no", f"set hostname={NAME}", *settings]
    file = place.write(f"muttrc{abs(hash(settings))}", ("\n".join(lines) + "\n").encode())
    return ["sh", "-c", 'HOME=$1 exec mutt -F "$2" -s audit -- ' + " ".join(RECIPIENTS) + ' <"$0"',
            place.body, place.folder, file]


def git_send_email(place, how, *settings):
    need("git")
    tried = subprocess.run(["git", "send-email", "--dump-aliases"], stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, cwd="/")
    if tried.returncode != 0:
        raise s.Skip("git-email is not installed")
    patch = place.write("0001-audit.patch", (
        b"From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\n"
        b"From: Alice <alice@example.com>\nDate: Sun, 22 Nov 2026 10:00:00 +0000\n"
        b"Subject: [PATCH] audit\n\nA line.\n\n.a line that begins with a dot\n"))
    kind = "ssl" if how == "implicit" else "tls"
    to = [f"--to={one}" for one in RECIPIENTS]
    words = ["git", "-c", "user.name=Alice", "-c", f"user.email={SENDER}", *settings, "send-email",
             "--confirm=never", "--suppress-cc=all", "--no-validate", *to,
             f"--from={SENDER}", f"--smtp-server={HOST}", f"--smtp-server-port={port_of(how)}",
             f"--smtp-encryption={kind}", f"--smtp-user={USER}", f"--smtp-pass={PASSWORD}",
             f"--smtp-domain={NAME}", patch]
    return ["sh", "-c", 'cd "$0" && HOME=$0 exec "$@"', place.folder, *words]


def _client(function, *arguments):
    return lambda place: function(place, *arguments)


ALL = {
    "smtplib-default-context": _client(smtplib, "starttls", "default-context"),
    "smtplib-no-context": _client(smtplib, "starttls", "no-context"),
    "smtplib-ssl-default-context": _client(smtplib, "implicit", "default-context"),
    "smtplib-ssl-no-context": _client(smtplib, "implicit", "no-context"),
    "curl-ssl-reqd": _client(curl, "starttls", "--ssl-reqd"),
    "curl-ssl": _client(curl, "starttls", "--ssl"),
    "curl-insecure": _client(curl, "starttls", "--ssl-reqd", "--insecure"),
    "curl-smtps": _client(curl, "implicit"),
    "msmtp": _client(msmtp, "starttls"),
    "msmtp-certcheck-off": _client(msmtp, "starttls", "--tls-certcheck=off"),
    "msmtp-implicit": _client(msmtp, "implicit"),
    "nodemailer-require-tls": _client(nodemailer, "starttls", {}),
    "nodemailer-default": _client(nodemailer, "starttls", {"requireTLS": False}),
    "nodemailer-unauthorized": _client(nodemailer, "starttls", {
        "tls": {"rejectUnauthorized": False}}),
    "nodemailer-secure": _client(nodemailer, "implicit", {}),
    "net-smtp-perl": _client(net_smtp, "starttls", "default"),
    "net-smtp-perl-no-verify": _client(net_smtp, "starttls", "none"),
    "net-smtp-perl-ssl": _client(net_smtp, "implicit", "default"),
    "phpmailer": _client(phpmailer, "starttls", "secure"),
    "phpmailer-auto-tls": _client(phpmailer, "starttls", "auto"),
    "phpmailer-no-verify": _client(phpmailer, "starttls", "unverified"),
    "phpmailer-smtps": _client(phpmailer, "implicit", "secure"),
    "net-smtp-ruby-always": _client(ruby, "starttls", "always"),
    "net-smtp-ruby-auto": _client(ruby, "starttls", "auto"),
    "net-smtp-ruby-no-verify": _client(ruby, "starttls", "unverified"),
    "net-smtp-ruby-tls": _client(ruby, "implicit", "always"),
    "go-sendmail": _client(go, "sendmail"),
    "go-insecure-skip-verify": _client(go, "unverified"),
    "javamail-checked": _client(javamail, "starttls"),
    "javamail-no-identity": _client(javamail, "starttls", "-Dmail.smtp.ssl.checkserveridentity=false"),
    "javamail-not-required": _client(javamail, "starttls", "-Dmail.smtp.starttls.required=false"),
    "javamail-smtps": _client(javamail, "implicit"),
    "swaks-tls-verify": _client(swaks, "starttls", "--tls", "--tls-verify"),
    "swaks-tls": _client(swaks, "starttls", "--tls"),
    "swaks-tls-optional": _client(swaks, "starttls", "--tls-optional-strict", "--tls-verify"),
    "mutt": _client(mutt, "starttls"),
    "mutt-no-force-tls": _client(mutt, "starttls", "set ssl_force_tls=no"),
    "mutt-no-verify-host": _client(mutt, "starttls", "set ssl_verify_host=no"),
    "git-send-email": _client(git_send_email, "starttls"),
    "git-send-email-no-verify": _client(git_send_email, "starttls", "-c",
                                        "sendemail.smtpsslcertpath="),
}
