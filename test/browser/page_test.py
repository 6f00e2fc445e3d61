# SPDX-License-Identifier: MIT
"""The page and the HTML report in a real browser; see page.js."""

import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
HTML = ('<html><head><style>@import url(http://evil.example/x.css);</style><script>document.title="owned"</script></head>'
        '<body onload="alert(1)"><p style="color:red">Hello</p><img src="http://evil.example/pixel.png">'
        '<img src=x onerror="alert(2)"><iframe src="http://evil.example/"></iframe></body></html>')
HOSTILE = "hostile </script><script>alert(3)</script><img src=x onerror=alert(4)>"


def skip(why):
    print("skipped:", why)
    sys.exit(77)


def send(port, subject, kind, body):
    message = f"From: a@example.com\r\nSubject: {subject}\r\nContent-Type: {kind}\r\n\r\n{body}\r\n"
    subprocess.run(["curl", "--silent", "--show-error", "--mail-from", "a@example.com", "--mail-rcpt", "b@example.net",
                    "--upload-file", "-", f"smtp://127.0.0.1:{port}/client.example.com"], input=message.encode(), check=True)


def wait_for(lines, pattern):
    for line in lines:
        found = re.search(pattern, line)
        if found:
            return found[1]
    raise AssertionError(f"the proxy did not say {pattern}")


def main(program, folder):
    chromium = shutil.which("chromium")
    if chromium is None:
        skip("chromium is not installed")
    if not os.path.isdir(f"{HERE}/node_modules/puppeteer-core"):
        skip("puppeteer-core is not installed (npm ci in test/browser)")
    report = f"{folder}/report.html"
    proxy = subprocess.Popen([program, "proxy", "--mode", "sink@127.0.0.1:0", "--ca-dir", f"{folder}/ca", "--web", "0",
                              "--report", f"html:{report}", "--fail-on", "never", "--body", "full", "-o",
                              f"json:{folder}/out.json"],
                             stderr=subprocess.PIPE, text=True)
    try:
        said = [proxy.stderr.readline() for _ in range(2)]
        address = wait_for(said, r"web page on (\S+)")
        port = wait_for(said, r"listening on \S+:(\d+) ")
        for _ in range(3):
            send(port, "plain", "text/plain", "Hello")
        send(port, HOSTILE, "text/html", HTML)
        # The report comes at the end, the page goes then: the report is made of the transcript here.
        subprocess.run([program, "check", f"{folder}/out.json", "--fail-on", "never", "--report", f"html:{report}"], check=True)
        return subprocess.run(["node", f"{HERE}/page.js", chromium, address, f"file://{report}"]).returncode
    finally:
        proxy.terminate()
        proxy.wait()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        status = main(sys.argv[1], place)
    sys.exit(status)
