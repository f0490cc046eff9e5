#!/usr/bin/env python3
"""Independent readers of out/: programs that homebuild is not made of must read what it meant.

    tests/readers.py               checks ./out; prints a line a check and, last, `N passed, N failed`
    tests/readers.py --self-test   breaks a small tree in each way that a check is for, and wants it noticed

What is known here is DESIGN.md's "out/" and "Secrets", written a second time, and nothing of the
program. A check that finds nothing to check has failed. Needs what tests/setup.sh installs.
"""

import argparse
import collections
import concurrent.futures
import contextlib
import hashlib
import io
import json
import math
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.parse

TOOLS = 'run this as `PATH="$(tests/setup.sh):$PATH" tests/readers.py`'
try:
    import jsonschema
    import ruamel.yaml
    import yaml
except ImportError as missing:
    sys.exit(f"{missing}; {TOOLS}")

ROOT = pathlib.Path(__file__).resolve().parent.parent
FILTERS = {"b64encode", "bcrypt", "json", "urlencode"}


# --- what out/ holds --------------------------------------------------------------------------------

class Tree:
    """The files of out/ by what they are, each `out/`-relative path with its parsed data."""

    def __init__(self, root, site):
        self.root, self.site = root, site
        self.files = sorted(str(f.relative_to(root)) for f in root.rglob("*") if not f.is_dir())
        self.kind = {f: kind_of(f) for f in self.files}
        yaml_files = [f for f in self.files if self.kind[f] in ("lock", "object", "cloud-init", "control-plane")]
        self.data, self.yaml_problems = {}, []
        with concurrent.futures.ProcessPoolExecutor() as pool:
            jobs = pool.map(read_yaml, [root / f for f in yaml_files], chunksize=16)
            for file, (data, problem) in zip(yaml_files, jobs):
                if problem:
                    self.yaml_problems.append(f"{file}: {problem}")
                else:
                    self.data[file] = data
        for file in self.of("proxmox"):
            self.data[file] = json.loads((root / file).read_text())

    def of(self, *kinds):
        return [f for f in self.files if self.kind[f] in kinds]

    def objects(self):
        return [(f, self.data[f]) for f in self.of("object") if f in self.data]

    def modules(self):
        return sorted({"/".join(f.split("/")[:2]) for f in self.files if f.count("/") > 1})


def kind_of(file):
    parts = file.split("/")
    match parts:
        case ["site.lock"] | [_, "stack.lock"]:
            return "lock"
        case [_, _, "SHA256SUMS"]:
            return "sums"
        case [_, _, "nfs-exports.txt"]:
            return "nfs"
        case [_, _, "cloud-init", name] if name.endswith(".yaml"):
            return "cloud-init"
        case [_, _, "proxmox", name] if name.endswith(".json"):
            return "proxmox"
        case [_, _, "control-plane", name] if name.endswith(".txt"):
            return "control-plane"
        case [_, _, name] if name.endswith(".yaml"):
            return "object"
    return "unknown"


def plain(value):
    """The value, if JSON can say it: string keys, no dates, no infinities."""
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise ValueError(f"the key {key!r} is not a string")
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if value is None or isinstance(value, (bool, int, str)) or isinstance(value, float) and math.isfinite(value):
        return value
    raise ValueError(f"{value!r} is a {type(value).__name__}")


def exact(value):
    """Text in which 1, 1.0, true and "1" differ and the order of keys does not."""
    return json.dumps(value, sort_keys=True, ensure_ascii=True)


def read_yaml(path):
    """(data, None), or (None, what the two readers do not agree on)."""
    try:
        text = path.read_text()
        old = [plain(document) for document in yaml.load_all(text, yaml.CSafeLoader)]
        reader = ruamel.yaml.YAML(typ="safe", pure=True)
        reader.version = "1.2"
        new = [plain(document) for document in reader.load_all(text)]
    except (yaml.YAMLError, ruamel.yaml.error.YAMLError, ValueError) as error:
        return None, " ".join(str(error).split())
    if exact(old) != exact(new):
        return None, f"a YAML 1.1 reader and a 1.2 reader differ: {difference(old, new)}"
    if len(old) != 1:
        return None, f"{len(old)} documents"
    return old[0], None


