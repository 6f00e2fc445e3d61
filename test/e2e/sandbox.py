# SPDX-License-Identifier: MIT
"""Least power: a running proxy has no rights, files and system calls but those it needs, as /proc and
the proxy's own attempts show; what it is there for works all the same. Root goes on as another user."""

import contextlib
import fcntl
import os
import platform
import pwd
import re
import shutil
import signal
import stat
import subprocess
import time

from support import injected, smtp, ways, web
from support import scope as s

FILE_RIGHTS = {0, 1, 2, 3, 28}  # CAP_CHOWN, DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER, LEASE
OUTSIDE = "smtpscope-out"
EPERM, EACCES = 1, 13
EXECVE, KILL, SOCKET, OPEN, MMAP = 59, 62, 41, 2, 9


def status_of(pid):
    with open(f"/proc/{pid}/status") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def rights(pid, kind="CapEff"):
    mask = int(status_of(pid)[kind], 16)
    return {bit for bit in range(64) if mask >> bit & 1}


def users(pid):
    return set(status_of(pid)["Uid"].split())


def need_sandbox(scope, what="Landlock"):
    line = re.search(r"(....) sandbox: (.*)", scope.run("doctor").stdout.decode())
    if line.group(1) != "ok  " and what not in line.group(2).split(" no ")[0]:
        raise s.Skip(line.group(2))


def need_root():
    if os.geteuid() != 0:
        raise s.Skip("only root has rights to give up")


def sink(scope, *words, **options):
    return scope.proxy("--mode", "sink@127.0.0.1:0", *words, **options)


def send(proxy):
    with s.connect(proxy.port()) as connection:
        smtp.converse(connection)


def outside_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        found = [one for one in file.read().split() if status_of(one)["Name"] == OUTSIDE]
    assert len(found) == 1, found
    return int(found[0])


# ── what is given up ────────────────────────────────────────────────────────────────────────────


def test_root_with_files_keeps_the_rights_over_files_alone(scope):
    need_root()
    need_sandbox(scope)
    with sink(scope) as proxy:
        pid = proxy.process.pid
        other = outside_of(pid)
        for task in os.listdir(f"/proc/{pid}/task"):
            words = status_of(task)
            assert (words["NoNewPrivs"], words["Seccomp"]) == ("1", "2"), words
            assert rights(task) == FILE_RIGHTS & rights("self"), rights(task)
            assert rights(task, "CapBnd") <= FILE_RIGHTS, rights(task, "CapBnd")
        s.until(lambda: status_of(other)["Seccomp"] == "2", "the filter of the process outside")
        assert rights(other) <= {1, 2, 3, 19}, rights(other)
        assert len(os.listdir(f"/proc/{other}/fd")) == 4, "the process outside holds what is not its own"
        with s.connect(proxy.port()) as connection:
            s.read_reply(connection)
            smtp.until_named(proxy, connection)
    assert proxy.sessions()[0]["client"]["pid"] == os.getpid()
    assert not os.path.exists(f"/proc/{other}")


def test_root_without_files_goes_on_as_nobody(scope):
    need_root()
    need_sandbox(scope)
    control = scope.path("ctl.sock")
    with sink(scope, "-o", "text:-", "--control", control, outputs=()) as proxy:
        assert users(proxy.process.pid) == {str(pwd.getpwnam("nobody").pw_uid)}
        assert rights(proxy.process.pid) == rights(proxy.process.pid, "CapPrm") == set()
        send(proxy)
        s.until(lambda: b"1 ended" in scope.run("ctl", "status", "--control", control).stdout,
                "the end of the session")
    assert not os.path.exists(control)


def test_the_control_socket_goes_with_a_proxy_that_is_killed(scope):
    need_sandbox(scope)
    control = scope.path("ctl.sock")
    proxy = sink(scope, "--control", control)
    assert os.path.exists(control)
    proxy.stop(signal.SIGKILL)
    s.until(lambda: not os.path.exists(control), "the end of the control socket")


