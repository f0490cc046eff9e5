"""Exports how much GPU memory each pod of this node uses.

nvidia-smi knows processes, not pods. A process is traced to its container by the container id in its cgroup
(/host_proc/<pid>/cgroup), and the container to its pod by the Kubernetes API. Every 15 s the figures are taken anew:

    gpu_pod_memory_used_bytes{namespace, pod, container, gpu}

GET /metrics is for Prometheus, GET /health for the kubelet.
"""
import json
import logging
import os
import re
import ssl
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT = 9401
INTERVAL = 15  # seconds between two readings of nvidia-smi
PODS_FRESH = 60  # seconds for which the list of pods is kept
HOST_PROC = "/host_proc"
ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
MIB = 1024 * 1024
CONTAINER_ID = re.compile(r"[0-9a-f]{64}")
UNKNOWN = ("", "", "")  # a process outside Kubernetes

log = logging.getLogger("gpu-pod-exporter")


# --- processes -------------------------------------------------------------------------------------------------------

def gpu_processes():
    """Rows (pid, UUID of the GPU, bytes used) of nvidia-smi."""
    query = ["nvidia-smi", "--query-compute-apps=pid,gpu_uuid,used_memory", "--format=csv,noheader,nounits"]
    answer = subprocess.run(query, capture_output=True, text=True, timeout=10, check=True).stdout
    for line in answer.splitlines():
        pid, gpu, used = (field.strip() for field in line.split(","))
        if used.isdigit():  # "[N/A]" where the driver cannot tell
            yield int(pid), gpu, int(used) * MIB


def container_of(pid):
    """The id of the container in which a process of the host runs, or None."""
    try:
        with open(f"{HOST_PROC}/{pid}/cgroup", encoding="utf-8") as file:
            ids = CONTAINER_ID.findall(file.read())
    except OSError:  # it has just ended
        return None
    return ids[-1] if ids else None


# --- pods ------------------------------------------------------------------------------------------------------------

class Pods:
    """Which pod a container belongs to, as the Kubernetes API says for this node."""

    def __init__(self, node):
        host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
        selector = urllib.parse.urlencode({"fieldSelector": f"spec.nodeName={node}"})
        self.url = f"https://{f'[{host}]' if ':' in host else host}:{port}/api/v1/pods?{selector}"
        self.trust = ssl.create_default_context(cafile=f"{ACCOUNT}/ca.crt")
        self.known, self.read_at = {}, None

    def find(self, container):
        """(namespace, pod, container name); UNKNOWN where the API knows no such container."""
        if self.read_at is None or time.monotonic() - self.read_at > PODS_FRESH:
            self.read()
        return self.known.get(container, UNKNOWN)

    def read(self):
        try:
            pods = self.ask()["items"]
        except (OSError, ValueError) as error:
            log.warning("pods cannot be listed, the last list stays: %s", error)
            return
        self.known = {status["containerID"].split("://")[-1]: place
                      for pod in pods for status, place in statuses(pod) if status.get("containerID")}
        self.read_at = time.monotonic()

    def ask(self):
        with open(f"{ACCOUNT}/token", encoding="utf-8") as file:  # the kubelet renews it
            header = {"Authorization": f"Bearer {file.read().strip()}"}
        request = urllib.request.Request(self.url, headers=header)
        with urllib.request.urlopen(request, context=self.trust, timeout=10) as answer:
            return json.load(answer)


def statuses(pod):
    """Pairs of a container's status and its place (namespace, pod, container name)."""
    about, status = pod["metadata"], pod.get("status", {})
    for kind in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"):
        for item in status.get(kind) or []:
            yield item, (about["namespace"], about["name"], item["name"])


# --- metrics ---------------------------------------------------------------------------------------------------------

def take(pods):
    """The newest figures in Prometheus' text format; none where nvidia-smi gives none."""
    used = Counter()
    try:
        for pid, gpu, size in gpu_processes():
            container = container_of(pid)
            used[(*(pods.find(container) if container else UNKNOWN), gpu)] += size
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        log.warning("nvidia-smi: %s", error)
        return ""
    return metrics(used)


def metrics(used):
    """Prometheus' text format for {(namespace, pod, container, gpu): bytes}."""
    name = "gpu_pod_memory_used_bytes"
    lines = [f"# HELP {name} GPU memory used by the processes of a container.", f"# TYPE {name} gauge"]
    for place, size in sorted(used.items()):
        labels = ",".join(f'{key}="{escaped(value)}"' for key, value in zip(("namespace", "pod", "container", "gpu"), place))
        lines.append(f"{name}{{{labels}}} {size}")
    return "\n".join(lines) + "\n"


def escaped(text):
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


# --- HTTP ------------------------------------------------------------------------------------------------------------

class Handler(BaseHTTPRequestHandler):
    figures = ""  # replaced as a whole by the main thread

    def do_GET(self):
        answers = {"/metrics": Handler.figures, "/health": "ok\n"}
        body = answers.get(self.path, "not here\n").encode()
        self.send_response(200 if self.path in answers else 404)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):  # a probe every few seconds is no news
        pass


def main():
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    pods, server = Pods(os.environ["NODE_NAME"]), ThreadingHTTPServer(("", PORT), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    log.info("listening on port %d", PORT)
    while True:
        Handler.figures = take(pods)
        time.sleep(INTERVAL)


if __name__ == "__main__":
    main()
