# SPDX-License-Identifier: MIT
"""`run` is not in the command's way: its exit status, signals, terminal, descriptors and errors are
what they would be without it; and nothing of the mail it sends is missed."""

import os
import pty
import shutil
import signal
import subprocess
import sys

from support import scope as s
from support import smtp
from support import tcp
from support import ways

SEND = """
import smtplib, sys
client = smtplib.SMTP(sys.argv[2] if len(sys.argv) > 2 else "127.0.0.1", int(sys.argv[1]),
                      local_hostname="client.example.com")
client.sendmail("a@example.com", ["b@example.net"], b"Subject: x\\r\\n\\r\\nbody\\r\\n")
client.quit()
"""


def sender(scope):
    path = scope.path("send.py")
    with open(path, "w") as file:
        file.write(SEND)
    return ["/usr/bin/python3", path]


def test_exits_as_the_command_does(scope):
    ways.need_capture(scope)
    for command, status in ((["true"], 0), (["sh", "-c", "exit 42"], 42),
                            (["sh", "-c", "kill -KILL $$"], 137), (["sh", "-c", "kill $$"], 143),
                            (["/nowhere/at-all"], 127), (["no-such-command-here"], 127),
                            (["/etc/passwd"], 126), (["/"], 126)):
        result = ways.run(scope, 25, command)
        assert result.status == status, (command, result.status, result.errors)
        if status in (126, 127):
            said, ports = result.errors.splitlines()
            assert "nothing was captured" in ports, ports
            assert said.startswith(f"smtpscope: {command[0]}: "), said
            assert ("command not found" in said) == (command[0][0] != "/"), said


def test_what_no_folder_shows_is_not_found(scope):
    """A folder of PATH that may not be searched hides no program, as for a shell."""
    ways.need_capture(scope)
    user = ways.prepare_user(scope)
    folder = scope.path("bin")
    os.makedirs(os.path.join(folder, "hidden", "a-folder"))
    os.makedirs(os.path.join(folder, "open", "a-folder"))
    with open(os.path.join(folder, "open", "no-program"), "w") as file:
        file.write("text")
    os.chmod(os.path.join(folder, "hidden"), 0)
    path = f"{folder}/hidden:{folder}/open:/usr/bin:/bin"
    for name, status in (("no-such-command-here", 127), ("a-folder", 127), ("no-program", 126),
                         ("true", 0)):
        result = ways.run(scope, 25, [name], user=user, environment={"PATH": path})
        assert result.status == status, (name, result.status, result.errors)


def test_leaves_standard_streams_alone(scope):
    ways.need_capture(scope)
    data = os.urandom(300000)
    result = subprocess.run([scope.program, "run", "--", "cat"], input=data, env=scope.environment,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=s.TIMEOUT)
    assert result.returncode == 0 and result.stdout == data
    assert result.stderr.count(b"\n") == 1 and b"nothing was captured" in result.stderr


def test_says_when_nothing_was_captured(scope):
    """And which ports it watched; a connection that was refused is something."""
    ways.need_capture(scope)
    result = ways.run(scope, "25,8000-8999", ["true"], options=["--ports", "26"])
    assert "nothing was captured" in result.errors, result.errors
    assert "port 25,8000-8999,26;" in result.errors, result.errors
    for reason in ("--ports 1025", "does not resolve", "local queue", "container", "set-user-ID"):
        assert reason in result.errors, (reason, result.errors)
    for command in (["sh", "-c", "no-such-command-here"], ["no-such-command-here"]):
        result = ways.run(scope, 25, command)
        assert result.status == 127 and "to port 25; it ended with 127" in result.errors, result.errors
        assert "reason" not in result.errors
    with tcp.refusing_port() as port:
        result = ways.run(scope, f"{port - 1}-{port + 1}", [*sender(scope), str(port)])
    assert len(result.sessions) == 1 and "nothing was captured" not in result.errors, result.errors


def test_says_where_the_command_connected_instead(scope):
    ways.need_capture(scope)
    with smtp.Server() as server:
        result = ways.run(scope, 25, [*sender(scope), str(server.port)])
    assert f"it connected to port {server.port} instead (--ports {server.port} " in result.errors, result


def test_a_command_needs_no_dashes_before_it(scope):
    ways.need_capture(scope)
    done = scope.run("run", "--ports", "25", "sh", "-c", 'echo "$0" "$@"; exit 7', "--", "-o", "x")
    assert done.returncode == 7 and done.stdout == b"-- -o x\n", done


