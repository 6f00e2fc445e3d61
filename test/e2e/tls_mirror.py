#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Claims: under `--verify mirror` each client says of a bad server certificate what it says
without the proxy; under `off` it is satisfied; under `strict` it gets no certificate at all.

Each client is asked twice, once straight to the server and once through the proxy, trusting the
server's root and the proxy's CA; its two answers are compared. MIRROR_CLIENTS names some of them.
"""
import atexit
import contextlib
import functools
import os
import re
import shutil
import ssl
import subprocess
import tempfile

from support import certificates
from support import scope as s

WORK = tempfile.mkdtemp(prefix="scope-mirror-")  # the servers' certificates, which all tests share
DISPUTED = set()  # cases that some of the clients refuse, and some do not
atexit.register(shutil.rmtree, WORK)


def path(name):
    return os.path.join(WORK, name)


def write(where, text):
    with open(where, "w", encoding="utf-8") as file:
        file.write(text)
    return where


# ── the servers' certificates ────────────────────────────────────────────────────────────────────

def issue(name, subject, issuer, extensions, days=(-1, 30), **more):
    """name.pem and name.key, signed by `issuer` (None: by itself)."""
    certificates.Issuer(WORK).issue(name, extensions, issuer, subject, days, **more)


def read(name):
    with open(path(name), encoding="utf-8") as file:
        return file.read()


@functools.cache
def make_certificates():
    """name of the case -> PEM file with the chain and the key."""
    ca = certificates.CA
    leaf = ["basicConstraints=CA:FALSE", "keyUsage=critical,digitalSignature",
            "extendedKeyUsage=serverAuth"]
    ours, other = ["subjectAltName=DNS:localhost"], ["subjectAltName=DNS:other.example"]
    issue("root", "test root", None, ca, (-100, 100))
    issue("stranger", "strange root", None, ca, (-100, 100))
    issue("middle", "middle", "root", ca, (-50, 50))
    issue("strange-middle", "strange middle", "stranger", ca, (-50, 50))
    issue("old-middle", "old middle", "root", ca, (-50, -2))
    small = {"key": ("rsa", "rsa_keygen_bits:1024")}
    issue("sha1-middle", "sha1 middle", "root", ca, (-50, 50), digest="sha1")
    issue("small-middle", "small middle", "root", ca, (-50, 50), **small)
    cases = {}

    def case(name, issuer, names, chain=(), days=(-1, 30), extensions=tuple(leaf), **more):
        file = name.replace(" ", "-").replace(",", "")
        issue(file, "localhost", issuer, [*extensions, *names], days, **more)
        write(path(f"{file}.chain"), read(f"{file}.pem") +
              "".join(read(f"{c}.pem") for c in chain) + read(f"{file}.key"))
        cases[name] = path(f"{file}.chain")

    case("good", "middle", ours, ["middle"])
    case("expired", "middle", ours, ["middle"], (-20, -3))
    case("not yet valid", "middle", ours, ["middle"], (3, 20))
    case("wrong name", "middle", other, ["middle"])
    case("self-signed", None, ours)
    case("self-signed CA", None, ours, extensions=["basicConstraints=critical,CA:TRUE"])
    case("unknown issuer", "stranger", ours)
    case("unknown issuer, root sent", "stranger", ours, ["stranger"])
    case("unknown issuer, intermediate sent", "strange-middle", ours, ["strange-middle"])
    case("incomplete chain", "middle", ours)
    case("expired intermediate", "old-middle", ours, ["old-middle"])
    case("wrong purpose", "middle", ours, ["middle"],
         extensions=[*leaf[:2], "extendedKeyUsage=clientAuth"])
    case("expired, wrong name", "middle", other, ["middle"], (-20, -3))
    case("expired, self-signed", None, ours, (), (-20, -3))
    case("unknown issuer, wrong name", "stranger", other)
    certain = set(cases)
    case("SHA-1", "middle", ours, ["middle"], digest="sha1")
    case("SHA-1 intermediate", "sha1-middle", ours, ["sha1-middle"])
    case("RSA 1024", "middle", ours, ["middle"], **small)
    case("RSA 1024 and SHA-1", "middle", ours, ["middle"], digest="sha1", **small)
    case("RSA 1024 intermediate", "small-middle", ours, ["small-middle"])
    case("RSA 1024, self-signed", None, ours, **small)
    case("common name alone", "middle", [], ["middle"])
    case("address beside the common name", "middle", ["subjectAltName=IP:127.0.0.1"], ["middle"])
    case("mail beside the common name", "middle", ["subjectAltName=email:a@example.com"], ["middle"])
    case("common name alone, expired", "middle", [], ["middle"], (-20, -3))
    DISPUTED.update(set(cases) - certain)
    return cases


# ── the server ───────────────────────────────────────────────────────────────────────────────────

def server_of(chain):
    """Implicit TLS, a greeting, 250 to everything."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.load_cert_chain(chain)

    def handle(client):
        try:
            with context.wrap_socket(client, server_side=True) as tls:
                tls.sendall(b"220 test ESMTP\r\n")
                while tls.recv(4096):
                    tls.sendall(b"250 ok\r\n")
        except OSError:
            pass  # the client's verdict is what counts

    return s.Server(handle)