def difference(a, b, path=""):
    """The first place where two values differ."""
    if type(a) is type(b) and isinstance(a, dict):
        for key in sorted({*a, *b}):
            if key not in a or key not in b:
                return f"{path}.{key} is only in {'the first' if key in a else 'the second'}"
            if exact(a[key]) != exact(b[key]):
                return difference(a[key], b[key], f"{path}.{key}")
    if type(a) is type(b) and isinstance(a, list) and len(a) == len(b):
        for index, (x, y) in enumerate(zip(a, b)):
            if exact(x) != exact(y):
                return difference(x, y, f"{path}[{index}]")
    return f"{path} is {a!r} and {b!r}"


def strings(value):
    """Every string of a tree, keys too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


# --- the checks: each returns (how much it checked, what of, problems) -------------------------------

def check_files(tree):
    """Every file of out/ is one of DESIGN.md's, and every stack and module has its record."""
    problems = [f"{f}: no file of homebuild's has such a path" for f in tree.of("unknown")]
    stacks = sorted({f.split("/")[0] for f in tree.files if "/" in f})
    wanted = ["site.lock", *(f"{s}/stack.lock" for s in stacks), *(f"{m}/SHA256SUMS" for m in tree.modules())]
    problems += [f"{f} is missing" for f in wanted if f not in tree.kind]
    sources = sorted(f.parent.name for f in (tree.site / "stacks").glob("*/stack.yaml"))
    if sources != stacks:
        problems.append(f"stacks/ has {', '.join(sources)}; out/ has {', '.join(stacks)}")
    return len(tree.files), f"files of {len(stacks)} stacks and {len(tree.modules())} modules", problems


def check_sums(tree):
    """`sha256sum -c` reads SHA256SUMS, which lists each file of its module once."""
    problems, lines = [], 0
    for file in tree.of("sums"):
        folder = (tree.root / file).parent
        run = subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=folder,
                             capture_output=True, text=True)
        if run.returncode:
            problems.append(f"{file}: {' '.join((run.stdout + run.stderr).split())}")
        listed = [line.split("  ", 1)[-1] for line in (tree.root / file).read_text().splitlines()]
        there = sorted(str(f.relative_to(folder)) for f in folder.rglob("*") if f.is_file())
        there.remove("SHA256SUMS")
        if sorted(listed) != there:
            odd = sorted(set(listed).symmetric_difference(there))
            problems.append(f"{file}: does not list the module's files once each: {', '.join(odd) or 'one twice'}")
        lines += len(listed)
    return lines, f"digests in {len(tree.of('sums'))} files", problems


def check_yaml(tree):
    """PyYAML (YAML 1.1) and ruamel (1.2) read one document, the same, that JSON can say."""
    return len(tree.data) - len(tree.of("proxmox")), "YAML files", tree.yaml_problems


def check_kubectl(tree):
    """kubectl reads the same object from each file."""
    problems, count, batch = [], 0, 400
    files = tree.objects()
    for start in range(0, len(files), batch):
        part = files[start:start + batch]
        arguments = [word for file, _ in part for word in ("--filename", str(tree.root / file))]
        run = subprocess.run(["kubectl", "annotate", "--local", "--output", "json", *arguments, "x-read=1"],
                             capture_output=True, text=True, env={**os.environ, "KUBECONFIG": os.devnull})
        if run.returncode:
            problems.append(f"kubectl: {run.stderr.strip()}")
            continue
        read = list(documents(run.stdout))
        if len(read) != len(part):
            problems.append(f"kubectl read {len(read)} objects from {len(part)} files")
            continue
        for (file, data), seen in zip(part, read):
            unmark(seen)
            wanted = whole_floats(data)
            if exact(whole_floats(seen)) != exact(wanted):
                problems.append(f"{file}: kubectl reads something else: {difference(wanted, whole_floats(seen))}")
            count += 1
    return count, "objects", problems


