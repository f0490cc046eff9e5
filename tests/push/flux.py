#!/usr/bin/env python3
"""Says of the Flux objects of a namespace what Flux says of them, by their status: that they are ready.

    tests/push/flux.py KUBECONFIG NAMESPACE

There is no chart of the version 6.6.6.
"""

import json
import sys
import time

from api import Api

kubeconfig, namespace = sys.argv[1:]
api = Api(kubeconfig)
PATHS = [f"/apis/{of}/namespaces/{namespace}/{kind}"
         for of, kind in [("source.toolkit.fluxcd.io/v1", "helmrepositories"), ("helm.toolkit.fluxcd.io/v2", "helmreleases")]]


def look(path, item):
    """One object that was made or changed."""
    generation = item["metadata"]["generation"]
    if item.get("status", {}).get("observedGeneration") == generation:
        return
    version = item["spec"].get("chart", {}).get("spec", {}).get("version")
    ready = {"status": "True", "reason": "Succeeded", "message": "all is well"}
    if version == "6.6.6":
        ready = {"status": "False", "reason": "UpgradeFailed", "message": "chart web has no version 6.6.6"}
    ready |= {"type": "Ready", "lastTransitionTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "observedGeneration": generation}
    status = {"status": {"observedGeneration": generation, "conditions": [ready]}}
    api.ask("PATCH", f"{path}/{item['metadata']['name']}/status?fieldManager=helm-controller", json.dumps(status))


while True:
    for path in PATHS:
        for item in api.ask("GET", path).get("items", []):
            look(path, item)
    time.sleep(0.1)
