#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What `scripts/check-boot` runs inside the machine that it boots, as root: the package, the service
under a real systemd, and what the sandbox is on this kernel. The word after `check=` says which of
these."""

import ctypes
import glob
import json
import os
import pathlib
import re
import shutil
import smtplib
import ssl
import subprocess
import sys
import tempfile
import time
import traceback

HERE = "/check"
PASSWORD = "geheim-im-boot"
CONTROL = "/run/smtpscope/control.sock"
MESSAGE = "Subject: boot\r\nDate: {date}\r\nFrom: a@example.com\r\nMessage-ID: <1@example.com>\r\n\r\nIt runs.\r\n"
LANDLOCK_CREATE_RULESET, LANDLOCK_VERSION = 444, 1
DROP_IN = "/run/systemd/system/smtpscope.service.d/check.conf"


def run(*words, status=0, **options):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                          timeout=600, **options)
    said = done.stdout.decode(errors="replace")
    assert status is None or done.returncode == status, f"{words} exited {done.returncode}: {said}"
    return said


def say(text):
    print(f"{time.monotonic():7.1f} {text}", flush=True)


# ── the service ─────────────────────────────────────────────────────────────────────────────────


def show(*names):
    said = run("systemctl", "show", "smtpscope", *(f"--property={name}" for name in names))
    return dict(line.split("=", 1) for line in said.splitlines())


def set_options(*lines):
    pathlib.Path("/etc/smtpscope/options").write_text("\n".join(lines) + "\n", encoding="utf-8")


def set_drop_in(text):
    pathlib.Path(DROP_IN).parent.mkdir(parents=True, exist_ok=True)
    pathlib.Path(DROP_IN).write_text(text, encoding="utf-8")
    run("systemctl", "daemon-reload")


def start():
    """Returns once the service has said that it accepts: the unit is of Type=notify."""
    run("systemctl", "reset-failed", "smtpscope", status=None)
    run("systemctl", "restart", "smtpscope")
    shown = show("ActiveState", "SubState", "MainPID")
    assert (shown["ActiveState"], shown["SubState"]) == ("active", "running"), shown
    return int(shown["MainPID"])


def journal():
    """What the service said since its last start."""
    invocation = show("InvocationID")["InvocationID"]
    run("journalctl", "--sync")
    return run("journalctl", "--output=cat", f"_SYSTEMD_INVOCATION_ID={invocation}")


def process(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def has_landlock():
    return ctypes.CDLL(None).syscall(LANDLOCK_CREATE_RULESET, None, 0, LANDLOCK_VERSION) > 0


def send(port=2525, host="127.0.0.1", ca="/var/lib/smtpscope/ca.pem"):
    with smtplib.SMTP(host, port, timeout=120) as client:
        client.starttls(context=ssl.create_default_context(cafile=ca))
        client.ehlo()
        client.user, client.password = "joe", PASSWORD
        client.auth("PLAIN", client.auth_plain)
        client.sendmail("a@example.com", ["b@example.net"],
                        MESSAGE.format(date=time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime())))


# ── claims about the package ────────────────────────────────────────────────────────────────────


def files():
    pruned = ("/proc", "/sys", "/dev", "/run", "/tmp", "/var/tmp", "/var/cache", "/var/lib/apt",
              "/var/lib/dpkg", "/var/log", "/var/lib/systemd", HERE)
    found = set()
    for place, folders, names in os.walk("/"):
        folders[:] = [name for name in folders if os.path.join(place, name) not in pruned]
        found.update(os.path.join(place, name) for name in folders + names)
    return {path for path in found if not path.endswith(("/ld.so.cache", ".pyc", "/__pycache__"))}


def rules():
    return run("nft", "list", "ruleset") + run("ip", "rule") + run("ip", "-6", "rule")


def install():
    run("dpkg", "-i", f"{HERE}/smtpscope.deb")
    assert run("systemctl", "is-enabled", "smtpscope", status=1) == "disabled\n"
    assert run("systemctl", "is-active", "smtpscope", status=3) == "inactive\n"
    say("installed, and neither enabled nor started")


def no_mode_named():
    said = run("systemctl", "start", "smtpscope", status=None)
    shown = show("ActiveState", "Result", "NRestarts", "ExecMainStatus")
    assert shown["ActiveState"] == "failed" and shown["ExecMainStatus"] == "2", (shown, said)
    assert shown["NRestarts"] == "0", shown  # what is wrong in the options stays wrong
    assert "mode" in journal(), journal()
    say("without a mode it says so, and is not started again")


def session_and_confinement():
    set_options("mode sink@127.0.0.1:2525", "output text:-", "output jsonl:/var/log/smtpscope/mail.jsonl")
    pid = start()
    facts = process(pid)
    assert facts["NoNewPrivs"] == "1" and facts["Seccomp"] == "2", facts
    assert int(facts["CapEff"], 16) == int(facts["CapBnd"], 16) == 0, facts
    assert facts["Uid"].split()[0] != "0", facts
    say(f"started, and systemd knows it: uid {facts['Uid'].split()[0]}, no capability, "
        f"{facts['Seccomp_filters']} seccomp filters")
    send()
    said = journal()
    assert "AUTH PLAIN ********" in said and PASSWORD not in said, said
    assert "TLS with the client: TLSv1.3" in said, said
    assert "leaves all files open" not in said, said  # what a kernel lacks is for doctor to say
    say("a mail through STARTTLS and AUTH, its transcript in the journal without the password")
    return pid


def reload():
    folder = pathlib.Path("/var/log/smtpscope")
    (folder / "mail.jsonl").rename(folder / "mail.jsonl.1")
    run("systemctl", "reload", "smtpscope")
    send()
    run("smtpscope", "ctl", "--control", CONTROL, "status")
    run("systemctl", "stop", "smtpscope")
    for name in ("mail.jsonl", "mail.jsonl.1"):
        lines = (folder / name).read_text(encoding="utf-8").splitlines()
        assert [json.loads(line)["event"] for line in lines][-1] == "close", lines
        assert PASSWORD not in "".join(lines)
    assert show("Result")["Result"] == "success"
    assert not os.path.exists(CONTROL)
    say("reload opened the file anew, stop ended it well and took the socket away")


def killed():
    pid = start()
    os.kill(pid, 9)
    for _ in range(600):
        shown = show("MainPID", "ActiveState")
        if shown["ActiveState"] == "active" and shown["MainPID"] not in ("0", str(pid)):
            break
        time.sleep(0.1)
    assert show("NRestarts")["NRestarts"] == "1", show("NRestarts")
    send()
    say("killed, it was started again")


def exposure():
    said = run("systemd-analyze", "security", "--no-pager", "smtpscope")
    level = re.search(r"exposure level for smtpscope.service: ([0-9.]+)", said).group(1)
    assert float(level) < 2.0, said
    say(f"systemd-analyze security: {level}")


def upgrade():
    before = show("MainPID")["MainPID"]
    run("dpkg", "--force-confold", "-i", f"{HERE}/newer.deb")
    shown = show("MainPID", "ActiveState")
    assert shown["ActiveState"] == "active" and shown["MainPID"] not in ("0", before), shown
    send()
    say("upgraded while it ran: started again, with the options kept")


def purge(before, rules_before):
    run("dpkg", "-r", "smtpscope")
    assert show("ActiveState")["ActiveState"] == "inactive", show("ActiveState")
    run("dpkg", "-P", "smtpscope")
    left = files() - before
    assert not left, left
    assert not glob.glob("/run/smtpscope*") and not glob.glob("/var/log/**/*smtpscope*", recursive=True)
    assert rules() == rules_before, rules()
    say("removed and purged: stopped, and no file, rule or socket is left")


# ── claims about what the unit's head says ──────────────────────────────────────────────────────


def low_port():
    set_drop_in("[Service]\nPrivateUsers=no\nCapabilityBoundingSet=CAP_NET_BIND_SERVICE\n"
                "AmbientCapabilities=CAP_NET_BIND_SERVICE\n")
    set_options("mode sink@127.0.0.1:25")
    facts = process(start())
    assert int(facts["CapEff"], 16) == 0, facts
    send(port=25)
    say("port 25 with CAP_NET_BIND_SERVICE, which it gives up once it listens")


def transparent():
    """A server in a network namespace, and the firewall's rules between this machine and it."""
    for words in ("netns add far", "link add near type veth peer name there netns far",
                  "addr add 10.9.0.1/24 dev near", "link set near up",
                  "-n far addr add 10.9.0.2/24 dev there", "-n far link set there up",
                  "-n far link set lo up"):
        run("ip", *words.split())
    before = rules()
    server = subprocess.Popen(["ip", "netns", "exec", "far", "smtpscope", "proxy", "--mode",
                               "sink@10.9.0.2:25", "--ca-dir", "/tmp/far-ca"],
                              stderr=subprocess.PIPE)
    while b"listening" not in server.stderr.readline():
        pass
    set_drop_in("[Service]\nPrivateUsers=no\nCapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_RAW\n"
                "AmbientCapabilities=CAP_NET_ADMIN CAP_NET_RAW\n")
    set_options("mode transparent@127.0.0.1:2525", "server-ca /tmp/roots.pem", "verify off")
    pathlib.Path("/tmp/roots.pem").write_bytes(pathlib.Path("/tmp/far-ca/ca.pem").read_bytes())
    os.chmod("/tmp/roots.pem", 0o644)
    set_options("mode transparent@127.0.0.1:2525", "verify off")
    pid = start()
    run("smtpscope-redirect", "up", "machine")
    send(port=25, host="10.9.0.2")
    said = journal()
    assert "Connected to 10.9.0.2 on port 25" in said, said
    assert "AUTH PLAIN ********" in said and PASSWORD not in said, said
    say("transparent: a mail to another host went through it by the firewall")
    run("systemctl", "mask", "--runtime", "smtpscope")
    os.kill(pid, 9)
    run("smtpscope-redirect", "down")
    assert rules() == before, rules()
    run("systemctl", "unmask", "--runtime", "smtpscope")
    run("systemctl", "stop", "smtpscope")
    send(port=25, host="10.9.0.2", ca="/tmp/far-ca/ca.pem")
    say("killed with its rules in place, `down` took them away, and the mail goes direct")
    server.terminate()
    server.wait()
    run("ip", "netns", "del", "far")


