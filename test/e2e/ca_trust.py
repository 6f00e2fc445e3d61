#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Claims: each runtime trusts the CA by what `ca env` prints and nothing else, and refuses a
server of another CA; a CA that is limited to some names is refused outside of them; the exported
forms are read by keytool and OpenSSL.

Run as `ca_trust.py CA_FILES`, the program made of test/unit/certs/ca_files.c.
"""
import os
import ssl
import subprocess
import tempfile

from support import scope as s

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

    return s.Server(handle)


class Folder:
    """A CA with leaves, made by ca_files."""

    def __init__(self, scope, name, hosts, names):
        self.path = scope.path(name)
        os.mkdir(self.path)
        subprocess.run([scope.program, self.path, hosts, *names], check=True)

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


def client_of(folder, name):
    """The command, which takes NAME and PORT."""
    known = {
        "python": ["/usr/bin/python3", write(folder, "c.py", PYTHON)],
        "node": ["node", write(folder, "c.js", NODE)],
        "perl": ["perl", write(folder, "c.pl", PERL)],
        "java": ["java", write(folder, "Client.java", JAVA)],
        "go": [folder.file("c.bin")],
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
    s.need({"python": "/usr/bin/python3", "gnutls": "gnutls-cli"}.get(name, name))
    if name == "go":
        subprocess.run(["go", "build", "-o", folder.file("c.bin"), write(folder, "c.go", GO)],
                       check=True, env=folder.environment())
    if name == "perl" and subprocess.run(["perl", "-MIO::Socket::SSL", "-e1"],
                                         stderr=subprocess.DEVNULL).returncode != 0:
        raise s.Skip("IO::Socket::SSL is not installed")
    return known[name]


def expect(accepts, claim, command, env):
    run = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         timeout=s.TIMEOUT)
    assert (run.returncode == 0) == accepts, (claim, run.stdout.decode(errors="replace"))


def try_all(client, folder, *cases):
    """cases: (name, PEM file, accepted)."""
    command, env = client_of(folder, client), folder.environment()
    for name, pem, accepted in cases:
        with server_of(pem) as server:
            expect(accepted, f"{client} {'accepts' if accepted else 'refuses'} {name} of "
                   f"{os.path.basename(pem)}", [*command, name, str(server.port)], env)


def claim_trust(client):
    def test(scope):
        ours = Folder(scope, "ours", "-", ["localhost", "127.0.0.1"])
        others = Folder(scope, "others", "-", ["localhost"])
        try_all(client, ours, ("localhost", ours.file("localhost.pem"), True),
                ("127.0.0.1", ours.file("127.0.0.1.pem"), True),
                ("example.org", ours.file("localhost.pem"), False),
                ("localhost", others.file("localhost.pem"), False))

    return test


def claim_limits(client):
    def test(scope):
        limited = Folder(scope, "limited", "example.com,127.0.0.1",
                         ["a.example.com", "127.0.0.1", "a.example.org", "10.0.0.1"])
        try_all(client, limited, *((name, limited.file(f"{name}.pem"), accepted)
                                   for name, accepted in (("a.example.com", True),
                                                          ("127.0.0.1", True),
                                                          ("a.example.org", False),
                                                          ("10.0.0.1", False))))
        for hosts, name in (("example.com", "a.example.com"), ("127.0.0.1", "127.0.0.1")):
            folder = Folder(scope, name, hosts, ["a.example.com", "127.0.0.1"])
            try_all(client, folder, *((other, folder.file(f"{other}.pem"), other == name)
                                      for other in ("a.example.com", "127.0.0.1")))

    return test


def test_openssl_reads_what_is_exported(scope):
    s.need("openssl")
    ours = Folder(scope, "ours", "-", ["localhost"])
    expect(True, "openssl reads ca.p12", ["openssl", "pkcs12", "-in", ours.file("ca.p12"),
           "-nokeys", "-passin", "pass:changeit"], None)
    expect(True, "openssl reads ca.der", ["openssl", "x509", "-inform", "der", "-noout", "-in",
           ours.file("ca.der")], None)


def test_keytool_finds_a_trusted_certificate(scope):
    s.need("keytool")
    ours = Folder(scope, "ours", "-", ["localhost"])
    for form in ("ca.p12", "ca.jks"):
        expect(True, form, ["sh", "-c", 'keytool -list -storepass changeit -keystore "$0" | '
                            'grep trustedCertEntry', ours.file(form)], None)


CLIENTS = ("python", "node", "perl", "java", "go", "curl", "openssl", "gnutls")

if __name__ == "__main__":
    tests = dict(globals())
    for client in CLIENTS:
        tests[f"test_{client}_trusts_the_ca"] = claim_trust(client)
        tests[f"test_{client}_keeps_to_its_limits"] = claim_limits(client)
    s.main(tests)
