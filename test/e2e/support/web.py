# SPDX-License-Identifier: MIT
"""A client of the page's server."""

import contextlib
import http.client
import json
import re
import smtplib
import urllib.parse

from support import scope as s


@contextlib.contextmanager
def page(scope, *words, **options):
    """A proxy in front of no server, with its page."""
    with scope.proxy("--mode", "sink@0", "--web", "0", *words, **options) as proxy:
        yield proxy, Web(proxy.errors())


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


def events(response):
    """(id, object) of each event of a stream, as they come."""
    number = None
    for line in response:
        if line.startswith(b"id: "):
            number = int(line[4:])
        elif line.startswith(b"data: "):
            yield number, json.loads(line[6:])
