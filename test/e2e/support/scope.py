# SPDX-License-Identifier: MIT
"""What the end-to-end tests share: the program under test, scripted peers, TLS on both sides.

Only the standard library is used. A test is a function `test_…(scope)`; `main` runs all of them, or
those named on the command line after the program's path.
"""

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

from support import runner

SKIPPED, Skip = runner.SKIPPED, runner.Skip

# Python sleeps until a moment of the monotonic clock, which libfaketime 0.9 takes for one of the
# faked clock and refuses.
if "FAKETIME" in os.environ:
    time.sleep = lambda seconds: select.select([], [], [], seconds)

TIMEOUT = 120  # seconds; a bound for what hangs, never a claim about speed


class Scope:
    """A folder of its own with a CA, and a way to start the program in it."""

    def __init__(self, program):
        self.program = os.path.abspath(program)
        self.folder = tempfile.mkdtemp(prefix="scope-e2e-")
        self.environment = dict(os.environ, XDG_DATA_HOME=self.folder, XDG_RUNTIME_DIR=self.folder,
                                HOME=self.folder)
        for name in ("SSLKEYLOGFILE", "SSL_CERT_FILE", "SSL_CERT_DIR", "NO_COLOR"):
            self.environment.pop(name, None)
        self.wrapper = []  # a command that runs the proxy, such as strace
        self.count = 0

    def path(self, name):
        return os.path.join(self.folder, name)

    @property
    def ca(self):
        """ca.pem of the program, made when it is first asked for."""
        path = self.path("smtpscope/ca.pem")
        if not os.path.exists(path):
            self.run("ca", "show")
        return path

    def run(self, *words, **options):
        """Runs the program to its end; returns the CompletedProcess."""
        return subprocess.run([self.program, *words], env=self.environment, timeout=TIMEOUT,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)

    def proxy(self, *words, outputs=("json", "text", "jsonl")):
        self.count += 1
        return Proxy(self, self.path(f"run{self.count}"), words, outputs)

    def openssl(self, *words):
        subprocess.run(["openssl", *words], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, cwd=self.folder)

    def server_certificate(self, name="server", host="localhost", days=30, ca=True):
        """A certificate for `host` and 127.0.0.1, signed by a CA of the test; (chain, key, root)."""
        root, root_key = self.path("root.pem"), self.path("root.key")
        if not os.path.exists(root):
            self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                         "-nodes", "-keyout", root_key, "-out", root, "-days", "365", "-subj",
                         "/CN=test root", "-addext", "basicConstraints=critical,CA:TRUE")
        chain, key = self.path(name + ".pem"), self.path(name + ".key")
        if not os.path.exists(chain):
            request, extra = self.path(name + ".csr"), self.path(name + ".ext")
            with open(extra, "w") as file:
                file.write(f"subjectAltName=DNS:{host},IP:127.0.0.1\n"
                           "extendedKeyUsage=serverAuth\n")
            self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                         "-keyout", key, "-out", request, "-subj", f"/CN={host}")
            self.openssl("x509", "-req", "-in", request, "-CA", root, "-CAkey", root_key,
                         "-CAcreateserial", "-out", chain, "-days", str(days), "-extfile", extra)
        return chain, key, root

    def server_context(self, **options):
        chain, key, _ = self.server_certificate(**options)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain, key)
        return context

    def client_context(self):
        """A client that verifies, and trusts our CA alone."""
        return ssl.create_default_context(cafile=self.ca)

    def cleanup(self):
        shutil.rmtree(self.folder, ignore_errors=True)