# ── claims about the program on this kernel ─────────────────────────────────────────────────────


def proxy_as_root(*words):
    """As which user, and with how many filters, a proxy goes on that root starts by hand."""
    with subprocess.Popen(["smtpscope", "proxy", "--mode", "sink@127.0.0.1:2600", "--ca-dir",
                           "/tmp/hand-ca", *words], stderr=subprocess.PIPE, text=True) as proxy:
        said = ""
        while "listening" not in said:
            said += proxy.stderr.readline()
        run("chmod", "755", "/tmp/hand-ca")
        send(port=2600, ca="/tmp/hand-ca/ca.pem")
        run("chmod", "700", "/tmp/hand-ca")
        facts = process(proxy.pid)
        proxy.terminate()
        said += proxy.communicate()[1]
    return facts["Uid"].split()[0], facts["Seccomp"], facts["NoNewPrivs"], said


def by_hand():
    uid, seccomp, no_new, said = proxy_as_root()
    assert (seccomp, no_new) == ("2", "1") and uid != "0", (uid, seccomp, said)
    assert "Landlock" not in said, said
    say("root's own proxy goes on as " + uid)
    uid, seccomp, no_new, said = proxy_as_root("--no-sandbox")
    own = process("self")
    assert (uid, seccomp, no_new) == ("0", own["Seccomp"], own["NoNewPrivs"]), (uid, seccomp, no_new)
    assert "Landlock" not in said, said
    say("--no-sandbox leaves it as it is")