def test_a_process_outside_that_was_stopped_holds_no_session(scope):
    """It is asked on the loop of the sessions; what it does not answer in 2 ms is asked by a thread."""
    need_sandbox(scope)
    with sink(scope, "--threads", "1") as proxy, s.connect(proxy.port()) as first:
        s.read_reply(first)
        smtp.until_named(proxy, first)  # from here its place is asked for
        other = outside_of(proxy.process.pid)
        os.kill(other, signal.SIGSTOP)
        begun = time.monotonic()
        with s.connect(proxy.port()) as second:
            s.ask(first, "NOOP")
            s.read_reply(second)
            assert time.monotonic() - begun < 4, "the sessions waited for it"
        os.kill(other, signal.SIGCONT)
        with s.connect(proxy.port()) as third:
            s.read_reply(third)
            s.until(lambda: s.ask(third, "NOOP") and
                    any(event["session"] == 3 and event["pid"] == os.getpid() for event in proxy.events()),
                    "the client's process once it goes on")


def test_no_sandbox_gives_nothing_up(scope):
    with sink(scope, "--no-sandbox") as proxy:
        pid = proxy.process.pid
        assert (status_of(pid)["Seccomp"], status_of(pid)["NoNewPrivs"]) == (status_of("self")["Seccomp"],
                                                                           status_of("self")["NoNewPrivs"])
        assert rights(pid) == rights("self")
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            assert file.read() == ""
        send(proxy)


def test_what_it_gave_up_fails(scope):
    """The proxy itself is made to try, by its debugger: this test."""
    need_root()
    need_sandbox(scope)
    if platform.machine() != "x86_64":
        raise s.Skip("the attempts are made with x86-64's registers")
    with sink(scope, "-o", "text:" + scope.path("own/text")) as proxy:
        with injected.Tracer(proxy.process.pid) as tracer:
            assert tracer.call(EXECVE, "/bin/true", 0, 0) == -EPERM
            assert tracer.call(KILL, os.getpid(), 0) == -EPERM
            assert tracer.call(SOCKET, 17, 3, 0) < 0
            assert tracer.call(MMAP, 0, 4096, 7, 0x22, 0xffffffff, 0) == -EPERM
            assert tracer.call(OPEN, "/root", 0, 0) == -EACCES
            assert tracer.call(OPEN, "/etc/motd.new", os.O_CREAT | os.O_WRONLY, 0o600) == -EACCES
            assert tracer.call(OPEN, scope.program, 0, 0) == -EACCES
            assert tracer.call(OPEN, scope.path("own/text"), 0, 0) >= 0
        send(proxy)
    assert len(proxy.sessions()) == 1


def record(scope):
    with sink(scope) as proxy:
        send(proxy)
    return proxy.folder + "/out.json"


def test_view_is_confined_before_it_reads(scope):
    need_sandbox(scope)
    with web.viewed(scope, record(scope)) as (pid, page):
        words = status_of(pid)
        assert (words["NoNewPrivs"], words["Seccomp"], rights(pid)) == ("1", "2", set()), words
        if os.geteuid() == 0:
            assert users(pid) == {str(pwd.getpwnam("nobody").pw_uid)}
        if os.geteuid() == 0 and platform.machine() == "x86_64":
            with injected.Tracer(pid) as tracer:
                assert tracer.call(EXECVE, "/bin/true", 0, 0) == -EPERM
                assert tracer.call(OPEN, scope.program, 0, 0) == -EACCES
                assert tracer.call(OPEN, "/etc/passwd", 0, 0) >= 0
        assert len(page.get("/api/v1/sessions")["sessions"]) == 1


def is_writing(pid):
    with open(f"/proc/{pid}/syscall") as file:
        return file.read().startswith("1 0x1 ")  # write, and standard output


@contextlib.contextmanager
def held(scope, *words):
    """A command whose standard output is full: its pid, while it waits to write its first line."""
    reads, writes = os.pipe()
    full = b"x" * fcntl.fcntl(writes, fcntl.F_SETPIPE_SZ, 4096)
    os.write(writes, full)
    process = subprocess.Popen([scope.program, *words], env=scope.environment, stdout=writes,
                               stderr=subprocess.PIPE)
    os.close(writes)
    try:
        s.until(lambda: is_writing(process.pid), "its first line")
        yield process.pid
        with open(reads, "rb") as output:
            said, errors = output.read()[len(full):], process.stderr.read()
        assert process.wait(s.TIMEOUT) == 0 and said and errors == b"", errors
    finally:
        process.kill()
        process.stderr.close()
        process.wait()


