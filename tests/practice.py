"""What tests on a practice cluster share: the cluster, its custom resources, kubectl, and how checks are told."""

import contextlib
import importlib.machinery
import importlib.util
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent


def tool(path):
    """A program of this repository as a module."""
    loader = importlib.machinery.SourceFileLoader(path.replace("/", "_"), str(ROOT / path))
    made = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(made)
    return made


schemas = tool("tools/schemas")


@contextlib.contextmanager
def cluster():
    """A cluster of its own, as long as this lasts: the path of its kubeconfig."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder) / "cluster"
        try:
            subprocess.run([ROOT / "tests/cluster", "up", folder], check=True, stdout=subprocess.DEVNULL)
            yield folder / "kubeconfig"
        finally:
            subprocess.run([ROOT / "tests/cluster", "down", folder], check=True)


def kubectl(kubeconfig, *arguments, given=None):
    """Its exit code, and the lines that it printed."""
    run = subprocess.run(["kubectl", f"--kubeconfig={kubeconfig}", *map(str, arguments)], input=given, text=True, cwd=ROOT,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return run.returncode, run.stdout.splitlines()


def must(kubeconfig, *arguments, given=None):
    """The same, where it has to succeed."""
    code, said = kubectl(kubeconfig, *arguments, given=given)
    if code:
        sys.exit("\n".join(["kubectl " + " ".join(map(str, arguments)), *said]))
    return said


def definitions():
    """The files with the custom resources, as tools/schemas names them."""
    return [schemas.module(path, version) / where for path, version, where in schemas.CUSTOM]


def define(kubeconfig, files):
    """Makes the custom resources of these files, and waits until the server has them."""
    for file in files:
        must(kubeconfig, "apply", "--server-side", "--force-conflicts", f"--filename={file}")
    must(kubeconfig, "wait", "--for=condition=Established", "customresourcedefinitions", "--all", "--timeout=60s")


def report(checks, *given):
    """Runs checks, each of which gives how many of what it looked at and what was wrong; the exit code."""
    failed = 0
    for name, check in checks.items():
        count, of, problems = check(*given)
        problems = problems if count else [*problems, "nothing to check"]
        failed += bool(problems)
        print(f"{'FAILED' if problems else 'ok':6} {name:12} {count} {of}", *problems[:50], sep="\n         ", flush=True)
    print(f"\n{len(checks) - failed} passed, {failed} failed")
    return 1 if failed else 0
