# SPDX-License-Identifier: MIT
"""No client of the page's server, however many, large, slow or deaf, can hold up the mail or the
others (contract-web, "At most 128 connections…")."""

import contextlib
import hashlib
import json
import smtplib
import socket
import sys
import threading

from support import scope as s
from support import web as w

CONNECTIONS, STREAMS = 128, 32
HEAD, BODY = 16 << 10, 64 << 10
MESSAGES = 24  # of 800 KiB


def waits(web, number=9):
    """A connection with a question that is not answered for ten minutes."""
    connection = web.connect()
    connection.sendall(web.head(f"GET /api/v1/wait?expect=accepted={number}&timeout=600 HTTP/1.1"))
    return connection


def fill_up(stack, proxy, web, count):
    with proxy.accepts("all of them to be accepted", count):
        return [stack.enter_context(waits(web)) for _ in range(count)]


def test_there_are_128_connections_at_most(scope):
    with w.page(scope) as (proxy, web), contextlib.ExitStack() as stack:
        opened = fill_up(stack, proxy, web, CONNECTIONS)
        answer = web.say(web.head("GET /healthz HTTP/1.1"))
        assert answer.status == 429 and answer.is_error(), answer.__dict__
        assert not any(s.readable(connection) for connection in opened), "the others go on"
        w.send(proxy)
        opened[0].close()
        close = web.head("GET /healthz HTTP/1.1", "Connection: close")
        s.until(lambda: web.say(close).status == 200, "the place of the one that left")


def test_there_are_32_streams_at_most(scope):
    with w.page(scope) as (_, web), contextlib.ExitStack() as stack:
        streams = [stack.enter_context(web.open("/api/v1/events")) for _ in range(STREAMS)]
        assert all(stream.status == 200 for stream in streams)
        answer = web.say(web.head("GET /api/v1/events HTTP/1.1"))
        assert answer.status == 429 and answer.is_error(), answer.__dict__
        assert web.get("/api/v1/status")["recording"]
        streams[0].close()
        s.until(lambda: w_status(web) == 200, "the place of the stream that left")


def w_status(web):
    with web.open("/api/v1/events") as stream:
        return stream.status


def test_200_at_once_are_all_answered(scope):
    with w.page(scope) as (proxy, web):
        answers = []
        gate = threading.Barrier(200)

        def ask():
            gate.wait(s.TIMEOUT)
            answers.append(web.say(web.head("GET /api/v1/sessions HTTP/1.1", "Connection: close")))

        threads = [threading.Thread(target=ask) for _ in range(200)]
        for thread in threads:
            thread.start()
        w.send(proxy)
        for thread in threads:
            thread.join(s.TIMEOUT)
        assert len(answers) == 200
        for answer in answers:
            assert answer.status == 200 and "sessions" in json.loads(answer.body) or \
                answer.status == 429 and answer.is_error(), answer.__dict__
        web.wait("accepted = 1")


def test_a_request_has_10_s_to_be_sent(scope):
    with w.page(scope) as (proxy, web):
        head = web.head("POST /api/v1/recording HTTP/1.1", "Content-Length: 12")
        answers = []

        def say(data, drop=b""):
            """Sends the bytes, then a little of more each half second, as long as it is heard."""
            with web.connect() as connection:
                connection.sendall(data)
                while drop and not s.readable(connection, 0.5):
                    connection.sendall(drop)
                answers.append((data, w.answer(connection)))

        threads = [threading.Thread(target=say, args=arguments) for arguments in
                   ((head[:20],), (head[:-2],), (head + b'{"on": fal',), (b"GET / HTTP/1.1\r\nX: ", b"x"))]
        for thread in threads:
            thread.start()
        w.send(proxy)
        for thread in threads:
            thread.join(s.TIMEOUT)
        assert len(answers) == len(threads)
        for data, answer in answers:
            assert answer.status == 408 and answer.is_error(), (data, answer.__dict__)
        assert web.get("/api/v1/status")["recording"], "half a body switches nothing"


def test_what_is_too_large_ends_its_connection(scope):
    with w.page(scope) as (_, web):
        post = "POST /api/v1/recording HTTP/1.1"
        on = b'{"on": true}'
        for name, data, status in (
                ("head", web.head("GET /healthz HTTP/1.1", "X: " + "x" * HEAD), 431),
                ("many fields", web.head("GET /healthz HTTP/1.1", *["X: " + "x" * 90] * 200), 431),
                ("line", web.head("GET /" + "a" * HEAD + " HTTP/1.1"), 414),
                ("body", web.head(post, f"Content-Length: {BODY + 1}") + on.ljust(BODY + 1), 413),
                ("body alone said", web.head(post, "Content-Length: 99999999999"), 413),
                ("chunks", web.head(post, "Transfer-Encoding: chunked") +
                 b"%x\r\n" % (2 * BODY) + b" " * 2 * BODY + b"\r\n0\r\n\r\n", 413)):
            answer = web.say(data)
            assert answer.status == status and answer.is_error(), (name, answer.__dict__)
        for name, data in (("head", web.head("GET / HTTP/1.1", "X: " + "x" * (1 << 20))),
                           ("head without end", b"GET / HTTP/1.1\r\nX: " + b"x" * (1 << 20)),
                           ("line", web.head("GET /" + "a" * (1 << 20) + " HTTP/1.1")),
                           ("line without end", b"GET /" + b"a" * (1 << 20))):
            assert 400 <= web.say(data).status < 500, name
        close = "Connection: close"
        answer = web.say(web.head(post, close, f"Content-Length: {BODY}") + on.ljust(BODY))
        assert answer.status == 200, answer.__dict__
        head = web.head("GET /healthz HTTP/1.1", close, "X: ")
        answer = web.say(head.replace(b"X: ", b"X: " + b"x" * (HEAD - len(head))))
        assert answer.status == 200, answer.__dict__


