#!/usr/bin/env python3
"""renovate.json finds the images and charts of the sources: tests/renovate.py [--self-test]

The real Renovate, which setup.sh installs, extracts from a copy of the sources, asking nobody. What it finds is compared with
out/: each image with a tag and each chart there must be found, and nothing else may be. --self-test shows that a
missing and a wrong one are told.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import re2
import yaml

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("homebuild.yaml", "stacks", "layouts", "partials", "renovate.json")
IMAGE = re.compile(r"\bimage: (?!&)[\"']?([\w./-]+(?::\d+/[\w./-]+)?:[\w.-]+)")
PARTS = re.compile(r"registry: (\S+)\n\s+repository: (\S+)\n\s+tag: (\S+)")
# Tags from the expression that gives another image its tag: the comment above it names that one.
FOLLOWERS = {"ghcr.io/immich-app/immich-machine-learning", "metallb/speaker"}
# Of MetalLB's other generation (docs/decisions/0014-metallb.md).
UNUSED = {"https://metallb.github.io/metallb/metallb"}


def wanted(out):
    """Images and charts of out/, as texts."""
    found = set()
    for path in out.rglob("*.yaml"):
        text = path.read_text()
        found |= {image for image in IMAGE.findall(text) if image.split(":")[0] not in FOLLOWERS}
        found |= {f"{registry}/{name}:{tag}" for registry, name, tag in PARTS.findall(text)}
        if path.name.startswith("helmrelease."):
            chart = yaml.safe_load(text)["spec"]["chart"]["spec"]
            repository = path.with_name(f"helmrepository.{chart['sourceRef']['name']}.yaml")
            url = yaml.safe_load(repository.read_text())["spec"]["url"].removeprefix("oci://").rstrip("/")
            found.add(f"{url}/{chart['chart']}:{chart['version']}")
    return found


def extracted(change=lambda folder: None):
    """What Renovate finds in a copy of the sources, after a change of it."""
    with tempfile.TemporaryDirectory() as folder:
        for name in SOURCES:
            (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, Path(folder, name))
        change(Path(folder))
        subprocess.run("git init --quiet && git add --all", shell=True, cwd=folder, check=True)
        environment = {**os.environ, "LOG_LEVEL": "debug", "LOG_FORMAT": "json", "RENOVATE_BASE_DIR": f"{folder}/.git/renovate"}
        done = subprocess.run(["renovate", "--platform=local", "--dry-run=extract"], cwd=folder, env=environment,
                              stdout=subprocess.PIPE, text=True, check=True)
    log = [json.loads(line) for line in done.stdout.splitlines()]
    files = next(line["packageFiles"] for line in log if line["msg"] == "Extracted dependencies")
    found = set()
    for dependency in (d for manager in files.values() for file in manager for d in file["deps"]):
        url = "".join(f"{url.rstrip('/')}/" for url in dependency.get("registryUrls", []))
        found.add(f"{url}{dependency['packageName']}:{dependency['currentValue']}")
    return {name for name in found if name.rpartition(":")[0] not in UNUSED}


def differences(found):
    want = wanted(ROOT / "out")
    return [f"not found: {x}" for x in sorted(want - found)] + [f"not in out/: {x}" for x in sorted(found - want)]


def self_test():
    def change(folder):
        stack = folder / "stacks/excalidraw/stack.yaml"
        stack.write_text(stack.read_text().replace("library:v4", "library:v5"))

    image = "viktorbarzin/excalidraw-library"
    told = differences(extracted(change))
    return [] if told == [f"not found: {image}:v4", f"not in out/: {image}:v5"] else [f"not told: {told}"]


def main():
    managers = json.loads((ROOT / "renovate.json").read_text())["customManagers"]
    for pattern in (pattern for manager in managers for pattern in manager["matchStrings"]):
        re2.compile(re.sub(r"\(\?<(\w)", r"(?P<\1", pattern))  # Renovate's own engine, where it has it
    is_self_test = "--self-test" in sys.argv
    told = self_test() if is_self_test else differences(extracted())
    right = "a missing and a wrong one are told" if is_self_test else "every image and chart is found, and nothing else"
    print("\n".join(told) or right)
    sys.exit(1 if told else 0)


if __name__ == "__main__":
    main()
