# SPDX-License-Identifier: MIT
"""send_mails.py PORT CA COUNT AT_ONCE: COUNT sessions in implicit TLS, a message of two kilobytes in
each, AT_ONCE of them at a time, in a process that has nothing else open."""

import os
import ssl
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from support import smtp  # noqa: E402 (the path is needed first)

MESSAGE = (b"Date: Sat, 28 Nov 2026 10:00:00 +0000\r\nFrom: a@example.com\r\nTo: b@example.net\r\n"
           b"Message-ID: <1@example.com>\r\nSubject: two kilobytes\r\n\r\n" + (b"x" * 70 + b"\r\n") * 26)


def send(port, context):
    client = smtp.Client(port, "implicit", context, name="127.0.0.1")
    client.open()
    client.send_mail(MESSAGE)
    client.quit()


def main(port, authority, count, at_once):
    context = ssl.create_default_context(cafile=authority)

    def one_after_another():
        for _ in range(count // at_once):
            send(port, context)

    threads = [threading.Thread(target=one_after_another) for _ in range(at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
