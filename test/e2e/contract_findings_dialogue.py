# SPDX-License-Identifier: MIT
"""The contract, Findings of the client's commands: each where it must be, and none that is not
true."""

from support import scope as s
from support.judged import (BYE, CAPS, DATA, DONE, GREET, HEAD, MAIL_OK, PLAIN, RCPT_OK, b64,
                            envelope, hi, mail_from, offer, one, rcpt, run, text)
from support.smtp import C, S


def said_ehlo(words, reply=None):
    return [GREET, C("EHLO" + words), reply or offer(CAPS), BYE]


def ehlo_names():
    good = ["client.example.com", "a.b", "[192.0.2.1]", "[IPv6:2001:db8::1]", "[IPv6:::1]",
            "[ipv6:::ffff:192.0.2.1]", "x-y.example.com", "1.example.com", "xn--bcher-kva.example", "[127.0.0.1]", "[IPv6:1:2:3:4:5:6:7:8]", "[x-tag:foo]",
            "EXAMPLE.COM", "[0.0.0.0]"]
    bad = ["localhost", "192.0.2.1", "2001:db8::1", "my_host.example.com", "[192.0.2.256]",
           "[192.0.2.1", "192.0.2.1]", "[IPv6:2001:db8::1::2]", "[2001:db8::1]", "-a.example.com",
           "a..example.com", "[]", "MYPC", ".example.com", "client.example.com extra", "client.example.com.",
           "[IPv6:fe80::1%eth0]", "[192.0.2]", "[IPv6:1:2:3:4:5:6:7:8:9]", "[IPv6:12345::1]",
           "client-.example.com", "a" * 64 + ".example.com", "client,example.com", "<a.example.com>",
           "[client.example.com]", "[]"]
    cases = [(f"ehlo {name}", said_ehlo(" " + name), "") for name in good]
    cases += [(f"ehlo {name}", said_ehlo(" " + name), "ehlo-name@1") for name in bad]
    return cases + [
        ("ehlo with nothing", said_ehlo("", S("501 5.5.4 who?")), "ehlo-name@1 rejected@1"),
        ("helo name", [GREET, C("HELO localhost"), S("250 mx"), BYE], "ehlo-name@1 helo-used@1"),
        ("lhlo name", [S("220 mx LMTP"), C("LHLO localhost"), offer(CAPS), BYE], "ehlo-name@1"),
    ]


def sequences():
    return [
        ("rcpt first", one(rcpt(reply="503 5.5.1 no")), "bad-sequence@2 rejected@2"),
        ("data first", one(C("DATA"), S("503 5.5.1 no")), "bad-sequence@2 rejected@2"),
        ("data without rcpt", one(mail_from(), C("DATA"), S("503 5.5.1 no")),
         "bad-sequence@3 rejected@3"),
        ("data after refused rcpt", one(mail_from(), rcpt(reply="550 5.1.1 no"), C("DATA"),
                                        S("503 5.5.1 no")), "rejected@3 bad-sequence@4 rejected@4"),
        ("pipelined data after refused rcpt",
         [hi(), C("MAIL FROM:<a@example.com>", "RCPT TO:<b@example.net>", "DATA"), MAIL_OK,
          S("550 5.1.1 no"), S("503 5.5.1 no"), BYE], "rejected@3 rejected@4"),
        ("pipelined rcpt after refused mail",
         [hi(), C("MAIL FROM:<a@example.com>", "RCPT TO:<b@example.net>"), S("550 5.7.1 no"),
          S("503 5.5.1 no"), BYE], "rejected@2 rejected@3"),
        ("rcpt after refused mail", one(mail_from(reply="550 5.7.1 no"), rcpt(reply="503 5.5.1 no")),
         "rejected@2 bad-sequence@3 rejected@3"),
        ("mail in mail", one(mail_from(), mail_from(reply="503 5.5.1 no")),
         "bad-sequence@3 rejected@3"),
        ("mail after RSET", one(mail_from(), C("RSET"), S("250 2.0.0 ok"), mail_from()), ""),
        ("mail after EHLO again", one(mail_from(), C("EHLO client.example.com"), offer(CAPS),
                                      mail_from()), ""),
        ("mail before EHLO", [GREET, mail_from(reply="503 5.5.1 no"), BYE],
         "bad-sequence@1 rejected@1"),
        ("mail after refused EHLO", [GREET, C("EHLO client.example.com"), S("550 5.7.1 no"),
                                     mail_from(reply="503 5.5.1 no"), BYE],
         "rejected@1 bad-sequence@2 rejected@2"),
        ("mail after a refused mail", one(mail_from(reply="451 4.3.0 later"), mail_from()),
         "rejected@2!warning"),
        ("data after bdat", one(envelope(), C("BDAT 3", b"a:b"), S("250 2.0.0 ok"), C("DATA"),
                                S("503 5.5.1 no"), C("RSET"), S("250 2.0.0 ok")),
         "bad-sequence@5 rejected@5"),
        ("VRFY before EHLO", [GREET, C("VRFY a"), S("252 2.0.0 x"), BYE], ""),
        ("mail after message", one(text("x"), mail_from()), ""),
    ]