def test_the_sink_answers_for_every_server(scope):
    """Also for one that is there, which gets nothing; also after the proxy's last session."""
    ways.need_capture(scope)
    with smtp.Server() as server:
        send = " ".join([*sender(scope), str(server.port)])
        result = ways.run(scope, server.port, ["sh", "-c", send], ["--sink"])
        result.assert_status(0)
        session, = result.sessions
        assert session["mode"] == "sink" and session["server"] is None, session
        assert session["client"]["program"] == "python3", session["client"]
        assert [one["accepted"] for one in session["messages"]] == [True]
        result = ways.run(scope, server.port, ["sh", "-c", f"{send} && {send}"],
                          ["--sink", "--once"])
        assert result.status != 0
        assert "ConnectionRefusedError" in result.errors or "Disconnected" in result.errors, result
        assert server.peers == [] and server.messages == []
    with tcp.refusing_port() as port:
        ways.run(scope, port, [*sender(scope), str(port)], ["--sink"]).assert_status(0)


def test_writes_text_to_standard_error_by_default(scope):
    ways.need_capture(scope)
    with smtp.Server() as server:
        done = scope.run("run", "--ports", str(server.port), "--", *sender(scope), str(server.port))
    assert done.returncode == 0 and done.stdout == b"", done.stdout
    assert b"### Connected to 127.0.0.1 on port " in done.stderr, done.stderr


def test_passes_inherited_descriptors_and_nothing_of_its_own(scope):
    ways.need_capture(scope)
    read_end, write_end = os.pipe()
    result = ways.run(scope, 25, ["sh", "-c", f"echo hello >&{write_end}; ls /proc/self/fd"],
                      pass_fds=[write_end])
    os.close(write_end)
    assert os.read(read_end, 100) == b"hello\n"
    os.close(read_end)
    descriptors = set(result.output.split())
    # 3 is the folder that ls reads, where the pipe is not.
    assert descriptors <= {"0", "1", "2", "3", str(write_end), str(write_end + 1)}, descriptors


def test_gives_the_command_its_own_signal_state(scope):
    ways.need_capture(scope)
    look = "grep -E '^Sig(Blk|Ign)' /proc/self/status; ulimit -n"
    bare = subprocess.run(["sh", "-c", look], stdout=subprocess.PIPE, text=True).stdout
    assert ways.run(scope, 25, ["sh", "-c", look]).output == bare


def test_refused_looks_refused_and_is_a_session(scope):
    ways.need_capture(scope)
    with tcp.refusing_port() as port:
        result = ways.run(scope, port, [*sender(scope), str(port)])
    assert "ConnectionRefusedError" in result.errors, result.errors
    assert [one["outcome"] for one in result.sessions] == ["connect-failed"]
    session = result.sessions[0]
    assert "refused" in session["error"] and session["mode"] == "run", session
    assert session["server"]["address"] == "127.0.0.1" and session["server"]["port"] == port
    assert session["client"]["program"] == "python3" and session["client"]["pid"] > 0
    assert session["exchanges"] == [] and session["messages"] == []


def test_a_time_out_looks_so_and_has_its_length(scope):
    ways.need_capture(scope)
    look = ("import errno, socket, sys\n"
            "s = socket.socket()\n"
            "print(errno.errorcode[s.connect_ex(('127.0.0.1', int(sys.argv[1])))])")
    with tcp.silent_port() as port:
        result = ways.run(scope, port, ["/usr/bin/python3", "-c", look, str(port)],
                          ["--connect-timeout", "1"])
    assert result.output == "ETIMEDOUT\n", result.output
    session, = result.sessions
    assert session["outcome"] == "connect-failed", session
    assert "no answer in time" in session["error"], session["error"]
    assert session["duration_ms"] >= 1000, session["duration_ms"]


def test_a_command_killed_while_it_connects_leaves_a_session(scope):
    ways.need_capture(scope)
    look = ("import signal, socket, sys\n"
            "signal.alarm(1)\n"  # nobody catches it
            "socket.socket().connect(('127.0.0.1', int(sys.argv[1])))")
    with tcp.silent_port() as port:
        result = ways.run(scope, port, ["/usr/bin/python3", "-c", look, str(port)])
    result.assert_status(128 + signal.SIGALRM)
    session, = result.sessions
    assert session["outcome"] == "connect-failed", session
    assert "gave up" in session["error"], session["error"]


