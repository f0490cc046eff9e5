#!/usr/bin/env python3
"""Make schemas/proxmox.schema.json: what a file out/<stack>/<module>/proxmox/<vmid>-<name>.json may hold.

    tools/proxmox_schema.py API FORMATS > schemas/proxmox.schema.json

API is the tree of Proxmox' API as JSON (gzipped or not), the data of its API viewer (apidoc.js of package pve-docs).
FORMATS is a JSON file of the property strings that the tree only names, {format: {key: as in the tree}}; qemu-server
registers them. Only facts are taken over: names, types, limits, patterns; no descriptions.

A property string (`virtio=DE:AD:BE:EF:22:22,bridge=vmbr1,tag=20`) becomes a pattern of its known keys and their values.
What push fills in is allowed where it can stand: `<snippet:NAME>` for a volume, `<secret:...>` in free text.
"""
import gzip
import json
import re
import sys
from pathlib import Path

CREATE, CONFIG = "POST /nodes/{node}/qemu", "POST /nodes/{node}/qemu/{vmid}/config"
CALLS = {
    "ProxmoxTemplate": ["POST /nodes/{node}/storage/{storage}/download-url", CREATE, "POST /nodes/{node}/qemu/{vmid}/template"],
    "ProxmoxVM": ["POST /nodes/{node}/qemu/{vmid}/clone", CONFIG, "PUT /nodes/{node}/qemu/{vmid}/resize",
                  "POST /nodes/{node}/qemu/{vmid}/status/start"],
}
# Patterns of the formats that the tree names and does not spell out. An address may be a name.
STORAGE, LABEL, IPV4, IPV6 = r"[A-Za-z][\w.-]*\w", r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?", r"\d+(?:\.\d+){3}", r"[0-9a-fA-F:.]*:[0-9a-fA-F:.]*"
FORMATS = {
    "address-list": r"[^\s,;]+(?:[\s,;]+[^\s,;]+)*",
    "dns-name": rf"{LABEL}(?:\.{LABEL})*",
    "disk-size": r"\d+(?:\.\d+)?[KMGT]?",
    "ipv4": IPV4,
    "ipv6": IPV6,
    "mac-addr": r"[0-9A-F]{2}(?::[0-9A-F]{2}){5}",
    "pve-configid-list": r"[A-Za-z][\w-]+(?:,[A-Za-z][\w-]+)*",
    "pve-cpuset": r"\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*",
    "pve-ipv4-config": rf"dhcp|{IPV4}/\d+",
    "pve-ipv6-config": rf"auto|dhcp|{IPV6}/\d+",
    "pve-qm-bootdev-list": r"[a-z]+\d+(?:;[a-z]+\d+)*",
    "pve-startup-order": r"(?:order=)?\d+(?:,(?:up|down)=\d+)*",
    "pve-storage-id": STORAGE,
    "pve-tag-list": r"\w[\w.+-]*(?:[;, ]\w[\w.+-]*)*",
    "pve-volume-id": rf"{STORAGE}:[^\s,]+|<snippet:[^<>]+>",
    "pve-volume-id-or-absolute-path": rf"{STORAGE}:[^\s,]+|/[^\s,]+",
    "pve-volume-id-or-qm-path": rf"none|cdrom|{STORAGE}:[^\s,]+|/[^\s,]+",
    "urlencoded": r"[-%a-zA-Z0-9_.!~*'()]*",
}


def methods(tree):
    """Pairs of a method with its path, such as "POST /nodes/{node}/qemu", and its parameters."""
    for node in tree:
        for verb, info in node.get("info", {}).items():
            yield f"{verb} {node['path']}", info["parameters"].get("properties", {})
        yield from methods(node.get("children", []))


def portable(pattern):
    """A regular expression of Perl as JSON Schema has them."""
    return re.sub(r"\(\?\^\w*:\^?", "(?:", pattern).replace("{,", "{0,")


def whole(pattern):
    return {"type": "string", "pattern": f"^(?:{pattern})$"}


