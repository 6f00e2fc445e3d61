# SPDX-License-Identifier: MIT
"""The text output as far as a recorded transcript can give it back."""

import re


def without_pids(text):
    """A dash for each PID: it may become known after the first lines of its session, and a document
    has one for all of them."""
    return re.sub(r"^(\d+ \S+) \d+ ", r"\1 - ", text, flags=re.M)


def by_session(text):
    """What `show` gives back, without counters; sessions that end and begin at once may stand either
    way."""
    lines = [line.split(" ", 1)[1] for line in without_pids(text).splitlines()]
    return sorted(lines, key=lambda line: int(line.split(" ")[2]))
