#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Claims: each runtime trusts the CA by what `ca env` prints and nothing else, and refuses a
server of another CA; a CA that is limited to some names is refused outside of them; the exported
forms are read by keytool and OpenSSL.

Run as `ca_trust.py CA_FILES`, the program made of test/unit/certs/ca_files.c. What is not
installed is skipped by name; 77 is the exit status where nothing could be tried.
"""
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import time

from support.scope import Server

CA_FILES = sys.argv[1]

PYTHON = """
import socket, ssl, sys
context = ssl.create_default_context()
with context.wrap_socket(socket.create_connection(("127.0.0.1", int(sys.argv[2]))),
                         server_hostname=sys.argv[1]): pass
"""
NODE = """
const socket = require("tls").connect({host: "127.0.0.1", port: +process.argv[3],
    servername: process.argv[2] === "127.0.0.1" ? undefined : process.argv[2],
    checkServerIdentity: (_, c) => require("tls").checkServerIdentity(process.argv[2], c)},
    () => process.exit(0));
socket.on("error", (e) => { console.error(e.code); process.exit(1); });
"""
PERL = """
use IO::Socket::SSL;
IO::Socket::SSL->new(PeerAddr => "127.0.0.1:$ARGV[1]", SSL_hostname => $ARGV[0],
    SSL_verifycn_name => $ARGV[0], SSL_verifycn_scheme => "smtp") or die $SSL_ERROR;
"""
JAVA = """
import java.net.Socket; import javax.net.ssl.*;
public class Client { public static void main(String[] a) throws Exception {
    SSLSocketFactory f = (SSLSocketFactory) SSLSocketFactory.getDefault();
    SSLSocket s = (SSLSocket) f.createSocket(new Socket("127.0.0.1", Integer.parseInt(a[1])),
                                             a[0], Integer.parseInt(a[1]), true);
    SSLParameters p = s.getSSLParameters();
    p.setEndpointIdentificationAlgorithm("HTTPS"); s.setSSLParameters(p);
    s.startHandshake(); s.close(); } }
"""
GO = """
package main
import ("crypto/tls"; "log"; "os")
func main() {
    c, err := tls.Dial("tcp", "127.0.0.1:"+os.Args[2], &tls.Config{ServerName: os.Args[1]})
    if err != nil { log.Fatal(err) }
    c.Close()
}
"""


def server_of(pem):
    """A TLS server that is not BoringSSL, with one of our leaves."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)

    def handle(client):
        try:
            with context.wrap_socket(client, server_side=True) as tls:
                tls.recv(1)
        except OSError:
            pass  # the client's verdict is what counts

    return Server(handle)


class Folder:
    """A CA with leaves, made by ca_files."""

    def __init__(self, hosts, names):
        self.path = tempfile.mkdtemp(prefix="scope-trust-")
        subprocess.run([CA_FILES, self.path, hosts, *names], check=True)

    def file(self, name):
        return os.path.join(self.path, name)

    def environment(self):
        """What a shell has after evaluating what `ca env` prints, over a hostile inheritance."""
        base = {"PATH": os.environ["PATH"], "HOME": self.path, "CURL_CA_BUNDLE": "/nonexistent",
                "GOCACHE": os.path.join(tempfile.gettempdir(), "scope-go-cache")}
        shell = subprocess.run(["sh", "-c", '. "$0" && env -0', self.file("env.sh")], env=base,
                               check=True, stdout=subprocess.PIPE)
        return dict(item.split("=", 1) for item in shell.stdout.decode().split("\0") if item)


def write(folder, name, text):
    with open(folder.file(name), "w", encoding="utf-8") as file:
        file.write(text)
    return folder.file(name)