def test_no_route_looks_so(scope):
    ways.need_capture(scope)
    look = ("import socket; s = socket.socket(socket.AF_INET6)\n"
            "print(s.connect_ex(('2001:db8::1', 25)))")
    bare = subprocess.run(["/usr/bin/python3", "-c", look], stdout=subprocess.PIPE, text=True)
    result = ways.run(scope, 25, ["/usr/bin/python3", "-c", look])
    assert result.output == bare.stdout, (result.output, bare.stdout)
    assert [one["outcome"] for one in result.sessions] == ["connect-failed"]


def test_captures_ipv6_and_what_is_started_by_what_is_started(scope):
    ways.need_capture(scope)
    with smtp.Server(address="::1") as server:
        send = " ".join([*sender(scope), str(server.port), "::1"])
        script = f"for i in 1 2 3; do sh -c '{send}' & done; wait"
        result = ways.run(scope, server.port, ["bash", "-c", script])
        result.assert_status(0)
        assert len(server.messages) == 3
    assert [one["outcome"] for one in result.sessions] == ["completed"] * 3
    assert {one["server"]["address"] for one in result.sessions} == {"::1"}
    assert len({one["client"]["pid"] for one in result.sessions}) == 3


def test_captures_a_daemon_that_the_command_leaves_behind(scope):
    ways.need_capture(scope)
    with smtp.Server() as server:
        daemon = ("import os, subprocess, sys\n"
                  "if os.fork(): os._exit(3)\n"
                  "os.setsid()\n"
                  "if os.fork(): os._exit(0)\n"
                  "os.read(0, 1)\n"  # until the test ends its input
                  "os.execv(sys.argv[1], sys.argv[1:])\n")
        result = ways.run(scope, server.port, ["/usr/bin/python3", "-c", daemon, *sender(scope),
                                               str(server.port)], stdin=subprocess.DEVNULL)
        result.assert_status(3)
        assert len(server.messages) == 1
    assert [one["outcome"] for one in result.sessions] == ["completed"]


def test_captures_fifty_at_once(scope):
    ways.need_capture(scope)
    with smtp.Server() as server:
        many = SEND.replace("import smtplib, sys", "import smtplib, sys, threading\ndef send():")
        many = many.replace("\nclient", "\n    client").replace("                      local",
                                                               "                          local")
        many += ("threads = [threading.Thread(target=send) for _ in range(50)]\n"
                 "[thread.start() for thread in threads]; [thread.join() for thread in threads]\n")
        result = ways.run(scope, server.port, ["/usr/bin/python3", "-c", many, str(server.port)])
        result.assert_status(0)
        assert result.errors == "", result.errors
        assert len(server.messages) == 50
    assert [one["outcome"] for one in result.sessions] == ["completed"] * 50


NAMES = """
import ctypes, errno, socket, sys
libc = ctypes.CDLL(None, use_errno=True)

def raw(call, one, room, length):
    size = ctypes.c_int(room)
    buffer = ctypes.create_string_buffer(b"x" * 64, 64)
    to = buffer if length else None
    if call(one.fileno(), to, ctypes.byref(size)) != 0:
        return errno.errorcode[ctypes.get_errno()]
    return size.value, buffer.raw[:room].hex() if room < 8 else buffer.raw[room:room + 4]

port, address = int(sys.argv[1]), sys.argv[2]
one = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
if len(sys.argv) > 3:
    one.bind((sys.argv[3], 0))
try:
    one.getpeername()
except OSError as error:
    print("before", error.errno == errno.ENOTCONN)
one.connect((address, port))
print("peer", one.getpeername())
for call in (libc.getpeername, libc.getsockname):
    print(raw(call, one, 2, True), raw(call, one, 0, True), raw(call, one, 28, False),
          raw(call, one, -1, True), raw(call, one, 40, True))
udp = socket.socket(type=socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", 0))
print(udp.getsockname()[0], sys.stdin.fileno() == 0)
print(one.getsockname()[:2], file=sys.stderr)
one.makefile("rb").readline()
"""


