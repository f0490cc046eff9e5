#!/usr/bin/env python3
"""A mutating webhook: it changes every object that the API server shows it as a test says.

    webhook.py FOLDER

FOLDER/patch is the JSON patch that it answers with, read again at each request. When it listens it writes FOLDER/hook,
the `clientConfig` by which the API server finds it.
"""

import base64
import http.server
import json
import os
import pathlib
import ssl
import subprocess
import sys

FOLDER = pathlib.Path(sys.argv[1])
key, certificate = FOLDER / "key.pem", FOLDER / "certificate.pem"
subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1",
                "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
               check=True, capture_output=True)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        patch = base64.b64encode((FOLDER / "patch").read_bytes()).decode()
        answer = {"uid": review["request"]["uid"], "allowed": True, "patchType": "JSONPatch", "patch": patch}
        body = json.dumps({"apiVersion": review["apiVersion"], "kind": review["kind"], "response": answer}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
server.socket = context.wrap_socket(server.socket, server_side=True)
hook = {"url": f"https://127.0.0.1:{server.server_port}/", "caBundle": base64.b64encode(certificate.read_bytes()).decode()}
(FOLDER / "hook.part").write_text(json.dumps(hook))
os.replace(FOLDER / "hook.part", FOLDER / "hook")
server.serve_forever()
