#!/usr/bin/env python3
"""Stands between push and the API server, and does to requests what it is told to.

    tests/push/proxy.py KUBECONFIG FOLDER

Writes FOLDER/kubeconfig, which leads through it, then FOLDER/log, a line `METHOD PATH` for each request. FOLDER/rules is
a JSON list, read again when it changes; the first rule that fits a request is used, as often as `times` says:

    method, path   regular expressions that must match (all where left out)
    writes         only requests that write: no GET, no dry run
    skip           how many that fit pass before
    times          how often it is used (for ever where left out)
    do             "cut" (the connection breaks), "cut-after" (the same, once the server has done it), "status" (answers with
                   `code`, `body`, `headers`), "slow" (waits `seconds`), "kill" / "kill-after" (kill -9 of the process
                   in FOLDER/pid, before or after the server has done it)
"""

import http.client
import http.server
import json
import os
import pathlib
import re
import signal
import ssl
import sys
import threading
import time
import urllib.parse

KUBECONFIG, FOLDER = sys.argv[1], pathlib.Path(sys.argv[2])
config = json.load(open(KUBECONFIG))
cluster = config["clusters"][0]["cluster"]
server = urllib.parse.urlparse(cluster["server"])
context = ssl.create_default_context(cafile=cluster["certificate-authority"])
lock = threading.Lock()
rules, stamp = [], None


def rule_for(method, path):
    """The rule for a request, counted."""
    global rules, stamp
    with lock:
        with open(FOLDER / "log", "a") as log:
            log.write(f"{method} {path}\n")
        try:
            now = os.stat(FOLDER / "rules").st_mtime_ns
        except FileNotFoundError:
            return None
        if now != stamp:
            rules, stamp = json.loads((FOLDER / "rules").read_text()), now
        is_write = method != "GET" and "dryRun" not in path
        for rule in rules:
            fits = re.search(rule.get("method", ""), method) and re.search(rule.get("path", ""), path)
            if not fits or (rule.get("writes") and not is_write) or rule.get("times", 1) <= 0:
                continue
            if rule.get("skip", 0) > 0:
                rule["skip"] -= 1
                continue
            if "times" in rule:
                rule["times"] -= 1
            return rule
    return None


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_one(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        rule = rule_for(self.command, self.path)
        what = rule["do"] if rule else None
        if what == "cut":
            return self.cut()
        if what == "kill":
            self.kill()
            return self.cut()
        if what == "status":
            return self.answer(rule["code"], rule.get("headers", {}), rule.get("body", "").encode())
        if what == "slow":
            time.sleep(rule["seconds"])
        upstream = http.client.HTTPSConnection(server.hostname, server.port, context=context, timeout=120)
        headers = {key: value for key, value in self.headers.items() if key.lower() not in ("host", "connection")}
        upstream.request(self.command, self.path, body, headers)
        answer = upstream.getresponse()
        text = answer.read()
        upstream.close()
        if what == "kill-after":
            self.kill()
            return self.cut()
        if what == "cut-after":
            return self.cut()
        kept = ("content-type", "warning", "retry-after", "audit-id")
        self.answer(answer.status, {k: v for k, v in answer.getheaders() if k.lower() in kept}, text)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_one

    def answer(self, code, headers, body):
        self.send_response(code)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def cut(self):
        self.close_connection = True
        self.connection.close()

    def kill(self):
        try:
            os.kill(int((FOLDER / "pid").read_text()), signal.SIGKILL)
        except (ProcessLookupError, FileNotFoundError):
            pass

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


proxy = Server(("127.0.0.1", 0), Handler)
through = json.loads(json.dumps(config))
through["clusters"][0]["cluster"] = {"server": f"http://127.0.0.1:{proxy.server_port}"}
(FOLDER / "kubeconfig.part").write_text(json.dumps(through))
os.replace(FOLDER / "kubeconfig.part", FOLDER / "kubeconfig")
proxy.serve_forever()
