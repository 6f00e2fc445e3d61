# SPDX-License-Identifier: MIT
"""action.yml: its form, and its steps, run as a runner of GitHub Actions runs them."""

import json
import os
import re
import subprocess
import sys

from support import scope as s
from support import ways

ROOT = os.path.join(os.path.dirname(__file__), "..", "..")

SEND = """/usr/bin/python3 - <<'END'
import email.message, email.utils, smtplib
mail = email.message.EmailMessage()
mail["From"], mail["To"], mail["Subject"] = "a@example.com", "b@example.net", "Welcome"
mail["Date"], mail["Message-ID"] = email.utils.formatdate(), email.utils.make_msgid()
mail.set_content("Hello")
with smtplib.SMTP("127.0.0.1", 2525) as client:
    client.send_message(mail)
END
"""


def action():
    try:
        import yaml
    except ImportError:
        raise s.Skip("python3-yaml is not installed") from None
    with open(os.path.join(ROOT, "action.yml"), encoding="utf-8") as file:
        return yaml.safe_load(file)


def step(name):
    found, = [one for one in action()["runs"]["steps"] if one["name"] == name]
    return found


def run_step(scope, name, **inputs):
    """The result, and what the step put out."""
    one = step(name)
    assert one["shell"] == "bash", one
    defaults = {name: value.get("default", "") for name, value in action()["inputs"].items()}
    values = {key: {**defaults, **inputs}[re.fullmatch(r"\$\{\{ inputs\.(\w+) \}\}", text).group(1)]
              for key, text in one["env"].items()}
    folder = scope.path("bin")
    os.makedirs(folder, exist_ok=True)
    if not os.path.lexists(os.path.join(folder, "smtpscope")):
        os.symlink(os.path.abspath(scope.program), os.path.join(folder, "smtpscope"))
    output = scope.path("github-output")
    environment = {**scope.environment, **values, "GITHUB_OUTPUT": output,
                   "GITHUB_ACTION_PATH": ROOT, "RUNNER_TEMP": scope.folder,
                   "PATH": folder + os.pathsep + os.environ["PATH"]}
    script = scope.path("step.sh")
    with open(script, "w", encoding="utf-8") as file:
        file.write(one["run"])
    done = subprocess.run(["bash", "--noprofile", "--norc", "-eo", "pipefail", script],
                          env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False, timeout=s.TIMEOUT)
    with open(output, "a+", encoding="utf-8") as file:
        file.seek(0)
        return done, dict(line.split("=", 1) for line in file.read().splitlines())


def test_its_form(scope):
    del scope
    whole = action()
    assert whole["runs"]["using"] == "composite" and whole["name"] and whole["description"]
    assert [name for name, one in whole["inputs"].items() if one.get("required")] == ["run"]
    for one in whole["runs"]["steps"]:
        # A word of the user's is no part of a script: it could be a command.
        assert "${{" not in one.get("run", ""), one
        assert ("run" in one) == ("shell" in one) and ("run" in one) != ("uses" in one), one
    used = set(re.findall(r"inputs\.(\w+)", json.dumps(whole["runs"])))
    assert used == set(whole["inputs"]), used


def test_nothing_is_installed_over_one_that_is_there(scope):
    done, _ = run_step(scope, "Install smtpscope")
    assert done.returncode == 0 and done.stdout + done.stderr == b"", done


def test_a_good_mail(scope):
    ways.need_capture(scope)
    done, put = run_step(scope, "Run the command under smtpscope", run=SEND, options="--sink\n",
                         expect="accepted = 1\nsubject ~ ^Wel\n")
    assert done.returncode == 0, done
    assert set(os.listdir(put["folder"])) == {"mail.html", "mail.json", "mail.xml"}, put
    with open(os.path.join(put["folder"], "mail.json"), encoding="utf-8") as file:
        session, = json.load(file)["sessions"]
    assert session["messages"][0]["accepted"], session


def test_a_verdict_fails_the_step(scope):
    ways.need_capture(scope)
    done, put = run_step(scope, "Run the command under smtpscope", run=SEND, options="--sink",
                         expect="accepted = 2")
    assert done.returncode == 1 and b"\n::error" in done.stderr, done
    assert os.path.exists(os.path.join(put["folder"], "mail.html"))


def test_a_command_that_fails_fails_the_step(scope):
    ways.need_capture(scope)
    done, _ = run_step(scope, "Run the command under smtpscope", run="false | true\necho not here")
    assert done.returncode == 1 and b"not here" not in done.stdout, done
    odd = "echo \"$0 $(echo '`) a \\\" b')\""
    done, _ = run_step(scope, "Run the command under smtpscope", run=odd)
    assert done.returncode == 0 and b"bash `) a" in done.stdout, done


if __name__ == "__main__":
    sys.exit(s.main(globals()))
