# SPDX-License-Identifier: MIT
"""Real servers, each listening twice on 127.0.0.1: plain with STARTTLS, and implicit TLS.

A server is used in a with-statement. `port(how)` is where to go, `take()` the one message stored
since the last call, as the client's bytes (what the server puts in front is taken off)."""

import json
import os
import pwd
import re
import shutil
import socket
import subprocess
import threading

from clients import HERE, PASSWORD, USER
from support import scope as s
from support import tcp

UNPACKED_EXIM = os.path.join(HERE, "..", "..", "build", "exim", "usr", "sbin", "exim4")


class Stored:
    """Messages as files of a folder; each is taken once."""

    def __init__(self, folder):
        self.folder = folder
        self.seen = set()
        os.makedirs(folder, exist_ok=True)

    def take(self):
        names = s.until(lambda: sorted(set(os.listdir(self.folder)) - self.seen), "a stored message")
        assert len(names) == 1, f"{len(names)} messages were stored for one"
        self.seen.update(names)
        with open(os.path.join(self.folder, names[0]), "rb") as file:
            return file.read()


def _is_worked_in(folder):
    """Whether the working directory of any process is in this folder."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{pid}/cwd").startswith(folder + "/"):
                return True
        except OSError:
            pass  # it has ended
    return False


class Aiosmtpd:
    login = True

    def __init__(self, scope):
        try:
            from aiosmtpd.controller import Controller
            from aiosmtpd.smtp import AuthResult
        except ImportError:
            raise s.Skip("python3-aiosmtpd is not installed") from None
        self.messages = []
        self.arrived = threading.Condition()

        def authenticate(_server, _session, _envelope, _mechanism, data):
            good = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
            return AuthResult(success=good, handled=False)

        common = {"handler": self, "hostname": "127.0.0.1", "authenticator": authenticate,
                  "server_hostname": "aiosmtpd.example.net"}
        self.controllers = {
            "starttls": Controller(port=tcp.free_port(), tls_context=scope.server_context(), **common),
            # Its AUTH knows only its own STARTTLS as TLS.
            "implicit": Controller(port=tcp.free_port(), ssl_context=scope.server_context(),
                                   auth_require_tls=False, **common),
        }

    async def handle_DATA(self, _server, _session, envelope):  # the name that aiosmtpd looks for
        with self.arrived:
            self.messages.append(envelope.original_content)
            self.arrived.notify()
        return "250 2.0.0 Message accepted for delivery"

    def port(self, how):
        return self.controllers[how].port

    def take(self):
        with self.arrived:
            assert self.arrived.wait_for(lambda: self.messages, s.TIMEOUT), "nothing was stored"
            assert len(self.messages) == 1, f"{len(self.messages)} messages were stored for one"
            return self.messages.pop()

    def __enter__(self):
        for controller in self.controllers.values():
            controller.start()
        return self

    def __exit__(self, *_):
        for controller in self.controllers.values():
            controller.stop()


class SmtpServer:
    """npm's smtp-server."""

    login = True

    def __init__(self, scope):
        if shutil.which("node") is None or not os.path.isdir(
                os.path.join(HERE, "node_modules", "smtp-server")):
            raise s.Skip("smtp-server is not installed (npm ci in test/peers)")
        self.stored = Stored(scope.path("smtp-server"))
        chain, key, _ = scope.server_certificate()
        self.command = ["node", os.path.join(HERE, "server.js"), self.stored.folder, chain, key]
        self.process, self.ports = None, None

    def port(self, how):
        return self.ports[0 if how == "starttls" else 1]

    def take(self):
        return self.stored.take()

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE)
        self.ports = json.loads(self.process.stdout.readline())
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def without_trace(stored):
    """What a mail server received: without the fields that it put in front itself."""
    trace = re.compile(rb"(Return-Path|X-Original-To|Delivered-To|Received|Envelope-to|"
                       rb"Delivery-date):.*\n([ \t].*\n)*")
    while True:
        field = trace.match(stored)
        if field is None:
            return stored
        stored = stored[field.end():]


MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
myhostname = postfix.example.net
mydestination =
inet_interfaces = loopback-only
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
alias_maps =
smtpd_tls_security_level = may
smtpd_tls_cert_file = {chain}
smtpd_tls_key_file = {key}
smtpd_tls_session_cache_database =
virtual_mailbox_domains = example.net
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = static:box/
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
local_recipient_maps =
"""

MASTER_CF = """\
127.0.0.1:{plain} inet n - n - - smtpd
127.0.0.1:{tls} inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
error unix - - n - - error
retry unix - - n - - error
flush unix n - n 1000? 0 flush
showq unix n - n - - showq
verify unix - - n - 1 verify
"""


class Postfix:
    """A postfix of its own: configuration, queue and mail in one folder. It has no AUTH."""

    login = False

    def __init__(self, scope):
        if shutil.which("postfix") is None:
            raise s.Skip("postfix is not installed")
        if os.geteuid() != 0:
            raise s.Skip("postfix needs root")
        self.folder = scope.path("postfix")
        self.ports = {"starttls": tcp.free_port(), "implicit": tcp.free_port()}
        chain, key, _ = scope.server_certificate()
        owner = pwd.getpwnam("postfix")
        for name in ("config", "queue", "mail", "data"):
            os.makedirs(os.path.join(self.folder, name))
        os.chmod(scope.folder, 0o755)
        os.chown(os.path.join(self.folder, "data"), owner.pw_uid, owner.pw_gid)
        nobody = pwd.getpwnam("nobody")
        os.chown(os.path.join(self.folder, "mail"), nobody.pw_uid, nobody.pw_gid)
        self._write("main.cf", MAIN_CF.format(folder=self.folder, chain=chain, key=key,
                                              uid=nobody.pw_uid, gid=nobody.pw_gid))
        self._write("master.cf", MASTER_CF.format(plain=self.ports["starttls"],
                                                  tls=self.ports["implicit"]))
        self.stored = Stored(os.path.join(self.folder, "mail", "box", "new"))
        for part in ("box", "box/new"):
            os.chown(os.path.join(self.folder, "mail", part), nobody.pw_uid, nobody.pw_gid)

    def _write(self, name, text):
        with open(os.path.join(self.folder, "config", name), "w") as file:
            file.write(text)

    def _control(self, command):
        done = subprocess.run(["postfix", "-c", os.path.join(self.folder, "config"), command],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=s.TIMEOUT)
        return done.returncode, done.stdout.decode("utf-8", "replace")

    def port(self, how):
        return self.ports[how]

    def take(self):
        return without_trace(self.stored.take())

    def __enter__(self):
        status, said = self._control("start")
        if status != 0:
            raise AssertionError(f"postfix did not start: {said}")
        for port in self.ports.values():
            wait_until_listening(port)
        return self

    def __exit__(self, *_):
        self._control("stop")  # waits for the master; the others end after it, each by itself
        s.until(lambda: not _is_worked_in(self.folder), "the end of postfix's processes")


class Exim:
    """exim4-daemon-light from PATH, or as `scripts/unpack-exim` leaves it beside postfix."""

    login = False

    def __init__(self, scope):
        self.program = shutil.which("exim4") or shutil.which(UNPACKED_EXIM)
        if self.program is None:
            raise s.Skip("exim4 is not installed, nor unpacked by scripts/unpack-exim")
        if os.geteuid() != 0:
            raise s.Skip("exim needs root")
        try:
            pwd.getpwnam("Debian-exim")
        except KeyError:
            raise s.Skip("exim needs the user Debian-exim that its package makes") from None
        self.folder = scope.path("exim")
        self.ports = {"starttls": tcp.free_port(), "implicit": tcp.free_port()}
        chain, key, _ = scope.server_certificate()
        self.stored = Stored(os.path.join(self.folder, "mail", "new"))
        os.chmod(scope.folder, 0o755)
        user = pwd.getpwnam("nobody")
        for part in ("cur", "tmp", "../spool", "../log"):
            os.makedirs(os.path.join(self.folder, "mail", part))
        for root, folders, _files in os.walk(self.folder):
            for name in ["."] + folders:
                os.chown(os.path.join(root, name), user.pw_uid, user.pw_gid)
        with open(os.path.join(self.folder, "exim.conf"), "w") as file:
            file.write(EXIM_CONF.format(program=self.program, folder=self.folder, chain=chain,
                                        key=key, **self.ports))
        readable = os.stat(key).st_mode | 0o044
        os.chmod(key, readable)
        self.process = None

    def port(self, how):
        return self.ports[how]

    def take(self):
        return without_trace(self.stored.take())

    def __enter__(self):
        self.process = subprocess.Popen([self.program, "-C", os.path.join(self.folder, "exim.conf"),
                                         "-bdf", "-q1h"], stderr=subprocess.DEVNULL)
        for port in self.ports.values():
            wait_until_listening(port)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


EXIM_CONF = """\
exim_path = {program}
primary_hostname = exim.example.net
exim_user = nobody
exim_group = nogroup
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
pid_file_path = {folder}/exim.pid
local_interfaces = <; 127.0.0.1
daemon_smtp_ports = {starttls} : {implicit}
tls_on_connect_ports = {implicit}
tls_advertise_hosts = *
tls_certificate = {chain}
tls_privatekey = {key}
acl_smtp_rcpt = take_all
acl_smtp_data = take_all
host_lookup =
rfc1413_hosts =
never_users =
begin acl
take_all:
  accept
begin routers
all:
  driver = accept
  transport = store
begin transports
store:
  driver = appendfile
  maildir_format
  directory = {folder}/mail
  user = nobody
  group = nogroup
"""


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=s.TIMEOUT).close()
        return True
    except ConnectionRefusedError:
        return False


def wait_until_listening(port):
    s.until(lambda: listens(port), f"what listens on port {port}")


ALL = {"aiosmtpd": Aiosmtpd, "smtp_server": SmtpServer, "postfix": Postfix, "exim": Exim}
