#!/usr/bin/env python3
"""kubeconform, a program that homebuild is not made of, judges objects by the schemas of schemas/ as homebuild does.

    tests/kubeconform.py PROGRAM     PROGRAM is target/release/homebuild

Every object of out/ must be right to it, as it was to the build that made it. Then faults are planted: in each field
that some object of out/ has, a key that no one knows, a value of another type, one that the list of values has not, and
what is required is taken away. Both must refuse each. Needs what tests/setup.sh installs.
"""

import collections
import copy
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
LOCATION = "{{.ResourceKind}}-{{.Group}}-{{.ResourceAPIVersion}}.json"
TYPES = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool}


# --- the schemas of schemas/ as JSON Schemas ---------------------------------------------------------

class Schemas:
    def __init__(self):
        self.kinds, self.definitions, self.own = {}, {}, set()
        for file in sorted((ROOT / "schemas").glob("*.json")):
            data = json.loads(file.read_text())
            if "kinds" in data:
                self.kinds |= data["kinds"]
                self.definitions |= data["definitions"]
                self.own |= data["definitions"].keys() if file.stem == "kubernetes" else set()
        if len(self.kinds) < 50:
            sys.exit("schemas/ holds hardly a kind")

    def of(self, object):
        """The definition of an object, and whether it is one of Kubernetes' own."""
        name = self.kinds[f"{object['apiVersion']}/{object['kind']}"]["schema"]
        return self.definitions[name], name in self.own

    def followed(self, schema, own):
        while "$ref" in schema:
            own = schema["$ref"] in self.own
            schema = self.definitions[schema["$ref"]]
        return schema, own

    def write(self, folder):
        for kind, data in self.kinds.items():
            *group, version, name = kind.split("/")
            wanted, definitions = [data["schema"]], {}
            while wanted:
                definition = wanted.pop()
                if definition not in definitions:
                    definitions[definition] = converted(self.definitions[definition], definition in self.own)
                    wanted += re.findall(r'"\$ref": "#/definitions/([^"]+)"', json.dumps(definitions[definition]).replace("~1", "/"))
            whole = {"$schema": "http://json-schema.org/draft-07/schema#", "definitions": definitions,
                     "$ref": pointer(data["schema"])}
            (folder / f"{name.lower()}-{''.join(group) or version}-{version}.json").write_text(json.dumps(whole))


def pointer(definition):
    return "#/definitions/" + definition.replace("/", "~1")


def converted(schema, own):
    """A schema that refuses what is not in it, as kubeconform's own do."""
    if "$ref" in schema:
        return {"$ref": pointer(schema["$ref"])}
    if schema.get("x-kubernetes-int-or-string"):
        return {"type": ["integer", "string"]}
    new = {key: value for key, value in schema.items() if not key.startswith("x-") and key not in ("default", "format", "nullable")}
    if schema.get("nullable") and "type" in schema:
        new["type"] = [schema["type"], "null"]
    if schema.get("format") == "int32":
        new = {"minimum": -2**31, "maximum": 2**31 - 1} | new
    if "properties" in schema:
        new["properties"] = {name: converted(value, own) for name, value in schema["properties"].items()}
    if isinstance(schema.get("items"), dict):
        new["items"] = converted(schema["items"], own)
    if isinstance(schema.get("additionalProperties"), dict):
        new["additionalProperties"] = converted(schema["additionalProperties"], own)
    if is_closed(schema, own):
        new["additionalProperties"] = False
    return new


def is_closed(schema, own):
    """Whether an object may have no other fields. Kubernetes' own types without fields may hold anything."""
    is_free = schema.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in schema
    return schema.get("type") == "object" and not is_free and ("properties" in schema or not own)


# --- faults ------------------------------------------------------------------------------------------

def faults(schemas, objects):
    """(what is wrong, the object with it), one for each field of each kind and each sort of fault."""
    found = {}
    for object in objects:
        for path, sort, change in places(schemas, *schemas.of(object), object, ()):
            name = f"{object['kind']}{''.join('[]' if isinstance(p, int) else f'.{p}' for p in path)}: {sort}"
            if name not in found:
                changed = copy.deepcopy(object)
                at = changed
                for part in path:
                    at = at[part]
                change(at)
                found[name] = changed
    return list(found.items())


