# SPDX-License-Identifier: MIT
"""The ports of the programs that a benchmark starts."""

import socket
import sys
import time


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def until_listening(port, process):
    while process.poll() is None:
        try:
            return socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.01)
    sys.exit("%s ended" % process.args[0])
