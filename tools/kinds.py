#!/usr/bin/env python3
"""Makes the data about kinds: which are namespaced, and how their lists merge.

    tools/kinds.py            writes src/kubernetes/kinds.json and schemas/kinds.json
    tools/kinds.py --check    writes nothing, fails where a file is not what this makes

`src/kubernetes/kinds.json` holds every kind of the Kubernetes version below, from the OpenAPI
and discovery files in Kubernetes' own Go module, and is built into the program.
`schemas/kinds.json` holds the site's custom resources, from the CRDs in their Go modules.
Needs go (which fetches and verifies the modules) and PyYAML.

Both files have one format:

    {"version": "1.34.2",                      the Kubernetes version
     "sources": ["k8s.io/kubernetes@v1.34.2"],  where the data is from
     "kinds": {"apps/v1/Deployment": {"namespaced": true, "type": TYPE}, "v1/Namespace": ...},
     "types": {TYPE: {FIELD: {"of": TYPE, "keys": [...], "defaults": {...}, "map": true}}}}

A kind is `apiVersion/kind`. `type` is absent where no list below the kind has keys.
A field of a type has an entry only where something follows from it:

    of        the type of the object in this field; in a list, of each entry
    map       the field maps free names to objects of type `of`
    keys      the field is a list whose entries are one where these fields are equal
              (x-kubernetes-list-map-keys, else x-kubernetes-patch-merge-key)
    defaults  values that keys have where an entry does not give them (`protocol: TCP`)

A list without `keys` is replaced as a whole; `of` then says only what lies in its entries.
`status` is left out: nobody writes it.
"""

import argparse
import json
import pathlib
import subprocess
import sys

import yaml

KUBERNETES = "1.34.2"  # the version that the live cluster's own scripts download kubectl of

# Where the site's custom resources are defined: module, version, the folder or file with its CRDs.
CUSTOM = [
    ("github.com/fluxcd/helm-controller", "v1.4.0", "config/crd/bases"),
    ("github.com/fluxcd/source-controller", "v1.8.5", "config/crd/bases"),
    ("github.com/kyverno/kyverno", "v1.18.2", "config/crds/kyverno"),
    ("github.com/traefik/traefik/v3", "v3.6.7",
     "docs/content/reference/dynamic-configuration/kubernetes-crd-definition-v1.yml"),
    ("go.universe.tf/metallb", "v0.15.3", "config/crd/bases"),
    ("sigs.k8s.io/external-dns", "v0.20.0", "config/crd/standard"),
]

ROOT = pathlib.Path(__file__).resolve().parent.parent


def module(path, version):
    """The folder of a Go module, fetched if need be."""
    asked = subprocess.run(["go", "mod", "download", "-json", f"{path}@{version}"],
                           cwd="/", capture_output=True, text=True)
    answer = json.loads(asked.stdout or "{}")
    if "Dir" not in answer:
        sys.exit(f"cannot get {path}@{version}: {answer.get('Error') or asked.stderr.strip()}")
    return pathlib.Path(answer["Dir"])


class Types:
    """Schemas by name, and what of them matters for merging."""

    def __init__(self):
        self.schemas = {}  # name -> JSON schema of an object
        self.fields = {}   # name -> {field: entry}, all of them, also those with nothing to say

    def name_of(self, schema, inline):
        """The type of an object's schema: the one referred to, or `inline` where it stands in place."""
        for part in [schema, *schema.get("allOf", [])]:
            if "$ref" in part:
                return part["$ref"].rsplit("/", 1)[-1]
        if "properties" in schema:
            self.schemas.setdefault(inline, schema)
            return inline
        return None

    def read(self, name):
        """Fills `fields` for a type and all that it reaches."""
        if name in self.fields or name not in self.schemas:
            return
        self.fields[name] = entries = {}
        for field, schema in self.schemas[name].get("properties", {}).items():
            inline = f"{name}.{field}"
            entry = {}
            if "items" in schema:
                entry["of"] = self.name_of(schema["items"], inline)
                keys = merge_keys(schema)
                if keys:
                    entry["keys"] = keys
                    entry["defaults"] = self.defaults(entry["of"], keys)
            elif isinstance(schema.get("additionalProperties"), dict):
                entry["of"] = self.name_of(schema["additionalProperties"], inline)
                entry["map"] = True
            else:
                entry["of"] = self.name_of(schema, inline)
            if entry["of"]:
                self.read(entry["of"])
            entries[field] = entry

    def defaults(self, name, keys):
        """Defaults of key fields; Go's zero values of required fields ("" and 0) are none."""
        properties = self.schemas.get(name, {}).get("properties", {})
        found = {key: properties.get(key, {}).get("default") for key in keys}
        return {key: value for key, value in found.items() if value}

    def telling(self):
        """The types, and of them the fields, from which a list with keys can be reached."""
        useful = set()
        while True:
            more = {name for name, entries in self.fields.items() if name not in useful
                    and any("keys" in e or e["of"] in useful for e in entries.values())}
            if not more:
                break
            useful |= more
        result = {}
        for name in useful:
            kept = {}
            for field, entry in self.fields[name].items():
                if entry["of"] not in useful:
                    entry = {k: v for k, v in entry.items() if k == "keys" or (k == "defaults" and v)}
                if entry.get("keys") or entry.get("of"):
                    kept[field] = {k: v for k, v in entry.items() if v}
            result[name] = kept
        return result