def doctor():
    said = run("smtpscope", "doctor")
    lines = [line for line in said.splitlines() if "sandbox" in line.split(":")[0]]
    assert lines, said
    assert any("Landlock" in line for line in lines), said
    for line in said.splitlines():
        say("doctor: " + line)


SENDER = """
import smtplib, ssl
client = smtplib.SMTP("localhost", 25)
client.starttls(context=ssl.create_default_context())
client.ehlo()
client.user, client.password = "joe", "%s"
client.auth("PLAIN", client.auth_plain)
client.sendmail("a@example.com", ["b@example.net"], "Subject: boot\\r\\n\\r\\nIt runs.\\r\\n")
client.quit()
""" % PASSWORD


def command_as_user():
    home = tempfile.mkdtemp(prefix="check-home-")
    script = pathlib.Path(home, "send.py")
    script.write_text(SENDER, encoding="utf-8")
    shutil.chown(home, "games")
    as_games = ["runuser", "-u", "games", "--", "env", f"HOME={home}"]
    said = run(*as_games, "smtpscope", "run", "--sink", "--expect", "accepted = 1", "--fail-on",
               "never", "--", "python3", str(script), cwd=home)
    assert "AUTH PLAIN ********" in said and PASSWORD not in said, said
    run(*as_games, "smtpscope", "ca", "remove")
    left = set(os.listdir(home))
    assert left == {"send.py", ".local"}, left
    say("a plain user's command under run --sink, and nothing of it is left after ca remove")


