# SPDX-License-Identifier: MIT
"""What transcripts keep of the lines of the text output."""

import re

HAPPENINGS = ("### Connected ", "### Could not connect", "### TLS with ", "### AUTH ",
              "### Connection ")


def without_pids(text):
    """A dash for each PID: it may become known after the first lines of its session, and a document
    has one for all of them."""
    return re.sub(r"^(\d+ \S+) \d+ ", r"\1 - ", text, flags=re.M)


def of_events(text):
    """What the events of jsonl hold of the text: not when a message's lines were sent, and no
    happening that is no event. So its lines without their times, in alphabetical order."""
    return lines_of_events(line.split(" ", 1)[1] for line in without_pids(text).splitlines())


def lines_of_events(lines):
    """The same of lines without their counters."""
    rest = [line.split(" ", 1)[1] for line in lines]
    return sorted(line for line in rest if _is_of_event(line.split(" ", 2)[2]))


def _is_of_event(what):
    return not what.startswith("### ") or what.startswith(HAPPENINGS)