def test_a_socket_names_its_ends_as_without_us(scope):
    """Whom it is connected to, and the address that the server sees."""
    ways.need_capture(scope)
    for address, target, own in (("127.0.0.1", "127.0.0.1", []), ("::1", "::1", []),
                                 ("127.0.0.1", "::ffff:127.0.0.1", []), ("::1", "::1", ["::1"]),
                                 ("127.0.0.1", "127.0.0.1", ["127.0.0.9"])):
        with smtp.Server(address=address) as server:
            command = ["/usr/bin/python3", "-c", NAMES, str(server.port), target, *own]
            bare = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True, check=True)
            result = ways.run(scope, server.port, command, stdin=subprocess.DEVNULL)
            result.assert_status(0)
            assert result.output == bare.stdout, (target, result.output, bare.stdout)
            host, port = eval(result.errors)
            if not own:  # a port that the command chose is not the one that the server sees
                assert server.peers[-1][1] == port, (target, server.peers, port)
            assert host.removeprefix("::ffff:") == server.peers[-1][0], (target, host, server.peers)


STORM = """
import ctypes, os, signal, socket, struct, sys
signal.signal(signal.SIGALRM, lambda *_: None)
signal.siginterrupt(signal.SIGALRM, False)
signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
libc = ctypes.CDLL(None, use_errno=True)  # socket.connect would try again by itself
name = struct.pack("<HH4s8x", socket.AF_INET, socket.htons(int(sys.argv[1])), bytes([127, 0, 0, 1]))
wrong = {}
for _ in range(1000):
    one = socket.socket()
    if libc.connect(one.fileno(), name, 16) != 0:
        error = os.strerror(ctypes.get_errno())
        wrong[error] = wrong.get(error, 0) + 1
    one.close()
signal.setitimer(signal.ITIMER_REAL, 0)
print(wrong)
"""


def test_a_storm_of_signals_gives_no_wrong_errno(scope):
    ways.need_capture(scope)
    with smtp.Server() as server:
        result = ways.run(scope, server.port, ["/usr/bin/python3", "-c", STORM, str(server.port)])
        result.assert_status(0)
    assert result.output == "{}\n", result.output
    assert len(result.sessions) == 1000, len(result.sessions)


def test_other_ports_pass_by(scope):
    ways.need_capture(scope)
    with smtp.Server() as server:
        result = ways.run(scope, "25,465", [*sender(scope), str(server.port)])
        result.assert_status(0)
        assert len(server.messages) == 1
    assert result.sessions == []


def wait_for_line(stream, text):
    line = stream.readline()
    assert text in line, line


def test_signals_pass_to_the_command(scope):
    """Also where we run in the background: a shell cannot trap what was ignored at its start."""
    ways.need_capture(scope)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGUSR1, signal.SIGQUIT):
        name = signal.Signals(number).name[3:]
        script = f"trap 'echo got {name}; exit 9' {name}; echo ready; while :; do sleep 0.05; done"
        process = subprocess.Popen([scope.program, "run", "--", "bash", "-c", script],
                                   env=scope.environment, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True,
                                   preexec_fn=lambda: signal.signal(number, signal.SIG_DFL))
        wait_for_line(process.stdout, "ready")
        process.send_signal(number)
        output, errors = process.communicate(timeout=s.TIMEOUT)
        assert process.returncode == 9, (name, process.returncode, errors)
        assert output == f"got {name}\n", output


def test_the_sink_says_where_a_server_would_refuse_tls(scope):
    """TLS at once on a port where servers begin in plain text works with the sink alone."""
    ways.need_capture(scope)
    for port in (465, 587):
        done = scope.run("run", "--sink", "--", "/usr/bin/python3", "-c",
                         f"import smtplib; smtplib.SMTP_SSL('127.0.0.1', {port}).quit()")
        assert done.returncode == 0, done
        assert (b"### TLS from the first byte on port 587: " in done.stderr) == (port == 587), done


