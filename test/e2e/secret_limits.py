#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Past each limit of the decoder and of the mask: scenes as in secret_scenes.py, each of which goes
over one limit with a secret that the server then repeats. What is past a limit is hidden.

    secret_limits.py PROGRAM [TEST…]
"""

from secret_hunt import b64
from secret_scenes import (EHLO, GREETING, OFFER, USER, assert_each_is_found, assert_nowhere,
                           make_secret, opened, plain, play, recorded_texts)
from support import scope as support
from support import tcp

KENNWORT = b64(b"Kennwort:")


def echo(s, code=b"535"):
    """The server repeats the secret in several forms, over several replies."""
    return [("S", code + b"-5.7.8 no " + s + b"\r\n" + code + b" 5.7.8 nor " + b64(s) + b"\r\n"),
            ("C", b"NOOP\r\n"), ("S", b"250 2.0.0 <" + s + b"> " + b64(b"\0" + USER + b"\0" + s) +
                                 b"\r\n")]


# ── how long a line may be ──────────────────────────────────────────────────────────────────────


def blanks_in_front_of_the_response(s):
    return opened(("C", b"AUTH PLAIN" + b" " * 81500 + plain(s) + b"\r\n"), *echo(s))


def tabs_and_nuls_in_front_of_the_response(s):
    return opened(("C", b"AUTH PLAIN " + b"\t\0 \r" * 30000 + plain(s) + b"\r\n"), *echo(s))


def junk_in_front_of_the_response(s):
    return opened(("C", b"AUTH PLAIN " + b"x" * 81500 + b" " + plain(s) + b"\r\n"), *echo(s))


def blanks_in_front_of_auth(s):
    return opened(("C", b" " * 81500 + b"AUTH PLAIN " + plain(s) + b"\r\n"), *echo(s))


def blanks_in_front_of_the_mechanism(s):
    return opened(("C", b"AUTH" + b" " * 81500 + b"CRAM-MD5 " + b64(USER + b" " + s) + b"\r\n"),
                  *echo(s))


def an_authzid_longer_than_a_line_that_is_kept(s):
    long = b64(b"a" * 70000 + b"\0" + USER + b"\0" + s)
    return opened(("C", b"AUTH PLAIN " + long + b"\r\n"), *echo(s))


def an_authzid_longer_than_anything_that_is_kept(s):
    long = b64(b"a" * 700000 + b"\0" + USER + b"\0" + s)
    return opened(("C", b"AUTH PLAIN\r\n"), ("S", b"334 \r\n"), ("C", long + b"\r\n"), *echo(s))


def a_response_behind_many_blanks(s):
    return opened(("C", b"AUTH PLAIN\r\n"), ("S", b"334 \r\n"),
                  ("C", b" " * 100000 + plain(s) + b"\r\n"), *echo(s))


def a_concealed_line_longer_than_is_kept(s):
    return opened(("C", b"AUTH PLAIN eA==\r\n"), ("S", b"535 5.7.8 no\r\n"),
                  ("C", b"x" * 100000 + b" " + plain(s) + b"\r\n"), *echo(s, b"500"))


def a_token_longer_than_is_searched_for(s):
    token = s + b"t" * 6000
    return opened(("C", b"AUTH XOAUTH2 " + b64(b"user=u\1auth=Bearer " + token + b"\1\1") + b"\r\n"),
                  ("S", b"535-5.7.8 bad " + token + b"\r\n535 5.7.8 " + b64(token) + b"\r\n"))


def a_value_of_xclient_behind_a_long_line(s):
    return opened(("C", b"XCLIENT NAME=" + b"n" * 81500 + b" LOGIN=" + s + b"\r\n"), *echo(s, b"550"))


def a_urlauth_behind_a_long_line(s):
    return opened(("C", b"BURL imap://h/" + b"n" * 81500 + b";URLAUTH=submit+u:internal:" + s +
                   b" LAST\r\n"), *echo(s, b"554"))


# ── a line that is not whole when the server speaks ─────────────────────────────────────────────


def said_within_the_auth_line(s):
    return opened(("C", b"AUTH PLAIN " + plain(s)), ("S", b"500 5.5.2 what is " + s + b"\r\n"),
                  ("S", b"500 5.5.2 and " + b64(s) + b"\r\n"), ("C", b"\r\n"), *echo(s))


def said_within_a_response(s):
    return opened(("C", b"AUTH PLAIN\r\n"), ("S", b"334 \r\n"), ("C", plain(s)),
                  ("S", b"500 5.5.2 what is " + s + b"\r\n"), ("close", b""))


def said_within_a_line_that_waits(s):
    return [("S", GREETING), ("C", EHLO + b"AUTH LOGIN\r\n" + b64(USER) + b"\r\n" + b64(s)),
            ("S", OFFER + b"334 " + b64(s) + b"\r\n"), ("S", b"334 " + b64(b"<" + s) + b"\r\n"),
            ("C", b"\r\n"), ("S", b"535 5.7.8 no " + s + b"\r\n")]


def said_within_a_line_that_is_too_long(s):
    return opened(("C", b"AUTH PLAIN " + b" " * 70000 + plain(s)),
                  ("S", b"500 5.5.2 what is " + s + b"\r\n"), ("C", b"\r\n"), *echo(s))


def said_byte_for_byte(s):
    """More often within one line than it is looked at."""
    steps = [("C", b"AUTH PLAIN "), ("S", b"250 2.0.0 hm\r\n")]
    for i in range(0, len(plain(s))):
        steps += [("C", plain(s)[i:i + 1]), ("S", b"250 2.0.0 " + s + b"\r\n" if i > 40 else b"250 x\r\n")]
    return opened(*steps, ("C", b"\r\n"), *echo(s))


# ── how many there may be ───────────────────────────────────────────────────────────────────────


def junk_between_the_digits(s):
    return opened(("C", b"AUTH PLAIN " + b"!ab" * 40 + b"!" + plain(s) + b"\r\n"), *echo(s))


def many_parts_set_apart_by_nuls(s):
    return opened(("C", b"AUTH X-MANY " + b64(b"\0".join([b"part"] * 30 + [s, b"more"])) + b"\r\n"),
                  *echo(s))


def a_password_with_nuls_around_it(s):
    return opened(("C", b"AUTH PLAIN " + b64(b"\0u\0one\0" + s + b"\0two") + b"\r\n"), *echo(s))


def many_fields_of_json(s):
    fields = b", ".join(b'"key%d": "value%d"' % (i, i) for i in range(30))
    return opened(("C", b"AUTH X-JSON " + b64(b"{" + fields + b', "secret": "' + s + b'"}') + b"\r\n"),
                  *echo(s))


def many_pairs_of_a_bearer(s):
    pairs = b"\1".join(b"key%d=value%d" % (i, i) for i in range(30))
    return opened(("C", b"AUTH OAUTHBEARER " + b64(b"n,a=u,\1" + pairs + b"\1auth=Bearer " + s +
                   b"\1\1") + b"\r\n"), *echo(s))


def more_exchanges_than_are_followed(s):
    lines = b"".join(b"AUTH PLAIN " + plain(b"other%d" % i) + b"\r\n" for i in range(100))
    return opened(("C", lines + b"AUTH LOGIN " + b64(USER) + b"\r\n" + b64(s) + b"\r\n"),
                  ("S", b"535 5.7.8 no\r\n" * 100 + b"334 UGFzc3dvcmQ6\r\n"), *echo(s))


def more_secrets_than_are_remembered(s):
    steps = []
    for block in range(10):
        lines = [b"AUTH PLAIN " + plain(b"other-%d-%d" % (block, i)) + b"\r\n" for i in range(100)]
        steps += [("C", b"".join(lines)), ("S", b"535 5.7.8 no\r\n" * 100)]
    return opened(*steps, ("C", b"AUTH PLAIN " + plain(s) + b"\r\n"), *echo(s))


def more_values_than_are_marked(s):
    return opened(("C", b"XCLIENT" + b" LOGIN=name" * 12 + b" LOGIN=" + s + b"\r\n"), *echo(s, b"550"))


def more_bytes_than_wait_for_a_reply(s):
    filler = b"AUTH LOGIN\r\n" + b"eHh4eHh4eHh4\r\n" * 25000
    return opened(("C", filler + b"AUTH PLAIN " + plain(s) + b"\r\n"), ("S", b"334 \r\n"), *echo(s))


# ── what the server says ────────────────────────────────────────────────────────────────────────


def refused(s, *steps):
    return opened(("C", b"AUTH PLAIN " + plain(s) + b"\r\n"), ("S", b"535 5.7.8 no\r\n"),
                  ("C", b"NOOP\r\n"), *steps)


def within_a_server_line_longer_than_waits(s):
    return refused(s, ("S", b"250 " + b"y" * 65520 + s + b" " + b"z" * 70000 + s + b"\r\n"))


def within_more_lines_than_are_kept(s):
    return refused(s, ("S", b"250-line\r\n" * 1023 + b"250-" + s + b"\r\n" +
                       b"250-" + b"w" * 500 + b"\r\n" + (b"250-" + s + b" " + b64(s) + b"\r\n") * 3000 +
                       b"250 " + s + b"\r\n"))


def in_a_line_that_never_ends(s):
    return refused(s, ("S", b"250 2.0.0 ok " + s), ("close", b""))


def in_a_reply_that_never_ends(s):
    return refused(s, ("S", b"250-2.0.0 ok " + s + b"\r\n250-2.0.0 " + b64(s) + b"\r\n"), ("close", b""))


# ── by another name, or in another place ────────────────────────────────────────────────────────


def by_the_name_of_xauth(s):
    return opened(("C", b"XAUTH PLAIN " + plain(s) + b"\r\n"), *echo(s))


def by_the_name_of_x_auth_in_lower_case(s):
    return opened(("C", b"x-auth=login " + b64(USER) + b"\r\n"), ("S", b"334 UGFzc3dvcmQ6\r\n"),
                  ("C", b64(s) + b"\r\n"), *echo(s))


def by_the_name_of_x_exps(s):
    return opened(("C", b"X-EXPS LOGIN\r\n"), ("S", b"334 VXNlcm5hbWU6\r\n"),
                  ("C", b64(USER) + b"\r\n"), ("S", b"334 UGFzc3dvcmQ6\r\n"),
                  ("C", b64(s) + b"\r\n"), *echo(s))


def by_the_name_of_x_exps_at_once(s):
    return opened(("C", b"  X-Exps\tNTLM " + b64(s) + b"\r\n"), *echo(s))


def by_a_name_that_only_the_server_knows(s):
    return opened(("C", b"XLOGIN\r\n"), ("S", b"334 \r\n"), ("C", plain(s) + b"\r\n"), *echo(s))


def login_asked_in_a_language_for_the_password(s):
    return opened(("C", b"AUTH LOGIN\r\n"), ("S", b"334 " + KENNWORT + b"\r\n"),
                  ("C", b64(s) + b"\r\n"), ("S", b"334 " + b64(b"Name:") + b"\r\n"),
                  ("C", b64(USER) + b"\r\n"), *echo(s))


def login_asked_for_the_name_where_the_password_is_sent(s):
    return opened(("C", b"AUTH LOGIN " + b64(USER) + b"\r\n"), ("S", b"334 VXNlcm5hbWU6\r\n"),
                  ("C", b64(s) + b"\r\n"), *echo(s))


def cram_with_a_pass_phrase(s):
    return opened(("C", b"AUTH CRAM-MD5\r\n"), ("S", b"334 PDFAeD4=\r\n"),
                  ("C", b64(s + b" " + s) + b"\r\n"), *echo(s))


def xclient_behind_a_bare_cr(s):
    return opened(("C", b"NOOP\rXCLIENT LOGIN=" + s + b"\r\n"), *echo(s, b"550"))


def xclient_set_apart_by_other_blanks(s):
    return opened(("C", b"\x0bXCLIENT\x0bLOGIN=" + s + b"\r\n"), *echo(s, b"550"))


def a_mechanism_that_is_the_secret(s):
    return opened(("C", b"AUTH " + s + b"\r\n"), *echo(s))


def behind_an_accepted_starttls(s):
    return opened(("C", b"STARTTLS\r\nAUTH PLAIN " + plain(s) + b"\r\n"),
                  ("S", b"220 2.0.0 go\r\n"), ("S", b"535 5.7.8 no " + s + b"\r\n"))


SCENES = [value for value in list(globals().values())
          if callable(value) and getattr(value, "__code__", None) is not None
          and value.__code__.co_varnames[:1] == ("s",) and value.__code__.co_argcount == 1
          and value.__module__ == __name__]


# ── claims ──────────────────────────────────────────────────────────────────────────────────────


def run_limits(scope, words):
    secrets = {scene.__name__: make_secret(1000 + number) for number, scene in enumerate(SCENES)}
    with tcp.Ends() as ends:
        with ends.proxy(scope, *words, outputs=("text", "jsonl", "json", "pcap")) as proxy:
            for scene in SCENES:
                play(proxy, ends, scene(secrets[scene.__name__]))
    return secrets, recorded_texts(proxy)


def test_no_limit_lets_a_secret_by(scope):
    assert_nowhere(*run_limits(scope, []))


def test_no_limit_lets_a_secret_by_where_names_are_shown(scope):
    assert_nowhere(*run_limits(scope, ["--auth", "identity", "--body", "full"]))


def test_no_limit_lets_a_secret_by_in_short_lines(scope):
    assert_nowhere(*run_limits(scope, ["--max-line", "40"]))


def test_the_scenes_do_show_their_secrets_where_asked_to(scope):
    secrets, texts = run_limits(scope, ["--auth", "reveal"])
    assert_each_is_found(secrets, texts)


if __name__ == "__main__":
    support.main(globals())
