# SPDX-License-Identifier: MIT
"""The page and the HTML report in a real browser: what run.js runs. `page_test.py PROGRAM [TEST…]`"""

import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def why_not():
    """What is missing; None where all is there."""
    for program in ("node", "chromium"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    if not os.path.isdir(f"{HERE}/node_modules/puppeteer-core"):
        return "puppeteer-core is not installed (npm ci in test/browser)"
    return None


def main(program, tests):
    missing = why_not()
    if missing is not None:
        print("skipped:", missing)
        return 77
    with tempfile.TemporaryDirectory(prefix="scope-browser-") as folder:
        # A home of its own, because a browser writes to it, and one that cannot be written is usual in CI.
        environment = dict(os.environ, HOME=folder, XDG_CONFIG_HOME=folder, XDG_CACHE_HOME=folder,
                           XDG_DATA_HOME=folder, XDG_RUNTIME_DIR=folder, TMPDIR=folder)
        return subprocess.run(["node", f"{HERE}/run.js", os.path.abspath(program), folder, shutil.which("chromium"), *tests],
                              env=environment).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