def documents(text):
    decoder, at = json.JSONDecoder(), 0
    while text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        value, at = decoder.raw_decode(text, at)
        yield value


def unmark(value):
    """Takes away the annotation by which kubectl was made to read."""
    annotations = value["metadata"]["annotations"]
    del annotations["x-read"]
    if not annotations:
        del value["metadata"]["annotations"]


def whole_floats(value):
    """Kubernetes has no floats that are whole numbers: 1.0 is 1."""
    if isinstance(value, dict):
        return {key: whole_floats(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [whole_floats(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def check_paths(tree):
    """One object a file; its path says its identity; no identity twice; namespaces where the kind has them."""
    kinds = known_kinds(tree)
    groups = collections.defaultdict(set)
    for known in kinds:
        *group, _, kind = known.split("/")
        groups[kind.lower()].add("".join(group))
    problems, seen, of_module = [], {}, collections.defaultdict(lambda: collections.defaultdict(list))
    for file, data in tree.objects():
        metadata = data.get("metadata") if isinstance(data, dict) else None
        api, kind = (data.get("apiVersion"), data.get("kind")) if isinstance(data, dict) else (None, None)
        if not isinstance(metadata, dict) or not all(isinstance(x, str) for x in (api, kind, metadata.get("name"))):
            problems.append(f"{file}: not a Kubernetes object")
            continue
        name, namespace = metadata["name"], metadata.get("namespace")
        known = kinds.get(f"{api}/{kind}")
        if known is None:
            problems.append(f"{file}: {api}/{kind} is no known kind")
        elif known["namespaced"] != isinstance(namespace, str):
            problems.append(f"{file}: metadata.namespace is {namespace!r}")
        group = api.rpartition("/")[0]
        identity = (group, kind, namespace, name)
        if identity in seen:
            problems.append(f"{file}: the same object is in {seen[identity]}")
        seen[identity] = file
        words = [kind.lower()]
        spellings = [words, [*words, group]] if len(groups[words[0]]) > 1 else [words]
        module, _, base = file.rpartition("/")
        short = {".".join([*w, name, "yaml"]) for w in spellings}
        long = {".".join([*w, namespace, name, "yaml"]) for w in spellings} if namespace else set()
        said = urllib.parse.unquote(base)
        if said not in short | long or not re.fullmatch(r"[A-Za-z0-9._%-]+", base):
            problems.append(f"{file}: holds {kind} {namespace or ''}/{name}, whose file is {sorted(short | long)}")
        elif namespace and "." not in name:
            of_module[module][(said in short, namespace)].append(file)
    for module, uses in of_module.items():
        own = sorted({namespace for short, namespace in uses if short})
        if len(own) > 1:
            problems.append(f"{module}: files without a namespace in their name are of {', '.join(own)}")
        for (short, namespace), files in uses.items():
            if not short and namespace in own:
                problems.append(f"{files[0]}: names the module's own namespace")
    return len(seen), "objects", problems


def known_kinds(tree):
    kinds = {}
    for file in (ROOT / "schemas/kubernetes.json", *sorted((tree.site / "schemas").glob("*.json"))):
        kinds |= json.loads(file.read_text()).get("kinds", {})
    return kinds


def check_normal(tree):
    """Objects are in the normal form that DESIGN.md promises."""
    problems = []
    for file, data in tree.objects():
        def wrong(what, file=file):
            problems.append(f"{file}: {what}")
        kind, metadata = data.get("kind"), data.get("metadata") or {}
        if "status" in data and kind != "CustomResourceDefinition" or "creationTimestamp" in metadata:
            wrong("has what only a server writes")
        if str(kind).endswith("List") and "items" in data:
            wrong("a list")
        for path, inner in maps(data):
            for key in ("labels", "annotations"):
                if inner.get(key) == {} and path.endswith("metadata"):
                    wrong(f"{path}.{key} is empty")
            own = [k for key in ("labels", "annotations") if path.endswith("metadata")
                   for k in inner.get(key) or {} if k in ("homebuild.dev/stack", "homebuild.dev/owner")]
            if own:
                wrong(f"{path} has {own[0]}, which push adds")
            for port in inner.get("ports") or [] if pod_or_service(kind, inner, path) else []:
                if "protocol" not in port:
                    wrong(f"{path}.ports: no protocol in {port}")
        if kind == "Deployment" and not (data.get("spec") or {}).get("strategy", {}).get("type"):
            wrong("no spec.strategy.type")
        for key, text in (data.get("data") or {}).items() if kind == "Secret" else []:
            if "<secret:" in text:
                wrong(f"data.{key} holds a reference, which is text and belongs in stringData")
    return len(tree.objects()), "objects", problems


def pod_or_service(kind, inner, path):
    containers = re.search(r"\.(initContainers|containers)\[\d+\]$", path)
    return isinstance(inner.get("ports"), list) and (
        kind == "Service" and path == ".spec" or containers and kind in
        ("Pod", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "ReplicaSet"))


def maps(value, path=""):
    if isinstance(value, dict):
        yield path, value
        for key, inner in value.items():
            yield from maps(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from maps(inner, f"{path}[{index}]")


def check_secrets(tree):
    """sops decrypts the secrets, and every reference names a key of theirs, with its fingerprint."""
    keys, problems = {}, []
    key_files = [f for f in sorted((tree.site / "tests/keys").glob("*.txt")) if "AGE-SECRET-KEY-" in f.read_text()]
    if not key_files:
        return 0, "references", ["no test key in tests/keys"]
    # tests/keys may hold several; sops takes all of one file
    with tempfile.NamedTemporaryFile("w") as together:
        together.write("\n".join(f.read_text() for f in key_files))
        together.flush()
        for file in secret_files(tree.site):
            problems += read_secrets(file, together.name, keys)
    count, elsewhere, used = 0, [], set()
    for file in tree.of("object", "cloud-init", "proxmox", "control-plane", "lock"):
        data = tree.data.get(file)
        for text in strings(data):
            for reference in re.finditer(r"<secret:(?!:)", text):
                count += 1
                try:
                    path, filters, mark = parse_reference(text, reference.end())
                except ValueError as error:
                    problems.append(f"{file}: {error}: {text[reference.start():reference.start() + 60]!r}")
                    continue
                if path not in keys:
                    problems.append(f"{file}: no secret {'.'.join(path)}")
                elif mark != keys[path]:
                    problems.append(f"{file}: secret {'.'.join(path)} has fingerprint {keys[path]}, not {mark}")
                problems += [f"{file}: no filter {f!r}" for f in filters if f not in FILTERS]
                used.add(path)
                if tree.kind[file] not in ("cloud-init", "proxmox", "lock") and data.get("kind") != "Secret":
                    elsewhere.append(file)
    of = f"references to {len(used)} of {len(keys)} secrets"
    if elsewhere:
        of += f", {len(elsewhere)} of them outside Secrets ({', '.join(sorted(set(elsewhere)))})"
    return count, of, problems


def secret_files(site):
    declared = yaml.load((site / "homebuild.yaml").read_text(), yaml.CSafeLoader).get("secrets", "secrets.sops.yaml")
    return [site / name for name in (declared if isinstance(declared, list) else [declared])]


def read_secrets(file, key, into):
    """Adds the fingerprints of a SOPS file by path; says what sops itself finds wrong."""
    run = subprocess.run(["sops", "decrypt", "--output-type", "json", str(file)], capture_output=True, text=True,
                         env={**os.environ, "SOPS_AGE_KEY_FILE": key})
    if run.returncode:
        return [f"sops cannot decrypt {file.name}: {' '.join(run.stderr.split())}"]
    encrypted = yaml.load(file.read_text(), yaml.CSafeLoader)
    encrypted.pop("sops")
    locked, open_ = dict(leaves(encrypted)), dict(leaves(json.loads(run.stdout)))
    into |= {path: hashlib.sha256(str(text).encode()).hexdigest()[:8] for path, text in locked.items()}
    problems = [f"{file.name}: {'.'.join(path)} is not encrypted" for path, text in locked.items()
                if text != "" and not str(text).startswith("ENC[AES256_GCM,")]
    if locked.keys() != open_.keys():
        problems.append(f"{file.name}: sops decrypts other keys than the file shows")
    return problems


def leaves(value, path=()):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, str(key)))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from leaves(inner, (*path, str(index)))
    else:
        yield path, value


def parse_reference(text, at):
    """The rest of `<secret:PATH|FILTER(ARG)#FP>` from `at`: path, filter names, fingerprint."""
    path = []
    while True:
        if text.startswith("[", at):
            key, at = json.JSONDecoder().raw_decode(text, at + 1)
            if not isinstance(key, str) or not text.startswith("]", at):
                raise ValueError('a key is not ["..."]')
            at += 1
        else:
            word = re.compile(r"\.?([A-Za-z0-9_-]+)").match(text, at)
            if not word or word[0].startswith(".") != bool(path):
                raise ValueError("a path of keys was to come")
            key, at = word[1], word.end()
        path.append(key)
        if text[at:at + 1] not in (".", "["):
            break
    filters = []
    while word := re.compile(r"\|([a-z0-9_]+)(?:\([^()]*\))?").match(text, at):
        filters.append(word[1])
        at = word.end()
    end = re.compile(r"#([0-9a-f]{8})>").match(text, at)
    if not end:
        raise ValueError("a fingerprint was to come")
    return tuple(path), filters, end[1]


def check_cloud_init(tree):
    """Debian's cloud-init accepts each cloud-init file."""
    problems = []
    for file in tree.of("cloud-init"):
        if not (tree.root / file).read_text().startswith("#cloud-config\n"):
            problems.append(f"{file}: does not begin with #cloud-config")
        run = subprocess.run(["cloud-init", "schema", "--config-file", str(tree.root / file)],
                             capture_output=True, text=True)
        said = " ".join((run.stdout + run.stderr).split())
        if run.returncode or "Valid" not in said:
            problems.append(f"{file}: {said}")
    return len(tree.of("cloud-init")), "files", problems


def check_proxmox(tree):
    """Payloads fit schemas/proxmox.schema.json, their path is their identity, their snippets exist."""
    schema = json.loads((tree.site / "schemas/proxmox.schema.json").read_text())
    validator = jsonschema.validators.validator_for(schema, jsonschema.Draft202012Validator)
    validator.check_schema(schema)
    problems, calls = [], 0
    snippets = {(f.split("/")[0], pathlib.PurePath(f).stem) for f in tree.of("cloud-init")}
    for file in tree.of("proxmox"):
        data = tree.data[file]
        problems += [f"{file}: {e.json_path}: {e.message}" for e in validator(schema).iter_errors(data)]
        if pathlib.PurePath(file).name != f"{data.get('vmid')}-{data.get('name')}.json":
            problems.append(f"{file}: holds {data.get('vmid')}-{data.get('name')}")
        calls += len(data.get("calls") or [])
        for text in strings(data):
            problems += [f"{file}: no cloud-init file {name}" for name in re.findall(r"<snippet:([^>]*)>", text)
                         if (file.split("/")[0], name) not in snippets]
    return len(tree.of("proxmox")), f"payloads, {calls} calls", problems


def check_exports(tree):
    """nfs-exports.txt lists, sorted, exactly the NFS folders of the module's volumes."""
    problems, count = [], 0
    for module in tree.modules():
        mounted = set()
        for file, data in tree.objects():
            if file.startswith(module + "/") and data.get("kind") != "HelmRelease":
                mounted |= {f"{m['nfs']['server']} {m['nfs']['path']}" for _, m in maps(data)
                            if isinstance(m.get("nfs"), dict) and {"server", "path"} <= m["nfs"].keys()}
        path = tree.root / module / "nfs-exports.txt"
        listed = path.read_text().splitlines() if path.is_file() else []
        if listed != sorted(mounted):
            odd = sorted(mounted.symmetric_difference(listed))
            problems.append(f"{module}/nfs-exports.txt: {', '.join(odd) or 'not sorted, or a line twice'}")
        count += len(listed)
    return count, f"exports in {len(tree.of('nfs'))} files", problems


def check_names(tree):
    """A host of an Ingress has one public record if it is below the site's domain and open to outside, else none."""
    domain = yaml.load((tree.site / "homebuild.yaml").read_text(), yaml.CSafeLoader)["vars"]["domain"]
    problems, records, hosts = [], {}, {}
    for file, data in (one for one in tree.objects() if one[1].get("kind") == "DNSEndpoint"):
        for endpoint in data["spec"]["endpoints"]:
            kind = endpoint["recordType"]
            record = endpoint["dnsName"], "address" if kind in ("A", "CNAME") else kind
            if record in records:
                problems.append(f"{file}: {record[0]} has a record in {records[record]} already")
            records[record] = file
    for file, data in (one for one in tree.objects() if one[1].get("kind") == "Ingress"):
        middlewares = data["metadata"].get("annotations", {}).get("traefik.ingress.kubernetes.io/router.middlewares", "")
        hosts |= {rule["host"]: (file, "local-only" not in middlewares) for rule in data["spec"]["rules"]}
    for host, (file, is_open) in hosts.items():
        is_public = is_open and f".{host}".endswith(f".{domain}")
        if is_public != ((host, "address") in records):
            problems.append(f"{file}: {host} has {'no' if is_public else 'a'} public record")
    return len(hosts), "hosts", problems


CHECKS = {
    "files": check_files,
    "sha256sum": check_sums,
    "yaml 1.1, 1.2": check_yaml,
    "kubectl": check_kubectl,
    "paths": check_paths,
    "normal form": check_normal,
    "secrets, sops": check_secrets,
    "cloud-init": check_cloud_init,
    "proxmox schema": check_proxmox,
    "nfs exports": check_exports,
    "public names": check_names,
}


def run_all(root, site, names=tuple(CHECKS)):
    """Prints a line a check and its problems; the names of the checks that failed."""
    tree, failed = Tree(root, site), []
    for name in names:
        count, of, problems = CHECKS[name](tree)
        if not count:
            problems = [*problems, "nothing to check"]
        if problems:
            failed.append(name)
        print(f"{'FAILED' if problems else 'ok':6} {name:15} {count} {of}", flush=True)
        for problem in problems[:50]:
            print(f"         {problem}")
        if len(problems) > 50:
            print(f"         and {len(problems) - 50} more")
    print(f"\n{len(names) - len(failed)} passed, {len(failed)} failed")
    return failed


# --- the checks checked ------------------------------------------------------------------------------

GOOD = {
    "homebuild.yaml": "homebuild: 1\nvars: {domain: example.org}\n",
    "stacks/shop/stack.yaml": "",
    "schemas/dns.json": '{"kinds": {"externaldns.k8s.io/v1alpha1/DNSEndpoint": {"namespaced": true}}}',
    "schemas/proxmox.schema.json": '{"type": "object", "required": ["kind", "name", "vmid", "calls"]}',
    "out/site.lock": "name: test\n",
    "out/shop/stack.lock": "depends_on: []\n",
    "out/shop/shop/nfs-exports.txt": "10.0.0.1 /mnt/shop\n",
    "out/shop/shop/namespace.shop.yaml": "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n",
    "out/shop/shop/secret.shop.yaml":
        'apiVersion: v1\nkind: Secret\nmetadata:\n  name: shop\n  namespace: shop\nstringData:\n'
        '  a: |\n    x <secret:a["b@c"].d|bcrypt(6)|b64encode#MARK> <secret::\n',
    "out/shop/shop/configmap.kube-system.a%3Ab.yaml":
        'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a:b\n  namespace: kube-system\ndata:\n  debug: "no"\n',
    "out/shop/shop/deployment.shop.yaml":
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: shop\n  namespace: shop\nspec:\n"
        "  strategy:\n    type: Recreate\n  template:\n    spec:\n      containers:\n        - name: shop\n"
        "          ports:\n            - containerPort: 80\n              protocol: TCP\n"
        "      volumes:\n        - name: a\n          nfs:\n            server: 10.0.0.1\n            path: /mnt/shop\n",
    "out/shop/shop/ingress.shop.yaml":
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: shop\n  namespace: shop\n"
        "spec:\n  rules:\n  - host: shop.example.org\n  - host: shop.lan\n",
    "out/shop/shop/dnsendpoint.shop.yaml":
        "apiVersion: externaldns.k8s.io/v1alpha1\nkind: DNSEndpoint\nmetadata:\n  name: shop\n  namespace: shop\n"
        "spec:\n  endpoints:\n  - {dnsName: shop.example.org, recordType: A}\n  - {dnsName: shop.example.org, recordType: MX}\n",
    "out/shop/shop/cloud-init/node.yaml": "#cloud-config\nhostname: node\n",
    "out/shop/shop/proxmox/100-node.json":
        '{"kind": "ProxmoxVM", "name": "node", "vmid": 100, "calls": [{"a": "vendor=<snippet:node>"}]}',
}

# What is done to one file of the good tree (None removes it), and the check that must notice.
BROKEN = [
    ("files", "out/shop/shop/README.md", lambda t: "hello\n"),
    ("files", "out/shop/stack.lock", lambda t: None),
    ("files", "out/old/stack.lock", lambda t: "depends_on: []\n"),
    ("sha256sum", "out/shop/shop/SHA256SUMS", lambda t: t.replace(t[:8], "00000000", 1)),
    ("sha256sum", "out/shop/shop/SHA256SUMS", lambda t: t.split("\n", 1)[1]),
    ("yaml 1.1, 1.2", "out/shop/shop/configmap.kube-system.a%3Ab.yaml", lambda t: t.replace('"no"', "no")),
    ("yaml 1.1, 1.2", "out/shop/shop/configmap.kube-system.a%3Ab.yaml", lambda t: t.replace('"no"', "2024-01-01")),
    ("yaml 1.1, 1.2", "out/shop/shop/configmap.kube-system.a%3Ab.yaml", lambda t: t + '  debug: "yes"\n'),
    ("yaml 1.1, 1.2", "out/shop/stack.lock", lambda t: t + "---\na: 1\n"),
    ("kubectl", "out/shop/shop/configmap.kube-system.a%3Ab.yaml", lambda t: t.replace('debug: "no"', "n: x")),
    ("paths", "out/shop/shop/deployment.shop.yaml", lambda t: t.replace("name: shop\n  names", "name: other\n  names")),
    ("paths", "out/shop/shop/deployment.shop.yaml", lambda t: t.replace("namespace: shop", "namespace: other")),
    ("paths", "out/shop/shop/namespace.shop.yaml", lambda t: t + "  namespace: shop\n"),
    ("paths", "out/shop/shop/namespace.shop.yaml", lambda t: t.replace("v1", "v9")),
    ("normal form", "out/shop/shop/namespace.shop.yaml", lambda t: t + "  labels: {}\n"),
    ("normal form", "out/shop/shop/deployment.shop.yaml", lambda t: t.replace("              protocol: TCP\n", "")),
    ("normal form", "out/shop/shop/deployment.shop.yaml", lambda t: t.replace("    type: Recreate", "    rollingUpdate: {}")),
    ("secrets, sops", "out/shop/shop/secret.shop.yaml", lambda t: re.sub("#........", "#00000000", t)),
    ("secrets, sops", "out/shop/shop/secret.shop.yaml", lambda t: t.replace("b@c", "b@d")),
    ("secrets, sops", "out/shop/shop/secret.shop.yaml", lambda t: t.replace("bcrypt", "rot13")),
    ("secrets, sops", "out/shop/shop/secret.shop.yaml", lambda t: t.replace('["b@c"]', ".b@c")),
    ("cloud-init", "out/shop/shop/cloud-init/node.yaml", lambda t: t.replace("node", "[node]")),
    ("cloud-init", "out/shop/shop/cloud-init/node.yaml", lambda t: t.split("\n", 1)[1]),
    ("proxmox schema", "out/shop/shop/proxmox/100-node.json", lambda t: t.replace("ProxmoxVM", "x").replace("kind", "k")),
    ("proxmox schema", "out/shop/shop/proxmox/100-node.json", lambda t: t.replace("snippet:node", "snippet:other")),
    ("proxmox schema", "out/shop/shop/proxmox/100-node.json", lambda t: t.replace("100", "101")),
    ("nfs exports", "out/shop/shop/nfs-exports.txt", lambda t: None),
    ("nfs exports", "out/shop/shop/nfs-exports.txt", lambda t: t + "10.0.0.1 /mnt/z\n"),
    ("public names", "out/shop/shop/dnsendpoint.shop.yaml", lambda t: t.replace("Name: shop.", "Name: shopp.", 1)),
    ("public names", "out/shop/shop/dnsendpoint.shop.yaml", lambda t: t.replace("MX", "CNAME")),
    ("public names", "out/shop/shop/ingress.shop.yaml", lambda t: t.replace("shop.lan", "cart.example.org")),
    ("public names", "out/shop/shop/dnsendpoint.shop.yaml", lambda t: t.replace("shop.example.org", "shop.lan", 2)),
]


def self_test():
    good = make_good()
    noticed = 0
    for check, name, change in [(None, None, None), *BROKEN]:
        files = dict(good)
        if name:
            files[name] = change(files.get(name))
            assert files[name] != good.get(name), f"nothing changed in {name}"
        if name and not name.endswith("SHA256SUMS"):
            files = with_sums({n: t for n, t in files.items() if t is not None})
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()) as said:
            site = pathlib.Path(folder)
            for path, text in files.items():
                (site / path).parent.mkdir(parents=True, exist_ok=True)
                (site / path).write_text(text)
            failed = run_all(site / "out", site, [check] if check else CHECKS)
        if failed != [] if check is None else check not in failed:
            sys.exit(f"{check or 'the good tree'} {name or ''}: failed is {failed}\n{said.getvalue()}")
        noticed += 1
    print(f"{noticed - 1} broken trees noticed, the good one accepted")


def make_good():
    """The good tree, with a secrets file and key of its own made by sops and age."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        subprocess.run(["age-keygen", "-o", folder / "key"], check=True, capture_output=True)
        recipient = re.search(r"age1\w+", (folder / "key").read_text())[0]
        (folder / "plain.yaml").write_text("a:\n  b@c:\n    d: secret\n")
        locked = subprocess.run(["sops", "encrypt", "--age", recipient, "plain.yaml"], check=True, cwd=folder,
                                capture_output=True, text=True).stdout
        key = (folder / "key").read_text()
    cipher = yaml.load(locked, yaml.CSafeLoader)["a"]["b@c"]["d"]
    mark = hashlib.sha256(cipher.encode()).hexdigest()[:8]
    files = {name: text.replace("MARK", mark) for name, text in GOOD.items()}
    return with_sums(files | {"tests/keys/key.txt": key, "secrets.sops.yaml": locked})


def with_sums(files):
    start = "out/shop/shop/"
    lines = [f"{hashlib.sha256(text.encode()).hexdigest()}  {name[len(start):]}\n"
             for name, text in sorted(files.items()) if name.startswith(start) and not name.endswith("SHA256SUMS")]
    return files | {start + "SHA256SUMS": "".join(lines)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--site", type=pathlib.Path, default=ROOT, help="the repository (default: this one)")
    parser.add_argument("--self-test", action="store_true", help="check the checks")
    options = parser.parse_args()
    missing = [tool for tool in ("kubectl", "sops", "age-keygen", "cloud-init", "sha256sum") if not shutil.which(tool)]
    if missing:
        sys.exit(f"not on PATH: {', '.join(missing)}; {TOOLS}")
    if options.self_test:
        return self_test()
    site = options.site.resolve()
    sys.exit(1 if run_all(site / "out", site) else 0)


if __name__ == "__main__":
    main()