def places(schemas, schema, own, value, path):
    """(path of a map, the sort of fault, what does it to the map), for all that lies below a value."""
    schema, own = schemas.followed(schema, own)
    if isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(schemas, schema.get("items", {}), own, inner, (*path, index))
    if not isinstance(value, dict):
        return
    if is_closed(schema, own):
        yield path, "an unknown field", lambda at: at.update(homebuildTest=1)
    for name in schema.get("required", []):
        if name in value and path + (name,) != ("metadata", "name"):
            yield path, f"without {name}", lambda at, name=name: at.pop(name)
    for name, inner in value.items():
        below, _ = schemas.followed(schema.get("properties", {}).get(name) or schema.get("additionalProperties") or {}, own)
        if below.get("type") in TYPES and not (path == () and name in ("kind", "apiVersion")):
            wrong = "text" if below["type"] not in ("string", "array") else {"a": 1}
            yield path, f"{name} of another type", lambda at, name=name, wrong=wrong: at.update({name: wrong})
        if "enum" in below:
            yield path, f"{name} is none of the values", lambda at, name=name: at.update({name: "Nonesuch"})
        yield from places(schemas, below, own, inner, (*path, name))


# --- the two judges ----------------------------------------------------------------------------------

def kubeconform(folder, files):
    """The files that kubeconform refuses, with its words."""
    command = ["kubeconform", "-strict", "-schema-location", f"{folder}/{LOCATION}", "-output", "json", "-verbose", *files]
    answer = json.loads(subprocess.run(command, capture_output=True, text=True).stdout)
    judged = {one["filename"]: one for one in answer["resources"]}
    if set(judged) != {str(file) for file in files}:
        sys.exit(f"kubeconform judged {len(judged)} of {len(files)} files")
    return {file: one["msg"] for file, one in judged.items() if one["status"] != "statusValid"}


def homebuild(program, objects):
    """What homebuild says of objects that stand in stacks as they are: by number, the messages about what they are."""
    with tempfile.TemporaryDirectory() as folder:
        site = pathlib.Path(folder)
        for name in ("schemas", "layouts", "partials"):
            shutil.copytree(ROOT / name, site / name)
        version = yaml.safe_load((ROOT / "homebuild.yaml").read_text())["kubernetes"]
        (site / "homebuild.yaml").write_text(f"homebuild: 1\nname: faults\nkubernetes: {version}\n")
        for number, object in enumerate(objects):
            stack = {"tier": False, "namespace": False, "components": {"it": {"layout": "objects", "objects": [object]}}}
            place = site / f"stacks/s{number}/stack.yaml"
            place.parent.mkdir(parents=True)
            place.write_text(json.dumps(stack))
        run = subprocess.run([program, "--site", site, "build", "--json"], capture_output=True, text=True)
    told = collections.defaultdict(list)
    for problem in json.loads(run.stdout).get("problems", []):
        places = {problem["place"], *(component["place"] for component in problem["components"])}
        numbers = {int(number) for place in places for number in re.findall(r"^stacks/s(\d+)/", place or "")}
        if not numbers:
            sys.exit(f"the site of planted faults cannot be built: {problem}")
        for number in numbers if problem["code"] in ("schema", "identity") else ():
            told[number].append(problem["message"])
    return told


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    schemas, failed = Schemas(), 0
    files = [file for file in sorted((ROOT / "out").glob("*/*/*.yaml"))]
    objects = [yaml.load(file.read_text(), yaml.CSafeLoader) for file in files]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "schemas").mkdir()
        (folder / "faults").mkdir()
        schemas.write(folder / "schemas")
        refused = kubeconform(folder / "schemas", files)
        failed += tell(f"{len(files)} objects of out/", [f"{pathlib.Path(f).relative_to(ROOT)}: {m}" for f, m in refused.items()])

        planted = faults(schemas, [unlike_templates(object) for object in objects])
        for number, (_, object) in enumerate(planted):
            (folder / f"faults/{number}.yaml").write_text(json.dumps(object))
        names = [folder / f"faults/{number}.yaml" for number in range(len(planted))]
        theirs = kubeconform(folder / "schemas", names)
        ours = homebuild(program, [object for _, object in planted])
        problems = [f"{name}: kubeconform {'refuses' if str(file) in theirs else 'accepts'}, homebuild {ours.get(number, 'accepts')}"
                    for number, ((name, _), file) in enumerate(zip(planted, names)) if str(file) not in theirs or number not in ours]
        failed += tell(f"{len(planted)} planted faults", problems)
        right = homebuild(program, [unlike_templates(object) for object in objects])
        failed += tell(f"{len(objects)} objects as they are", [message for messages in right.values() for message in messages])
    print(f"\n{3 - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


def tell(what, problems):
    print(f"{'FAILED' if problems else 'ok':6} {what}", *problems[:50], sep="\n         ", flush=True)
    return bool(problems)


def unlike_templates(value):
    """The value without what homebuild reads in a source: expressions, references to secrets."""
    text = json.dumps(value)
    return json.loads(text.replace("${{", "$ {{").replace("<secret:", "<text:"))


if __name__ == "__main__":
    main()