def proxy_of(scope, servers, policy):
    """One for all servers, each with a port there, in their order."""
    words = []
    for server in servers:
        words += ["--mode", f"reverse:smtps://localhost:{server.port}@127.0.0.1:0"]
    # A client that takes longer than 300 ms to begin TLS would count as a plain one.
    return scope.proxy(*words, "--client-tls", "implicit", "--verify", policy, "--server-ca",
                       path("root.pem"), outputs=("json",))


# ── the clients ──────────────────────────────────────────────────────────────────────────────────

PYTHON = """
import socket, ssl, sys
c = ssl.create_default_context(cafile=sys.argv[2])
try:
    c.wrap_socket(socket.create_connection(("127.0.0.1", int(sys.argv[1]))),
                  server_hostname="localhost").recv(9)
    print("accepted")
except ssl.SSLCertVerificationError as e:
    print(e.verify_code, e.verify_message)
"""
NODE = """
const s = require("tls").connect({host: "127.0.0.1", port: +process.argv[2], servername: "localhost",
    ca: require("fs").readFileSync(process.argv[3])}, () => { console.log("accepted"); s.destroy(); });
s.on("error", (e) => console.log(e.code));
"""
JAVA = """
import javax.net.ssl.*; import java.io.*; import java.net.*; import java.security.*;
import java.security.cert.*;
public class Client { public static void main(String[] a) throws Exception {
    KeyStore k = KeyStore.getInstance("JKS"); k.load(null, null); int i = 0;
    for (java.security.cert.Certificate c : CertificateFactory.getInstance("X.509")
             .generateCertificates(new FileInputStream(a[1]))) k.setCertificateEntry("c" + i++, c);
    TrustManagerFactory t = TrustManagerFactory.getInstance("PKIX"); t.init(k);
    SSLContext x = SSLContext.getInstance("TLS"); x.init(null, t.getTrustManagers(), null);
    SSLSocket s = (SSLSocket) x.getSocketFactory().createSocket(
        new Socket("127.0.0.1", Integer.parseInt(a[0])), "localhost", 1, true);
    SSLParameters p = s.getSSLParameters();
    p.setEndpointIdentificationAlgorithm("HTTPS"); s.setSSLParameters(p);
    try { s.startHandshake(); System.out.println("accepted"); }
    catch (SSLException e) { System.out.println(e.getMessage()); } } }
"""
GO = """
package main
import ("crypto/tls"; "crypto/x509"; "fmt"; "os")
func main() {
    pem, _ := os.ReadFile(os.Args[2])
    pool := x509.NewCertPool(); pool.AppendCertsFromPEM(pem)
    _, err := tls.Dial("tcp", "127.0.0.1:"+os.Args[1], &tls.Config{ServerName: "localhost", RootCAs: pool})
    if err != nil { fmt.Printf("%T %v\\n", err, err) } else { fmt.Println("accepted") }
}
"""


def client_of(scope, name):
    """The command, which takes the port and the trusted roots, and what of its answer counts (a
    pattern that finds the verdict)."""
    known = {
        "python": (["/usr/bin/python3", write(scope.path("c.py"), PYTHON)], ".*"),
        "openssl": (["sh", "-c", 'openssl s_client -connect "127.0.0.1:$0" -servername localhost '
                     '-verify_hostname localhost -CAfile "$1" </dev/null 2>&1'],
                    r"(?m)^ *Verify return code: .*|^verify error:.*"),
        "curl": (["sh", "-c", 'echo | curl -sS --cacert "$1" --resolve "localhost:$0:127.0.0.1" '
                  '--mail-from a@b.c --mail-rcpt d@e.f -T - "smtps://localhost:$0" 2>&1; '
                  'test $? -eq 60 || echo accepted'], r"SSL.*|accepted"),
        "gnutls": (["sh", "-c", 'gnutls-cli --x509cafile="$1" --sni-hostname=localhost '
                    '--verify-hostname=localhost -p "$0" 127.0.0.1 </dev/null 2>&1'],
                   r"- Status: .*"),
        "node": (["node", write(scope.path("c.js"), NODE)], ".*"),
        "java": (["java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", scope.folder,
                  "Client"],
                 "(?s).*"),
        "go": ([scope.path("c.bin")], "(?s).*"),
    }
    builds = {"java": ["javac", "-d", scope.folder, write(scope.path("Client.java"), JAVA)],
              "go": ["go", "build", "-o", scope.path("c.bin"), write(scope.path("c.go"), GO)]}
    programs = {"python": "/usr/bin/python3", "gnutls": "gnutls-cli"}
    build = builds.get(name, [programs.get(name, name)])
    s.need(build[0])
    if name in builds:
        cache = os.path.join(tempfile.gettempdir(), "scope-go-cache")
        subprocess.run(build, check=True, env=dict(os.environ, GOCACHE=cache))
    return known[name]


