#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The files of `eml` are mail that other programs read without complaint, and signatures hold."""

import email
import email.policy
import email.utils
import os
import shutil
import smtplib
import subprocess
from email.message import EmailMessage

from support import scope as harness

ATTACHMENT = bytes(range(256)) * 20
DOTS = ".\r\n..\r\n.hidden\r\n" + "x" * 990 + "\r\nthe end"


def mail():
    """With all that makes a mail hard to carry: dots, a part in base64, encoded words."""
    message = EmailMessage(policy=email.policy.SMTP)
    message["From"] = "Zoë <a@example.com>"
    message["To"] = "b@example.net"
    message["Subject"] = "Grüße, long enough to be folded over more than one line of the header"
    message["Date"] = email.utils.formatdate()
    message["Message-ID"] = "<1@example.com>"
    message.set_content(DOTS.replace("\r\n", "\n"), cte="7bit")
    message.add_attachment(ATTACHMENT, maintype="application", subtype="octet-stream",
                           filename="data.bin")
    return message.as_bytes()


def recorded(scope, *messages):
    """The paths of the files that a session with these messages makes."""
    folder = scope.path("mail")
    with scope.proxy("--mode", "sink@127.0.0.1:0", "-o", "eml:" + folder) as proxy:
        with smtplib.SMTP("127.0.0.1", proxy.port(), "client.example.com",
                          timeout=harness.TIMEOUT) as client:
            for message in messages:
                client.sendmail("a@example.com", ["b@example.net"], message)
    paths = [os.path.join(folder, f"1-{number + 1}.eml") for number in range(len(messages))]
    for path, message in zip(paths, messages):
        with open(path, "rb") as file:
            assert file.read() == message, f"{path} is not what was sent"
    assert len(os.listdir(folder)) == len(messages), os.listdir(folder)
    return paths


def tool(name):
    path = shutil.which(name)
    if path is None:
        raise harness.Skip(f"{name} is not installed")
    return path


def test_python_reads_the_parts(scope):
    path, = recorded(scope, mail())
    with open(path, "rb") as file:
        message = email.message_from_binary_file(file, policy=email.policy.default)
    for part in message.walk():
        assert part.defects == [], part.defects
    text, attachment = message.iter_parts()
    assert message["Subject"].startswith("Grüße, ")
    assert text.get_content().rstrip("\n") == DOTS.replace("\r\n", "\n")
    assert attachment.get_content() == ATTACHMENT


def test_ripmime_unpacks_the_attachment(scope):
    path, = recorded(scope, mail())
    unpacked = scope.path("unpacked")
    os.mkdir(unpacked)
    done = subprocess.run([tool("ripmime"), "-i", path, "-d", unpacked, "--verbose-defects"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=harness.TIMEOUT)
    assert done.returncode == 0, done.stdout
    said = done.stdout.decode(errors="replace").lower()
    assert "error" not in said and "warning" not in said, said
    with open(os.path.join(unpacked, "data.bin"), "rb") as file:
        assert file.read() == ATTACHMENT


def test_mutt_shows_the_mail(scope):
    """As the one mail of a maildir, whose files are as bare as ours; mutt pipes it, decoded."""
    path, = recorded(scope, mail())
    folder, shown = scope.path("maildir"), scope.path("shown")
    for name in ("cur", "new", "tmp"):
        os.makedirs(os.path.join(folder, name))
    shutil.copy(path, os.path.join(folder, "new", "1.1.localhost"))
    keys = f"<pipe-message>cat >{shown}<enter><exit>"
    with open(scope.path("muttrc"), "w", encoding="ascii") as file:
        file.write(f'set folder={folder} pipe_decode wait_key=no quit=yes\npush "{keys}"\n')
    command = f"{tool('mutt')} -n -F {scope.path('muttrc')} -R -f {folder}"
    done = subprocess.run([tool("script"), "-qec", command, "/dev/null"],
                          env={**scope.environment, "TERM": "xterm", "LC_ALL": "C.UTF-8"},
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=harness.TIMEOUT)
    assert done.returncode == 0, done.stdout
    with open(shown, encoding="utf-8") as file:
        text = file.read()
    for words in ("From: Zoë <a@example.com>", "Subject: Grüße, ", "\n.hidden\n", "the end"):
        assert words in text, (words, text)


def test_a_dkim_signature_still_verifies(scope):
    try:
        import dkim
    except ImportError as error:
        raise harness.Skip("python3-dkim is not installed") from error
    key, public = scope.path("dkim.key"), scope.path("dkim.pub")
    scope.openssl("genrsa", "-traditional", "-out", key, "2048")
    scope.openssl("rsa", "-in", key, "-pubout", "-out", public)
    with open(public, encoding="ascii") as file:
        record = "v=DKIM1; k=rsa; p=" + "".join(file.read().splitlines()[1:-1])

    def answer(name, timeout=5):
        assert name == b"test._domainkey.example.com.", name
        return record.encode()

    with open(key, "rb") as file:
        private = file.read()
    message = mail()
    signed = [dkim.sign(message, b"test", b"example.com", private,
                        canonicalize=(canon, canon)) + message for canon in (b"simple", b"relaxed")]
    for path in recorded(scope, *signed):
        with open(path, "rb") as file:
            message = file.read()
        assert dkim.verify(message, dnsfunc=answer), f"the signature of {path} is broken"
        assert not dkim.verify(message.replace(b".hidden", b"hidden"), dnsfunc=answer), \
            "a signature that nothing breaks shows nothing"


if __name__ == "__main__":
    harness.main(globals())
