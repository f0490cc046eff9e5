#!/usr/bin/env python3
"""Other engines take out/ as it is: kubectl, Flux and Argo CD.

    tests/other_engines.py PROGRAM     PROGRAM is target/debug/homebuild

kubectl makes all Kubernetes stacks of a real API server, and then finds nothing to change. The code by which Flux
builds, and the globs of Argo CD, take from the tree what `PROGRAM export` tells them to: every object, but those that
refer to secrets. Starts a practice cluster of its own. Needs what `tests/setup.sh cluster` installs.
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

import yaml

import practice
from practice import ROOT

URL = "https://git.example.org/me/homelab"
# Definitions of what `export` writes. Argo CD's version is the newest that Go 1.25 can take.
ENGINES = [
    ("github.com/fluxcd/kustomize-controller", "v1.7.3", "config/crd/bases"),
    ("github.com/argoproj/argo-cd/v3", "v3.2.1", "manifests/crds/application-crd.yaml"),
]


def run(*command):
    done = subprocess.run(command, cwd=ROOT, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout.splitlines()


class Cluster:
    def __init__(self, kubeconfig):
        self.kubeconfig = kubeconfig

    def kubectl(self, *arguments, given=None):
        return practice.kubectl(self.kubeconfig, *arguments, given=given)

    def must(self, *arguments, given=None):
        return practice.must(self.kubeconfig, *arguments, given=given)


def kubernetes_stacks():
    """The folders of out/ with an object."""
    return sorted({file.parent.parent for file in (ROOT / "out").glob("*/*/*.yaml")})


def objects(text):
    """Objects by what they are, each as one text."""
    found = {}
    for one in yaml.load_all(text, yaml.CSafeLoader):
        if one:
            about = one["metadata"]
            found[one["apiVersion"], one["kind"], about.get("namespace", ""), about["name"]] = json.dumps(one, sort_keys=True)
    return found


# What kubectl says of objects whose namespace lies in a file that comes later; and of a reference in place of a certificate.
EARLY = re.compile(r'Error from server \(NotFound\): .*namespaces "[\w-]+" not found$')
NO_CERTIFICATE = "Warning: tls: failed to find any PEM data in certificate input"


def check_kubectl(_, cluster, __):
    """All stacks in one command. What comes before its namespace is made by the second run, and nothing else is needed."""
    everything = [f"--filename={stack}" for stack in kubernetes_stacks()]
    files = list((ROOT / "out").glob("*/*/*.yaml"))
    apply = ["apply", "--server-side", "--recursive", *everything]
    _, said = cluster.kubectl(*apply)
    is_made = lambda line: line.endswith(" serverside-applied") or line == NO_CERTIFICATE
    problems = [line for line in said if not is_made(line) and not EARLY.match(line)]
    code, said = cluster.kubectl(*apply)
    problems += [f"again: {line}" for line in said if not is_made(line)]
    problems += [f"the second run fails with {code}"] * bool(code)
    made = sum(line.endswith(" serverside-applied") for line in said)
    if made != len(files):
        problems.append(f"{made} of {len(files)} objects were made")
    for _ in range(12):  # controllers still write status; what out/ would change stays however long it is waited for
        code, said = cluster.kubectl("diff", "--server-side", "--recursive", *everything)
        if code == 0:
            break
        time.sleep(5)
    problems += [f"diff {code}: {line}" for line in said[:20] if code and line != NO_CERTIFICATE]
    return made, "objects", problems


def check_flux(program, cluster, folder):
    """What Flux' own code builds of each stack is that stack, without what refers to secrets."""
    return check_engine(program, cluster, folder, "flux", ["--source", "homelab", "--url", URL, "--prune"])


def check_argocd(program, cluster, folder):
    """What Argo CD reads of each stack is that stack, without what refers to secrets."""
    return check_engine(program, cluster, folder, "argocd", ["--repository", URL])


def check_engine(program, cluster, folder, engine, arguments):
    made, copy = folder / engine, folder / f"{engine}-repository"
    shutil.copytree(ROOT / "out", copy / "out")
    told = subprocess.run([program, "export", engine, made, *arguments, "--json"], cwd=ROOT, check=True, stdout=subprocess.PIPE)
    stacks = {stack["stack"]: stack for stack in json.loads(told.stdout)["stacks"]}
    problems = [f"{stack.name} was not exported" for stack in kubernetes_stacks() if stack.name not in stacks]
    namespace = json.dumps({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": {"flux": "flux-system"}.get(engine, engine)}})
    cluster.must("apply", "--server-side", "--filename=-", given=namespace)
    code, said = cluster.kubectl("apply", "--server-side", "--validate=strict", f"--filename={made}")
    problems += [line for line in said if not line.endswith(" serverside-applied")] or [f"kubectl ends with {code}"] * bool(code)
    taken = 0
    for file in sorted(made.glob("*.yaml")):
        _, stack, _ = file.name.split(".")
        if file.name.startswith("gitrepository."):
            continue
        code, said = run(TOOL, engine, file, copy)
        if code:
            problems += said
            continue
        left_out = stacks[stack]["left_out"]
        expected = {}
        for one in (ROOT / "out" / stack).glob("*/*.yaml"):
            text = one.read_text()
            if re.search("<secret:(?!:)", text) and str(one.relative_to(ROOT)) not in left_out:
                problems.append(f"{one} refers to a secret and is not left out")
            if str(one.relative_to(ROOT)) not in left_out:
                expected |= objects(text)
        given = objects("\n".join(said))
        kept = [key for key, text in given.items() if KEPT in text]
        problems += [f"{stack}: {' '.join(key)} can be pruned" for key in given if engine == "flux" and key[1] in PROTECTED and key not in kept]
        given = {key: without_mark(text) for key, text in given.items()}
        problems += [f"{stack}: {' '.join(key)}" for key in sorted({*given, *expected}) if given.get(key) != expected.get(key)]
        taken += len(given)
    return taken, "objects", problems


KEPT = "kustomize.toolkit.fluxcd.io/prune"
PROTECTED = ("Namespace", "PersistentVolume", "PersistentVolumeClaim")
TOOL = "engines"


def without_mark(text):
    """An object without the annotation that keeps it from being pruned."""
    one = json.loads(text)
    annotations = one["metadata"].get("annotations", {})
    if annotations.pop(KEPT, None) and not annotations:
        del one["metadata"]["annotations"]
    return json.dumps(one, sort_keys=True)


CHECKS = {"kubectl": check_kubectl, "flux": check_flux, "argocd": check_argocd}


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder, practice.cluster() as kubeconfig:
        cluster = Cluster(kubeconfig)
        engines = [practice.schemas.module(path, version) / where for path, version, where in ENGINES]
        practice.define(kubeconfig, practice.definitions() + engines)
        sys.exit(practice.report(CHECKS, program, cluster, pathlib.Path(folder)))


if __name__ == "__main__":
    main()
