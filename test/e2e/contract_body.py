# SPDX-License-Identifier: MIT
"""The contract, Detail, --body: how much of a message is kept."""

import hashlib

from support import scope as s
from support.record import Record, has, same, size, starts
from support.smtp import HEADER, QUIT, hello, mail

BODY = ["", 'say "x"', "..stuffed", "last"]
MEANT = "\r\n".join(HEADER + ["", 'say "x"', ".stuffed", "last", ""]).encode()


def content(lines, *more):
    return [f'C > "{line}"' for line in lines] + list(more)


def test_each_value_of_body_keeps_what_it_says(scope):
    size_line = f"C > (message 1: {len(MEANT)} bytes, 8 lines)"
    stuffed = ["", 'say \\"x\\"', "..stuffed", "last", "."]
    for body, wanted in (("none", []), ("headers", HEADER), ("full", HEADER + stuffed)):
        record = Record(scope, [hello(), mail(*HEADER, *BODY), QUIT], options=["--body", body])
        text = record.text()
        start = text.index('S < "354 go"') + 1
        same(text[start:text.index('C > "QUIT"')], content(wanted, size_line, 'S < "250 ok"'))
        fields = [{"name": name, "value": value}
                  for name, value in (line.split(": ", 1) for line in HEADER)]
        for message in (record.message, record.of("message")[0]):
            has(message, bytes=len(MEANT), lines=8, sha256=hashlib.sha256(MEANT).hexdigest(),
                header=None if body == "none" else fields,
                body='say "x"\r\n.stuffed\r\nlast\r\n' if body == "full" else None)


def test_the_message_object_has_the_members_of_the_contract(scope):
    record = Record(scope, [hello(), mail(), QUIT])
    names = ["n", "from", "from_parameters", "recipients", "via", "bytes", "lines", "sha256",
             "complete", "header", "body", "code", "accepted"]
    starts(record.message, *names)
    event = record.of("message")[0]
    starts(event, "counter", "time", "pid", "session", "event", *names)
    same({name: event[name] for name in names}, {name: record.message[name] for name in names})
    has(record.message, n=1, **{"from": "a@example.com"}, via="DATA", complete=True, code=250,
        accepted=True, from_parameters={},
        recipients=[{"to": "b@example.net", "parameters": {}, "code": 250, "accepted": True}])


def test_a_long_header_is_cut_at_its_bounds(scope):
    many = [f"X-{n}: v" for n in range(1500)]
    record = Record(scope, [hello(), mail(*HEADER, *many, "", "b"), QUIT])
    same(len(record.message["header"]), 1000)
    has(record.message, cut=True, lines=1500 + 4 + 2)
    large = [f"X-{n}: " + "v" * 900 for n in range(400)]
    record = Record(scope, [hello(), mail(*HEADER, *large, "", "b"), QUIT])
    kept = sum(len(f["name"]) + len(f["value"]) for f in record.message["header"])
    assert 200 * 1024 < kept <= 256 * 1024, kept
    has(record.message, cut=True)


def test_a_long_body_is_cut_at_one_mib_in_json_and_whole_in_text(scope):
    body = ["z" * 998] * 1500
    record = Record(scope, [hello(), mail(*HEADER, "", *body), QUIT], options=["--body", "full"])
    for message in (record.message, record.of("message")[0]):
        has(message, cut=True, bytes=size(HEADER) + 2 + 1500 * 1000)
        same(message["body"], ("z" * 998 + "\r\n") * 1048 + "z" * 576)
    same(sum("zzzz" in line for line in record.text()), 1500)


def test_header_values_are_unfolded_and_decoded(scope):
    lines = HEADER + ["Subject: =?utf-8?Q?h=C3=A9llo?= =?iso-8859-1?B?6Q==?= x", "X-Folded: one",
                      "\ttwo", "  three", "X-Plain: =?nonsense?=", "X-Empty:"]
    record = Record(scope, [hello(), mail(*lines, "", "b"), QUIT])
    fields = {field["name"]: field for field in record.message["header"]}
    same(fields["Subject"], {"name": "Subject", "value": "hélloé x",
                             "raw": "=?utf-8?Q?h=C3=A9llo?= =?iso-8859-1?B?6Q==?= x"})
    has(fields["X-Folded"], value="one\ttwo  three")
    assert "raw" in fields["X-Folded"]
    same(fields["X-Plain"], {"name": "X-Plain", "value": "=?nonsense?="})
    same(fields["X-Empty"], {"name": "X-Empty", "value": ""})


if __name__ == "__main__":
    s.main(globals())
