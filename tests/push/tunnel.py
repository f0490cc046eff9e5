#!/usr/bin/env python3
"""An HTTP proxy that leads every CONNECT to the API server of a kubeconfig, whatever name is asked for.

    tests/push/tunnel.py KUBECONFIG

Writes `address`, its own, and `log`, a line for each name that was asked for, in the folder that it runs in.
"""

import http.server
import json
import pathlib
import socket
import sys
import threading
import urllib.parse

server = urllib.parse.urlparse(json.load(open(sys.argv[1]))["clusters"][0]["cluster"]["server"])


class Handler(http.server.BaseHTTPRequestHandler):
    def do_CONNECT(self):
        with open("log", "a") as log:
            log.write(f"{self.path}\n")
        with socket.create_connection((server.hostname, server.port)) as there:
            self.send_response(200)
            self.end_headers()
            threading.Thread(target=pass_on, args=(there, self.connection), daemon=True).start()
            pass_on(self.connection, there)
        self.close_connection = True

    def log_message(self, *_):
        pass


def pass_on(source, sink):
    """Copies until the source ends, then says so to the other end."""
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # one end is gone


proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
proxy.daemon_threads = True
pathlib.Path("part").write_text(f"http://127.0.0.1:{proxy.server_port}")
pathlib.Path("part").rename("address")
proxy.serve_forever()