def test_what_the_library_refuses_says_nothing_of_the_request(scope):
    """Those answers have another form than the API's; they carry nothing, and end the connection."""
    mark = b"mark<script>alert(1)</script>"
    with w.page(scope) as (_, web):
        host = b"Host: localhost\r\n"
        post = b"POST /api/v1/recording HTTP/1.1\r\n" + host
        for data in (b"GET /" + mark + b" HTTP/2.0\r\n" + host + b"\r\n",
                     b"GET /" + mark + b" " + mark + b"/1.1\r\n" + host + b"\r\n",
                     b"GET /" + mark + b"\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\n" + mark,
                     b"GET / HTTP/1.1\r\n" + host + mark + b"\r\n\r\n",
                     b"GET / HTTP/1.1\r\n" + host + b"X: " + mark * (1 << 15) + b"\r\n\r\n",
                     b"GET /" + mark * (1 << 15) + b" HTTP/1.1\r\n" + host + b"\r\n",
                     post + b"Content-Length: " + mark + b"\r\n\r\n",
                     post + b"Transfer-Encoding: chunked\r\n\r\n" + mark + b"\r\n"):
            answer = web.say(data)
            assert 400 <= answer.status < 600, (data[:80], answer.__dict__)
            assert len(answer.body) < 300 and b"mark" not in answer.body, answer.body
            assert b"script" not in answer.body.lower() and b"http:" not in answer.body, answer.body


def test_no_host_or_two_are_refused(scope):
    with w.page(scope) as (_, web):
        for head in (b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n", b"GET / HTTP/1.0\r\n\r\n",
                     b"GET / HTTP/1.1\r\nConnection: close\r\nHost:\r\n\r\n"):
            answer = web.say(head)
            assert answer.status == 421 and answer.is_error(), (head, answer.__dict__)
        for host in ("evil.example", "localhost"):
            answer = web.say(web.head("GET /healthz HTTP/1.1", f"host: {host}"))
            assert answer.status == 400 and answer.is_error(), answer.__dict__


def test_a_target_is_read_to_its_end(scope):
    """A NUL cuts nothing off, and a whole address is a target too, whose host counts."""
    with w.page(scope) as (_, web):
        for target, status in (("/healthz", 200), ("/%68ealthz", 200), ("/healthz%00", 404),
                               ("/healthz%00/x", 404), ("/api/v1/sessions?limit=1%00", 400),
                               ("/api/v1/sessions?only=sessions%3D1%00x", 400),
                               ("/api/v1/wait?timeout=0&expect=messages%3D0", 200),
                               ("/api/v1/wait?timeout=0&expect=messages%3D0%001", 400),
                               ("/api/v1/sessions?only=subject~%zz%4", 200),
                               (f"http://localhost:{web.port}/api/v1/status", 200),
                               ("HTTP://localhost", 200), ("http://evil.example/healthz", 421),
                               ("http:///healthz", 421), ("http:/healthz", 404)):
            answer = web.say(web.head(f"GET {target} HTTP/1.1", "Connection: close"))
            assert answer.status == status, (target, answer.__dict__)
        beside = b"GET http://localhost/healthz HTTP/1.1\r\nHost: evil\r\nConnection: close\r\n\r\n"
        assert web.say(beside).status == 200


def test_a_deaf_reader_loses_events_and_no_mail_changes(scope):
    with w.page(scope, "--web-memory", "4M", "--body", "full", "--client-tls", "none") as \
            (proxy, web), socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.settimeout(s.TIMEOUT)
        deaf.connect((web.host, web.port))
        deaf.sendall(web.head("GET /api/v1/events HTTP/1.0"))
        hashes = []
        for number in range(MESSAGES):  # more than the kernel's buffers and the page keep
            text = f"Subject: {number}\r\n\r\n" + ("x" * 900 + "\r\n") * 900
            hashes.append(hashlib.sha256(text.encode()).hexdigest())
            with smtplib.SMTP("127.0.0.1", proxy.port(), timeout=s.TIMEOUT) as client:
                client.sendmail("a@example.com", "b@example.net", text)
        s.until(lambda: web.get("/api/v1/status")["sessions"]["ended"] == MESSAGES, "all sessions")
        counter, lost = 0, 0
        for number, event in w.events(deaf.makefile("rb")):
            if event["event"] == "lost":
                assert event["session"] == 0 and event["reason"], event
                assert number == counter + event["count"], (counter, number, event)
                lost += event["count"]
            else:
                assert number == counter + 1 == event["counter"], (counter, event)
            counter = number
            if event["event"] == "close" and event["session"] == MESSAGES:
                break
        assert lost > 0
    assert [session["messages"][0]["sha256"] for session in proxy.sessions()] == hashes


if __name__ == "__main__":
    sys.exit(s.main(globals()))
