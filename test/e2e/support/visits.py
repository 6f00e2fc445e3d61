# SPDX-License-Identifier: MIT
"""What the tests of TLS share: certificates good and bad, servers that present them, and what a
client sees when it comes through the proxy."""

import os
import ssl
import subprocess

from support import certificates
from support import scope as s
from support import smtp

VERSIONS = {"1.0": ssl.TLSVersion.TLSv1, "1.1": ssl.TLSVersion.TLSv1_1,
            "1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


def issue(scope, name, issuer=None, names="DNS:localhost,IP:127.0.0.1", ca=False, **more):
    """NAME.pem and NAME.key, signed by `issuer` (None: by itself); (chain, key)."""
    extensions = certificates.CA if ca else ["basicConstraints=CA:FALSE", f"subjectAltName={names}"]
    certificates.Issuer(scope.folder).issue(name, extensions, issuer, **more)
    return scope.path(name + ".pem"), scope.path(name + ".key")


def roots(scope):
    """A root that is trusted (--server-ca) and one that is not."""
    if not os.path.exists(scope.path("good-root.pem")):
        issue(scope, "good-root", ca=True, days=(-100, 300))
        issue(scope, "strange-root", ca=True, days=(-100, 300))
    return scope.path("good-root.pem")


def context_of(chain, key, **options):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    return with_options(context, **options)


def with_options(context, versions=None, ciphers=None, alpn=None):
    if versions is not None:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = VERSIONS[versions[0]]
        context.maximum_version = VERSIONS[versions[1]]
    if ciphers is not None:
        context.set_ciphers(ciphers)
    if alpn is not None:
        context.set_alpn_protocols(alpn)
    return context


def careless():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def leaf_text(der, *words):
    pem = ssl.DER_cert_to_PEM_cert(der)
    return subprocess.run(["openssl", "x509", "-noout", *words], input=pem.encode(), check=True,
                          stdout=subprocess.PIPE).stdout.decode()


class Visit:
    """What a client saw: `code` and `error` of a failed handshake, else version, leaf and so on."""

    def __init__(self):
        self.code = self.error = self.version = self.leaf = self.alpn = self.reused = None
        self.lines = []


def visit(port, context, how="implicit", name="localhost"):
    """Greeting, EHLO, QUIT; never raises for a failed handshake."""
    seen, client = Visit(), smtp.Client(port, how, context, name)
    seen.lines = client.lines
    try:
        client.open()
        client.ask("QUIT")
    except (ssl.SSLError, OSError) as error:
        seen.error = str(error)
        seen.code = getattr(error, "verify_code", None)
    if client.tls:
        seen.version, seen.alpn, seen.leaf, seen.reused = client.agreed
    client.connection.close()
    return seen


class Served(smtp.Server):
    """smtp.Server with a context of the test's own."""

    def __init__(self, scope, context, how="implicit"):
        super().__init__(scope, how=how)
        self.context = context


def proxied(scope, context, *words, how="implicit", client=None, client_how=None, scheme="smtp",
            host="localhost", name="localhost"):
    """One session; (visit, session, proxy)."""
    with Served(scope, context, how) as server, scope.proxy(
            "--mode", f"reverse:{scheme}://{host}:{server.port}@127.0.0.1:0", *words) as proxy:
        seen = visit(proxy.port(), client or careless(), client_how or how, name)
        proxy.stop()
    session, = proxy.sessions()
    return seen, session, proxy


def rules(session):
    return [finding["rule"] for finding in session["findings"]]


def finding(session, rule):
    found, = [each for each in session["findings"] if each["rule"] == rule]
    return found


def both_roots(scope):
    """A client that trusts the server's root and our CA: what it says must not differ."""
    context = ssl.create_default_context(cafile=scope.ca)
    context.load_verify_locations(roots(scope))
    return context


def good(scope, **options):
    root = roots(scope)
    if not os.path.exists(scope.path("good.pem")):
        issue(scope, "good", "good-root", days=(-1, 60))
    return context_of(scope.path("good.pem"), scope.path("good.key"), **options), root


def ca_text(scope, *words):
    return subprocess.run(["openssl", "x509", "-noout", "-in", scope.ca, *words], check=True,
                          stdout=subprocess.PIPE).stdout.decode()


def raw_server(scope, handle, *words, scheme="smtp", host="localhost"):
    """A server of the test's own, and the proxy before it that trusts its root."""
    server = s.Server(handle)
    return server, scope.proxy("--mode", f"reverse:{scheme}://{host}:{server.port}@127.0.0.1:0",
                               "--server-ca", roots(scope), *words)


def hello_bytes():
    memory = ssl.MemoryBIO()
    try:
        careless().wrap_bio(ssl.MemoryBIO(), memory, server_hostname="localhost").do_handshake()
    except ssl.SSLWantReadError:
        pass
    return memory.read()
