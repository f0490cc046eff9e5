#!/usr/bin/env python3
"""How fast a push is, against kubectl over the same files: `just bench-push` builds the program and runs it.

    tests/bench_push.py PROGRAM [--objects N]

Starts the real control plane for each, so that both begin with an empty cluster, and prints seconds and ratios; beside
them, how long the server itself takes: the bare requests of the first push, eight at a time, and nothing else. Objects
that need a chart's program are left out everywhere. With --objects, a made-up site of N ConfigMaps instead of out/.
"""

import argparse
import concurrent.futures
import hashlib
import http.client
import json
import os
import pathlib
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from practice import cluster, define, definitions, kubectl, must  # noqa: E402

HELM = ("HelmRelease", "HelmRepository")
WAITED = ("Deployment", "DaemonSet", "StatefulSet", "Job", "PersistentVolumeClaim", "Service", "ClusterPolicy", "DNSEndpoint",
          "Middleware", "ServersTransport", "TLSOption", "IngressRouteTCP")


def timed(*command, codes=(0,), **options):
    """Seconds that a command takes, and its peak memory in MiB."""
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    said, _ = process.communicate()
    took = time.monotonic() - began
    if process.returncode not in codes:
        sys.exit(f"{' '.join(map(str, command))}: {process.returncode}\n{said[-3000:]}")
    peak = [line for line in said.splitlines() if "Maximum resident" in line]
    return took, int(peak[0].split()[-1]) // 1024 if peak else 0


def site(folder, objects):
    """A copy of this site without the releases of charts, or a made-up one; built."""
    if objects:
        (folder / "layouts").mkdir()
        for name in ("objects.schema.yaml", "objects.yaml.j2", "types.schema.yaml"):
            shutil.copy(ROOT / "layouts" / name, folder / "layouts")
        (folder / "homebuild.yaml").write_text(
            "homebuild: 1\nname: large\nkubernetes: 1.34.2\ntargets: {cluster: {type: kubernetes}}\ntiers: {4-aux: {priority: 100}}\n")
        for stack in range((objects + 99) // 100):
            files = folder / f"stacks/s{stack}/files"
            files.mkdir(parents=True)
            (files.parent / "stack.yaml").write_text(
                "tier: 4-aux\nnamespace: false\ncomponents: {all: {layout: objects, objects: [objects.yaml]}}\n")
            maps = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"s{stack}"}}]
            maps += [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"c{number}", "namespace": f"s{stack}"},
                      "data": {"key": f"value {number}", "more": "x" * 200}} for number in range(99)]
            (files / "objects.yaml").write_text("".join(f"---\n{json.dumps(one)}\n" for one in maps))
    else:
        shutil.copytree(ROOT, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("target", ".git", ".homebuild", "tests", "fuzz"))


