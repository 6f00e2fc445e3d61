# SPDX-License-Identifier: MIT
"""Real clients: each sends one message file, verifying the server's certificate against `ca`.

A client is a function of a Plan that runs the real program to its end and raises Failed, with
what the program said, where it did not deliver. Each is told to name itself as a conforming
client would, so that its session has nothing to find fault with."""

import json
import os
import shutil
import smtplib
import ssl
import subprocess
import sys
from dataclasses import dataclass

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from support import scope as s

HERE = os.path.dirname(os.path.abspath(__file__))
USER, PASSWORD = "alice", "correct horse battery"
JAVAMAIL = "/usr/share/java/javax.mail.jar"


class Failed(Exception):
    """The client did not deliver; the text is what it said."""


@dataclass
class Plan:
    how: str  # "starttls" or "implicit"
    port: int
    ca: str
    message: str  # a file, its lines ended by CRLF
    folder: str  # for files of the client's own
    login: bool = False
    host: str = "localhost"
    name: str = "client.example.com"
    sender: str = "alice@example.com"
    to: str = "bob@example.net"

    @property
    def user(self):
        return USER if self.login else ""

    @property
    def password(self):
        return PASSWORD if self.login else ""


def need(program):
    if shutil.which(program) is None:
        raise s.Skip(f"{program} is not installed")


def execute(command, text=None, environment=None):
    done = subprocess.run(command, input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env=dict(os.environ, **(environment or {})), timeout=s.TIMEOUT)
    if done.returncode != 0:
        raise Failed(f"{command[0]} ended with {done.returncode}: "
                     f"{done.stdout.decode('utf-8', 'replace')}")


def unix_text(plan):
    with open(plan.message, "rb") as file:
        return file.read().replace(b"\r\n", b"\n")


def swaks(plan):
    need("swaks")
    text = os.path.join(plan.folder, "swaks.eml")
    with open(text, "wb") as file:
        file.write(unix_text(plan)[:-1])  # swaks ends the last line itself
    command = ["swaks", "--server", plan.host, "--port", str(plan.port), "--helo", plan.name,
               "--from", plan.sender, "--to", plan.to, "--data", "@" + text,
               "--tls-verify", "--tls-ca-path", plan.ca, "--suppress-data",
               "--tls" if plan.how == "starttls" else "--tls-on-connect"]
    if plan.login:
        command += ["--auth", "--auth-user", plan.user, "--auth-password", plan.password]
    execute(command)


def msmtp(plan):
    need("msmtp")
    password = os.path.join(plan.folder, "password")
    with open(password, "w") as file:
        file.write(plan.password + "\n")
    command = ["msmtp", "--file=/dev/null", f"--host={plan.host}", f"--port={plan.port}",
               f"--domain={plan.name}", f"--from={plan.sender}", "--tls=on",
               f"--tls-starttls={'on' if plan.how == 'starttls' else 'off'}",
               f"--tls-trust-file={plan.ca}",
               "--set-from-header=off", "--set-date-header=off"]
    if plan.login:
        command += ["--auth=on", f"--user={plan.user}", f"--passwordeval=cat '{password}'"]
    execute(command + ["--", plan.to], unix_text(plan))


def curl(plan):
    need("curl")
    scheme = "smtp" if plan.how == "starttls" else "smtps"
    command = ["curl", "--silent", "--show-error", "--ssl-reqd", "--cacert", plan.ca,
               "--mail-from", plan.sender, "--mail-rcpt", plan.to, "--upload-file", plan.message,
               f"{scheme}://{plan.host}:{plan.port}/{plan.name}"]
    if plan.login:
        command += ["--user", f"{plan.user}:{plan.password}"]
    execute(command)


def python(plan):
    context = ssl.create_default_context(cafile=plan.ca)
    with open(plan.message, "rb") as file:
        text = file.read()
    if plan.how == "implicit":
        session = smtplib.SMTP_SSL(plan.host, plan.port, local_hostname=plan.name, context=context,
                                   timeout=s.TIMEOUT)
    else:
        session = smtplib.SMTP(plan.host, plan.port, local_hostname=plan.name, timeout=s.TIMEOUT)
    with session:
        if plan.how == "starttls":
            session.starttls(context=context)
        if plan.login:
            session.login(plan.user, plan.password)
        session.sendmail(plan.sender, [plan.to], text)


def nodemailer(plan):
    need("node")
    if not os.path.isdir(os.path.join(HERE, "node_modules", "nodemailer")):
        raise s.Skip("nodemailer is not installed (npm ci in test/peers)")
    execute(["node", os.path.join(HERE, "send.js"), json.dumps({
        "host": plan.host, "port": plan.port, "how": plan.how, "name": plan.name, "ca": plan.ca,
        "from": plan.sender, "to": plan.to, "message": plan.message, "user": plan.user,
        "password": plan.password})])


def net_smtp(plan):
    need("perl")
    execute(["perl", os.path.join(HERE, "send.pl"), plan.how, plan.host, str(plan.port), plan.name,
             plan.ca, plan.sender, plan.to, plan.message, plan.user, plan.password])


def javamail(plan):
    need("java")
    need("keytool")
    if not os.path.exists(JAVAMAIL):
        raise s.Skip("JavaMail is not installed (libmail-java)")
    store = os.path.join(plan.folder, os.path.basename(plan.ca) + ".jks")
    if not os.path.exists(store):
        execute(["keytool", "-importcert", "-noprompt", "-alias", "ca", "-file", plan.ca,
                 "-keystore", store, "-storetype", "JKS", "-storepass", "changeit"])
    execute(["java", "-XX:TieredStopAtLevel=1", f"-Djavax.net.ssl.trustStore={store}",
             "-cp", f"{JAVAMAIL}:/usr/share/java/javax.activation.jar",
             os.path.join(HERE, "Send.java"), plan.how,
             plan.host, str(plan.port), plan.name, plan.sender, plan.to, plan.message, plan.user,
             plan.password])


ALL = {"swaks": swaks, "msmtp": msmtp, "curl": curl, "python": python, "nodemailer": nodemailer,
       "net_smtp": net_smtp, "javamail": javamail}