def need_attempts():
    need_root()
    if platform.machine() != "x86_64":
        raise s.Skip("the attempts are made with x86-64's registers")


def test_show_is_confined_before_it_reads(scope):
    need_sandbox(scope)
    need_attempts()
    transcript = record(scope)
    with held(scope, "show", transcript) as pid:
        words = status_of(pid)
        assert (words["NoNewPrivs"], words["Seccomp"], rights(pid)) == ("1", "2", set()), words
        assert users(pid) == {str(pwd.getpwnam("nobody").pw_uid)}
        with injected.Tracer(pid) as tracer:
            assert tracer.call(EXECVE, "/bin/true", 0, 0) == -EPERM
            assert tracer.call(SOCKET, 2, 1, 0) == -EPERM
            assert tracer.call(OPEN, transcript, 0, 0) == -EACCES
            assert tracer.call(OPEN, "/tmp/sandbox.test", os.O_CREAT | os.O_WRONLY, 0o600) == -EACCES


def test_check_is_confined_but_for_its_files(scope):
    need_sandbox(scope)
    need_attempts()
    transcript, report = record(scope), scope.path("reports/junit.xml")
    os.mkdir(scope.path("reports"))
    with held(scope, "check", "--report", "text", "--report", "junit:" + report, transcript) as pid:
        words = status_of(pid)
        assert (words["NoNewPrivs"], words["Seccomp"]) == ("1", "2"), words
        assert rights(pid) == FILE_RIGHTS & rights("self"), rights(pid)
        with injected.Tracer(pid) as tracer:
            assert tracer.call(EXECVE, "/bin/true", 0, 0) == -EPERM
            assert tracer.call(SOCKET, 2, 1, 0) == -EPERM
            assert tracer.call(OPEN, transcript, 0, 0) >= 0
            assert tracer.call(OPEN, transcript, os.O_WRONLY, 0) == -EACCES
            assert tracer.call(OPEN, scope.program, 0, 0) == -EACCES
    assert os.path.getsize(report) > 0


def test_check_reads_what_is_no_file(scope):
    """Standard input, and a pipe that has a name in /dev/fd."""
    transcript = record(scope)
    with open(transcript, "rb") as file:
        assert scope.run("check", "-", stdin=file).returncode == 0
    script = '"$0" check <(cat "$1") --report junit:/dev/stdout | grep -q testsuite'
    subprocess.run(["bash", "-o", "pipefail", "-c", script, scope.program, transcript],
                   env=scope.environment, check=True)


def test_show_and_check_without_sandbox(scope):
    need_root()
    transcript = record(scope)
    for command in "show", "check":
        with held(scope, command, "--no-sandbox", transcript) as pid:
            assert status_of(pid)["Seccomp"] == status_of("self")["Seccomp"]
            assert rights(pid) == rights("self")


# systemd's module knows `nobody` without a file.
USERS_OF_FILE = ("echo passwd: files > \"$0.switch\" && mount --bind \"$0.switch\" /etc/nsswitch.conf && "
                 "mount --bind \"$0\" /etc/passwd && exec \"$@\"")


def test_a_reader_that_stays_root_says_so(scope):
    """Where there is no such user, and where no other one may be had."""
    transcript = record(scope)
    users = scope.path("passwd")
    with open(users, "w") as file:
        file.write("root:x:0:0:root:/root:/bin/sh\n")
    in_namespace(scope, USERS_OF_FILE, "passwd")
    for wrapper in scope.wrapper, ["unshare", "-U", "-r"]:
        if subprocess.run([*wrapper, "true"], check=False).returncode != 0:
            raise s.Skip("user namespaces do not work here")
        done = subprocess.run([*wrapper, scope.program, "show", transcript], env=scope.environment,
                              capture_output=True, check=True)
        assert b"this process continues as root: it cannot become nobody (" in done.stderr, done.stderr
        assert b"EHLO" in done.stdout, done.stdout


def test_view_without_sandbox(scope):
    with web.viewed(scope, record(scope), words=["--no-sandbox"]) as (pid, page):
        assert status_of(pid)["Seccomp"] == status_of("self")["Seccomp"]
        assert rights(pid) == rights("self")
        assert len(page.get("/api/v1/sessions")["sessions"]) == 1


