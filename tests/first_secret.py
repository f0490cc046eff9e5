#!/usr/bin/env python3
"""The first set-up of docs/secrets.md, as a person does it, with the real sops: tests/first_secret.py PROGRAM

A key and a first secret, typed at a terminal, in a site of `homebuild init`; and the same in a fresh clone of this
repository. What homebuild wrote `sops` reads, and the other way round; out/ has references only.
"""
import base64
import json
import os
import pty
import select
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
CTRL_C = "\x03"
TYPED = "correct horse 'battery' \"staple\" é"


class Place:
    """A folder, and a person's environment in which commands run there."""

    def __init__(self, folder, home, program, **more):
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        self.folder, self.program = folder, program
        self.environment = {**kept, "HOME": str(home), **more}

    def run(self, *words, feed=""):
        """A command, which has to succeed; what it printed."""
        done = subprocess.run(words, cwd=self.folder, env=self.environment, input=feed, capture_output=True, text=True)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        assert TYPED not in done.stderr, words
        return done.stdout

    def homebuild(self, *words, feed=""):
        return self.run(self.program, *words, feed=feed)

    def at_terminal(self, words, answers):
        """A command on a terminal, whose questions are answered; all that could be seen there."""
        child, terminal = pty.fork()
        if child == 0:
            os.chdir(self.folder)
            os.execve(self.program, [self.program, *words], self.environment)
        seen = b""
        answers = list(answers)
        while select.select([terminal], [], [], 30)[0]:
            try:
                seen += os.read(terminal, 4096)
            except OSError:
                break
            if answers and seen.endswith(b": "):
                while termios.tcgetattr(terminal)[3] & termios.ECHO:  # whoever types is slower than this
                    time.sleep(0.01)
                answer = answers.pop(0)  # who gives up types nothing more
                os.write(terminal, answer.encode() + (b"" if answer == CTRL_C else b"\n"))
        self.shows_again = bool(termios.tcgetattr(terminal)[3] & termios.ECHO)
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status), seen.decode()


def first_set_up(program, folder):
    """`init`, `secrets init`, `set`, `build`."""
    Place(folder, folder, program).homebuild("init", "home")
    place = Place(folder / "home", folder, program)
    said = place.homebuild("secrets", "init")
    key = folder / ".config/sops/age/keys.txt"
    assert key.stat().st_mode & 0o777 == 0o600 and str(key) in said and "age1" in said, said
    before = key.read_text()
    place.homebuild("secrets", "init")
    assert key.read_text() == before, "a key is made once"

    code, seen = place.at_terminal(["secrets", "set", "uptime.password"], [TYPED, TYPED])
    assert code == 0 and "correct horse" not in seen, seen
    code, seen = place.at_terminal(["secrets", "set", "uptime.password"], ["one", "other"])
    assert code == 1 and "two different values" in seen, seen
    code, seen = place.at_terminal(["secrets", "set", "uptime.password"], [CTRL_C])
    assert code == 130 and place.shows_again, f"{code}: Ctrl-C gives the terminal back as it was"
    return place


def use(place, stack, name):
    """Names the secret in a stack, and follows it to push."""
    path = place.folder / stack
    text = path.read_text()
    secret = f'PASSWORD: "${{{{ secrets.{name} }}}}"'
    if "env: {" in text:
        text = text.replace("env: {", f"env: {{{secret}, ", 1)
    else:
        text = text.replace("\n    port:", f"\n    env: {{{secret}}}\n    port:", 1)
    path.write_text(text)
    place.homebuild("build")
    found = [file for file in (place.folder / "out").rglob("secret.*.yaml") if f"<secret:{name}#" in file.read_text()]
    assert len(found) == 1, found
    everything = b"".join(file.read_bytes() for file in place.folder.rglob("*") if file.is_file())
    assert TYPED.encode() not in everything and base64.b64encode(TYPED.encode()) not in everything
    filled = yaml.safe_load(place.homebuild("secrets", "fill", str(found[0].relative_to(place.folder))))
    assert base64.b64decode(filled["data"]["PASSWORD"]).decode() == TYPED
    return found[0]


def both_ways(place, name):
    """sops and homebuild read what the other wrote; a new value is a change of out/."""
    top, key = name.split(".")
    data = yaml.safe_load(place.run("sops", "decrypt", "secrets.sops.yaml"))
    assert data[top][key] == TYPED, "sops reads what homebuild wrote"
    place.run("sops", "set", "secrets.sops.yaml", f'["{top}"]["{key}"]', json.dumps("by sops"))
    assert place.homebuild("secrets", "get", name, "--show") == "by sops"
    place.homebuild("secrets", "check")
    said = place.homebuild("build")
    assert "secret." in said and "deployment." in said, f"a new value rolls the pods: {said}"
    assert "nothing changed" in place.homebuild("build")


def main(program):
    with tempfile.TemporaryDirectory() as folder:
        place = first_set_up(program, Path(folder))
        use(place, "stacks/uptime/stack.yaml", "uptime.password")
        both_ways(place, "uptime.password")
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
        place = Place(clone, folder, program, SOPS_AGE_KEY_FILE="tests/keys/age.txt")
        place.homebuild("secrets", "set", "cyberchef.password", feed=TYPED)
        use(place, "stacks/cyberchef/stack.yaml", "cyberchef.password")
        both_ways(place, "cyberchef.password")
    print("a first secret, in a new site and in a clone: right")


if __name__ == "__main__":
    main(str(Path(sys.argv[1]).resolve()))
