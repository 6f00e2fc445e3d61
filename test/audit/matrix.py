#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Audits every client that is installed and writes the verdicts, client by case, into README.md, with
the reason of each `fail` and `weak`; scripts/audit-matrix calls it.

matrix.py PROGRAM [--client GLOB] [--case GLOB] [--runs N] [--jobs N] [--timeout S] [--print]

1 where two runs of a client differ, a verdict is not the one that is due, a `fail` or `weak` has no
reason in truths.toml, or a password was found in what an audit left."""

import argparse
import fnmatch
import os
import re
import sys

import auditing
import mailers
import truths
from support import scope as s

PAGE = os.path.join(mailers.HERE, "README.md")
START = "<!-- written by scripts/audit-matrix from here on -->\n"
CELLS = {"pass": "pass", "weak": "weak", "fail": "**fail**", "n/a": ""}


def options_of(words):
    parser = argparse.ArgumentParser()
    parser.add_argument("program", type=os.path.abspath)
    parser.add_argument("--client", action="append", default=[])
    parser.add_argument("--case", action="append", default=[])
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--timeout", type=int, default=60)
    parser.add_argument("--print", action="store_true")
    return parser.parse_args(words)


def chosen(options):
    patterns = options.client or ["*"]
    return [client for client in mailers.ALL
            if any(fnmatch.fnmatchcase(client, pattern) for pattern in patterns)]


def audit_words(options):
    words = ["--jobs", str(options.jobs), "--timeout", str(options.timeout)]
    return words + [word for case in options.case for word in ("--case", case)]


# ── running ─────────────────────────────────────────────────────────────────────────────────────


def difference(first, other):
    """What is not the same in two audits of one client, a line each."""
    cases = sorted({*first.verdicts, *other.verdicts})
    return [f"{case}: {first.verdicts.get(case)} ({first.sentences.get(case)}), then "
            f"{other.verdicts.get(case)} ({other.sentences.get(case)})" for case in cases
            if (first.verdicts.get(case), first.sentences.get(case)) !=
            (other.verdicts.get(case), other.sentences.get(case))]


def audit_client(scope, place, client, options):
    """The first of the client's audits, and what is wrong with them."""
    first, wrong = None, []
    for _ in range(options.runs):
        audit = auditing.run(scope.program, place, client, audit_words(options), scope.environment)
        if audit.grade is None:
            return None, [f"{client}: exit {audit.status}: {audit.output[-2000:]}"]
        wrong += auditing.leaks(place, client)
        first = first or audit
        wrong += [f"{client}, {line}" for line in difference(first, audit)]
    wrong += truths.disagreements(client, first.verdicts)
    whole = not options.case
    if whole and first.grade != truths.grade(client):
        wrong.append(f"{client}: grade {first.grade}, and due is {truths.grade(client)}")
    return first, wrong


def audit_all(scope, options):
    place = mailers.Place(scope.path("place"))
    audits, wrong = {}, []
    for client in chosen(options):
        try:
            audit, faults = audit_client(scope, place, client, options)
        except s.Skip as reason:
            print(f"skip {client}: {reason}", flush=True)
            continue
        print(f"{audit.grade if audit else '?'}    {client}", flush=True)
        for fault in faults:
            print(f"     {fault}", flush=True)
        wrong += faults
        if audit is not None:
            audits[client] = audit
    return audits, wrong


# ── the page ────────────────────────────────────────────────────────────────────────────────────


def count(audit, verdict):
    return sum(one == verdict for one in audit.verdicts.values())


def grades(audits):
    yield "| client | grade | pass | weak | fail | n/a |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for client, audit in audits.items():
        numbers = " | ".join(str(count(audit, verdict)) for verdict in CELLS)
        yield f"| `{client}` | {audit.grade} | {numbers} |"


def groups(audits):
    """{group: its cases}, in the order of the table of cases."""
    found = {}
    for audit in audits.values():
        for case in audit.verdicts:
            cases = found.setdefault(case.partition(".")[0], [])
            if case not in cases:
                cases.append(case)
    return found


def group_table(audits, cases):
    names = [case.partition(".")[2].replace("-", "&#8209;") for case in cases]
    yield "| client | " + " | ".join(names) + " |"
    yield "| --- |" + " --- |" * len(cases)
    for client, audit in audits.items():
        cells = " | ".join(CELLS.get(audit.verdicts.get(case), "") for case in cases)
        yield f"| `{client}` | {cells} |"


def reasons(client, audit):
    """{name of what says why: cases}; None for those without a reason."""
    found = {}
    for case, verdict in audit.verdicts.items():
        if verdict in ("fail", "weak"):
            due, name = truths.due(client, case)
            found.setdefault(name if due == verdict else None, []).append(case)
    return found


def list_cases(cases, audit):
    return ", ".join(f"`{case}` ({audit.verdicts[case]})" for case in cases)


def why(audits):
    for client, audit in audits.items():
        found = reasons(client, audit)
        if not found:
            continue
        yield f"- `{client}`, grade {audit.grade}"
        for name, cases in found.items():
            because = "**no reason known**" if name is None else (
                f"{truths.SAYS[name]['because']} ({truths.SAYS[name]['page']})")
            yield f"  - {list_cases(cases, audit)}: {because}"


def page(audits, options):
    yield START
    yield from grades(audits)
    for group, cases in groups(audits).items():
        yield f"\n### {group}\n"
        yield from group_table(audits, cases)
    yield "\n## Why each `fail` and `weak` is deserved\n"
    yield from why(audits)
    yield f"\nEach client was audited with a time-out of {options.timeout} seconds."


def without_reason(audits):
    return [f"{client}, {case}: {audit.verdicts[case]} ({audit.sentences[case]}), for no reason in "
            "truths.toml" for client, audit in audits.items()
            for case in reasons(client, audit).get(None, [])]


def write(text):
    with open(PAGE, encoding="utf-8") as file:
        kept = file.read().partition(START)[0]
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(kept + text)


def main():
    options = options_of(sys.argv[1:])
    scope = s.Scope(options.program)
    try:
        mailers.need_capture(scope)
        audits, wrong = audit_all(scope, options)
    except s.Skip as reason:
        print(f"skip: {reason}")
        return s.SKIPPED
    finally:
        scope.cleanup()
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(page(audits, options))) + "\n"
    if options.print:
        print(text)
    else:
        write(text)
    wrong += without_reason(audits)
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