def schema(parameter, formats):
    """The JSON Schema of a parameter's value, as it is sent."""
    kind, form = parameter["type"], parameter.get("format")
    if kind == "boolean":
        return {"enum": [0, 1]}
    if kind in ("integer", "number"):
        return {"type": kind, **{limit: int(parameter[limit]) for limit in ("minimum", "maximum") if limit in parameter}}
    if parameter.get("enum"):
        return {"enum": parameter["enum"]}
    if "pattern" in parameter:
        return whole(portable(parameter["pattern"]))
    keys = form if isinstance(form, dict) else formats.get(form)
    if isinstance(keys, dict):
        return whole(property_string(keys))
    if form in FORMATS:
        return whole(FORMATS[form])
    return {"type": "string", **({"maxLength": parameter["maxLength"]} if "maxLength" in parameter else {})}


def property_string(keys):
    """The pattern of a property string: its keys with their values, the default key's value also alone.

    A comma may be too many, as in the API."""
    parts = []
    for key, about in sorted(keys.items()):
        about = keys[about["alias"]] if "alias" in about else about  # virtio=MAC is model=virtio,macaddr=MAC
        value = property_value(about)
        parts += [f"{re.escape(key)}=(?:{value})"] + ([f"(?:{value})"] if about.get("default_key") else [])
    return f"(?:(?:{'|'.join(dict.fromkeys(parts))})(?:,|$))+"


def property_value(about):
    if about["type"] == "boolean":
        return "[01]"
    if about["type"] in ("integer", "number"):
        return r"\d+" if about["type"] == "integer" else r"\d+(?:\.\d+)?"
    if about.get("enum"):
        return "|".join(map(re.escape, about["enum"]))
    return portable(about["pattern"]) if "pattern" in about else FORMATS.get(about.get("format"), "[^,=]+")


def fields(parameters, formats):
    """`properties` and `patternProperties` of parameters; net[n] is net0, net1, ..."""
    plain = {name: schema(p, formats) for name, p in sorted(parameters.items()) if "[n]" not in name}
    numbered = {f"^{name[:-3]}\\d+$": schema(p, formats) for name, p in sorted(parameters.items()) if "[n]" in name}
    return {"properties": plain, **({"patternProperties": numbered} if numbered else {})}


def call(name, parameters, shared, formats):
    """One call: its parameters but the node, which the target knows."""
    required = sorted(name for name, p in parameters.items() if not p.get("optional") and name != "node")
    own = {key: p for key, p in parameters.items() if key != "node" and not (name in (CREATE, CONFIG) and key in shared)}
    extends = {"$ref": "#/$defs/options"} if name in (CREATE, CONFIG) else {}
    inner = {"type": "object", **extends, **fields(own, formats), "required": required, "unevaluatedProperties": False}
    return {"properties": {"call": {"const": name}, "parameters": inner}, "required": ["call", "parameters"],
            "additionalProperties": False}


def document(kind, names, defs):
    items = {"oneOf": [{"$ref": f"#/$defs/{defs[name]}"} for name in names]}
    return {"properties": {"kind": {"const": kind}, "calls": {"type": "array", "minItems": 1, "items": items}}}


def main(api, formats):
    raw = Path(api).read_bytes()
    known = dict(methods(json.loads(gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw)))
    formats = json.loads(Path(formats).read_text())
    shared = {key: p for key, p in known[CREATE].items() if key in known[CONFIG] and key not in ("node", "vmid")}
    defs = {name: name.split("/")[-1] if name != CREATE else "create" for names in CALLS.values() for name in names}
    print(json.dumps({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A template or VM of Proxmox VE 9.2, as the calls that make it",
        "type": "object",
        "required": ["kind", "name", "vmid", "calls"],
        "properties": {"kind": {"enum": list(CALLS)}, "name": whole(FORMATS["dns-name"]),
                       "vmid": {"type": "integer", "minimum": 100, "maximum": 999999999}, "calls": {"type": "array"}},
        "additionalProperties": False,
        "oneOf": [document(kind, names, defs) for kind, names in CALLS.items()],
        "$defs": {"options": fields(shared, formats),
                  **{short: call(name, known[name], shared, formats) for name, short in defs.items()}},
    }, indent=1))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