class Proxy:
    """A running `smtpscope proxy`. Use it in a with-statement; afterwards its outputs can be read."""

    def __init__(self, scope, folder, words, outputs):
        os.makedirs(folder)
        self.folder = folder
        ready = os.path.join(folder, "ready")
        command = [*scope.wrapper, scope.program, "proxy", *words, "--ready-file", ready]
        for output in outputs:
            command += ["-o", f"{output}:{os.path.join(folder, 'out.' + output)}"]
        self.error_file = open(os.path.join(folder, "stderr"), "w+b")
        self.process = subprocess.Popen(command, env=scope.environment, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=self.error_file)
        self.status = None
        self.addresses = self._wait_for(ready)

    def _wait_for(self, ready):
        until(lambda: os.path.exists(ready) or self.process.poll() is not None, "its ready file")
        if self.process.poll() is not None and not os.path.exists(ready):
            raise AssertionError(f"the proxy did not start ({self.process.returncode}): "
                                 f"{self.errors()}")
        with open(ready) as file:
            return [line.strip() for line in file]

    def port(self, index=0):
        return int(self.addresses[index].rsplit(":", 1)[1])

    def errors(self):
        with open(self.error_file.name, "rb") as file:
            return file.read().decode("utf-8", "replace")

    def stop(self, number=signal.SIGTERM):
        if self.status is None:
            if self.process.poll() is None:
                self.process.send_signal(number)
            self.status = self.process.wait(TIMEOUT)
            self.error_file.close()
        return self.status

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        status = self.stop()
        if kind is not None and (status != 0 or self.errors()):
            print(f"the proxy ended with {status} and said: {self.errors()}")
        if kind is None and status != 0:
            raise AssertionError(f"the proxy ended with {status}: {self.errors()}")

    def output(self, name):
        with open(os.path.join(self.folder, "out." + name), "rb") as file:
            return file.read()

    def sessions(self):
        """By their numbers; the file has them in the order in which they ended."""
        return sorted(json.loads(self.output("json"))["sessions"], key=lambda one: one["id"])

    def events(self):
        """Those that are there: while the proxy runs, the last line may be half of one."""
        *lines, rest = self.output("jsonl").split(b"\n")
        assert rest == b"" or self.status is None, rest
        return [json.loads(line) for line in lines]

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def socket_names(self):
        """`socket:[INODE]` of each. Libraries open a few other descriptors at their first use."""
        folder = f"/proc/{self.process.pid}/fd"
        names = set()
        for name in os.listdir(folder):
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                names.add(os.readlink(os.path.join(folder, name)))
        return {name for name in names if name.startswith("socket:")}

    def sockets(self):
        return len(self.socket_names())

    @contextlib.contextmanager
    def accepts(self, what, count=1):
        """What is done in the with-statement connects so often; after it the proxy has accepted them.
        Others may close their connections meanwhile."""
        before = self.socket_names()
        yield
        until(lambda: len(self.socket_names() - before) >= count, what)

    def memory_kib(self):
        with open(f"/proc/{self.process.pid}/status") as file:
            for line in file:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1])
        return 0


class Server:
    """Accepts connections on a free port of 127.0.0.1 and runs `handle(socket)` for each on a thread
    of its own. What a handler raises is raised again at the end of the with-statement."""

    def __init__(self, handle, address="127.0.0.1", port=0):
        self.handle = handle
        self.failures = []
        self.threads = []
        self.listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((address, port))
        self.listener.listen(4096)
        self.port = self.listener.getsockname()[1]
        self.acceptor = threading.Thread(target=self._accept, daemon=True)
        self.acceptor.start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.settimeout(TIMEOUT)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self.threads.append(thread)
            thread.start()

    def _serve(self, connection):
        try:
            self.handle(connection)
        except Exception as error:
            self.failures.append(error)
        finally:
            try:
                connection.close()
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        end_listener(self.listener, self.acceptor)
        for thread in self.threads:
            thread.join(TIMEOUT)
        if kind is None and self.failures:
            raise self.failures[0]


def end_listener(listener, acceptor):
    """Closes it only once nobody waits in accept: a thread that still does would, as soon as its
    call is begun anew, take the clients of whichever listener got the same number next."""
    listener.shutdown(socket.SHUT_RDWR)
    acceptor.join(TIMEOUT)
    listener.close()


def until(condition, what):
    """Waits for what sends no event, such as a line in a file; the bound is for what hangs."""
    deadline = time.monotonic() + TIMEOUT
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.01)
    return found


def let_pass(seconds):
    """For claims about time itself, which hold however much more of it passes."""
    time.sleep(seconds)


def fill(connection, data, most=1 << 62):
    """Sends `data` again and again until the kernel takes no more of it; returns how much it took."""
    connection.setblocking(False)
    sent = 0
    try:
        while sent < most:
            sent += connection.send(data[sent % len(data):])
    except BlockingIOError:
        pass
    connection.settimeout(TIMEOUT)
    return sent


def connect(port, host="127.0.0.1"):
    connection = socket.create_connection((host, port), timeout=TIMEOUT)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def readable(connection, seconds=0):
    return bool(select.select([connection], [], [], seconds)[0])


def read_line(connection):
    """One line with its line end; what the stream had where it ended."""
    line = b""
    while not line.endswith(b"\n"):
        byte = connection.recv(1)
        if not byte:
            break
        line += byte
    return line


def read_reply(connection):
    """A whole reply, as its lines."""
    lines = []
    while True:
        line = read_line(connection)
        lines.append(line)
        if len(line) < 4 or line[3:4] != b"-":
            return lines


def read_exactly(connection, size):
    parts = []
    while size > 0:
        part = connection.recv(min(size, 1 << 16))
        if not part:
            break
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def read_all(connection):
    parts = []
    while True:
        part = connection.recv(1 << 16)
        if not part:
            return b"".join(parts)
        parts.append(part)


def ask(connection, line):
    connection.sendall(line.encode() + b"\r\n")
    return read_reply(connection)


def need(program):
    """Skips the test where a program is not installed."""
    if shutil.which(program) is None:
        raise Skip(f"{program} is not installed")


def main(tests):
    """Runs the tests of a module's globals against the program named in argv[1]."""
    program, *names = sys.argv[1:]
    sys.exit(runner.run(tests, names, lambda: Scope(program)))
