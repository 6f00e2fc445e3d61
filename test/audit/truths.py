# SPDX-License-Identifier: MIT
"""truths.toml as data, and what an audit's report says otherwise."""

import fnmatch
import os
import tomllib

HERE = os.path.dirname(os.path.abspath(__file__))

with open(os.path.join(HERE, "truths.toml"), "rb") as _file:
    _TABLE = tomllib.load(_file)
SLOW = "delivery.slow-*"
SAYS, CLIENTS = _TABLE["says"], _TABLE["client"]


def grade(client):
    return CLIENTS[client]["grade"]


def due(client, case):
    """The verdict that the client's documentation decides, and the name of what says so; (None, None)
    where nothing does."""
    found = None, None
    for name in CLIENTS[client]["by"]:
        for pattern, verdict in SAYS[name].get("verdicts", {}).items():
            if fnmatch.fnmatchcase(case, pattern):
                found = verdict, name
    return found


def disagreements(client, verdicts):
    """Sentences about the cases, {id: verdict}, that came out other than is due. A case that does not
    apply has nothing to fail, nor has one that takes minutes without --slow-cases."""
    wrong = []
    for case, verdict in verdicts.items():
        expected, name = due(client, case)
        if expected is None or verdict == expected or (verdict, expected) == ("n/a", "pass"):
            continue
        if verdict == "n/a" and fnmatch.fnmatchcase(case, SLOW):
            continue
        wrong.append(f"{client}, {case}: {verdict}, and due is {expected}, by {SAYS[name]['page']}: "
                     f"\"{SAYS[name]['text']}\"")
    return wrong