def clients(folder):
    """name -> command with NAME and PORT behind it, and its environment."""
    env = folder.environment()
    known = {
        "python": ["/usr/bin/python3", write(folder, "c.py", PYTHON)],
        "node": ["node", write(folder, "c.js", NODE)],
        "perl": ["perl", write(folder, "c.pl", PERL)],
        "java": ["java", write(folder, "Client.java", JAVA)],
        "go": ["go", "run", write(folder, "c.go", GO)],
        # 60 is curl's own verdict on a certificate; that the server is no HTTP server is not its
        # fault here.
        "curl": ["sh", "-c", 'curl -sS -m 20 --resolve "$0:$1:127.0.0.1" "https://$0:$1/"; '
                 'test $? -ne 60'],
        "openssl": ["sh", "-c", 'case $0 in [0-9]*) k=-verify_ip;; *) k=-verify_hostname;; esac; '
                    'openssl s_client -connect "127.0.0.1:$1" -verify_return_error $k "$0" '
                    '</dev/null'],
        # GnuTLS reads no variable; the comment at the end says what to give it.
        "gnutls": ["sh", "-c", f'gnutls-cli --x509cafile={folder.file("ca/ca.pem")} '
                   '--verify-hostname="$0" -p "$1" 127.0.0.1 </dev/null'],
    }
    tools = {"python": "/usr/bin/python3", "openssl": "openssl", "gnutls": "gnutls-cli"}
    for name, command in known.items():
        if shutil.which(tools.get(name, name)) is None:
            print(f"skipped {name}: not installed")
            continue
        if name == "perl" and subprocess.run(["perl", "-MIO::Socket::SSL", "-e1"],
                                             stderr=subprocess.DEVNULL).returncode != 0:
            print("skipped perl: IO::Socket::SSL is not installed")
            continue
        yield name, command, env


failures = []


def expect(accepts, claim, command, env):
    started = time.monotonic()
    run = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         timeout=120)
    well = (run.returncode == 0) == accepts
    print(f"{'ok' if well else 'FAILED'}: {claim} ({time.monotonic() - started:.1f} s)")
    if not well:
        failures.append(claim)
        print(run.stdout.decode(errors="replace"))


def try_all(folder, cases):
    """cases: (name, PEM file, accepted)."""
    tried = 0
    for client, command, env in clients(folder):
        for name, pem, accepted in cases:
            with server_of(pem) as server:
                expect(accepted, f"{client} {'accepts' if accepted else 'refuses'} {name} "
                       f"of {os.path.basename(pem)}", [*command, name, str(server.port)], env)
            tried += 1
    return tried


def try_forms(folder):
    if shutil.which("openssl"):
        expect(True, "openssl reads ca.p12", ["openssl", "pkcs12", "-in", folder.file("ca.p12"),
               "-nokeys", "-passin", "pass:changeit"], None)
        expect(True, "openssl reads ca.der", ["openssl", "x509", "-inform", "der", "-noout", "-in",
               folder.file("ca.der")], None)
    if shutil.which("keytool"):
        for form in ("ca.p12", "ca.jks"):
            expect(True, f"keytool finds a trusted certificate in {form}",
                   ["sh", "-c", 'keytool -list -storepass changeit -keystore "$0" | '
                    'grep trustedCertEntry', folder.file(form)], None)


def main():
    ours = Folder("-", ["localhost", "127.0.0.1"])
    others = Folder("-", ["localhost"])
    limited = Folder("example.com,127.0.0.1",
                     ["a.example.com", "127.0.0.1", "a.example.org", "10.0.0.1"])
    named = Folder("example.com", ["a.example.com", "127.0.0.1"])
    addressed = Folder("127.0.0.1", ["a.example.com", "127.0.0.1"])
    try_forms(ours)
    tried = try_all(ours, [("localhost", ours.file("localhost.pem"), True),
                           ("127.0.0.1", ours.file("127.0.0.1.pem"), True),
                           ("example.org", ours.file("localhost.pem"), False),
                           ("localhost", others.file("localhost.pem"), False)])
    tried += try_all(limited, [("a.example.com", limited.file("a.example.com.pem"), True),
                               ("127.0.0.1", limited.file("127.0.0.1.pem"), True),
                               ("a.example.org", limited.file("a.example.org.pem"), False),
                               ("10.0.0.1", limited.file("10.0.0.1.pem"), False)])
    for folder, name in ((named, "a.example.com"), (addressed, "127.0.0.1")):
        tried += try_all(folder, [(other, folder.file(f"{other}.pem"), other == name)
                                  for other in ("a.example.com", "127.0.0.1")])
    for folder in (ours, others, limited, named, addressed):
        shutil.rmtree(folder.path)
    if failures:
        sys.exit(f"{len(failures)} failed: {failures}")
    sys.exit(0 if tried else 77)


main()