def merge_keys(schema):
    keys = schema.get("x-kubernetes-list-map-keys")
    if keys:
        return keys
    strategy = schema.get("x-kubernetes-patch-strategy", "").split(",")
    key = schema.get("x-kubernetes-patch-merge-key")
    if key and "merge" in strategy and schema.get("x-kubernetes-list-type") != "atomic":
        return [key]
    return None


def core():
    """Every kind of Kubernetes: name -> (namespaced, type), and the types."""
    api = module("k8s.io/kubernetes", f"v{KUBERNETES}") / "api"
    types, type_of = Types(), {}
    for file in sorted((api / "openapi-spec/v3").glob("*.json")):
        schemas = json.loads(file.read_text()).get("components", {}).get("schemas", {})
        for name, schema in schemas.items():
            types.schemas.setdefault(name, schema)
            marks = schema.get("x-kubernetes-group-version-kind", [])
            if len(marks) == 1:
                type_of[kind_name(**marks[0])] = name
    kinds = {}
    for file in sorted((api / "discovery").glob("*.json")):
        data = json.loads(file.read_text())
        if data.get("kind") != "APIResourceList":
            continue
        for resource in data["resources"]:
            if "/" not in resource["name"]:
                kind = f"{data['groupVersion']}/{resource['kind']}"
                kinds[kind] = (resource["namespaced"], type_of.get(kind))
    without = sorted(kind for kind, (_, name) in kinds.items() if name is None)
    if not kinds or without:
        sys.exit(f"kinds without a schema: {', '.join(without) or 'all of them'}")
    return kinds, types


def kind_name(group, version, kind):
    return f"{group}/{version}/{kind}" if group else f"{version}/{kind}"


def custom():
    """The site's custom resources, in the form of `core`."""
    kinds, types = {}, Types()
    for path, version, where in CUSTOM:
        place = module(path, version) / where
        files = sorted(place.glob("*.yaml")) if place.is_dir() else [place]
        found = 0
        for file in files:
            for crd in yaml.load_all(file.read_text(), yaml.CSafeLoader):
                if not crd or crd.get("kind") != "CustomResourceDefinition":
                    continue
                found += 1
                spec = crd["spec"]
                for served in spec["versions"]:
                    kind = kind_name(spec["group"], served["name"], spec["names"]["kind"])
                    types.schemas[kind] = served["schema"]["openAPIV3Schema"]
                    kinds[kind] = (spec["scope"] == "Namespaced", kind)
        if not found:
            sys.exit(f"no CustomResourceDefinition in {place}")
    return kinds, types


def data(kinds, types, sources):
    for _, name in kinds.values():
        schema = dict(types.schemas[name])
        schema["properties"] = {k: v for k, v in schema.get("properties", {}).items() if k != "status"}
        types.schemas[name] = schema
    for _, name in kinds.values():
        types.read(name)
    telling = types.telling()
    return {
        "version": KUBERNETES,
        "sources": sorted(sources),
        "kinds": {kind: {"namespaced": namespaced, **({"type": name} if name in telling else {})}
                  for kind, (namespaced, name) in kinds.items()},
        "types": telling,
    }


def text(value):
    """JSON with a line for each kind and each type, so that a change reads well in a diff."""
    def line(x):
        return json.dumps(x, sort_keys=True, separators=(", ", ": "), ensure_ascii=False)
    parts = []
    for key in ["version", "sources"]:
        parts.append(f" {line(key)}: {line(value[key])}")
    for key in ["kinds", "types"]:
        rows = ",\n".join(f"  {line(k)}: {line(v)}" for k, v in sorted(value[key].items()))
        parts.append(f" {line(key)}: {{\n{rows}\n }}" if rows else f" {line(key)}: {{}}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[0])
    parser.add_argument("--check", action="store_true", help="write nothing, fail where a file differs")
    check = parser.parse_args().check
    made = {
        "src/kubernetes/kinds.json": data(*core(), [f"k8s.io/kubernetes@v{KUBERNETES}"]),
        "schemas/kinds.json": data(*custom(), [f"{path}@{version}" for path, version, _ in CUSTOM]),
    }
    stale = []
    for name, value in made.items():
        file, wanted = ROOT / name, text(value)
        same = file.is_file() and file.read_text() == wanted
        if not same and not check:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(wanted)
        if not same:
            stale.append(name)
        state = "as it was" if same else "differs" if check else "written"
        print(f"{name}: {len(value['kinds'])} kinds, {len(value['types'])} types, {len(wanted)} bytes, {state}")
    sys.exit(1 if check and stale else 0)


if __name__ == "__main__":
    main()
