#!/usr/bin/env python3
"""Repositories of charts on loopback, for a command and as long as it runs.

    tests/push/charts.py COMMAND...

Whatever the command asks of a host that `out/` names as a repository of charts is answered here, over TLS and under the
host's own name, so that `out/` is used as it is: HTTPS_PROXY leads to this program, SSL_CERT_FILE has its certificate.
Nothing else is let through; what is on loopback (the practice cluster) is not asked through a proxy.

There are stand-ins of the charts that `out/` installs, of the same names and versions: each brings the custom resources,
services and ingress classes that its module's `provides` names, and a Deployment that rolls when a value changes. The
tests' own charts (the folder charts/) are there in versions 1.0.0 and 1.1.0, below https://charts.test and
oci://registry.test/charts.
"""

import contextlib
import gzip
import hashlib
import http.server
import importlib.machinery
import importlib.util
import io
import json
import os
import pathlib
import ssl
import subprocess
import sys
import tarfile
import tempfile
import threading

import yaml

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
OWN = ["https://charts.test", "oci://registry.test/charts"]
VERSIONS = ["1.0.0", "1.1.0"]

STAND_IN = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: "{{ .Release.Name }}"}
spec:
  selector: {matchLabels: {app: "{{ .Release.Name }}"}}
  template:
    metadata:
      labels: {app: "{{ .Release.Name }}"}
      annotations: {checksum/values: '{{ toJson .Values | sha256sum }}'}
    spec: {containers: [{name: main, image: stand-in}]}
