# SPDX-License-Identifier: MIT
"""A client of the page's server."""

import http.client
import json
import re
import urllib.parse


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
