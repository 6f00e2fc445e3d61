#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Where a secret could slip past the mask: scenes, each with a secret of its own, played step by
step through the proxy under several settings. Afterwards no file that the program wrote, and nothing
that `show`, `check` and `ctl` print, has the secret in any form.

    secret_scenes.py PROGRAM [TEST…]
"""
import os
import random
import ssl

from secret_hunt import ALPHABET, b64, needles, pcap_streams
from support import scope as support
from support import tcp

GREETING = b"220 scene.example ESMTP\r\n"
EHLO = b"EHLO client.example\r\n"
OFFER = b"250-scene.example\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-BURL\r\n250 AUTH PLAIN LOGIN\r\n"
USER = b"timothy"


def make_secret(number):
    rng = random.Random(number)
    return "".join(rng.choices(ALPHABET, k=18)).encode() + b"7q"


def plain(secret):
    return b64(b"\0" + USER + b"\0" + secret)


# ── the scenes: ("C", bytes) of the client, ("S", bytes) of the server ──────────────────────────


def opened(*steps):
    return [("S", GREETING), ("C", EHLO), ("S", OFFER), *steps]


def refused(secret, *steps):
    """A session whose AUTH was refused; its secret is known from here on."""
    return opened(("C", b"AUTH PLAIN " + plain(secret) + b"\r\n"), ("S", b"535 5.7.8 no\r\n"), *steps)


def reply_of_several_lines(s):
    return opened(("C", b"AUTH PLAIN " + plain(s) + b"\r\n"),
                  ("S", b"535-5.7.8 first " + s + b"\r\n535-5.7.8 second " + b64(b"x" + s) +
                   b"\r\n535-" + s + b"\r\n535 5.7.8 last " + s.hex().encode() + b"\r\n"))


def broken_over_the_lines_of_a_reply(s):
    """Each part by itself is no secret that anybody could know again."""
    line = plain(s)
    return opened(("C", b"AUTH PLAIN " + line + b"\r\n"),
                  ("S", b"535-5.7.8 no, " + s[:7] + b"\r\n535-5.7.8 " + s[7:12] + b"\r\n"),
                  ("S", b"535-5.7.8 " + s[12:] + b" and " + line[:20] + b"\r\n535 5.7.8 "),
                  ("S", line[20:] + b" as well\r\n"))


def login_with_its_user_name(s):
    return opened(("C", b"AUTH LOGIN " + b64(USER) + b"\r\n"), ("S", b"334 UGFzc3dvcmQ6\r\n"),
                  ("C", b64(s) + b"\r\n"), ("S", b"535 5.7.8 " + USER + b" and " + s + b"\r\n"))


def plain_with_its_name_in_the_reply(s):
    return opened(("C", b"AUTH PLAIN " + plain(s) + b"\r\n"),
                  ("S", b"535-5.7.8 " + USER + b" may not\r\n535 5.7.8 " + s + b"\r\n"))


def login_asked_for_the_password_first(s):
    return opened(("C", b"AUTH LOGIN\r\n"), ("S", b"334 UGFzc3dvcmQ6\r\n"),
                  ("C", b64(s) + b"\r\n"), ("S", b"334 VXNlcm5hbWU6\r\n"),
                  ("C", b64(USER) + b"\r\n"), ("S", b"535 5.7.8 not " + s + b"\r\n"))


def bearer_error_as_json(s):
    error = b'{"status":"401","schemes":"bearer","token":"' + s + b'"}'
    return opened(("C", b"AUTH XOAUTH2 " +
                   b64(b"user=" + USER + b"\1auth=Bearer " + s + b"\1\1") + b"\r\n"),
                  ("S", b"334 " + b64(error) + b"\r\n"), ("C", b"\r\n"),
                  ("S", b"535 5.7.8 bad token\r\n"))


def xclient_login(s):
    return opened(("C", b"XCLIENT NAME=a.example LOGIN=" + s.replace(b"+", b"+2B").replace(
                       b"=", b"+3D") + b" ADDR=192.0.2.1\r\n"),
                  ("S", b"550 5.7.0 not as " + s + b"\r\n"))


def burl_with_urlauth(s):
    return opened(("C", b"BURL imap://joe@x.example/INBOX;uid=2;urlauth=submit+joe:internal:" + s +
                   b" LAST\r\n"),
                  ("S", b"554 5.6.6 " + s + b" is not good for submit+joe:internal\r\n"))


def auth_before_the_greeting(s):
    return [("C", b"AUTH PLAIN " + plain(s) + b"\r\n"), ("S", GREETING),
            ("S", b"503 5.5.1 " + s + b" so soon\r\n")]


def auth_behind_refused_data(s):
    return opened(("C", b"DATA\r\n"), ("S", b"554 5.5.1 no\r\n"),
                  ("C", b"AUTH PLAIN " + plain(s) + b"\r\n"), ("S", b"535 5.7.8 " + s + b"\r\n"))


def text_behind_refused_data(s):
    """What the client goes on sending is no message: it is commands that begin like text."""
    return refused(s, ("C", b"DATA\r\n"), ("S", b"554 5.5.1 no\r\n"),
                   ("C", b"Subject: " + s + b"\r\n\r\nmy word: " + s + b"\r\n.\r\n"),
                   ("S", b"500 5.5.2 what is " + s + b"\r\n"))


def nul_behind_auth(s):
    return opened(("C", b"AUTH\0PLAIN " + plain(s) + b"\r\n"), ("S", b"500 no " + s + b"\r\n"))


def nul_in_the_response(s):
    line = plain(s)
    return opened(("C", b"AUTH PLAIN \0" + line + b"\0\r\n"), ("S", b"500 no " + s + b"\r\n"))


def bare_cr_in_auth(s):
    return opened(("C", b"AUTH PLAIN\r" + plain(s) + b"\r\n"), ("S", b"500 no " + s + b"\r\n"))


def response_not_in_base64(s):
    return opened(("C", b"AUTH LOGIN\r\n"), ("S", b"334 VXNlcm5hbWU6\r\n"), ("C", USER + b"\r\n"),
                  ("S", b"334 UGFzc3dvcmQ6\r\n"), ("C", s + b"\r\n"),
                  ("S", b"535 5.7.8 <" + s + b"> <" + b64(s) + b">\r\n"))


def reset_within_auth(s):
    return opened(("C", b"AUTH PLAIN " + plain(s)), ("reset", b""))


def closed_within_a_response(s):
    return opened(("C", b"AUTH PLAIN\r\n"), ("S", b"334 \r\n"), ("C", plain(s)), ("close", b""))


def server_resets_on_auth(s):
    return opened(("C", b"AUTH PLAIN " + plain(s) + b"\r\n"), ("S", b"421 4.3.0 " + s + b" kil"),
                  ("close", b""))


def pipelined_behind_ehlo(s):
    return [("S", GREETING), ("C", EHLO + b"AUTH PLAIN " + plain(s) + b"\r\nNOOP " + s + b"\r\n"),
            ("S", OFFER + b"235 2.7.0 hello " + s + b"\r\n250 2.0.0 ok " + b64(s) + b"\r\n")]


def plain_text_behind_starttls(s):
    return opened(("C", b"STARTTLS\r\nAUTH PLAIN " + plain(s) + b"\r\n"),
                  ("S", b"454 4.7.0 not now\r\n"), ("S", b"535 5.7.8 no " + s + b"\r\n"))


def said_by_the_reply_that_comes_before_it(s):
    """The AUTH waits for the reply to STARTTLS, which repeats it."""
    return opened(("C", b"STARTTLS\r\nAUTH PLAIN " + plain(s) + b"\r\n"),
                  ("S", b"454 4.7.0 not now, nor " + s + b"\r\n"), ("S", b"535 5.7.8 no\r\n"))


def said_by_a_challenge_before_its_line(s):
    return opened(("C", b"AUTH LOGIN\r\n" + b64(USER) + b"\r\n" + b64(s) + b"\r\n"),
                  ("S", b"334 " + b64(s) + b"\r\n334 " + b64(b"<" + s) + b"\r\n535 no\r\n"))


def auth_in_place_of_a_longer_word(s):
    return opened(("C", b"AUTHENTICATE XOAUTH2 " +
                   b64(b"user=" + USER + b"\1auth=Bearer " + s + b"\1\1") + b"\r\n"),
                  ("S", b"500 5.5.2 no " + s + b"\r\n"))


def auth_behind_a_bare_cr(s):
    return opened(("C", b"NOOP\rAUTH PLAIN " + plain(s) + b"\r\n"),
                  ("S", b"250 2.0.0 ok\r\n535 5.7.8 no " + s + b"\r\n"))


def auth_behind_many_blanks(s):
    return opened(("C", b" " * 9000 + b"AUTH CRAM-MD5 " + b64(USER + b" " + s.hex().encode()) + b"\r\n"),
                  ("S", b"535 5.7.8 no " + s.hex().encode() + b"\r\n"))


def cram_with_an_equals_sign(s):
    return opened(("C", b"AUTH=CRAM-MD5 " + b64(USER + b" " + s) + b"\r\n"),
                  ("S", b"535 5.7.8 no " + s + b"\r\n"))


def plain_that_is_no_base64(s):
    return opened(("C", b"AUTH PLAIN \0" + USER + b"\0" + s + b"\r\n"),
                  ("S", b"535 5.7.8 no " + b64(s) + b"\r\n"))


def unknown_mechanism_with_a_colon(s):
    return opened(("C", b"AUTH X-BASIC " + b64(USER + b":" + s) + b"\r\n"),
                  ("S", b"535 5.7.8 no " + s + b"\r\n"))


def unknown_mechanism_in_json(s):
    return opened(("C", b"AUTH X-JSON\r\n"), ("S", b"334 \r\n"),
                  ("C", b64(b'{"user": "' + USER + b'", "secret": "' + s + b'"}') + b"\r\n"),
                  ("S", b"535 5.7.8 no " + s + b"\r\n"))


def urlauth_with_a_part_missing(s):
    return opened(("C", b"BURL imap://joe@x.example/INBOX;uid=2;urlauth=joe:" + s + b" LAST\r\n"),
                  ("S", b"554 5.6.6 " + s + b" is not good\r\n"))


def tried_again_with_another_password(s):
    return refused(b"other+" + s[:6], ("C", b"AUTH PLAIN " + plain(s) + b"\r\n"),
                   ("S", b"535 5.7.8 neither " + s + b"\r\n"))


def said_in_an_envelope(s):
    local = s.replace(b":", b"")
    return refused(local, ("C", b"MAIL FROM:<" + local + b"@x.example> ENVID=" + local + b"\r\n"),
                   ("S", b"250 2.1.0 <" + local + b"@x.example> ok\r\n"),
                   ("C", b"RCPT TO:<" + local + b"@y.example> ORCPT=rfc822;" + local + b"\r\n"),
                   ("S", b"550 5.1.1 <" + local + b"@y.example> unknown\r\n"))


def said_as_a_host_name(s):
    return refused(s, ("C", b"EHLO " + s + b"\r\n"), ("S", b"250-" + s + b"\r\n250 X-" + s + b"\r\n"),
                   ("C", b"X-" + s + b"\r\n"), ("S", b"500 5.5.2 no X-" + s + b"\r\n"))


def server_speaks_no_smtp_any_more(s):
    return refused(s, ("S", b"\xff\x00" + s + b"\r\n" + b64(s) + b"\n<html>" + s + b"</html>\r\n"))


SCENES = [value for value in list(globals().values())
          if callable(value) and getattr(value, "__code__", None) is not None
          and value.__code__.co_varnames[:1] == ("s",) and value.__module__ == __name__]


# ── playing ─────────────────────────────────────────────────────────────────────────────────────


def play(proxy, ends, steps):
    client, server = ends.open(proxy)
    for who, data in steps:
        if who in "CS":
            tcp.walk(client, server, [(who, data)])
        elif who == "reset":
            tcp.reset(client)
        else:
            client.close()
    client.close()
    server.close()


def files_below(folder):
    for path, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(path, name), "rb") as file:
                yield os.path.join(path, name), file.read()


def recorded_texts(proxy):
    """(name, bytes) of all outputs."""
    texts = list(files_below(proxy.folder))
    return texts + [(name + " as streams", pcap_streams(data)) for name, data in texts
                    if name.endswith(".pcap")]


def assert_nowhere(secrets, texts):
    """`texts`: (name, bytes) of everything that could be seen."""
    for name, data in texts:
        for text in (data, data.replace(b"\\\\", b"\\").replace(b'\\"', b'"')):
            lower = text.lower()
            for scene, secret in secrets.items():
                for fold, needle in needles(secret):
                    at = lower.find(needle.lower()) if fold else text.find(needle)
                    assert at < 0, f"{scene} shows {needle} in {name}: {text[max(0, at - 80):at + 80]}"


def assert_each_is_found(secrets, texts):
    """A hunt that cannot find anything proves nothing."""
    for scene, secret in secrets.items():
        try:
            assert_nowhere({scene: secret}, texts)
        except AssertionError:
            continue
        raise AssertionError(f"the secret of {scene} is not found under --auth reveal")


def shown_by_commands(scope, proxy):
    """What `show` and `check` make of what was recorded."""
    for form in ("json", "jsonl"):
        path = os.path.join(proxy.folder, "out." + form)
        if not os.path.exists(path):
            continue
        shown = scope.run("show", path)
        assert shown.returncode == 0 and shown.stdout.count(b"\n") > 20, shown
        yield "show " + form, shown.stdout + shown.stderr
        for report in ("json", "junit", "github"):
            judged = scope.run("check", path, "--fail-on", "info", "--report", report,
                               "--expect", "all:auth=NONE", "--expect", "outcome=timeout",
                               "--expect", "from~nobody", "--expect", "auth.outcome=x")
            assert judged.returncode == 1 and judged.stdout, judged
            yield f"check {form} {report}", judged.stdout + judged.stderr


def run_scenes(scope, words, outputs=("text", "jsonl", "json", "pcap", "eml")):
    secrets = {scene.__name__: make_secret(number) for number, scene in enumerate(SCENES)}
    control = scope.path("control.sock")
    texts = []
    with tcp.Ends() as ends:
        with ends.proxy(scope, "--control", control, *words, outputs=outputs) as proxy:
            for scene in SCENES:
                play(proxy, ends, scene(secrets[scene.__name__]))
            for command in ("status", "sessions", "rotate"):
                told = scope.run("ctl", "--control", control, command)
                texts.append(("ctl " + command, told.stdout + told.stderr))
    texts += [*recorded_texts(proxy), *shown_by_commands(scope, proxy)]
    return proxy, secrets, texts


def assert_broken_ones_are_hidden(proxy):
    """What is searched for is whole; these were shown in parts, if at all."""
    replies = [e["reply"]["lines"] for s in proxy.sessions() for e in s["exchanges"] if e["reply"]]
    assert ["5.7.8 no, ********", "5.7.8 ********", "5.7.8 ******** and ********",
            "5.7.8 ******** as well"] in replies, replies
    assert (b"535-5.7.8 no, ********\r\n535-5.7.8 ********\r\n535-5.7.8 ******** and ********\r\n"
            b"535 5.7.8 ******** as well\r\n") in pcap_streams(proxy.output("pcap"))


def assert_name_stays(proxy):
    """Who logs in is no secret where the server says it, and is nowhere else under `mask`."""
    replies = [line for exchange in (e for s in proxy.sessions() for e in s["exchanges"])
               if exchange["reply"] for line in exchange["reply"]["lines"]]
    assert "5.7.8 timothy and ********" in replies, replies
    assert "5.7.8 timothy may not" in replies, replies


# ── claims ──────────────────────────────────────────────────────────────────────────────────────


def test_no_scene_shows_its_secret(scope):
    proxy, secrets, texts = run_scenes(scope, ["--body", "headers"])
    assert_nowhere(secrets, texts)
    assert all(USER not in data for name, data in texts if name.endswith("stderr"))
    assert all(auth["identity"] is None for s in proxy.sessions() for auth in s["auth"])
    assert_broken_ones_are_hidden(proxy)
    assert_name_stays(proxy)


def test_no_scene_shows_its_secret_with_whole_bodies_and_names(scope):
    proxy, secrets, texts = run_scenes(scope, ["--body", "full", "--auth", "identity"])
    assert_nowhere(secrets, texts)
    assert b"AUTH PLAIN failed with 535, user=" + USER in proxy.output("text")
    assert_name_stays(proxy)


def test_no_scene_shows_its_secret_in_short_lines(scope):
    _, secrets, texts = run_scenes(scope, ["--max-line", "30"])
    assert_nowhere(secrets, texts)


def test_no_scene_shows_its_secret_in_files_that_rotate(scope):
    proxy, secrets, texts = run_scenes(scope, ["--rotate", "4K,9"], outputs=("text",))
    assert os.path.exists(os.path.join(proxy.folder, "out.text.2"))
    assert_nowhere(secrets, texts)


def test_no_scene_shows_its_secret_in_sessions_picked_by_only(scope):
    _, secrets, texts = run_scenes(scope, ["--only", "client=127.0.0.1"])
    assert_nowhere(secrets, texts)


def test_the_scenes_do_show_their_secrets_where_asked_to(scope):
    _, secrets, texts = run_scenes(scope, ["--auth", "reveal"])
    assert_each_is_found(secrets, texts)


def test_a_message_keeps_what_it_says(scope):
    secret = make_secret(99)
    message = b"Subject: hi\r\n\r\nmy password is " + secret + b"\r\n"
    steps = refused(secret, ("C", b"MAIL FROM:<a@x.example>\r\n"), ("S", b"250 2.1.0 ok\r\n"),
                    ("C", b"RCPT TO:<b@x.example>\r\n"), ("S", b"250 2.1.5 ok\r\n"),
                    ("C", b"DATA\r\n"), ("S", b"354 go on\r\n"), ("C", message + b".\r\n"),
                    ("S", b"250 2.0.0 took it, " + secret + b"\r\n"))
    with tcp.Ends() as ends:
        with ends.proxy(scope, "--body", "full", outputs=("text", "json", "eml")) as proxy:
            play(proxy, ends, steps)
    session = proxy.sessions()[0]
    assert session["messages"][0]["body"].encode().startswith(b"my password is " + secret)
    assert session["exchanges"][-1]["final_reply"]["lines"] == ["2.0.0 took it, ********"], session
    with open(os.path.join(proxy.folder, "out.eml", "1-1.eml"), "rb") as file:
        assert file.read() == message


def serve_auth(connection, secret, offer=OFFER):
    """A small server that repeats the password, until QUIT or STARTTLS."""
    while True:
        line = support.read_line(connection)
        word = line[:4].upper()
        if word == b"EHLO":
            connection.sendall(offer)
        elif word == b"AUTH":
            connection.sendall(b"535-5.7.8 " + secret + b"\r\n535 5.7.8 " + plain(secret) + b"\r\n")
        elif word == b"STAR":
            connection.sendall(b"220 go\r\n")
            return
        elif word == b"QUIT" or not line:
            connection.sendall(b"221 2.0.0 bye\r\n")
            return
        else:
            connection.sendall(b"250 2.0.0 " + secret + b"\r\n")


def run_bridged(scope, words, secret, serve, talk):
    with support.Server(serve) as server:
        with scope.proxy("--mode", f"reverse:smtp://127.0.0.1:{server.port}@127.0.0.1:0", *words,
                         outputs=("text", "jsonl", "json", "pcap")) as proxy:
            talk(support.connect(proxy.port()))
    texts = list(files_below(proxy.folder))
    texts.append(("pcap as streams", pcap_streams(proxy.output("pcap"))))
    assert_nowhere({"bridged": secret}, texts)
    assert b"AUTH PLAIN ********" in proxy.output("text"), proxy.output("text")
    assert b"535 5.7.8 ********" in proxy.output("text"), proxy.output("text")


def log_in(connection, secret):
    support.read_reply(connection)
    support.ask(connection, "EHLO client.example")
    support.ask(connection, "AUTH PLAIN " + plain(secret).decode())
    support.ask(connection, "NOOP " + secret.decode())
    support.ask(connection, "QUIT")
    connection.close()


def test_bridging_to_implicit_tls_hides_it(scope):
    secret = make_secret(101)
    context = scope.server_context()

    def serve(connection):
        secured = context.wrap_socket(connection, server_side=True)
        secured.sendall(GREETING)
        serve_auth(secured, secret)

    run_bridged(scope, ["--server-tls", "implicit", "--verify", "off"], secret, serve,
                lambda connection: log_in(connection, secret))


def test_bridging_to_starttls_hides_it(scope):
    secret = make_secret(102)
    context = scope.server_context()

    def serve(connection):
        connection.sendall(GREETING)
        serve_auth(connection, secret, OFFER.replace(b"PIPELINING", b"STARTTLS"))
        serve_auth(context.wrap_socket(connection, server_side=True), secret)

    run_bridged(scope, ["--server-tls", "starttls", "--verify", "off"], secret, serve,
                lambda connection: log_in(connection, secret))


def test_bridging_from_tls_to_a_plain_server_hides_it(scope):
    secret = make_secret(103)
    context = ssl._create_unverified_context()  # pylint: disable=protected-access

    def serve(connection):
        connection.sendall(GREETING)
        serve_auth(connection, secret)

    def talk(connection):
        log_in(context.wrap_socket(connection, server_hostname="localhost"), secret)

    run_bridged(scope, ["--server-tls", "none"], secret, serve, talk)


if __name__ == "__main__":
    support.main(globals())
