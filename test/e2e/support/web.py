# SPDX-License-Identifier: MIT
"""A client of the page's server."""

import contextlib
import http.client
import json
import re
import signal
import smtplib
import subprocess
import urllib.parse

from support import scope as s


@contextlib.contextmanager
def page(scope, *words, **options):
    """A proxy in front of no server, with its page."""
    with scope.proxy("--mode", "sink@0", "--web", "0", *words, **options) as proxy:
        yield proxy, Web(proxy.errors())


@contextlib.contextmanager
def viewed(scope, *files, words=()):
    """`smtpscope view` with these transcripts: its pid, and its page."""
    viewer = subprocess.Popen([scope.program, "view", *files, "--web", "0", *words],
                              env=scope.environment, stderr=subprocess.PIPE)
    try:
        lines = iter(viewer.stderr.readline, b"")
        yield viewer.pid, Web(next(line for line in lines if b"web page on" in line).decode())
    finally:
        viewer.send_signal(signal.SIGTERM)
        status = viewer.wait(s.TIMEOUT)
        viewer.stderr.close()
    assert status == 0, status


def send(proxy, subject="Hello", text="Hi there.\r\n", quits=True):
    """A message for two; the client, where it does not quit."""
    client = smtplib.SMTP("127.0.0.1", proxy.port(), timeout=s.TIMEOUT)
    client.sendmail("a@example.com", ["b@example.net", "c@example.net"],
                    f"From: a@example.com\r\nSubject: {subject}\r\n\r\n{text}")
    if quits:
        client.quit()
    return client


class Web:
    """Knows where a proxy's page is, from what the proxy said."""

    def __init__(self, said):
        found = re.search(r"web page on http://(.+):(\d+)/#(\S+)", said)
        assert found, said
        self.host, self.port, self.token = found[1].strip("[]"), int(found[2]), found[3]

    def open(self, path, method="GET", body=None, headers=None, **query):
        """The response, still to be read. A header of None is left out."""
        if query:
            path += "?" + urllib.parse.urlencode(query, doseq=True)
        all_headers = {"Authorization": "Bearer " + self.token, **(headers or {})}
        connection = http.client.HTTPConnection(self.host, self.port, timeout=120)
        connection.putrequest(method, path, skip_host="Host" in all_headers)
        if body is not None:
            all_headers.setdefault("Content-Length", str(len(body)))
        for name, value in all_headers.items():
            if value is not None:
                connection.putheader(name, value)
        connection.endheaders(body)
        return connection.getresponse()

    def ask(self, path, **options):
        """(status, body)"""
        with self.open(path, **options) as response:
            return response.status, response.read()

    def get(self, path, **query):
        """What a request that is answered well says, read as JSON."""
        status, body = self.ask(path, **query)
        assert status == 200, (path, status, body)
        return json.loads(body)

    def wait(self, *expectations, **query):
        """The verdict, once the expectations hold."""
        return self.get("/api/v1/wait", expect=expectations, **query)

    def error(self, path, **options):
        """The status of a request that is answered by an error, which is a sentence."""
        status, body = self.ask(path, **options)
        assert list(json.loads(body)) == ["error"], body
        return status


    def head(self, line, *headers, token=True):
        """A request up to its empty line, with the Host and the token of the page."""
        lines = [line, f"Host: {self.host}:{self.port}", *headers]
        if token:
            lines.append(f"Authorization: Bearer {self.token}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def connect(self):
        return s.connect(self.port, self.host)

    def say(self, data):
        """What is answered to these bytes until the server closes."""
        with self.connect() as connection:
            try:
                connection.sendall(data)
            except (BrokenPipeError, ConnectionResetError):
                pass  # it has heard enough
            return answer(connection)


class Answer:
    """A whole answer as it came: its status, its headers by their names in lower case, its body."""

    def __init__(self, data):
        head, _, self.body = data.partition(b"\r\n\r\n")
        line, *fields = head.decode("latin-1").split("\r\n")
        self.status = int(line.split()[1]) if line else None
        self.headers = {name.lower(): value for name, value in
                        (field.split(": ", 1) for field in fields)}

    def is_error(self):
        """It is one in the API's form, and nothing a browser could take for more."""
        body = json.loads(self.body)
        return 400 <= self.status < 500 and list(body) == ["error"] and \
            len(body["error"].split()) > 2 and \
            self.headers["content-type"] == "application/json; charset=utf-8" and \
            self.headers["x-content-type-options"] == "nosniff" and \
            "default-src 'none'" in self.headers["content-security-policy"]


def answer(connection):
    """What comes until the server closes, or breaks the connection because it was sent more."""
    data = b""
    try:
        while part := connection.recv(1 << 16):
            data += part
    except ConnectionResetError:
        pass
    return Answer(data)


def events(response):
    """(id, object) of each event of a stream, as they come."""
    number = None
    for line in response:
        if line.startswith(b"id: "):
            number = int(line[4:])
        elif line.startswith(b"data: "):
            yield number, json.loads(line[6:])
