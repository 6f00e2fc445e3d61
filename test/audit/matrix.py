#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Audits every client that is installed and writes the verdicts, client by case, into README.md, with
the reason of each `fail` and `weak`; scripts/audit-matrix calls it.

matrix.py PROGRAM [--client GLOB] [--case GLOB] [--runs N] [--jobs N] [--together N] [--timeout S]
                  [--slow-cases] [--keep DIR] [--print]

1 where two runs of a client differ, a verdict is not the one that is due, a `fail` or `weak` has no
reason in truths.toml, or a password was found in what an audit left.

An audit that is in DIR already is not made again, so a run that was ended goes on where it was."""

import argparse
import concurrent.futures
import dataclasses
import fnmatch
import json
import os
import re
import sys

import auditing
import mailers
import truths
from support import scope as s

PAGE = os.path.join(mailers.HERE, "README.md")
START = "<!-- written by scripts/audit-matrix from here on -->\n"
# With many clients these take all of --timeout: they are left out of all runs but the first.
WAITING = ["version.stalled-handshake", "delivery.quit-unanswered", "reply.no-text",
           "delivery.slow-greeting", "delivery.slow-answer"]
CELLS = {"pass": "pass", "weak": "weak", "fail": "**fail**", "n/a": ""}


def options_of(words):
    parser = argparse.ArgumentParser()
    parser.add_argument("program", type=os.path.abspath)
    parser.add_argument("--client", action="append", default=[])
    parser.add_argument("--case", action="append", default=[])
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--together", type=int, default=1, help="clients at once")
    parser.add_argument("--timeout", type=int, default=60)
    parser.add_argument("--slow-cases", action="store_true")
    parser.add_argument("--keep", metavar="DIR")
    parser.add_argument("--print", action="store_true")
    return parser.parse_args(words)


def chosen(options):
    patterns = options.client or ["*"]
    return [client for client in mailers.ALL
            if any(fnmatch.fnmatchcase(client, pattern) for pattern in patterns)]


def audit_words(options, cases):
    words = ["--jobs", str(options.jobs), "--timeout", str(options.timeout)]
    words += ["--slow-cases"] if options.slow_cases else []
    return words + [word for case in cases for word in ("--case", case)]


# ── running ─────────────────────────────────────────────────────────────────────────────────────


@dataclasses.dataclass
class Run:
    """One audit of a client, and where its password was found."""

    audit: auditing.Audit
    leaks: list


class Runs:
    """All audits; each is made once, and kept where --keep says."""

    def __init__(self, scope, options):
        self.scope, self.options = scope, options
        self.place = mailers.Place(scope.path("place"))
        if options.keep:
            os.makedirs(options.keep, exist_ok=True)

    def _kept(self, client, number):
        return os.path.join(self.options.keep, f"{client}.{number}.json")

    def _read(self, client, number):
        if not self.options.keep or not os.path.exists(self._kept(client, number)):
            return None
        with open(self._kept(client, number), encoding="utf-8") as file:
            kept = json.load(file)
        return Run(auditing.Audit(**kept["audit"]), kept["leaks"])

    def _make(self, client, number, cases):
        audit = auditing.run(self.scope.program, self.place, client,
                             audit_words(self.options, cases), self.scope.environment)
        run = Run(audit, auditing.leaks(self.place, client))
        if self.options.keep:
            with open(self._kept(client, number) + ".new", "w", encoding="utf-8") as file:
                json.dump(dataclasses.asdict(run), file)
            os.rename(self._kept(client, number) + ".new", self._kept(client, number))
        return run

    def get(self, client, number, cases):
        return self._read(client, number) or self._make(client, number, cases)


def difference(first, other):
    """What is not the same in two audits of one client, a line each; `other` may have fewer cases."""
    lines = [f"{case}: {first.verdicts.get(case)} ({first.sentences.get(case)}), then "
             f"{other.verdicts[case]} ({other.sentences[case]})" for case in other.verdicts
             if (first.verdicts.get(case), first.sentences.get(case)) !=
             (other.verdicts[case], other.sentences[case])]
    return lines + ([f"grade {first.grade}, then {other.grade}"] if first.grade != other.grade else [])


def faults(client, run, first, options):
    """What is wrong with one audit of a client, beside what differs from the first."""
    if run.audit.grade is None:
        return [f"{client}: exit {run.audit.status}: {run.audit.output[-2000:]}"]
    wrong = list(run.leaks)
    if run is first:
        wrong += truths.disagreements(client, first.audit.verdicts)
        if not options.case and first.audit.grade != truths.grade(client):
            wrong.append(f"{client}: grade {first.audit.grade}, and due is {truths.grade(client)}")
    return wrong


def repeated(first):
    return [case for case in first.audit.verdicts if case not in WAITING]


def installed(place, clients):
    """Those of the clients that are; the programs that have to be built for them are built here."""
    for client in clients:
        try:
            mailers.ALL[client](place)
            yield client
        except s.Skip as reason:
            print(f"skip {client}: {reason}", flush=True)


def audit_all(scope, options):
    runs = Runs(scope, options)
    clients = list(installed(runs.place, chosen(options)))
    firsts, differ, wrong = {}, [], []
    with concurrent.futures.ThreadPoolExecutor(options.together) as pool:
        for number in range(1, options.runs + 1):
            cases = {client: repeated(firsts[client]) if number > 1 else options.case
                     for client in clients}
            made = pool.map(lambda client: runs.get(client, number, cases[client]), clients)
            for client, run in zip(clients, made):
                first = firsts.setdefault(client, run)
                found = [f"{client}, run {number}, {line}" for line in difference(first.audit, run.audit)]
                differ += found
                found += faults(client, run, first, options)
                print(f"{number:2} {run.audit.grade or '?'}    {client}", flush=True)
                for fault in found:
                    print(f"        {fault}", flush=True)
                wrong += found
    audits = {client: run.audit for client, run in firsts.items() if run.audit.grade}
    return audits, wrong, differ


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


def how_often(options, differ):
    yield f"\nEach client was audited with a time-out of {options.timeout} seconds a case."
    if options.runs > 1:
        waiting = ", ".join(f"`{case}`" for case in WAITING)
        same = "the same each time" + (", but for these:" if differ else ".")
        yield (f"This was done {options.runs} times, all but the first without the cases in which "
               f"many clients wait ({waiting}). Each grade and each verdict was {same}")
        yield from (f"- {line}" for line in differ)


def page(audits, options, differ):
    yield START
    yield from grades(audits)
    for group, cases in groups(audits).items():
        yield f"\n### {group}\n"
        yield from group_table(audits, cases)
    yield "\n## Why each `fail` and `weak` is deserved\n"
    yield from why(audits)
    yield from how_often(options, differ)


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
        audits, wrong, differ = audit_all(scope, options)
    except s.Skip as reason:
        print(f"skip: {reason}")
        return s.SKIPPED
    finally:
        scope.cleanup()
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(page(audits, options, differ))) + "\n"
    if options.print:
        print(text)
    else:
        write(text)
    wrong += without_reason(audits)
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