# ── what works all the same ─────────────────────────────────────────────────────────────────────


def test_a_name_is_looked_up(scope):
    with smtp.Server() as server:
        mode = f"reverse:smtp://localhost:{server.port}@127.0.0.1:0"
        with scope.proxy("--mode", mode) as proxy:
            send(proxy)
    assert proxy.sessions()[0]["outcome"] == "completed", proxy.sessions()


def test_a_folder_that_was_made_again_is_found(scope):
    folder = scope.path("logs/own")
    with sink(scope, "-o", f"jsonl:{folder}/one.jsonl", outputs=()) as proxy:
        send(proxy)
        s.until(lambda: os.path.getsize(folder + "/one.jsonl"), "the first session")
        shutil.rmtree(folder)
        os.mkdir(folder)
        proxy.process.send_signal(signal.SIGHUP)
        s.until(lambda: os.path.exists(folder + "/one.jsonl"), "the new file")
        send(proxy)
    assert os.path.getsize(folder + "/one.jsonl") > 0
    assert "cannot" not in open(proxy.error_file.name).read()


def test_a_plain_user_is_confined_too(scope):
    need_sandbox(scope)
    scope.wrapper = ways.prepare_user(scope)
    os.mkdir(scope.path("by-user"))
    shutil.chown(scope.path("by-user"), ways.NOBODY)
    output = scope.path("by-user/out.json")
    shutil.chown(scope.folder, ways.NOBODY)
    ready = scope.path("by-user/ready")
    process = subprocess.Popen([*scope.wrapper, scope.program, "proxy", "--mode", "sink@127.0.0.1:0",
                                "-o", "json:" + output, "--ready-file", ready], env=scope.environment)
    try:
        s.until(lambda: os.path.exists(ready), "its ready file")
        assert status_of(process.pid)["Seccomp"] == "2" and rights(process.pid) == set()
        assert os.stat(f"/proc/{process.pid}/mem").st_uid == 0, "its user may look into its memory"
    finally:
        process.terminate()
        assert process.wait(s.TIMEOUT) == 0
    assert stat.S_IMODE(os.stat(output).st_mode) == 0o600


# ── the machine's files ─────────────────────────────────────────────────────────────────────────

# In folders of their own, far from those of the outputs: the roots where a distribution's link leads.
LINKED_ROOTS = ("mount -t tmpfs -o mode=755 none /mnt && mkdir /mnt/far /mnt/roots && "
                "mv \"$0\" /mnt/far/root.pem && mount -t tmpfs -o mode=755 none /etc/ssl && "
                "ln -s /mnt/far/root.pem /etc/ssl/ca-bundle.pem && "
                "ln -s /mnt/far/root.pem /mnt/roots/$HASH.0 && exec \"$@\"")
HOSTS_OF_ROOT = ("echo '127.0.0.1 localhost' > \"$0\" && chmod 600 \"$0\" && "
                 "mount --bind \"$0\" /etc/hosts && exec \"$@\"")


def in_namespace(scope, script, name):
    """The proxy sees the mounts of the script, which gets the path of a file of the scope as $0."""
    need_root()
    need_sandbox(scope)
    if subprocess.run(["unshare", "-m", "true"], check=False).returncode != 0:
        raise s.Skip("mount namespaces do not work here")
    scope.wrapper = ["unshare", "-m", "sh", "-c", script, scope.path(name)]


def server_verifies(scope):
    with smtp.Server(scope, "implicit") as server:
        mode = f"reverse:smtps://localhost:{server.port}@127.0.0.1:0"
        with scope.proxy("--mode", mode) as proxy:
            send(proxy)
    return proxy.sessions()[0]["tls"]["server"]["verify"]["ok"]


def test_roots_are_read_where_a_link_leads(scope):
    in_namespace(scope, LINKED_ROOTS, "copy.pem")
    _, _, root = scope.server_certificate()
    hashed = subprocess.run(["openssl", "x509", "-noout", "-subject_hash_old", "-in", root], check=True,
                            capture_output=True)
    scope.environment["HASH"] = hashed.stdout.decode().strip()
    for folders in None, "/nowhere:/mnt/roots":
        shutil.copy(root, scope.path("copy.pem"))
        if folders:
            scope.environment["SSL_CERT_DIR"] = folders
        assert server_verifies(scope), folders


