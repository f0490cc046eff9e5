#!/usr/bin/env python3
"""The examples of docs/ build: tests/docs.py PROGRAM

Each code block that begins with a comment naming a file is that file, in a site with the repository's layouts and
partials. The site must build without a warning, and what a page shows of out/ must be what comes out.
"""
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BLOCK = re.compile(r"^```\w*\n(?:# |\{# )((?:homebuild|stacks/|layouts/|partials/|out/)[\w./-]*)(?: #\})?\n(.*?)^```$",
                   re.S | re.M)
SECRETS = """\
shop:
    password: ENC[AES256_GCM,data:AAAA,iv:AAAA,tag:AAAA,type:str]
    session_key: ENC[AES256_GCM,data:AAAB,iv:AAAA,tag:AAAA,type:str]
sops:
    age:
        - recipient: age1jx6g64023d7pt5f9yd8y93t6nkzka6s6mq3pg248jl6apdjh2cwqe5rxur
    mac: ENC[AES256_GCM,data:AAAA,iv:AAAA,tag:AAAA,type:str]
    version: 3.10.2
"""


def main(program):
    root = Path(__file__).resolve().parent.parent
    files = {}
    for page in sorted(root.glob("docs/*.md")):
        for path, text in BLOCK.findall(page.read_text()):
            if path in files:
                return f"{page.name}: {path} is shown twice"
            files[path] = text
    shown = {path: files.pop(path) for path in list(files) if path.startswith("out/")}
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder)
        for part in ("layouts", "partials", "schemas"):
            shutil.copytree(root / part, site / part)
        for path, text in {**files, "secrets.sops.yaml": SECRETS}.items():
            (site / path).parent.mkdir(parents=True, exist_ok=True)
            (site / path).write_text(text)
        built = subprocess.run([program, "build", "--site", folder], capture_output=True, text=True)
        if built.returncode or "warning" in built.stdout + built.stderr:
            return built.stdout + built.stderr
        for path, text in shown.items():
            if (site / path).read_text() != text:
                return f"{path} is not as shown:\n{(site / path).read_text()}"
    print(f"{len(files)} files and {len(shown)} of out/ in docs/ are right")
    return None


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