# ── which boot this is ──────────────────────────────────────────────────────────────────────────


def boot_service():
    before, rules_before = files(), rules()
    install()
    no_mode_named()
    session_and_confinement()
    reload()
    killed()
    exposure()
    upgrade()
    low_port()
    transparent()
    pathlib.Path(DROP_IN).unlink()
    run("systemctl", "daemon-reload")
    command_as_user()
    by_hand()
    doctor()
    set_options("mode sink@127.0.0.1:2525")
    start()
    purge(before, rules_before)
    # For the boots after this one.
    install()
    set_options("mode sink@127.0.0.1:2525")
    run("systemctl", "enable", "smtpscope")


def boot_kernel():
    shown = show("ActiveState", "MainPID")
    assert shown["ActiveState"] == "active", (shown, run("systemctl", "status", "smtpscope", status=None))
    say("enabled, it was started at boot")
    session_and_confinement()
    command_as_user()
    by_hand()
    doctor()


def order():
    """Which boot this is, and where its claims go: by the kernel's command line, in a container by
    the environment of its first process."""
    machine = re.search(r"check=(\w+)", pathlib.Path("/proc/cmdline").read_text(encoding="utf-8"))
    container = re.search(r"check=(\w+)", pathlib.Path("/proc/1/environ").read_text(encoding="utf-8"))
    return (machine[1], "/dev/ttyS1") if machine else (container[1], f"{HERE}/results")


def main():
    boot, output = order()
    sys.stdout = open(output, "w", encoding="utf-8")
    try:
        run("systemctl", "is-system-running", "--wait", status=None)
        say(f"{boot}: Linux {os.uname().release}, Landlock {'yes' if has_landlock() else 'no'}")
        {"service": boot_service, "kernel": boot_kernel}[boot]()
        say("all well")
    except Exception:
        traceback.print_exc(file=sys.stdout)
        print(run("journalctl", "-u", "smtpscope", "-n", "15", "--no-pager", status=None), flush=True)
    sys.stdout.flush()
    os.sync()
    run("systemctl", "poweroff", "-f", status=None)


if __name__ == "__main__":
    main()