def test_root_stays_root_where_nobody_else_can_look_names_up(scope):
    in_namespace(scope, HOSTS_OF_ROOT, "hosts")
    with smtp.Server() as server:
        mode = f"reverse:smtp://localhost:{server.port}@127.0.0.1:0"
        with scope.proxy("--mode", mode, "-o", "text:-", outputs=()) as proxy:
            assert users(proxy.process.pid) == {"0"} and rights(proxy.process.pid) <= FILE_RIGHTS
            send(proxy)


def test_the_ready_file_takes_the_place_of_another_users(scope):
    """In a folder like /tmp, where only its owner or root may."""
    need_root()
    folder, ready = scope.path("shared"), scope.path("shared/ready")
    os.mkdir(folder)
    open(ready, "w").close()
    for path, user in (folder, 12345), (ready, 12346):
        os.chown(path, user, user)
    os.chmod(folder, 0o1777)
    process = subprocess.Popen([scope.program, "proxy", "--mode", "sink@127.0.0.1:0", "--ready-file", ready],
                               env=scope.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        s.until(lambda: os.path.getsize(ready) > 0 or process.poll() is not None, "its ready file")
    finally:
        process.terminate()
        assert process.wait(s.TIMEOUT) == 0


# ── --user ──────────────────────────────────────────────────────────────────────────────────────


def as_user(scope, user, *words):
    """Outputs in a folder that is the user's own."""
    folder = scope.path("by-user")
    os.makedirs(folder, exist_ok=True)
    os.chmod(scope.folder, 0o711)
    shutil.chown(folder, ways.NOBODY)
    return sink(scope, "--user", user, "-o", f"text:{folder}/text", "-o", f"json:{folder}/json", "-o",
                f"eml:{folder}/mails", *words, outputs=())


def test_user_owns_the_outputs_and_goes_on_with_them(scope):
    need_root()
    entry = pwd.getpwnam(ways.NOBODY)
    with as_user(scope, ways.NOBODY, "--rotate", "400") as proxy:
        pid = proxy.process.pid
        assert users(pid) == {str(entry.pw_uid)} and rights(pid) == set()
        for _ in range(3):
            send(proxy)
        text = scope.path("by-user/text")
        s.until(lambda: os.path.exists(text + ".1"), "a rotated file")
        proxy.process.send_signal(signal.SIGHUP)
        send(proxy)
    for name in ("text", "text.1", "json", "mails"):
        assert os.stat(scope.path("by-user/" + name)).st_uid == entry.pw_uid, name
    assert "cannot" not in open(proxy.error_file.name).read()
    with as_user(scope, str(entry.pw_uid)) as proxy:
        assert users(proxy.process.pid) == {str(entry.pw_uid)}


def test_user_root_stays_root(scope):
    need_root()
    need_sandbox(scope)
    with sink(scope, "--user", "root", "-o", "text:-", outputs=()) as proxy:
        assert users(proxy.process.pid) == {"0"} and rights(proxy.process.pid) <= FILE_RIGHTS


def refused(scope, *words):
    done = scope.run("proxy", "--mode", "sink@127.0.0.1:0", *words)
    assert done.returncode == 3, done
    return done.stderr.decode()


def test_a_user_who_cannot_be_had_is_an_error(scope):
    need_root()
    assert "there is no user 'no-such-user'" in refused(scope, "--user", "no-such-user")
    os.mkdir(scope.path("of-root"), 0o700)
    said = refused(scope, "--user", ways.NOBODY, "-o", "text:" + scope.path("of-root/text"))
    assert "cannot write to text output" in said, said
    said = refused(scope, "--user", ways.NOBODY, "--report", "junit:" + scope.path("of-root/junit"))
    assert "cannot write the report" in said, said
    plain = ways.prepare_user(scope)
    done = subprocess.run([*plain, scope.program, "proxy", "--mode", "sink@127.0.0.1:0", "--user", "root"],
                          env=scope.environment, capture_output=True, timeout=s.TIMEOUT)
    assert done.returncode == 3 and b"only root can continue as 'root'" in done.stderr, done


if __name__ == "__main__":
    s.main(globals())