def verbs():
    return [
        ("unknown verb", one(C("FOO bar"), S("500 5.5.1 what")), "unknown-command@2"),
        ("HELP", one(C("HELP"), S("214 2.0.0 see")), ""),
        ("HELP in lower case", one(C("help"), S("214 2.0.0 see")), ""),
        ("SEND", one(C("SEND FROM:<a@example.com>"), S("502 5.5.1 no")), ""),
        ("ETRN not offered", one(C("ETRN example.com"), S("500 5.5.1 no")), "unknown-command@2"),
        ("ETRN offered", one(C("ETRN example.com"), S("250 2.0.0 ok"), caps=["ETRN"]), ""),
        ("XCLIENT offered", one(C("XCLIENT NAME=a.example.com"), S("550 5.7.1 no"),
                                caps=["XCLIENT NAME"]), "rejected@2"),
        ("XFORWARD not offered", one(C("XFORWARD NAME=a"), S("550 5.7.1 no")), "unknown-command@2"),
        ("XYZ offered", one(C("XYZ 1"), S("250 2.0.0 fine"), caps=["XYZ"]), ""),
        ("helo", [GREET, C("HELO client.example.com"), S("250 mx"), BYE], "helo-used@1"),
        ("helo after EHLO", [GREET, C("EHLO client.example.com"), S("500 5.5.1 no"),
                             C("HELO client.example.com"), S("250 mx"), BYE], ""),
        ("unknown verb past ten", one(*[[C(f"FOO{n}"), S("500 5.5.1 what")] for n in range(12)]),
         " ".join(f"unknown-command@{n}" for n in range(2, 12)) + " unknown-command"),
        ("unknown verb ten times", one(*[[C(f"FOO{n}"), S("500 5.5.1 what")] for n in range(10)]),
         " ".join(f"unknown-command@{n}" for n in range(2, 12))),
        ("LHLO at SMTP", [GREET, C("LHLO client.example.com"), S("500 5.5.1 no"), BYE],
         "lmtp-on-smtp@1"),
        ("EHLO at LMTP", [S("220 mx LMTP"), C("EHLO client.example.com"), S("500 5.5.1 no"), BYE],
         "lmtp-on-smtp@1 rejected@1"),
        ("EHLO refused at ESMTP", [GREET, C("EHLO client.example.com"), S("500 5.5.1 no"), BYE], "rejected@1"),
        ("LHLO at LMTP", [S("220 mx LMTP"), C("LHLO client.example.com"), offer(CAPS),
                          C("MAIL FROM:<a@example.com>"), MAIL_OK, C("RCPT TO:<b@example.net>"),
                          RCPT_OK, C("RCPT TO:<c@example.net>"), RCPT_OK, DATA, C(*HEAD, "."),
                          S("250 2.0.0 b"), S("250 2.0.0 c"), BYE], ""),
    ]


