# SPDX-License-Identifier: MIT
"""Shells complete each option and command of the table, and nothing that is not in it."""

import os
import pty
import re
import shutil
import subprocess
import sys

from support import pseudo_terminal
from support import scope as s

FOLDER = os.path.join(os.path.dirname(__file__), "..", "..", "scripts", "completions")
BASH = os.path.join(FOLDER, "smtpscope.bash")

# Asks the function that the script has registered by `complete -F`, as bash does for a TAB.
ASK_BASH = r"""
source "$1"
shift
for line; do
    COMP_LINE=$line COMP_POINT=${#line}
    read -ra COMP_WORDS <<<"$line"
    [[ $line == *' ' ]] && COMP_WORDS+=('')
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMPREPLY=()
    [[ $(complete -p smtpscope) =~ -F\ ([^ ]+) ]] && "${BASH_REMATCH[1]}"
    printf '%s\n' "${COMPREPLY[@]}" ----
done
"""


def with_program_in_path(scope):
    folder = scope.path("bin")
    os.makedirs(folder, exist_ok=True)
    link = os.path.join(folder, "smtpscope")
    if not os.path.lexists(link):
        os.symlink(os.path.abspath(scope.program), link)
    return {**scope.environment, "PATH": folder + os.pathsep + os.environ["PATH"]}


def bash(scope, *lines):
    """What bash offers for each line."""
    done = subprocess.run(["bash", "--norc", "-c", ASK_BASH, "bash", BASH, *lines],
                          env=with_program_in_path(scope), cwd=scope.path(""), check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=s.TIMEOUT)
    assert done.stderr == b"", done.stderr
    return [set(filter(None, part.split("\n"))) for part in done.stdout.decode().split("----\n")[:-1]]


def helped(scope, *words):
    """The options that the help shows, and the commands of the program's own."""
    text = scope.run(*words, "--help").stdout.decode()
    options = set(re.findall(r"^  (?:-\w, )?(--[a-z-]+)", text, re.M))
    commands = set(re.findall(r"^  ([a-z]+) ", text.partition("\nCommands:\n")[2], re.M))
    return options, commands


def test_each_command_and_option_and_no_other(scope):
    options, commands = helped(scope)
    words, dashed = bash(scope, "smtpscope ", "smtpscope --")
    assert len(commands) >= 8 and words == commands | options | {"help"}, (words, commands)
    assert dashed == options, dashed
    commands = sorted(commands)
    for command, offered in zip(commands, bash(scope, *(f"smtpscope {one} --" for one in commands))):
        assert offered == helped(scope, command)[0], (command, offered)
        assert len(offered) > 0


def test_words_and_values(scope):
    due = {
        "smtpscope run --ou": {"--output"},
        "smtpscope run --auth ": {"mask", "identity", "reveal"},
        "smtpscope run --auth=m": {"mask"},  # bash keeps what is in front of the =
        "smtpscope proxy --mode so": {"socks5"},
        "smtpscope proxy --grace ": set(),
        "smtpscope check --report j": {"json", "junit"},
        "smtpscope check --ignore bare-l": {"bare-lf"},
        "smtpscope ca ex": {"export"},
        "smtpscope ca export --format j": {"jks"},
        "smtpscope ca show ": set(),
        "smtpscope ctl faults ": {"on", "off"},
        "smtpscope help che": {"check"},
        "smtpscope nothing --": set(),
    }
    for line, offered in zip(due, bash(scope, *due)):
        assert offered == due[line], (line, offered)


def test_files_and_folders(scope):
    os.mkdir(scope.path("mail-folder"))
    with open(scope.path("mail.json"), "w", encoding="utf-8"):
        pass
    both = {"mail-folder", "mail.json"}
    due = {"smtpscope show mai": both, "smtpscope run -o mai": both, "smtpscope run -o json:mai": both,
           "smtpscope run --keylog=mai": both, "smtpscope run --ca-dir mai": {"mail-folder"}}
    for line, offered in zip(due, bash(scope, *due)):
        assert offered == due[line], (line, offered)


def test_the_command_of_run_is_a_line_of_its_own(scope):
    os.mkdir(scope.path("mail-folder"))
    lines = ("smtpscope run -- smtpsco", "smtpscope run --auth reveal smtpsco",
             "smtpscope run -o json:x.json cat mail-f", "smtpscope run -- cat --auth ma")
    offered = bash(scope, *lines)
    assert "smtpscope" in offered[0] and "smtpscope" in offered[1], offered
    assert offered[2] == {"mail-folder"}, offered
    assert "mask" not in offered[3], offered


def after_a_tab(scope, words, line, due):
    """What an interactive shell shows until it has completed the line."""
    pid, master = pty.fork()
    if pid == 0:
        environment = {**with_program_in_path(scope), "TERM": "dumb", "PS1": "ready$ "}
        os.execvpe(words[0], words, environment)
    said = b""
    sent = False
    try:
        while due not in said:
            data = pseudo_terminal.read(master)
            assert data != b"", said
            said += data
            if b"ready$ " in said and not sent:
                os.write(master, line)
                sent = True
    finally:
        os.close(master)  # the shell's terminal is gone, and so is the shell
        os.waitpid(pid, 0)


def test_a_tab_in_bash(scope):
    rc = scope.path("bashrc")
    with open(rc, "w", encoding="utf-8") as file:
        file.write(f"bind 'set enable-bracketed-paste off'\nsource '{BASH}'\nPS1='ready$ '\n")
    after_a_tab(scope, ["bash", "--rcfile", rc, "-i"], b"smtpscope run --ou\t", b"--output ")


def test_a_tab_in_zsh(scope):
    if shutil.which("zsh") is None:
        raise s.Skip("zsh is not installed")
    with open(scope.path(".zshrc"), "w", encoding="utf-8") as file:
        file.write(f"fpath=('{os.path.abspath(FOLDER)}' $fpath)\nautoload -U compinit\n"
                   "compinit -D -u\nunsetopt zle_bracketed_paste\nPS1='ready$ '\n")
    scope.environment["ZDOTDIR"] = scope.path("")
    after_a_tab(scope, ["zsh", "-d", "-i"], b"smtpscope run --ou\t", b"--output")


def test_fish(scope):
    if shutil.which("fish") is None:
        raise s.Skip("fish is not installed")
    script = f"source '{FOLDER}/smtpscope.fish'; for l in $argv; complete -C $l; echo ----; end"
    lines = ("smtpscope run --", "smtpscope run --auth=m", "smtpscope ca ex",
             "smtpscope run -- smtpsco")
    done = subprocess.run(["fish", "--no-config", "-c", script, *lines], check=True,
                          env=with_program_in_path(scope), stdout=subprocess.PIPE, timeout=s.TIMEOUT)
    answers = [{line.split("\t")[0] for line in part.splitlines()}
               for part in done.stdout.decode().split("----\n")]
    assert answers[0] == helped(scope, "run")[0], answers[0]
    assert answers[1:3] == [{"--auth=mask"}, {"export"}], answers
    assert "smtpscope" in answers[3], answers[3]


if __name__ == "__main__":
    sys.exit(s.main(globals()))
