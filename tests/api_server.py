#!/usr/bin/env python3
"""A real API server, with the custom resources of the site, says what schemas/ says and takes what out/ has.

    tests/api_server.py PROGRAM     PROGRAM is target/release/homebuild

`PROGRAM schemas pull` must make schemas/ of it, byte for byte what `schemas add` made of published files; every object
of out/ must be accepted in a dry run; and a server that cannot be asked must be told of well. Starts a practice cluster
of its own. Needs what `tests/setup.sh cluster` installs.
"""

import contextlib
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile

import yaml

from practice import ROOT, cluster, definitions, define, kubectl, report

def check_pull(program, kubeconfig, folder):
    """`schemas pull` makes the files of schemas/."""
    site = folder / "site"
    site.mkdir()
    run = pull(program, site, kubeconfig, "--context", "practice")
    if run.returncode:
        return 0, "files", [run.stderr]
    made = {file.name: file.read_bytes() for file in (site / "schemas").iterdir()}
    kept = {file.name: file.read_bytes() for file in (ROOT / "schemas").glob("*.json") if b'"kinds":' in file.read_bytes()}
    problems = [f"schemas/{name} is not what the server says" for name in sorted({*made, *kept}) if made.get(name) != kept.get(name)]
    return len(made), "files", problems


def check_objects(_, kubeconfig, folder):
    """The server accepts every object of out/, once their namespaces are there."""
    objects = {file: yaml.load(file.read_text(), yaml.CSafeLoader) for file in sorted((ROOT / "out").glob("*/*/*.yaml"))}
    there = [object for object in objects.values() if object["kind"] == "Namespace"]
    code, said = kubectl(kubeconfig, "apply", "--server-side", "--filename=-",
                         given="".join(f"---\n{json.dumps(one)}\n" for one in there))
    problems = [] if code == 0 else said
    dry_run = ["apply", "--server-side", "--dry-run=server", "--validate=strict"]
    _, said = kubectl(kubeconfig, *dry_run, *(f"--filename={folder}" for folder in sorted({file.parent for file in objects})))
    accepted = [line for line in said if line.endswith(" serverside-applied (server dry run)")]
    # a reference to a secret is no certificate; push fills it in
    expected = "Warning: tls: failed to find any PEM data in certificate input"
    problems += [line for line in said if line not in accepted and line != expected]
    if len(accepted) != len(objects):
        problems.append(f"{len(accepted)} of {len(objects)} objects were accepted")
    wrong = folder / "wrong.yaml"
    wrong.write_text("{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: default}, dat: {}}")
    if kubectl(kubeconfig, *dry_run, f"--filename={wrong}")[0] == 0:
        problems.append("an object with an unknown field is accepted too")
    return len(accepted), "objects", problems


def check_trouble(program, kubeconfig, folder):
    """What keeps `schemas pull` from asking is said, with what to do; no token is, and nothing is written."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as silent:
        port = silent.getsockname()[1]
        token = json.loads(kubeconfig.read_text())["users"][0]["user"]["token"]
        cases = [  # what is done to the kubeconfig, more arguments, what must be said
            (lambda k: k, ["--context", "practise"], ["no context `practise`", "did you mean `practice`?", "its contexts are `practice`"]),
            (lambda k: k.pop("current-context"), [], ["no current context", "its contexts are `practice`", "--context NAME"]),
            (lambda k: k["users"][0]["user"].update(token="wrong"), [], ["does not know who asks (401)", "log in again"]),
            (lambda k: k["users"][0].update(user=program_that("echo " + token + "; exit 3")), [], ["cannot log in", "exit status: 3"]),
            (lambda k: k["users"][0].update(user=program_that("", "nonesuch")), [], ["cannot log in", "cannot be started"]),
            (lambda k: k["clusters"][0]["cluster"].pop("certificate-authority"), [], ["invalid peer certificate", "`certificate-authority`"]),
            (lambda k: k["clusters"][0]["cluster"].update(server="https://127.0.0.1:1"), [], ["cannot reach https://127.0.0.1:1: connection refused"]),
            (lambda k: k["clusters"][0]["cluster"].update(server=f"http://127.0.0.1:{port}"), [], ["has not answered for 30 seconds"]),
            (lambda k: k.update(clusters="none"), [], ["cannot use the kubeconfig"]),
            (None, [], ["cannot read the kubeconfig", "no such file", "`KUBECONFIG` names"]),
        ]
        site = folder / "nothing"
        site.mkdir()
        problems = []
        for number, (change, arguments, wanted) in enumerate(cases):
            changed = folder / f"kubeconfig-{number}"
            if change:
                config = json.loads(kubeconfig.read_text())
                change(config)
                changed.write_text(json.dumps(config))
            run = pull(program, site, changed, *arguments)
            said = run.stdout + run.stderr
            problems += [f"`{words}` is not said: {said}" for words in wanted if words not in said]
            problems += [f"exit code {run.returncode}: {said}"] * (run.returncode != 1)
            problems += [f"a token is shown: {said}"] * (token in said)
    problems += [f"{file} was written" for file in site.iterdir()]
    return len(cases), "kubeconfigs", problems


def program_that(script, program="sh"):
    return {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never",
                     "command": program, "args": ["-c", script]}}


def pull(program, site, kubeconfig, *arguments):
    environment = {**os.environ, "KUBECONFIG": str(kubeconfig)}
    return subprocess.run([program, "--site", site, "schemas", "pull", *arguments], env=environment, capture_output=True,
                          text=True, stdin=subprocess.DEVNULL)


CHECKS = {"schemas pull": check_pull, "out/": check_objects, "trouble": check_trouble}


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder, cluster() as kubeconfig:
        define(kubeconfig, definitions())
        sys.exit(report(CHECKS, program, kubeconfig, pathlib.Path(folder)))


if __name__ == "__main__":
    main()