def plain(text):
    """Without what differs from one certificate to the next: names of issuers, dates, numbers."""
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:]+Z?", "TIME", text)
    text = re.sub(r"(current time \S+ is) (before|after) \S+", r"\1 \2 TIME", text)
    text = re.sub(r"\(possibly because of.*", "", text)
    # The leaf is weak for its chain too.
    text = re.sub(r"66 EE certificate key|67 CA certificate key", "some key", text)
    text = re.sub(r"6[67] \(.. certificate key", "some key", text)
    text = re.sub(r"(num=6[67]:)?(EE|CA) certificate key", "some key", text)
    text = re.sub(r"(NotAfter|NotBefore): .*", r"\1", text)
    return text


def ask(client, port, roots):
    command, verdict = client
    run = subprocess.run([*command, str(port), roots], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, timeout=s.TIMEOUT, check=False)
    found = re.findall(verdict, run.stdout.decode(errors="replace"))
    once = dict.fromkeys(item.strip() for item in found if item)  # s_client repeats itself
    return plain("\n".join(once).strip())


def check_findings(case, policy, sessions):
    """What is wrong is said in each session, whatever the client does about it."""
    due = {"tls-server-certificate", "tls-weak"}
    sessions = [session for session in sessions if session["tls"]["server"] is not None]
    rules = [{finding["rule"] for finding in session["findings"]} for session in sessions]
    assert rules and all(bool(due & each) == (case != "good") for each in rules), (case, rules)
    blamed = [each for each in rules if "tls-client-no-check" in each]
    assert policy != "mirror" or not blamed, (case, blamed)


class Asked:
    """One client and the servers of all cases, which it is asked about."""

    def __init__(self, scope, name, servers):
        self.scope, self.name, self.servers = scope, name, servers
        self.client = client_of(scope, name)
        with open(scope.ca, encoding="utf-8") as ca:
            self.roots = write(scope.path("trusted.pem"), read("root.pem") + ca.read())
        self.straight = {case: ask(self.client, server.port, self.roots)
                         for case, server in servers.items()}

    def through(self, policy, cases):
        """{case: its answer through the proxy}"""
        with proxy_of(self.scope, [self.servers[case] for case in cases], policy) as proxy:
            answers = {case: ask(self.client, proxy.port(i), self.roots)
                       for i, case in enumerate(cases)}
        for case in cases:
            check_findings(case, policy, [session for session in proxy.sessions()
                           if session["server"]["port"] == self.servers[case].port])
        return answers


def claim_mirror(name):
    def test(scope):
        s.need("openssl")
        with contextlib.ExitStack() as stack:
            servers = {case: stack.enter_context(server_of(chain))
                       for case, chain in make_certificates().items()}
            asked = Asked(scope, name, servers)
            for case, answer in asked.through("mirror", list(servers)).items():
                assert answer == asked.straight[case], (case, asked.straight[case], answer)
            accepted = asked.straight["good"]
            assert asked.through("strict", ["good"]) == {"good": accepted}
            # Of what is disputed the others need not be asked again.
            bad = [case for case in servers if case != "good" and
                   (case not in DISPUTED or name in ("go", "openssl"))]
            for case, answer in asked.through("off", bad).items():
                # Java sends no SNI for a name without a dot, so the leaf has the address.
                nameless = name == "java" and "wrong name" in case
                assert answer == accepted or nameless, (case, answer)

    return test


CLIENTS = os.environ.get("MIRROR_CLIENTS", "python openssl curl gnutls node java go").split()

if __name__ == "__main__":
    s.main({f"test_{client}_says_what_it_says_without_the_proxy": claim_mirror(client)
            for client in CLIENTS})
