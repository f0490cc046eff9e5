#!/usr/bin/env python3
"""A webhook of the API server, with a certificate of its own.

    tests/push/webhook.py FOLDER

Writes FOLDER/config.json, the `clientConfig` that leads to it. It refuses ConfigMaps whose `data.key` is `bad`, also in a dry
run, and those where it is `late` when they are written; all else it changes by the JSON patch FOLDER/patch, if there is one.
While FOLDER/asleep is there, connections are refused.
"""

import base64
import http.server
import json
import os
import pathlib
import ssl
import subprocess
import sys
import time

FOLDER = pathlib.Path(sys.argv[1])
KEY, CERTIFICATE = FOLDER / "key.pem", FOLDER / "certificate.pem"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["request"]
        key = (request["object"].get("data") or {}).get("key")
        refuses = key == "bad" or (key == "late" and not request.get("dryRun"))
        response = {"uid": request["uid"], "allowed": not refuses, "status": {"code": 403, "message": f"no {key} values here"}}
        if not refuses and (FOLDER / "patch").exists():
            response |= {"patchType": "JSONPatch", "patch": base64.b64encode((FOLDER / "patch").read_bytes()).decode()}
        body = json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", KEY, "-out", CERTIFICATE],
               check=True, capture_output=True)
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False)
server.daemon_threads = True
server.server_bind()
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(CERTIFICATE, KEY)
server.socket = context.wrap_socket(server.socket, server_side=True)
config = {"url": f"https://127.0.0.1:{server.server_address[1]}/", "caBundle": base64.b64encode(CERTIFICATE.read_bytes()).decode()}
(FOLDER / "part").write_text(json.dumps(config))
os.replace(FOLDER / "part", FOLDER / "config.json")
while (FOLDER / "asleep").exists():  # its port is its own, and nobody listens
    time.sleep(0.05)
server.server_activate()
server.serve_forever()
