#!/usr/bin/env python3
"""A large terraform.tfvars is taken over, and `sops` reads the same of it: tests/tfvars.py PROGRAM

The file has as many variables as the homelab, of all forms, with values that stand nowhere else. Two others say what is
in it: python-hcl2 reads it, and `sops decrypt` what came of it. No output has a value; a second import changes nothing.
"""
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import hcl2

ROOT = Path(__file__).resolve().parent.parent
VARIABLES = 116
CANARY = "canary"
KEYS = ["user", "info@example.org", "a:b", "c.d", "two words", "ü", "1", "true", "null", "<<", "~", "x\"y", "-", "#"]


def text(dice):
    """A value that stands nowhere else, with what is hard about texts."""
    odd = dice.choice(["", " ", "\n", "\"", "\\", "${x}", "%{y}", "$$", "é😀", "\t", "#", "'", ": ", "\r\n", "- ", "{"])
    return f"{odd}{CANARY}{dice.getrandbits(40):010x}{odd}"


def quoted(dice, value):
    value = json.dumps(value, ensure_ascii=dice.random() < 0.5)
    return value.replace("\\ud83d\\ude00", "\\U0001F600").replace("${", "$${").replace("%{", "%%{")


def unquoted(inner):
    inner = re.sub(r"\\U([0-9A-F]{8})", lambda code: chr(int(code[1], 16)), inner)
    return json.loads(f'"{inner}"').replace("$${", "${").replace("%%{", "%{")


def written(dice, depth):
    """An expression of HCL."""
    form = dice.randrange(12 if depth else 7)
    pad = "  " * (4 - depth)
    if form <= 2:
        return quoted(dice, text(dice))
    if form == 3:
        return dice.choice(["0", "42", "-7", "1.5", "-0.25", "3.0", "9007199254740993"])
    if form == 4:
        return dice.choice(["true", "false"])
    if form == 5:
        lines = [f"{CANARY}{dice.getrandbits(40):010x} \\n \"{'  ' * dice.randrange(3)}" for _ in range(3)]
        return "<<EOT\n" + "".join(f"  {line}\n" for line in lines) + "EOT"
    if form == 6:
        lines = [f"{pad}    {'  ' * dice.randrange(3)}{CANARY}{dice.getrandbits(40):010x}" for _ in range(3)]
        return "<<-EOT\n" + "\n".join(lines) + f"\n\n{pad}  EOT"
    if form <= 8:
        items = [written(dice, depth - 1) for _ in range(dice.randrange(4))]
        return "[\n" + "".join(f"{pad}{item}\n{pad},\n" if item.endswith("EOT") else f"{pad}{item},\n" for item in items) + f"{pad}]"
    keys = dice.sample(KEYS, dice.randrange(5))
    between = dice.choice([" = ", " : "])
    names = [key if key.isidentifier() and key.isascii() else quoted(dice, key) for key in keys]
    return "{\n" + "".join(f"{pad}{name}{between}{written(dice, depth - 1)}\n" for name in names) + f"{pad}}}"


def tfvars(dice):
    parts = ["# made by tests/tfvars.py\n"]
    for number in range(VARIABLES):
        comment = dice.choice(["", f"# {number}\n", "// two\n", "/* three\n lines */\n", "\n"])
        parts.append(f"{comment}variable_{number} = {written(dice, 3)}\n")
    return "".join(parts)


def meant(value):
    """What python-hcl2 gives, which leaves texts as they are written."""
    if isinstance(value, dict):
        return {meant_key(key): meant(one) for key, one in value.items()}
    if isinstance(value, list):
        return [meant(one) for one in value]
    if not isinstance(value, str):
        return int(value) if isinstance(value, float) and value.is_integer() else value
    inner = value[1:-1]
    if "\n" in inner:
        first, *lines, _ = inner.split("\n")
        if first.startswith("<<-"):
            indent = min(len(line) - len(line.lstrip(" ")) for line in lines if line.strip())
            lines = [line[indent:] for line in lines]
        return "".join(f"{line}\n" for line in lines).replace("$${", "${").replace("%%{", "%{")
    return unquoted(inner)


def meant_key(key):
    return meant(key) if key.startswith('"') else key


def main(program):
    dice = random.Random(116)
    file = tfvars(dice)
    options = hcl2.SerializationOptions(with_comments=False, preserve_scientific_notation=False)
    wanted = meant(hcl2.loads(file, serialization_options=options))
    assert len(wanted) == VARIABLES
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder)
        key = (ROOT / "tests/keys/age.txt").read_text()
        recipient = re.search(r"age1\w+", key)[0]
        env = {"PATH": os.environ["PATH"], "HOME": folder, "SOPS_AGE_KEY": re.search(r"AGE-SECRET-KEY-\w+", key)[0]}
        (site / "homebuild.yaml").write_text("homebuild: 1\nname: test\n")
        secrets, source = site / "secrets.sops.yaml", site / "terraform.tfvars"
        secrets.write_text("before: stays\n")
        run = lambda *words: subprocess.run(words, capture_output=True, text=True, env=env, cwd=folder)
        made = run("sops", "encrypt", "--age", recipient, "--in-place", secrets)
        assert made.returncode == 0, made.stderr
        source.write_text(file)

        def imported(*words):
            done = run(program, "secrets", "import", "tfvars", "terraform.tfvars", *words)
            assert CANARY not in done.stdout + done.stderr, "a value is printed"
            return done

        before = secrets.read_text()
        dry = imported("--dry-run")
        assert dry.returncode == 0 and secrets.read_text() == before, dry.stderr
        first = imported()
        assert first.returncode == 0, first.stderr
        after = secrets.read_text()
        assert CANARY not in after and after.startswith(before.split("sops:")[0])
        opened = run("sops", "decrypt", "--output-type", "json", secrets)
        assert opened.returncode == 0, opened.stderr
        there = json.loads(opened.stdout)
        assert there.pop("before") == "stays"
        wrong = [name for name in wanted if wanted[name] != there.get(name)]
        assert not wrong and there.keys() == wanted.keys(), f"sops reads something else of {wrong}"

        again = imported("--json")
        assert again.returncode == 0 and secrets.read_text() == after, again.stderr
        said = json.loads(again.stdout)
        assert not said["new"] and not said["replaced"] and len(said["unchanged"]) > VARIABLES

        # one value changes: refused, then replaced, and all others keep their ciphertexts
        line = re.search(r'^(variable_\d+) = ".*"$', file, re.M)
        name = line[1]
        source.write_text(file.replace(line[0], f'{name} = "{CANARY}-other"'))
        refused = imported()
        assert refused.returncode == 1 and name in refused.stderr and secrets.read_text() == after, refused.stderr
        replaced = imported("--replace")
        assert replaced.returncode == 0, replaced.stderr
        changed = set(secrets.read_text().splitlines()) ^ set(after.splitlines())
        assert all(re.match(rf"{name}:|    (mac|lastmodified):", line) for line in changed), changed
        opened = json.loads(run("sops", "decrypt", "--output-type", "json", secrets).stdout)
        assert opened[name] == f"{CANARY}-other"
    print(f"{VARIABLES} variables, {len(said['unchanged'])} values: sops reads what python-hcl2 reads")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
