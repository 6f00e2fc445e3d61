# SPDX-License-Identifier: MIT
"""What transcripts keep of the lines of the text output."""

HAPPENINGS = ("### Connected ", "### Could not connect", "### TLS with ", "### AUTH ",
              "### Connection ")


def of_events(text):
    """What the events of jsonl hold of the text: not when a message's lines were sent, and no
    happening that is no event. So its lines without their times, in alphabetical order."""
    lines = [line.split(" ", 2)[2] for line in text.splitlines()]
    return sorted(line for line in lines if _is_of_event(line.split(" ", 2)[2]))


def _is_of_event(what):
    return not what.startswith("### ") or what.startswith(HAPPENINGS)
