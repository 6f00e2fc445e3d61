# SPDX-License-Identifier: MIT
"""`run` captures real clients, and makes them trust the CA, without a word of theirs changed: each
sends by STARTTLS, verifying, with nothing but the environment (or the mount) to tell it of the CA.
Each as root, if it can be, and as a plain user."""

import os
import shutil
import subprocess

from support import scope as s
from support import smtp
from support import ways

PEERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "peers")
MESSAGE = b"From: a@example.com\nTo: b@example.net\nSubject: hello\n\nA line.\n"

PYTHON = """
import smtplib, ssl, sys
client = smtplib.SMTP("localhost", int(sys.argv[1]), local_hostname="client.example.com")
client.starttls(context=ssl.create_default_context())
client.sendmail("a@example.com", ["b@example.net"], open(sys.argv[2], "rb").read())
client.quit()
"""
PERL = """
use Net::SMTP;
my $smtp = Net::SMTP->new('localhost', Port => $ARGV[0], Hello => 'client.example.com') or die $@;
$smtp->starttls() or die 'starttls: ' . $smtp->message;
open(my $file, '<', $ARGV[1]) or die $!;
$smtp->mail('a@example.com') && $smtp->to('b@example.net') && $smtp->data([<$file>]) or die 'send';
$smtp->quit;
"""
NODE = """
const fs = require('fs'), nodemailer = require('nodemailer');
const transport = nodemailer.createTransport({host: 'localhost', port: +process.argv[2],
  requireTLS: true, name: 'client.example.com'});
const mail = {envelope: {from: 'a@example.com', to: 'b@example.net'},
  raw: fs.readFileSync(process.argv[3])};
transport.sendMail(mail).then(() => transport.close(), (e) => { console.error(e); process.exit(1); });
"""
GO = """
package main
import ("net/smtp"; "os")
func main() {
    message, _ := os.ReadFile(os.Args[2])
    err := smtp.SendMail("localhost:"+os.Args[1], nil, "a@example.com",
        []string{"b@example.net"}, message)
    if err != nil { println(err.Error()); os.Exit(1) }
}
"""
JAVA = """
import java.io.FileInputStream;
import java.util.Properties;
import javax.mail.*;
import javax.mail.internet.*;
public class Mail {
    public static void main(String[] words) throws Exception {
        Properties properties = new Properties();
        properties.put("mail.smtp.starttls.required", "true");
        properties.put("mail.smtp.ssl.checkserveridentity", "true");
        properties.put("mail.smtp.localhost", "client.example.com");
        Session session = Session.getInstance(properties);
        Transport transport = session.getTransport("smtp");
        transport.connect("localhost", Integer.parseInt(words[0]), null, null);
        transport.sendMessage(new MimeMessage(session, new FileInputStream(words[1])),
            new InternetAddress[] {new InternetAddress("b@example.net")});
        transport.close();
    }
}
"""
STATIC_C = r"""
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static void say(int fd, const char *line) {
    char reply[512];
    if (line != NULL && write(fd, line, strlen(line)) < 0) exit(1);
    if (read(fd, reply, sizeof(reply)) <= 0) exit(1);
}
int main(int argc, char **argv) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1]))};
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0) { perror("connect"); return 1; }
    say(fd, NULL);
    say(fd, "EHLO client.example.com\r\n");
    say(fd, "MAIL FROM:<a@example.com>\r\n");
    say(fd, "RCPT TO:<b@example.net>\r\n");
    say(fd, "DATA\r\n");
    say(fd, "Subject: hello\r\n\r\nA line.\r\n.\r\n");
    say(fd, "QUIT\r\n");
    return argc - 2 > 1;
}
"""


