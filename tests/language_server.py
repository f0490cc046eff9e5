#!/usr/bin/env python3
"""What an editor shows: the real yaml-language-server, told of schemas/editor.json as an editor tells it.

    tests/language_server.py     no complaint about any source; completion, hover texts and complaints where they belong

Prints a line a check and, last, `N passed, N failed`. Needs what tests/setup.sh installs.
"""

import json
import os
import pathlib
import queue
import re
import shutil
import subprocess
import sys
import threading

ROOT = pathlib.Path(__file__).resolve().parent.parent
STACK, MODULE, SITE = "stacks/excalidraw/stack.yaml", "stacks/platform/redis/module.yaml", "homebuild.yaml"
SOURCES = ["homebuild.yaml", "stacks/*/stack.yaml", "stacks/*/*/module.yaml"]
PATIENCE = 60  # seconds


class Server:
    """A language server on its standard streams, and what an editor answers it."""

    def __init__(self, settings):
        self.settings, self.asked, self.copies = settings, 0, 0
        self.messages = queue.Queue()
        self.process = subprocess.Popen(["yaml-language-server", "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        threading.Thread(target=self.listen, daemon=True).start()
        self.diagnostics = {}
        self.ask("initialize", {
            "processId": os.getpid(), "rootUri": ROOT.as_uri(),
            "capabilities": {
                "workspace": {"configuration": True, "didChangeConfiguration": {"dynamicRegistration": True}},
                "textDocument": {"completion": {"completionItem": {"snippetSupport": True}},
                                 "hover": {"contentFormat": ["markdown"]}}}})
        self.tell("initialized", {})
        self.tell("workspace/didChangeConfiguration", {"settings": settings})

    def listen(self):
        out = self.process.stdout
        while header := out.readline():
            size = int(header.split(b":")[1]) if header.lower().startswith(b"content-length") else size
            if header == b"\r\n":
                self.messages.put(json.loads(out.read(size)))
        self.messages.put(None)

    def send(self, message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def tell(self, method, params):
        self.send({"method": method, "params": params})

    def ask(self, method, params):
        self.asked += 1
        number = self.asked
        self.send({"id": number, "method": method, "params": params})
        answer = self.until(lambda message: message.get("id") == number and "method" not in message)
        if "error" in answer:
            sys.exit(f"the language server refuses {method}: {answer['error']}")
        return answer["result"]

    def until(self, is_it):
        """The next message that is the one; what comes before it is seen to."""
        while True:
            try:
                message = self.messages.get(timeout=PATIENCE)
            except queue.Empty:
                sys.exit(f"the language server says nothing for {PATIENCE} seconds")
            if message is None:
                sys.exit("the language server has ended")
            if message.get("method") == "textDocument/publishDiagnostics":
                self.diagnostics[message["params"]["uri"]] = message["params"]["diagnostics"]
            elif "method" in message and "id" in message:
                items = message["params"].get("items") if message["method"] == "workspace/configuration" else None
                result = items and [self.settings.get(item["section"]) for item in items]
                self.send({"id": message["id"], "result": result})
            if is_it(message):
                return message

    def copy(self, file, text):
        """Opens a text as a file of the same sort: what the server knows of one must not change what it says of the next."""
        self.copies += 1
        path = pathlib.PurePath(file)
        name = f"copy-{self.copies}"
        path = name / path if file == SITE else path.parent.with_name(name) / path.name
        return path, self.open(path, text)

    def open(self, file, text):
        """What the server complains of in a new file that has this text, as lines `LINE: MESSAGE`."""
        uri = (ROOT / file).as_uri()
        self.tell("textDocument/didOpen", {
            "textDocument": {"uri": uri, "languageId": "yaml", "version": 1, "text": text}})
        self.until(lambda _: uri in self.diagnostics)
        return [f"{d['range']['start']['line'] + 1}: {d['message']}" for d in self.diagnostics[uri]]

    def completion(self, file, line, column):
        """What is offered at a place: label -> description."""
        answer = self.ask("textDocument/completion", place(file, line, column))
        return {item["label"]: item.get("documentation") or "" for item in answer["items"]}

    def hover(self, file, line, column):
        """The text that is shown at a place."""
        answer = self.ask("textDocument/hover", place(file, line, column))
        return answer["contents"]["value"] if answer else ""


def place(file, line, column):
    return {"textDocument": {"uri": (ROOT / file).as_uri()}, "position": {"line": line, "character": column}}


# --- the checks: each returns (how much it checked, what of, problems) -------------------------------

# In a real file, this is put in place of that, and the complaint about its line must name this.
TYPOS = [
    (STACK, "    port: 8080", "    prot: 8080", "prot"),
    (STACK, "port: 8080", "port: many", "integer"),
    (STACK, "protected: true", "protectd: true", "protectd"),
    (STACK, "protected: true", "protected: maybe", "boolean"),
    (STACK, "layout: app", "layout: ap", '"app"'),
    (STACK, "IfNotPresent", "Sometimes", '"IfNotPresent"'),
    (STACK, "4-aux", "4-axu", '"4-aux"'),
    (STACK, "tier:", "teir:", "teir"),
    (STACK, "components:", "componets:", "componets"),
    (MODULE, "tier:", "teir:", "teir"),
    (MODULE, "redis/redis-stack:latest", "[redis]", "string"),
    (SITE, "proxmox:", "proxmx:", "proxmx"),
]

# In a real file, this (`|` is the cursor) is put in place of that, and these must be offered, so described.
OFFERS = [
    (STACK, "    port: 8080", "    |", {"port": "one port", "probes": "ready", "deployment": "Deployment's spec"}),
    (STACK, "layout: app", "layout: |", {"app": "", "cronjob": "", "vm": ""}),
    (STACK, "IfNotPresent", "|", {"Always": "", "Never": ""}),
    (STACK, "4-aux", "|", {"0-core": "", "4-aux": ""}),
    (STACK, "{host: draw, protected: true}", "\n      host: draw\n      |", {"protected": "Authentik", "paths": "lead here"}),
    (STACK, "protected: true", "protected: |", {"true": "", "false": ""}),
    (STACK, "tier: 4-aux", "|", {"tier": "tier of homebuild.yaml", "depends_on": "stacks"}),
    (MODULE, "tier: 1-cluster", "|", {"tier": "tier of homebuild.yaml", "patches": "last resort"}),
    (SITE, "proxmox:", "|\nproxmox:", {"checks": "levels"}),
]

# The words of a real file, and what hovering over them tells.
HOVERS = [
    (STACK, "image", "with its tag or digest"),
    (STACK, "volumes", "path in the container"),
    (STACK, "protected", "sign in with Authentik first"),
    (STACK, "tier", "a tier of homebuild.yaml"),
    (STACK, "layout", "a layout of layouts/"),
    (MODULE, "reloader", "Reloader restarts the pods"),
    (SITE, "kubernetes", "version"),
]


def check_sources(server):
    """No complaint about any source."""
    files = sorted(file.relative_to(ROOT) for glob in SOURCES for file in ROOT.glob(glob))
    problems = [f"{file}:{said}" for file in files for said in server.open(file, (ROOT / file).read_text())]
    return len(files), "sources", problems


def check_typos(server):
    """A slip of the finger is underlined, and nothing else is."""
    problems = []
    for file, old, new, named in TYPOS:
        text, (line, _) = changed(file, old, new)
        _, said = server.copy(file, text)
        if len(said) != 1 or not said[0].startswith(f"{line + 1}: ") or named not in said[0]:
            problems.append(f"{file}:{line + 1}: `{new.strip()}`: the complaints are {said}")
    return len(TYPOS), "typos", problems


def check_completion(server):
    """Keys are offered with their descriptions, and values."""
    problems = []
    for file, old, new, wanted in OFFERS:
        before, after = new.split("|")
        text, (line, column) = changed(file, old, before + after, before)
        name, _ = server.copy(file, text)
        offered = server.completion(name, line, column)
        for label, words in wanted.items():
            if words not in offered.get(label, "nothing of this name"):
                problems.append(f"{file}:{line + 1}:{column + 1}: `{label}`: {offered.get(label)}; {sorted(offered)}")
    return len(OFFERS), "places", problems


def check_hover(server):
    """A word of a source tells what it means, and every key of a component something."""
    problems, keys = [], 0
    for file, word, wanted in HOVERS:
        text = (ROOT / file).read_text()
        told = server.hover(file, *position(text, text.index(f"{word}:")))
        if wanted not in told:
            problems.append(f"{file}: `{word}` tells {told!r}")
    for key in re.finditer(r"(?m)^    (\w+):", (ROOT / STACK).read_text()):
        told = server.hover(STACK, *position(key.string, key.start(1)))
        keys += 1
        if not re.match(r"\w", told):
            problems.append(f"{STACK}: `{key[1]}` tells {told!r}")
    return len(HOVERS) + keys, "words", problems


def check_modeline(server):
    """A file that names its schema needs no settings."""
    line, text = "# yaml-language-server: $schema=../../schemas/editor.json\n", "tier: 4-aux\nteir: 4-aux\n"
    said = [server.open("elsewhere/with/line.yaml", line + text), server.open("elsewhere/without/line.yaml", text)]
    return 1, "file", [] if said == [["3: Property teir is not allowed."], []] else [f"the complaints are {said}"]


def changed(file, old, new, before=""):
    """The text of a file with a change, and the place of it, or right behind `before` in it."""
    text = (ROOT / file).read_text()
    if old not in text:
        sys.exit(f"{file} has no `{old}` any more; change {pathlib.Path(__file__).name}")
    at = text.index(old)
    return text[:at] + new + text[at + len(old):], position(text[:at] + new, at + len(before))


def position(text, at):
    """Line and column, from 0."""
    return text.count("\n", 0, at), at - text.rfind("\n", 0, at) - 1


CHECKS = {
    "sources": check_sources,
    "typos": check_typos,
    "completion": check_completion,
    "hover": check_hover,
    "modeline": check_modeline,
}


def main():
    if not shutil.which("yaml-language-server"):
        sys.exit('yaml-language-server is not on PATH; run this as `PATH="$(tests/setup.sh):$PATH" tests/language_server.py`')
    schema = (ROOT / "schemas/editor.json").as_uri()
    server = Server({"yaml": {"schemas": {schema: SOURCES}, "schemaStore": {"enable": False}}})
    failed = 0
    for name, check in CHECKS.items():
        count, of, problems = check(server)
        problems = problems if count else ["nothing to check"]
        failed += bool(problems)
        print(f"{'FAILED' if problems else 'ok':6} {name:10} {count} {of}", *problems, sep="\n         ", flush=True)
    print(f"\n{len(CHECKS) - failed} passed, {failed} failed")
    server.process.kill()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
