# SPDX-License-Identifier: MIT
"""The text output as far as a recorded transcript can give it back."""

import re


def without_pids(text):
    """A dash for each PID: it may become known after the first lines of its session, and a document
    has one for all of them."""
    return re.sub(r"^(\d+ \S+) \d+ ", r"\1 - ", text, flags=re.M)


def without_times(text):
    """A dash for each time: jsonl does not always say when the lines of a message were sent."""
    return re.sub(r"^(\d+) \S+ ", r"\1 - ", text, flags=re.M)


def by_session(text, form="json"):
    """What `show` of this form gives back, without counters; sessions that end and begin at once may
    stand either way."""
    text = without_pids(text if form == "json" else without_times(text))
    lines = [line.split(" ", 1)[1] for line in text.splitlines()]
    return sorted(lines, key=lambda line: int(line.split(" ")[2]))
