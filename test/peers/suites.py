#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The test suites of other SMTP projects pass under `run` as they pass without it, case for case:
what passed passes, what failed fails, what was skipped is skipped.

suites.py PROGRAM [--sources FOLDER] SUITE…; 77 where none of them is here. A suite that no package
brings is read from FOLDER/NAME, a checkout of that project with what its tests need installed."""

import argparse
import collections
import concurrent.futures
import json
import os
import shutil
import subprocess
import sys

import suite_list
from support import scope as s

# A network of its own for each side: fixed ports are free in it, nothing outside can be reached,
# and the ports that the kernel gives out are few enough to be listed.
FIRST_PORT, LAST_PORT = 20000, 21999
NETWORK = ('ip link set lo up && echo "$0" >/proc/sys/net/ipv4/ip_local_port_range && exec "$@"')
LIMIT = 900  # seconds; a bound for what hangs

Side = collections.namedtuple("Side", "cases output")


def in_own_network(command):
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    return ["unshare", "--net", *user, "sh", "-c", NETWORK, f"{FIRST_PORT} {LAST_PORT}", *command]


def need_network():
    tried = subprocess.run(in_own_network(["true"]), stdout=subprocess.DEVNULL,
                           stderr=subprocess.PIPE)
    if tried.returncode != 0:
        raise s.Skip("no network namespace can be made: " + tried.stderr.decode().strip())


def run_side(suite, folder, environment, wrap):
    """Runs the suite once in a folder of its own."""
    os.makedirs(os.path.join(folder, "t"))
    report = os.path.join(folder, "report")
    command = in_own_network([*wrap, *suite.command(report)])
    output = os.path.join(folder, "output")
    with open(output, "wb") as file:
        subprocess.run(command, cwd=suite.folder, stdin=subprocess.DEVNULL, stdout=file,
                       stderr=subprocess.STDOUT, timeout=LIMIT,
                       env={**environment, **suite.variables(),
                            "TMPDIR": os.path.join(folder, "t")})
    return Side(suite.cases(report, output), output)


def run_both(suite, scope, number):
    """Both sides, where it can be at once, since most of a suite's time is waiting; and the number
    of sessions captured.
    The names are short, for the paths of Unix sockets below them."""
    base = scope.path(str(number))
    transcript = base + ".jsonl"
    ports = [*suite.ports, *range(FIRST_PORT, LAST_PORT + 1)]
    wrap = [scope.program, "run", "--ports", ",".join(map(str, ports)), "--output",
            "jsonl:" + transcript, "--"]
    with concurrent.futures.ThreadPoolExecutor(2 if suite.at_once else 1) as pool:
        bare = pool.submit(run_side, suite, base + "a", os.environ, [])
        under = pool.submit(run_side, suite, base + "b", scope.environment, wrap)
        sides = bare.result(), under.result()
    return *sides, count_sessions(transcript)


def count_sessions(transcript):
    if not os.path.exists(transcript):
        return 0
    with open(transcript) as file:
        return sum(json.loads(line)["event"] == "connect" for line in file)


def what_became(side, name):
    return side.cases[name].what if name in side.cases else "missing"


def differences(suite, bare, under):
    """The names of the cases that differ: those that must not, and those of a private CA."""
    unexpected, private = set(), set()
    for name in bare.cases.keys() | under.cases.keys():
        if what_became(bare, name) != what_became(under, name):
            refused = (suite.private_ca and name in under.cases
                       and suite.private_ca.search(under.cases[name].text))
            (private if refused else unexpected).add(name)
    return unexpected, private


def compare(suite, scope):
    """Prints the line of the table; whether it is as it must be. Suites have time-outs of their
    own, which a loaded machine may run into: a case differs where it does so twice."""
    bare, under, sessions = run_both(suite, scope, 1)
    unexpected, private = differences(suite, bare, under)
    if unexpected:
        print(f"{suite.name}: a second try for {len(unexpected)} cases", flush=True)
        bare, under, sessions = run_both(suite, scope, 2)
        again, private = differences(suite, bare, under)
        unexpected &= again
    print(f"{suite.name:12} {numbers(bare):>14} {numbers(under):>14} {sessions:>9} "
          f"{len(unexpected):>8} {len(private):>11}", flush=True)
    faults = [f"{name}: {what_became(bare, name)} without, {what_became(under, name)} under run"
              for name in sorted(unexpected)]
    if sessions < suite.least_sessions:
        faults.append(f"fewer than {suite.least_sessions} sessions were captured")
    if not any(case.what == "passed" for case in bare.cases.values()):
        faults.append("no case passed without the program")
    return report_faults(suite, under, faults)


def numbers(side):
    whats = [case.what for case in side.cases.values()]
    return "/".join(str(whats.count(what)) for what in ("passed", "failed", "skipped"))


def report_faults(suite, under, faults):
    if faults:
        with open(under.output, errors="replace") as file:
            shutil.copyfileobj(file, sys.stdout)
    for fault in faults:
        print(f"FAIL {suite.name}: {fault}", flush=True)
    return not faults


def run_suite(program, suite):
    """"ok", "skip" or "FAIL", said."""
    scope = s.Scope(program)
    try:
        need_network()
        suite.prepare()
        return "ok" if compare(suite, scope) else "FAIL"
    except s.Skip as reason:
        print(f"skip {suite.name}: {reason}", flush=True)
        return "skip"
    finally:
        scope.cleanup()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("--sources", help="a folder with checkouts of the projects, by name")
    parser.add_argument("suites", nargs="*", metavar="SUITE")
    options = parser.parse_intermixed_args()
    every = {suite.name: suite for suite in suite_list.every(options.sources)}
    print(f"{'suite':12} {'without':>14} {'under run':>14} {'sessions':>9} {'differ':>8} "
          f"{'private CA':>11}    (passed/failed/skipped)", flush=True)
    results = [run_suite(options.program, every[name]) for name in options.suites or every]
    print(f"{results.count('ok')} passed, {results.count('FAIL')} failed, "
          f"{results.count('skip')} skipped")
    if "FAIL" in results:
        return 1
    return 0 if "ok" in results else s.SKIPPED


if __name__ == "__main__":
    sys.exit(main())
