#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What `run` costs a connect, in microseconds: run_connect.py PROGRAM. Of each kind the median of
2,000 blocking connects over loopback: bare, under `run` to a port that nobody watches, and under
`run` to a watched one, which is dialled by the proxy first and told as a session."""

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

COUNT = 2000


def serve(listener):
    while True:
        listener.accept()[0].close()


def measure(port):
    times = []
    for _ in range(COUNT):
        with socket.socket() as client:
            start = time.perf_counter_ns()
            client.connect(("127.0.0.1", port))
            times.append(time.perf_counter_ns() - start)
    return statistics.median(times) / 1000


def main():
    if sys.argv[1] == "measure":
        print(f"{measure(int(sys.argv[2])):.1f}")
        return
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    threading.Thread(target=serve, args=(listener,), daemon=True).start()
    port = listener.getsockname()[1]
    inner = ["/usr/bin/python3", os.path.abspath(__file__), "measure", str(port)]
    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ, XDG_DATA_HOME=folder, XDG_RUNTIME_DIR=folder)
        transcript = os.path.join(folder, "out.jsonl")
        run = [os.path.abspath(sys.argv[1]), "run", "-o", f"jsonl:{transcript}"]
        for name, words in (("bare", []), ("run, port not watched", [*run, "--ports", "1", "--"]),
                            ("run, port watched", [*run, "--ports", str(port), "--"])):
            done = subprocess.run([*words, *inner], env=environment, check=True, text=True,
                                  stdout=subprocess.PIPE)
            print(f"{name:24}{done.stdout.strip():>8} us")


if __name__ == "__main__":
    main()