def plain(folder):
    """Takes out of out/ what kubectl does not do either: releases of charts, and waiting."""
    for sums in (folder / "out").glob("*/*/SHA256SUMS"):
        lines = []
        for line in sums.read_text().splitlines():
            path = sums.parent / line.split("  ", 1)[1]
            one = yaml.load(path.read_text(), yaml.CSafeLoader) if path.parent == sums.parent and path.suffix == ".yaml" else {}
            if one.get("kind") in HELM:
                path.unlink()
                continue
            if one.get("kind") in WAITED:
                one["metadata"].setdefault("annotations", {})["homebuild.dev/wait"] = "none"
                path.write_text(json.dumps(one) + "\n")
            lines.append(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(sums.parent)}\n")
        sums.write_text("".join(lines))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--objects", type=int, default=0)
    arguments = parser.parse_args()
    program = arguments.program.resolve()
    env = {**os.environ, "SOPS_AGE_KEY_FILE": str(ROOT / "tests/keys/age.txt")}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        site(folder, arguments.objects)
        subprocess.run([program, "build"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        plain(folder)
        files = {path: yaml.load(path.read_text(), yaml.CSafeLoader) for path in sorted((folder / "out").glob("*/*/*.yaml"))}
        files = {path: one for path, one in files.items() if one["kind"] not in HELM}
        print(f"{len(files)} objects")
        first = [path for path, one in files.items() if one["kind"] == "Namespace"]
        rest = [path for path in files if path not in first]

        with cluster() as kubeconfig:
            env["KUBECONFIG"] = str(kubeconfig)
            prepare(kubeconfig, arguments.objects)
            theirs = {}
            apply = ["kubectl", "apply", "--server-side", "--force-conflicts"]
            name = lambda paths: [argument for path in paths for argument in ("-f", str(path))]
            one, _ = timed(*apply, *name(first), env=env)
            two, _ = timed(*apply, *name(rest), env=env)
            theirs["first push"] = one + two
            theirs["no-op"], _ = timed(*apply, *name(first + rest), env=env)
            theirs["plan"], _ = timed("kubectl", "diff", "--server-side", "--force-conflicts", *name(first + rest), codes=(0, 1), env=env)

        with cluster() as kubeconfig:
            prepare(kubeconfig, arguments.objects)
            alone = bare(kubeconfig, [files[path] for path in first], [files[path] for path in rest])

        with cluster() as kubeconfig:
            env["KUBECONFIG"] = str(kubeconfig)
            prepare(kubeconfig, arguments.objects)
            ours, peaks = {}, {}
            push = ["/usr/bin/time", "-v", str(program), "push", "--yes", "--stale", "--adopt", "--context", "practice"]
            plan = ["/usr/bin/time", "-v", str(program), "plan", "--context", "practice"]
            ours["first push"], peaks["first push"] = timed(*push, env=env, cwd=folder)
            ours["no-op"], peaks["no-op"] = min(timed(*push, env=env, cwd=folder) for _ in range(3))
            ours["plan"], peaks["plan"] = min(timed(*plan, env=env, cwd=folder) for _ in range(3))
            change(folder, program)
            ours["one changed"], peaks["one changed"] = timed(*push, env=env, cwd=folder)

    print(f"{'':<12} {'homebuild':>10} {'kubectl':>10} {'ratio':>7}  {'peak':>8}")
    for what in ("first push", "no-op", "plan"):
        print(f"{what:<12} {ours[what]:>8.2f} s {theirs[what]:>8.2f} s {theirs[what] / ours[what]:>6.1f}x  {peaks[what]:>4} MiB")
    print(f"the server alone takes {alone:.2f} s for the first push, of which ours is {ours['first push'] / alone:.2f}x")
    print(f"{'one changed':<12} {ours['one changed']:>8.2f} s   {1000 * (ours['one changed'] - ours['no-op']):.0f} ms above a no-op  {peaks['one changed']:>4} MiB")


def prepare(kubeconfig, objects):
    """What is there before: custom resources."""
    if objects:
        return
    define(kubeconfig, definitions())
    # until the server has a store for each: before that it answers 429
    kinds = must(kubeconfig, "get", "customresourcedefinitions", "--output=jsonpath={.items[*].metadata.name}")[0].split()
    while kubectl(kubeconfig, "get", ",".join(kinds), "--all-namespaces")[0]:
        time.sleep(0.2)


def bare(kubeconfig, *groups):
    """Seconds that the server takes to apply these groups of objects, one group after the other."""
    config = json.loads(kubeconfig.read_text())
    server = urllib.parse.urlsplit(config["clusters"][0]["cluster"]["server"])
    headers = {"Authorization": f"Bearer {config['users'][0]['user']['token']}", "Content-Type": "application/apply-patch+yaml"}
    lines = [line.split() for line in must(kubeconfig, "api-resources", "--no-headers")]
    plurals = {(line[-3], line[-1]): (line[0], line[-2] == "true") for line in lines}
    tls = ssl._create_unverified_context()  # the certificate is the cluster's own
    local = threading.local()

    def apply(one):
        if not hasattr(local, "connection"):
            local.connection = http.client.HTTPSConnection(server.hostname, server.port, context=tls)
        version, metadata = one["apiVersion"], one["metadata"]
        plural, is_namespaced = plurals[version, one["kind"]]
        place = f"/namespaces/{metadata['namespace']}" if is_namespaced else ""
        path = f"{'/apis' if '/' in version else '/api'}/{version}{place}/{plural}/{metadata['name']}?fieldManager=bench&force=true"
        local.connection.request("PATCH", path, json.dumps(one), headers)
        answer = local.connection.getresponse()
        said = answer.read()
        if answer.status >= 300:
            sys.exit(f"{path}: {said.decode()}")

    began = time.monotonic()
    for group in groups:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(apply, group))
    return time.monotonic() - began


def change(folder, program):
    """One object becomes another: the first ConfigMap of the site, in its file of out/ and in the digests."""
    path = sorted((folder / "out").glob("*/*/configmap.*.yaml"))[0]
    text = path.read_text()
    old = subprocess.run(["sha256sum", path], check=True, stdout=subprocess.PIPE, text=True).stdout.split()[0]
    path.write_text(text.replace("metadata:\n", "metadata:\n  annotations:\n    example.org/changed: now\n", 1))
    new = subprocess.run(["sha256sum", path], check=True, stdout=subprocess.PIPE, text=True).stdout.split()[0]
    sums = path.parent / "SHA256SUMS"
    sums.write_text(sums.read_text().replace(old, new))


if __name__ == "__main__":
    main()