def test_a_command_that_ignores_signals_is_named(scope):
    ways.need_capture(scope)
    script = "trap '' INT; echo $$; while :; do sleep 0.05; done"
    process = subprocess.Popen([scope.program, "run", "--", "bash", "-c", script],
                               env=scope.environment, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True,
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    pid = process.stdout.readline().strip()
    said = ""
    while "goes on" not in said:  # signals that come together are one
        process.send_signal(signal.SIGINT)
        if s.readable(process.stderr, 0.1):
            said = process.stderr.readline()
    assert f"the command (process {pid}) goes on after " in said, said
    assert f"`kill -KILL {pid}`" in said, said
    os.kill(int(pid), signal.SIGKILL)
    process.communicate(timeout=s.TIMEOUT)
    assert process.returncode == 128 + signal.SIGKILL


def test_the_terminal_interrupts_the_command_once(scope):
    ways.need_capture(scope)
    script = ("import os, signal\n"
              "def count(*_):\n"
              "    global seen\n"
              "    seen += 1\n"
              "seen = 0\n"
              "signal.signal(signal.SIGINT, count)\n"
              "print('ready', os.getpgrp() == os.tcgetpgrp(0), flush=True)\n"
              "while seen == 0: signal.pause()\n"
              "signal.sigtimedwait([signal.SIGUSR2], 0.3)\n"  # time for a second one to come
              "print('interrupts', seen, flush=True)\n")
    child, master = pty.fork()
    if child == 0:
        os.execve(scope.program, [scope.program, "run", "--", "/usr/bin/python3", "-c", script],
                  scope.environment)
    text = b""
    while b"\n" not in text:  # the whole line: what is under way at Ctrl-C, a terminal throws away
        text += os.read(master, 1000)
    os.write(master, b"\x03")
    while True:
        try:
            part = os.read(master, 1000)
        except OSError:  # how a terminal ends
            break
        if not part:
            break
        text += part
    _, status = os.waitpid(child, 0)
    os.close(master)
    assert os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0, (status, text)
    assert b"True" in text and b"interrupts 1" in text, text


def test_a_run_within_a_run_is_refused(scope):
    ways.need_capture(scope)
    result = ways.run(scope, 25, [scope.program, "run", "--", "true"])
    result.assert_status(3)
    refusal, outer = result.errors.splitlines()
    assert "`run` within `run`" in refusal and "nothing was captured" in outer, result.errors


def test_a_set_user_id_program_is_said(scope):
    ways.need_capture(scope)
    user = ways.prepare_user(scope)
    if not os.path.exists("/usr/bin/su"):
        raise s.Skip("there is no su")
    result = ways.run(scope, 25, ["/usr/bin/su", "--version"], user=user)
    result.assert_status(0)
    assert "/usr/bin/su is a set-user-id program" in result.errors, result.errors
    assert result.errors.count("set-user-id") == 1, result.errors


def test_the_mount_costs_no_rights(scope):
    """What may do more than a plain user may do it under `run` too."""
    ways.need_capture(scope)
    if os.geteuid() == 0 and shutil.which("setpriv") is not None:
        look = ["setpriv", "--reuid=1", "--regid=1", "--clear-groups", "id", "-u"]
        result = ways.run(scope, 25, look)
        assert result.output == "1\n", result.errors
    user = [*ways.prepare_user(scope), "--inh-caps=+net_bind_service",
            "--ambient-caps=+net_bind_service"]
    look = ["sh", "-c", "grep ^Cap /proc/self/status; stat -c %u /etc"]
    bare = subprocess.run([*user, *look], stdout=subprocess.PIPE, text=True).stdout
    assert "400" in bare, bare
    result = ways.run(scope, 25, look, user=user)
    assert result.output == bare, (result.output, bare)


def test_after_once_the_command_goes_on(scope):
    ways.need_capture(scope)
    with smtp.Server() as server:
        send = " ".join([*sender(scope), str(server.port)])
        lines = scope.path("lines")
        over = f"until grep -q 'Connection closed' {lines}; do :; done"
        result = ways.run(scope, server.port, ["bash", "-c", f"{send} && {over} && {send}; exit 4"],
                          options=["--once", "-o", f"text:{lines}"])
        result.assert_status(4)
        assert len(server.messages) == 2
    assert len(result.sessions) >= 1


def test_no_connection_is_lost_by_once(scope):
    """The next one is under way to the proxy while that stops."""
    ways.need_capture(scope)
    with smtp.Server() as server:
        again = f"for _ in range(4):\n    exec({SEND!r})"
        for count in range(4, 24, 4):
            done = ways.run(scope, server.port, [sys.executable, "-c", again, str(server.port)],
                            options=["--once"])
            done.assert_status(0)
            assert len(server.messages) == count


def test_a_failed_check_decides_the_status(scope):
    ways.need_capture(scope)
    result = ways.run(scope, 25, ["true"], options=["--expect", "messages = 1"])
    result.assert_status(1)


def test_wrong_usage_names_the_word(scope):
    for words, word in ((["run"], "COMMAND"), (["run", "--ports", "x", "--", "true"], "x"),
                        (["run", "--ports", "25,70000", "--", "true"], "70000"),
                        (["run", "--mode", "sink", "--", "true"], "--mode")):
        done = scope.run(*words)
        assert done.returncode == 2, (words, done.returncode)
        assert word in done.stderr.decode(), done.stderr


if __name__ == "__main__":
    sys.exit(s.main(globals()))