def auths():
    caps = ["AUTH PLAIN LOGIN CRAM-MD5 SCRAM-SHA-256", "ENHANCEDSTATUSCODES"]
    ok, no = S("235 2.7.0 ok"), S("535 5.7.8 no")
    return [
        ("plain in clear", one(C("AUTH PLAIN " + PLAIN), ok, caps=caps), "auth-in-clear@2"),
        ("login in clear", one(C("AUTH LOGIN"), S("334 VXNlcm5hbWU6"), C(b64(b"ann")),
                               S("334 UGFzc3dvcmQ6"), C(b64(b"secret123")), ok, caps=caps),
         "auth-in-clear@2"),
        ("cram in clear", one(C("AUTH CRAM-MD5"), S("334 PDEyM0BhPg=="),
                              C(b64(b"ann 0123456789abcdef0123456789abcdef")), ok, caps=caps), ""),
        ("not offered", one(C("AUTH DIGEST-MD5"), S("504 5.5.4 no"), caps=caps),
         "auth-not-offered@2 rejected@2"),
        ("no AUTH at all", one(C("AUTH CRAM-MD5"), S("503 5.5.1 no")),
         "auth-not-offered@2 rejected@2"),
        ("offered as AUTH=", one(C("AUTH CRAM-MD5"), no, caps=["AUTH=CRAM-MD5"]), "rejected@2"),
        ("in lower case", one(C("auth cram-md5"), no, caps=caps), "rejected@2"),
        ("repeated", one(C("AUTH CRAM-MD5"), S("334 PDEyM0BhPg=="), C(b64(b"ann 01")), ok,
                         C("AUTH CRAM-MD5"), S("503 5.5.1 no"), caps=caps),
         "auth-repeated@4 rejected@4"),
        ("in transaction", one(mail_from(), C("AUTH CRAM-MD5"), S("503 5.5.1 no"), caps=caps),
         "auth-in-transaction@3 rejected@3"),
        ("no base64", one(C("AUTH CRAM-MD5"), S("334 PDEyM0BhPg=="), C("a-b!"),
                          S("501 5.5.2 no"), caps=caps), "auth-malformed@3 rejected@3"),
        ("plain without nul", one(C("AUTH PLAIN " + b64(b"ann secret123")), S("501 5.5.2 no"),
                                  caps=caps), "auth-in-clear@2 auth-malformed@2 rejected@2"),
        ("cancelled", one(C("AUTH CRAM-MD5"), S("334 PDEyM0BhPg=="), C("*"), S("501 5.0.0 off"),
                          caps=caps), ""),
        ("retried", one(C("AUTH PLAIN " + PLAIN), no, C("AUTH PLAIN " + PLAIN), no, caps=caps),
         "auth-in-clear@2 rejected@2 auth-in-clear@3 rejected@3 auth-retried@3"),
        ("another identity", one(C("AUTH PLAIN " + PLAIN), no,
                                 C("AUTH PLAIN " + b64(b"\0bob\0secret123")), no, caps=caps),
         "auth-in-clear@2 rejected@2 auth-in-clear@3 rejected@3"),
        ("tried again after 454", one(C("AUTH PLAIN " + PLAIN), S("454 4.7.0 later"),
                                      C("AUTH PLAIN " + PLAIN), ok, caps=caps),
         "auth-in-clear@2 rejected@2!warning auth-in-clear@3"),
        ("another password", one(C("AUTH PLAIN " + PLAIN), no,
                                 C("AUTH PLAIN " + b64(b"\0ann\0secret124")), ok, caps=caps),
         "auth-in-clear@2 rejected@2 auth-in-clear@3 auth-retried@3"),
        ("another mechanism", one(C("AUTH PLAIN " + PLAIN), no, C("AUTH CRAM-MD5"),
                                  S("334 PDEyM0BhPg=="), C(b64(b"ann 0123")), ok, caps=caps),
         "auth-in-clear@2 rejected@2"),
        ("bearer error", one(C("AUTH XOAUTH2 " + b64(b"user=ann\1auth=Bearer abcdef\1\1")),
                             S("334 eyJzdGF0dXMiOiI0MDAifQ=="), C(""), no, caps=["AUTH XOAUTH2"]),
         "auth-in-clear@2 rejected@3"),
        ("external with =", one(C("AUTH EXTERNAL ="), ok, caps=["AUTH EXTERNAL"]), ""),
        ("plain by continuation", one(C("AUTH PLAIN"), S("334 "), C(PLAIN), ok, caps=caps),
         "auth-in-clear@2"),
        ("plain with authzid", one(C("AUTH PLAIN " + b64(b"bob\0ann\0secret123")), ok, caps=caps),
         "auth-in-clear@2"),
        ("plain with three nuls", one(C("AUTH PLAIN " + b64(b"\0ann\0secret123\0")), ok, caps=caps),
         "auth-in-clear@2 auth-malformed@2"),
        ("login initial no base64", one(C("AUTH LOGIN a-b!"), S("501 5.5.2 no"), caps=caps),
         "auth-in-clear@2 auth-malformed@2 rejected@2"),
        ("any plus offered", one(caps=["AUTH PLAIN SCRAM-SHA-384-PLUS"]),
         "scram-plus@1<server left-after-ehlo"),
        ("no plus offered", one(caps=["AUTH SCRAM-SHA-512 X-PLUS"]), "left-after-ehlo"),
        ("plus used", one(C("AUTH SCRAM-SHA-256-PLUS"), S("504 5.5.4 no"),
                          caps=["AUTH SCRAM-SHA-256-PLUS"]),
         "scram-plus@1<server scram-plus@2 rejected@2"),
        ("scram without plus", one(C("AUTH SCRAM-SHA-256"), S("334 "), C("*"), S("501 5.0.0 off"),
                                   caps=caps), ""),
        ("starttls ignored by MAIL", one(mail_from(), caps=["STARTTLS"]), "starttls-ignored@2"),
        ("starttls ignored, no mail", one(C("NOOP"), S("250 ok"), caps=["STARTTLS"]), ""),
        ("starttls refused", one(C("STARTTLS"), S("454 4.7.0 no"), mail_from(), caps=["STARTTLS"]),
         "rejected@2!warning"),
        ("starttls ignored by AUTH", one(C("AUTH CRAM-MD5"), no, caps=["STARTTLS", "AUTH CRAM-MD5"]),
         "starttls-ignored@2 rejected@2"),
        ("offered in clear", one(C("NOOP"), S("250 ok"), caps=["STARTTLS", "AUTH PLAIN"]),
         "auth-offered-in-clear@1"),
        ("offered in clear, no STARTTLS", one(C("NOOP"), S("250 ok"), caps=["AUTH PLAIN"]), ""),
        ("cram offered in clear", one(C("NOOP"), S("250 ok"), caps=["STARTTLS", "AUTH CRAM-MD5"]),
         ""),
    ]