"""


# --- charts ------------------------------------------------------------------------------------------

def charts():
    """Every chart that is served: (URL of its repository, name, version, {path: text})."""
    for folder in sorted((HERE / "charts").iterdir()):
        files = {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()}
        about = yaml.safe_load(files["Chart.yaml"])
        for url in OWN:
            for version in VERSIONS:
                yield url, about["name"], version, files | {"Chart.yaml": json.dumps(about | {"version": version})}
    yield from stand_ins()


def stand_ins():
    definitions = dict(custom_resources())
    for file in sorted((ROOT / "out").glob("*/*/helmrelease.*.yaml")):
        release = yaml.safe_load(file.read_text())
        asked = release["spec"]["chart"]["spec"]
        repository = yaml.safe_load((file.parent / f"helmrepository.{asked['sourceRef']['name']}.yaml").read_text())
        lock = yaml.safe_load((file.parent.parent / "stack.lock").read_text())
        files = {
            "Chart.yaml": json.dumps({"apiVersion": "v2", "name": asked["chart"], "version": asked["version"]}),
            "templates/deployment.yaml": STAND_IN,
        }
        releases = [one.name.split(".")[1] for one in sorted(file.parent.glob("helmrelease.*.yaml"))]
        for provided in lock["modules"][file.parent.name].get("provides", []):
            kind, name = provided.split("/", 1)
            # of several charts the one that is called so has it
            if file.name.split(".")[1] != next((release for release in releases if name.startswith(release)), releases[0]):
                continue
            if kind == "CustomResourceDefinition":
                files[f"crds/{name}.yaml"] = json.dumps(definitions[name])
            else:
                files[f"templates/{kind.lower()}-{name}.yaml"] = json.dumps(plain(kind, name))
        yield repository["spec"]["url"].rstrip("/"), asked["chart"], asked["version"], files


def plain(kind, name):
    """A plain object of a kind."""
    about = {"kind": kind, "metadata": {"name": name}}
    if kind == "ServiceAccount":
        return {"apiVersion": "v1", **about}
    if kind == "Service":
        ports = [{"name": "web", "port": 80}, {"name": "websecure", "port": 443}]
        return {"apiVersion": "v1", **about, "spec": {"selector": {"app": "{{ .Release.Name }}"}, "ports": ports}}
    if kind == "IngressClass":
        return {"apiVersion": "networking.k8s.io/v1", **about, "spec": {"controller": "homebuild.test/stand-in"}}
    sys.exit(f"a chart provides {kind}/{name}: say in tests/push/charts.py what that is")


def custom_resources():
    """The definitions that schemas/ is made of, by name."""
    loader = importlib.machinery.SourceFileLoader("schemas", str(ROOT / "tools/schemas"))
    tool = importlib.util.module_from_spec(importlib.util.spec_from_loader("schemas", loader))
    loader.exec_module(tool)
    for path, version, where in tool.CUSTOM:
        place = tool.module(path, version) / where
        for file in sorted(place.glob("*.yaml")) if place.is_dir() else [place]:
            for document in yaml.load_all(file.read_text(), yaml.CSafeLoader):
                if document and document["kind"] == "CustomResourceDefinition":
                    yield document["metadata"]["name"], document


def package(name, files):
    """A chart as a .tgz, the same bytes each time."""
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        for path, text in files.items():
            entry = tarfile.TarInfo(f"{name}/{path}")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return gzip.compress(tar.getvalue(), mtime=0)


# --- repositories ------------------------------------------------------------------------------------

def answers():
    """What is answered at (host, path): (type, bytes)."""
    found, indexes, tags = {}, {}, {}
    for url, name, version, files in charts():
        archive = package(name, files)
        scheme, _, rest = url.partition("://")
        host, _, path = rest.partition("/")
        if scheme == "oci":
            where = f"{path}/{name}"
            oci(found, host, where, version, yaml.safe_load(files["Chart.yaml"]), archive)
            tags.setdefault((host, where), []).append(version)
        else:
            below = f"/{path}/" if path else "/"
            found[host, f"{below}{name}-{version}.tgz"] = "application/gzip", archive
            entry = {**yaml.safe_load(files["Chart.yaml"]), "digest": hashlib.sha256(archive).hexdigest(),
                     "urls": [f"{url}/{name}-{version}.tgz"]}
            indexes.setdefault((host, f"{below}index.yaml"), {}).setdefault(name, []).append(entry)
    for place, entries in indexes.items():
        found[place] = "text/yaml", json.dumps({"apiVersion": "v1", "entries": entries}).encode()
    for (host, where), versions in tags.items():
        found[host, f"/v2/{where}/tags/list"] = "application/json", json.dumps({"name": where, "tags": versions}).encode()
        found[host, "/v2/"] = "application/json", b"{}"
    return found


def oci(found, host, where, version, about, archive):
    """A chart in a registry: two blobs, and a manifest that names them, itself by its version and its digest."""
    def blob(kind, data):
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        found[host, f"/v2/{where}/blobs/{digest}"] = "application/octet-stream", data
        return {"mediaType": f"application/vnd.cncf.helm.{kind}", "digest": digest, "size": len(data)}
    kind = "application/vnd.oci.image.manifest.v1+json"
    manifest = json.dumps({"schemaVersion": 2, "mediaType": kind, "config": blob("config.v1+json", json.dumps(about).encode()),
                           "layers": [blob("chart.content.v1.tar+gzip", archive)]}).encode()
    for reference in [version.replace("+", "_"), f"sha256:{hashlib.sha256(manifest).hexdigest()}"]:
        found[host, f"/v2/{where}/manifests/{reference}"] = kind, manifest


class Repository(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        host = self.headers.get("Host", "").removesuffix(":443")
        path = self.path.removeprefix(f"http://{host}")  # whole where it is asked as a proxy, of a repository without TLS
        kind, data = self.server.answers.get((host, path), (None, b""))
        self.send_response(200 if kind else 404)
        self.send_header("Content-Type", kind or "text/plain")
        self.send_header("Content-Length", str(len(data)))
        if kind and "/manifests/" in self.path:
            self.send_header("Docker-Content-Digest", f"sha256:{hashlib.sha256(data).hexdigest()}")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)

    do_HEAD = do_GET

    def log_message(self, *_):
        pass


class Proxy(Repository):
    def do_CONNECT(self):
        """Is the host that is asked for, if it is one of the repositories."""
        self.close_connection = True
        host = self.path.rpartition(":")[0]
        if host not in self.server.hosts:
            return self.send_error(502, f"no repository of charts: {host}")
        self.send_response_only(200)
        self.end_headers()
        with contextlib.suppress(OSError), self.server.tls.wrap_socket(self.connection, server_side=True) as stream:
            Repository(stream, self.client_address, self.server)


def serve(folder):
    """Starts to answer; gives what a command's environment must say."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    server.daemon_threads = True
    server.answers = answers()
    server.hosts = sorted({host for host, _ in server.answers})
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=charts of homebuild's tests",
                    "-addext", "subjectAltName=" + ",".join(f"DNS:{host}" for host in server.hosts)],
                   check=True, capture_output=True)
    server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.tls.load_cert_chain(certificate, key)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    proxy = f"http://127.0.0.1:{server.server_port}"
    return {"HTTPS_PROXY": proxy, "HTTP_PROXY": proxy, "NO_PROXY": "127.0.0.1,localhost",
            "SSL_CERT_FILE": str(certificate)}


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        environment = serve(pathlib.Path(folder))
        sys.exit(subprocess.run(sys.argv[1:], env={**os.environ, **environment}).returncode)


if __name__ == "__main__":
    main()