def write(scope, name, text):
    path = scope.path(name)
    with open(path, "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())
    return path


def python(scope):
    return ["/usr/bin/python3", write(scope, "mail.py", PYTHON), "PORT", "MESSAGE"], "python3"


def curl(scope):
    s.need("curl")
    return ["curl", "-sS", "--ssl-reqd", "--mail-from", "a@example.com", "--mail-rcpt",
            "b@example.net", "-T", "MESSAGE", "smtp://localhost:PORT/client.example.com"], "curl"


def perl(scope):
    s.need("perl")
    probe = subprocess.run(["perl", "-MNet::SMTP", "-MIO::Socket::SSL", "-e", "1"],
                           stderr=subprocess.DEVNULL)
    if probe.returncode != 0:
        raise s.Skip("libio-socket-ssl-perl is not installed")
    return ["perl", write(scope, "mail.pl", PERL), "PORT", "MESSAGE"], "perl"


def node(scope):
    s.need("node")
    if not os.path.isdir(os.path.join(PEERS, "node_modules", "nodemailer")):
        raise s.Skip("nodemailer is not installed (npm ci in test/peers)")
    modules = shutil.copytree(os.path.join(PEERS, "node_modules"), scope.path("node_modules"),
                              symlinks=True)
    assert os.path.isdir(modules)
    return ["node", write(scope, "mail.js", NODE), "PORT", "MESSAGE"], "node"


def swaks(scope):
    s.need("swaks")
    return ["swaks", "--server", "localhost", "--port", "PORT", "--from", "a@example.com", "--to",
            "b@example.net", "--data", "@MESSAGE", "--tls", "--tls-verify"], "swaks"


def java(scope, text=JAVA):
    s.need("javac")
    jars = "/usr/share/java/javax.mail.jar:/usr/share/java/javax.activation.jar"
    if not all(os.path.exists(jar) for jar in jars.split(":")):
        raise s.Skip("JavaMail is not installed (libmail-java)")
    source = write(scope, "Mail.java", text)
    subprocess.run(["javac", "-cp", jars, source], check=True)
    return ["java", "-cp", f"{jars}:{scope.folder}", "Mail", "PORT", "MESSAGE"], "java"


def go(scope):
    s.need("go")
    source, program = write(scope, "mail.go", GO), scope.path("gomail")
    environment = dict(os.environ, CGO_ENABLED="0", GOCACHE=scope.path("gocache"),
                       GOFLAGS="-mod=mod", GO111MODULE="off", GOPATH=scope.path("gopath"))
    subprocess.run(["go", "build", "-o", program, source], check=True, env=environment)
    return [program, "PORT", "MESSAGE"], "gomail"


def static_c(scope):
    s.need("cc")
    source, program = write(scope, "mail.c", STATIC_C), scope.path("cmail")
    done = subprocess.run(["cc", "-static", "-o", program, source], stderr=subprocess.DEVNULL)
    if done.returncode != 0:
        raise s.Skip("the C library is not there to link statically")
    return [program, "PORT"], "cmail"


def msmtp(scope):
    s.need("msmtp")
    return ["sh", "-c", "msmtp --file=/dev/null --host=localhost --port=PORT --tls=on "
            "--tls-starttls=on --domain=client.example.com --from=a@example.com b@example.net "
            "< MESSAGE"], "msmtp"


def mutt(scope):
    s.need("mutt")
    with open("/etc/Muttrc") as file:
        if "ssl_ca_certificates_file" not in file.read():
            raise s.Skip("mutt has no roots by its own settings here")
    return ["sh", "-c", f"HOME={scope.folder} mutt -F /dev/null -e 'set from=a@example.com' "
            "-e 'set smtp_url=smtp://localhost:PORT' -e 'set ssl_force_tls=yes' -e 'set copy=no' "
            "-s hello b@example.net < MESSAGE"], "mutt"


def need_mount(scope):
    """What GnuTLS programs need; `doctor` says whether `run` can give it."""
    lines = scope.run("doctor").stdout.decode().splitlines()
    if not any(line.startswith("ok   trust-mount: works: ") for line in lines):
        raise s.Skip("the bundle cannot be mounted here")


def deliver(scope, client, user=(), tls=True, options=()):
    command, program = client(scope)
    message = write(scope, "message.eml", MESSAGE)
    context = scope.server_context() if tls else None
    root = scope.server_certificate()[2] if tls else None
    if tls:
        options = ["--server-ca", root, *options]
    if user:
        user = ways.prepare_user(scope)
    with smtp.Server(context=context) as server:
        command = [word.replace("PORT", str(server.port)).replace("MESSAGE", message)
                   for word in command]
        result = ways.run(scope, server.port, command, options, user)
        result.assert_status(0)
        assert len(server.messages) == 1, f"{len(server.messages)} messages came"
    check(result, server.port, program, tls)


def test_trust_outlives_the_rights_of_root(scope):
    """What root starts and then becomes somebody else can still read the roots it is told of."""
    ways.need_capture(scope)
    command, program = python(scope)
    message = write(scope, "message.eml", MESSAGE)
    root = scope.server_certificate()[2]
    context = scope.server_context()
    user = ways.prepare_user(scope)  # the CA's folder is another user's, and private
    for folder, _, files in os.walk(os.path.dirname(scope.ca)):
        for name in [".", *files]:
            os.chown(os.path.join(folder, name), 0, 0)
    with smtp.Server(context=context) as server:
        command = [*user, "sh", "-c", 'echo "$SSL_CERT_FILE"; exec "$@"', "sh", *command[:2],
                   str(server.port), message]
        result = ways.run(scope, server.port, command, ["--server-ca", root])
        result.assert_status(0)
    check(result, server.port, program, True)
    bundle = result.output.splitlines()[0]
    assert os.path.basename(bundle).startswith("bundle-"), bundle
    assert not os.path.exists(os.path.dirname(bundle)), bundle


def test_without_the_mount_msmtp_refuses(scope):
    """`--no-trust-mount` leaves the system's bundle alone, and GnuTLS reads nothing else."""
    ways.need_capture(scope)
    need_mount(scope)
    command, _ = msmtp(scope)
    message = write(scope, "message.eml", MESSAGE)
    root = scope.server_certificate()[2]
    with smtp.Server(scope) as server:
        command = [word.replace("PORT", str(server.port)).replace("MESSAGE", message)
                   for word in command]
        result = ways.run(scope, server.port, command,
                          ["--server-ca", root, "--no-trust-mount"])
        assert result.status != 0 and server.messages == []


def check(result, port, program, tls):
    # A client that tries ::1 first has a session that was refused there, as without us.
    sessions = [one for one in result.sessions if one["outcome"] != "connect-failed"]
    assert len(sessions) == 1, f"{len(sessions)} sessions: {result.errors}"
    session = sessions[0]
    assert session["mode"] == "run", session["mode"]
    # nodemailer does not wait for the answer to its QUIT.
    outcomes = ["completed", "client-closed"] if program == "node" else ["completed"]
    assert session["outcome"] in outcomes, (session["outcome"], session["error"])
    assert session["server"]["port"] == port and session["server"]["address"] == "127.0.0.1"
    assert session["client"]["program"] == program, session["client"]
    assert session["client"]["pid"] > 0
    assert [message["accepted"] for message in session["messages"]] == [True]
    if tls:
        assert session["tls"]["client"]["error"] is None
        assert session["tls"]["server"]["verify"]["ok"] is True, session["tls"]["server"]


def claim(client, tls=True, options=()):
    """One test as whoever runs the tests, one as a plain user."""
    def test(scope):
        ways.need_capture(scope, options)
        if client in (msmtp, mutt):
            need_mount(scope)
        deliver(scope, client, tls=tls, options=options)

    def test_as_user(scope):
        ways.need_capture(scope, options)
        if client in (msmtp, mutt):
            need_mount(scope)
        deliver(scope, client, user=(ways.NOBODY,), tls=tls, options=options)

    name = client.__name__
    test.__name__, test_as_user.__name__ = f"test_{name}", f"test_{name}_as_a_plain_user"
    return {test.__name__: test, test_as_user.__name__: test_as_user}


TESTS = {"test_trust_outlives_the_rights_of_root": test_trust_outlives_the_rights_of_root}
for one in (python, curl, perl, node, swaks, java, go):
    TESTS.update(claim(one))
TESTS.update(claim(static_c, tls=False))
for one in (msmtp, mutt):
    TESTS.update(claim(one))
TESTS.update({"test_without_the_mount_msmtp_refuses": test_without_the_mount_msmtp_refuses})

if __name__ == "__main__":
    s.main(TESTS)