ALL = ["PIPELINING", "SIZE 10000000", "8BITMIME", "SMTPUTF8", "CHUNKING", "BINARYMIME", "DSN",
       "AUTH CRAM-MD5", "DELIVERBY 60", "FUTURERELEASE 100000 2099-01-01T00:00:00Z",
       "MT-PRIORITY MIXER", "REQUIRETLS", "BURL imap", "ENHANCEDSTATUSCODES"]


def parameters():
    mail_good = ["SIZE=0", "SIZE=12345", "size=1", "BODY=7BIT", "BODY=8BITMIME", "BODY=binarymime",
                 "SMTPUTF8", "RET=FULL", "RET=hdrs", "ENVID=QQ314159", "ENVID=a+2Bb",
                 "AUTH=<>", "AUTH=e+3Dmc2@example.com", "BY=120;R", "BY=-120;N", "BY=120;RT",
                 "BY=120;nt", "HOLDFOR=3600", "HOLDUNTIL=2098-01-01T00:00:00Z", "MT-PRIORITY=3",
                 "MT-PRIORITY=-9", "REQUIRETLS", "SIZE=1 BODY=8BITMIME RET=FULL ENVID=x"]
    mail_bad = ["SIZE=", "SIZE=abc", "SIZE=-1", "SIZE=123456789012345678901", "BODY=9BIT", "BODY=",
                "SMTPUTF8=yes", "RET=ALL", "RET=", "ENVID=a+zz", "ENVID=a=b", "BY=120", "BY=0;R", "BY=-5;R",
                "BY=12;X", "HOLDFOR=soon", "HOLDUNTIL=tomorrow",
                "MT-PRIORITY=10", "MT-PRIORITY=x", "REQUIRETLS=1", "SIZE=1 SIZE=1",
                "BODY=7BIT body=7BIT", "SIZE", "BODY"]
    offered = {"SIZE": "SIZE=1", "8BITMIME": "BODY=8BITMIME", "SMTPUTF8": "SMTPUTF8",
               "RET": "RET=FULL", "ENVID": "ENVID=x", "AUTH": "AUTH=<>", "BY": "BY=120;R",
               "HOLDFOR": "HOLDFOR=3600", "HOLDUNTIL": "HOLDUNTIL=2098-01-01T00:00:00Z",
               "MT-PRIORITY": "MT-PRIORITY=3", "REQUIRETLS": "REQUIRETLS"}
    rcpt_good = ["NOTIFY=NEVER", "NOTIFY=SUCCESS,FAILURE,DELAY", "notify=delay",
                 "ORCPT=rfc822;b+2Bx@example.net", "ORCPT=rfc822;b@example.net NOTIFY=FAILURE"]
    rcpt_bad = ["NOTIFY=NEVER,SUCCESS", "NOTIFY=", "NOTIFY=MAYBE", "ORCPT=b@example.net",
                "ORCPT=rfc822;", "ORCPT=rfc822;a+zz", "NOTIFY=DELAY NOTIFY=DELAY", "NOTIFY"]
    cases = [(f"MAIL {word}", one(mail_from("<a@example.com> " + word), caps=ALL), "")
             for word in mail_good]
    cases += [(f"MAIL {word}", one(mail_from("<a@example.com> " + word), caps=ALL),
               "parameter-malformed@2") for word in mail_bad]
    cases += [(f"RCPT {word}", one(mail_from(), rcpt("<b@example.net> " + word), caps=ALL), "")
              for word in rcpt_good]
    cases += [(f"RCPT {word}", one(mail_from(), rcpt("<b@example.net> " + word), caps=ALL),
               "parameter-malformed@3") for word in rcpt_bad]
    cases += [(f"not offered {word}", one(mail_from("<a@example.com> " + word), caps=["HELP"]),
               "extension-not-offered@2") for word in offered.values()]
    cases += [(f"no EHLO {word}", [GREET, C("EHLO client.example.com"), S("500 5.5.1 no"),
                                   C("HELO client.example.com"), S("250 mx"),
                                   mail_from("<a@example.com> " + word), BYE], "")
              for word in offered.values()]
    cases += [(f"not offered {word}", one(mail_from(), rcpt("<b@example.net> " + word),
                                          caps=["HELP"]), "extension-not-offered@3")
              for word in ("NOTIFY=NEVER", "ORCPT=rfc822;b@example.net")]
    body = "\r\n".join(HEAD) + "\r\n\r\nx\r\n"
    return cases + [
        ("unknown parameter", one(mail_from("<a@example.com> XFOO=1"), caps=ALL), ""),
        ("BDAT not offered", one(envelope(), C(f"BDAT {len(body)} LAST", body.encode()), DONE,
                                 caps=["HELP"]), "extension-not-offered@4"),
        ("BDAT offered", one(envelope(), C(f"BDAT {len(body)} LAST", body.encode()), DONE), ""),
        ("BDAT last of nothing", one(envelope(), C(f"BDAT {len(body)}", body.encode()),
                                     S("250 2.0.0 ok"), C("BDAT 0 LAST"), DONE), ""),
        ("BURL not offered", one(envelope(), C("BURL imap://x/y;URLAUTH=anonymous:i:1 LAST"),
                                 S("503 5.5.1 no"), caps=["HELP"]), "extension-not-offered@4"),
        ("BINARYMIME not offered", one(mail_from("<a@example.com> BODY=BINARYMIME"),
                                       caps=["8BITMIME", "CHUNKING"]), "extension-not-offered@2"),
        ("BODY=7BIT not offered", one(mail_from("<a@example.com> BODY=7BIT"), caps=["HELP"]),
         "extension-not-offered@2"),
        ("size over limit", one(mail_from("<a@example.com> SIZE=101", "552 5.3.4 no"),
                                caps=["SIZE 100"]), "size-over-limit@2 rejected@2"),
        ("size at limit", one(mail_from("<a@example.com> SIZE=100"), caps=["SIZE 100"]), ""),
        ("size, limit 0", one(mail_from("<a@example.com> SIZE=101"), caps=["SIZE 0"]), ""),
        ("size, no limit", one(mail_from("<a@example.com> SIZE=101"), caps=["SIZE"]), ""),
        ("real size over limit", one(text(150 * "x"), caps=["SIZE 100"]), "size-over-limit@4/1"),
        ("size declared wrong", one(text("x", parameters=" SIZE=5")), "size-declared-wrong@4/1"),
        ("size declared more", one(text("x", parameters=" SIZE=5000")), ""),
        ("size declared exactly", one(text("x", parameters=f" SIZE={len(body)}")), ""),
    ]


def paths():
    good = ["<>", "<a@example.com>", '<"a b"@example.com>', '<"a>b"@example.com>',
            '<"a\\"b@c"@example.com>', "<a@[192.0.2.1]>", "<a@[IPv6:2001:db8::1]>",
            "<a+b=c@example.com>", "<%s@example.com>" % (64 * "l"),
            "<a@localhost>", "<a@" + ".".join(4 * [49 * "d"]) + ".com>"]
    bad = ["a@example.com", " <a@example.com>", "<a>", "<@relay.example.com:a@example.com>",
           "<%s@example.com>" % (65 * "l"), "<a@" + ".".join(26 * [9 * "d"]) + ">", "<a@>",
           "<a@example.com"]
    cases = [(f"MAIL {path}", one(mail_from(path), caps=ALL), "") for path in good]
    cases += [(f"MAIL {path}", one(mail_from(path), caps=ALL), "path-syntax@2") for path in bad]
    return cases + [
        ("RCPT <postmaster>", one(mail_from(), rcpt("<postmaster>")), ""),
        ("RCPT <Postmaster>", one(mail_from(), rcpt("<Postmaster>")), ""),
        ("RCPT space", one(mail_from(), rcpt(" <b@example.net>")), "path-syntax@3"),
        ("RCPT no brackets", one(mail_from(), rcpt("b@example.net")), "path-syntax@3"),
        ("RCPT no domain", one(mail_from(), rcpt("<b>")), "path-syntax@3"),
        ("lower case", one(C("mail from:<a@example.com>"), MAIL_OK), ""),
        ("utf8 path", one(mail_from("<ä@bücher.example> SMTPUTF8")), ""),
    ]


def test_findings_of_ehlo_names(scope):
    run(scope, ehlo_names())


def test_findings_of_sequences(scope):
    run(scope, sequences())


def test_findings_of_verbs(scope):
    sessions = run(scope, verbs())
    last = [session for session in sessions if len(session["findings"]) == 11]
    assert len(last) == 1 and "12" in last[0]["findings"][-1]["text"], last


def test_findings_of_auth(scope):
    run(scope, auths())


def test_findings_of_parameters(scope):
    run(scope, parameters())


def test_findings_of_paths(scope):
    run(scope, paths())


if __name__ == "__main__":
    s.main(globals())
