#!/usr/bin/env python3
"""Scripts and configuration inside of out/ are read by the programs that they are for: tests/texts.py PROGRAM

    tests/texts.py target/debug/homebuild    checks ./out, secrets filled in by PROGRAM; a line a checker, then the count
    tests/texts.py --self-test               shows that each checker takes a good text and refuses a broken one

A text is what has several lines, or a file's name, in a ConfigMap, a Secret, a chart's values or any other field; each
script that a container or cloud-init runs by a shell; and each file of cloud-init and of the control plane. RULES names its
checker. A text that no rule knows fails, as does one that two know, and a rule that knows none. Needs what setup.sh installs.
"""

import base64
import collections
import concurrent.futures
import configparser
import fnmatch
import html.parser
import ipaddress
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile

TOOLS = 'run this as `PATH="$(tests/setup.sh):$PATH" tests/texts.py PROGRAM`'
try:
    import ruamel.yaml
    import yaml
except ImportError as missing:
    sys.exit(f"{missing}; {TOOLS}")

ROOT = pathlib.Path(__file__).resolve().parent.parent
KEYS = {"SOPS_AGE_KEY_FILE": str(ROOT / "tests/keys/age.txt")}


class Refused(Exception):
    """What a checker says of a text that it does not take."""


# --- the checkers: each takes the text or raises ----------------------------------------------------

def run(*command, ok=(0,), **options):
    """What a program said; Refused where its exit code is not one of `ok`."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, **options)
    if done.returncode not in ok:
        raise Refused(done.stdout.strip() or f"{command[0]}: exit code {done.returncode}")
    return done.stdout


def in_file(check):
    """A checker whose program wants a file: it gets the path of one, alone in a folder."""
    def checker(text):
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)  # programs that drop their rights read here too
            path = pathlib.Path(folder, "text")
            path.write_text(text)
            check(path)
    return checker


def shell(name):
    @in_file
    def checker(path):
        run(name, "-n", path)
        run("shellcheck", "--norc", "--format=gcc", f"--shell={name}", path)
    return checker


def check_python(text):
    compile(text, "text", "exec", dont_inherit=True)


def check_json(text):
    def once(pairs):
        if len(dict(pairs)) != len(pairs):
            raise Refused(f"a key twice in {[key for key, _ in pairs]}")
        return dict(pairs)

    def never(word):
        raise Refused(f"{word} is no JSON")
    json.loads(text, object_pairs_hook=once, parse_constant=never)


def check_yaml(text):
    """Two readers take it, of which one refuses a key that stands twice."""
    list(yaml.load_all(text, yaml.CSafeLoader))
    list(ruamel.yaml.YAML(typ="safe", pure=True).load_all(text))


def check_ini(text):
    configparser.ConfigParser(interpolation=None).read_string(text)


class Balanced(html.parser.HTMLParser):
    VOID = {"br", "hr", "img", "input", "link", "meta"}

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            raise Refused(f"line {self.getpos()[0]}: </{tag}> closes nothing")


def check_html(text):
    page = Balanced()
    page.feed(text)
    page.close()
    if page.open:
        raise Refused(f"<{page.open[-1]}> is never closed")


def parser_of(language):
    """The parser of the program itself, from its Go module (tests/parsers)."""
    return in_file(lambda path: run("parsers", language, path))


def check_scrapes(text):
    parser_of("prometheus")("scrape_configs:\n" + re.sub("^", "  ", text, flags=re.M))


@in_file
def check_rules(path):
    # Alerts of two groups may have one name: the live ones do (HighPowerUsage of the GPU and of the server).
    run("promtool", "check", "rules", "--lint=none", path)


def check_loki_rules(text):
    """The queries by the parser of Grafana's editor; all else is as in Prometheus' rules, but for the queries."""
    data = yaml.load(text, yaml.CSafeLoader)
    for rule in (rule for group in data["groups"] for rule in group["rules"]):
        run("logql", rule["expr"])
        rule["expr"] = "vector(1)"
    check_rules(yaml.safe_dump(data))


def check_alert_text(text):
    run("amtool", "template", "render", "--template.glob=/dev/null", f"--template.text={text}")


@in_file
def check_alertmanager(path):
    run("amtool", "check-config", path)


def check_postfix(text):
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "main.cf").write_text(text)
        pathlib.Path(folder, "master.cf").touch()
        said = run("postconf", "-c", folder, "-n")
    if "warning" in said:
        raise Refused(said)


@in_file
def check_mysql(path):
    # MariaDB in place of MySQL, which Debian does not have: the options of my.cnf are of both.
    path.write_text(re.sub(r"(?m)^(user *=|secure-file-priv *=|!includedir).*$", f"\\1 {path.parent}", path.read_text()))
    run("mariadbd", f"--defaults-file={path}", "--verbose", "--help")


@in_file
def check_pgbouncer(path):
    # It has no way to be asked: it is started, without a network, and stopped once it has read everything.
    users = path.with_name("userlist.txt")
    users.touch()
    path.write_text(path.read_text().replace("/etc/pgbouncer/userlist.txt", str(users)))
    said = run("unshare", "--user", "--net", "timeout", "1", "pgbouncer", path, ok=(0, 1, 124))
    if "process up" not in said or re.search("ERROR|WARNING|FATAL", said):
        raise Refused(said)


@in_file
def check_turnserver(path):
    said = run("unshare", "--user", "--net", "timeout", "1", "turnserver", "-c", path, "--log-file=stdout", ok=range(256))
    if wrong := re.search("Bad configuration format.*|CONFIG ERROR.*", said):
        raise Refused(wrong[0])


NGINX = """
set -e
mount --bind hosts /etc/hosts
mount --bind passwd /etc/passwd
mount --bind group /etc/group
mount -t tmpfs tmpfs /var
mount -t tmpfs tmpfs /run
mkdir -p /var/log/nginx /var/cache/nginx /var/lib/nginx
exec nginx -t -c "$PWD/nginx.conf"
"""


def check_nginx(text):
    """nginx itself, without a network; it knows the names of the containers that Compose starts beside it, and no other."""
    machine = yaml.load((ROOT / "out/infra/infra/cloud-init/docker-registry.yaml").read_text(), yaml.CSafeLoader)
    containers = next(f["content"] for f in machine["write_files"] if f["path"].endswith("docker-compose.yml"))
    names = yaml.load(containers, yaml.CSafeLoader)["services"]
    if not has_ipv6():
        text = re.sub(r"(?m)^\s*listen \[::\].*$", "", text)
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        for name, content in {
            "nginx.conf": text, "hosts": "".join(f"127.0.0.1 {name}\n" for name in names),
            "passwd": "root:x:0:0::/:/bin/sh\nnginx:x:0:0::/:/bin/sh\n", "group": "root:x:0:\nnginx:x:0:\n",
        }.items():
            pathlib.Path(folder, name).write_text(content)
        run("unshare", "--map-root-user", "--mount", "--net", "sh", "-c", NGINX, cwd=folder)


def has_ipv6():
    try:
        socket.socket(socket.AF_INET6).close()
    except OSError:
        return False
    return True


@in_file
def check_xray(path):
    run("xray", "run", "-test", "-format=json", "-config", path)


def check_unit(text):
    """systemd reads the unit; Docker's unit and program are on the machine that it is for."""
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "docker.service").write_text("[Service]\nExecStart=/bin/true\n")
        unit = pathlib.Path(folder, "text.service")
        unit.write_text(text)
        said = run("systemd-analyze", "verify", "--man=no", unit, ok=(0, 1),
                   env={**os.environ, "SYSTEMD_UNIT_PATH": f"{folder}:"})
    wrong = [line for line in said.splitlines() if "Command /usr/bin/docker is not executable" not in line]
    if wrong:
        raise Refused("\n".join(wrong))


def check_cron(text):
    """A file of /etc/cron.d: five fields that are numbers, a user, a command for sh."""
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            fields = line.split(None, 6)
            if len(fields) < 7 or not all(re.fullmatch(r"(\*|\d+(-\d+)?)(/\d+)?(,\d+)*", f) for f in fields[:5]):
                raise Refused(f"not a line of cron: {line}")
            if re.search(r"(?<!\\)%", fields[6]):
                raise Refused(f"cron makes a line break of the %: {line}")
            shell("sh")(fields[6] + "\n")


WIREGUARD = {
    "interface": {"privatekey", "listenport", "fwmark", "address", "dns", "mtu", "table", "preup", "postup", "predown",
                  "postdown", "saveconfig"},
    "peer": {"publickey", "presharedkey", "allowedips", "endpoint", "persistentkeepalive"},
}


def check_wireguard(text):
    """`wg` reads a file only into a network device and `wg-quick strip` takes anything: so by their manual."""
    section = None
    for line in (line.split("#", 1)[0].strip() for line in text.splitlines()):
        if header := re.fullmatch(r"\[(\w+)\]", line):
            section = header[1].lower()
            if section not in WIREGUARD:
                raise Refused(f"no section of WireGuard's: {line}")
        elif line:
            key, equals, value = (part.strip() for part in line.partition("="))
            if section is None or not equals or key.lower() not in WIREGUARD[section]:
                raise Refused(f"not of [{section}]: {line}")
            if key.lower().endswith("key") and len(base64.b64decode(value, validate=True)) != 32:
                raise Refused(f"not 32 bytes: {key}")
            for network in re.split(r",\s*", value) if key.lower() in ("allowedips", "address") else ():
                ipaddress.ip_interface(network)


def table(line, what):
    """A file of lines of one form, for which no program has a reader of its own."""
    def checker(text):
        for number, said in enumerate(text.splitlines(), 1):
            if said and not said.startswith("#") and not re.fullmatch(line, said):
                raise Refused(f"line {number} is not {what}")
    return checker


CHECKERS = {
    "sh, shellcheck": shell("sh"),
    "bash, shellcheck": shell("bash"),
    "python": check_python,
    "json": check_json,
    "yaml": check_yaml,
    "ini": check_ini,
    "html": check_html,
    "html of a body": lambda text: check_html("<body>" + text),
    "nginx -t": check_nginx,
    "promtool": check_rules,
    "logql, promtool": check_loki_rules,
    "prometheus": check_scrapes,
    "amtool config": check_alertmanager,
    "amtool template": check_alert_text,
    "alloy": parser_of("alloy"),
    "corefile": parser_of("corefile"),
    "snmp exporter": parser_of("snmp"),
    "compose": parser_of("compose"),
    "registry": parser_of("registry"),
    "postconf": check_postfix,
    "mariadbd": check_mysql,
    "pgbouncer": check_pgbouncer,
    "turnserver": check_turnserver,
    "systemd": check_unit,
    "cron": check_cron,
    "wireguard": check_wireguard,
    "xray": check_xray,
    "htpasswd": table(r"[^:\s]+:\$2y\$\d\d\$[./A-Za-z0-9]{53}", "a user and bcrypt's hash"),
    "mail accounts": table(r"[^@|\s]+@[\w.-]+\|\$2y\$\d\d\$[./A-Za-z0-9]{53}", "an address and bcrypt's hash"),
    "mail aliases": table(r"[^@\s]*@[\w.-]+\s+[^@\s]+@[\w.-]+", "two addresses"),
    "pgbouncer users": table(r'"[^"]+" "[^"]*"', "a user and a password in quotes"),
}

# Names are `MODULE/FILE KEY`, with ` #!INTERPRETER` where the text begins so, or ` sh -c` where a shell is given it.
RULES = {
    "* sh -c": "sh, shellcheck",
    "* bash -c": "bash, shellcheck",
    "* #!/bin/sh": "sh, shellcheck",
    "* #!/bin/bash": "bash, shellcheck",
    "* #!/usr/bin/env python3": "python",
    "*.py": "python",
    "* openclaw.json": "json",
    "* servers.json": "json",
    "* technitium-dns.json": "json",
    "* users.json": "json",
    "* wg-ui-config": "json",
    "*.html": "html",
    "*/middleware.anti-ai-trap-links.yaml *.replacement": "html of a body",
    "*/dashy/configmap.config.yaml conf.yml": "yaml",
    "*/secret.config.yaml Settings.yml": "yaml",
    "*/secret.*-values.yaml values.yaml": "yaml",
    "*/secret.crowdsec-values.yaml values.yaml config.config.yaml.local": "yaml",
    "*/secret.crowdsec-values.yaml values.yaml config.notifications.slack.yaml": "yaml",
    "*/helmrelease.crowdsec.yaml spec.values.config.profiles.yaml": "yaml",
    "*/crowdsec/configmap.* *.yaml": "yaml",
    "*/*-datasource.yaml *-datasource.yaml": "yaml",
    "*/secret.*-exporter-config.yaml *.yml": "yaml",
    "*/metallb/configmap.config.yaml config": "yaml",
    "*/nvidia/configmap.time-slicing-config.yaml any": "yaml",
    "*/clusterpolicy.* *.patchesJson6902": "yaml",
    "*/configmap.loki-alert-rules.yaml rules.yaml": "logql, promtool",
    "*/control-plane/*.yaml.txt": "yaml",
    "*/configmap.snmp-exporter-yaml.yaml snmp.yml": "snmp exporter",
    "*/helmrelease.prometheus.yaml serverFiles.*": "promtool",
    "*/helmrelease.prometheus.yaml alertmanager.config": "amtool config",
    "*/helmrelease.prometheus.yaml *_configs*.text": "amtool template",
    "*/secret.prometheus-values.yaml values.yaml extraScrapeConfigs": "prometheus",
    "*/helmrelease.alloy.yaml *.configMap.content": "alloy",
    "* Corefile": "corefile",
    "* /opt/registry/docker-compose.yml": "compose",
    "* /opt/registry/config-*.yml": "registry",
    "* /opt/registry/nginx.conf": "nginx -t",
    "* /etc/systemd/system/*.service": "systemd",
    "* /etc/cron.d/*": "cron",
    "* my.cnf": "mariadbd",
    "* pgbouncer.ini": "pgbouncer",
    "*/secret.pgbouncer-auth.yaml userlist.txt": "pgbouncer users",
    "* turnserver.conf": "turnserver",
    "* wg0.conf": "wireguard",
    "*/secret.xray-config.yaml config.json": "xray",
    "* postfix-main.cf": "postconf",
    "* postfix-accounts.cf": "mail accounts",
    "* postfix-virtual.cf": "mail aliases",
    "* fail2ban_conf": "ini",
    "*basic-auth-secret.yaml auth": "htpasswd",
}

# Texts without a checker, and why.
PLAIN = {
    "*/mailserver/* SigningTable": "one line of two words, which OpenDKIM reads only as a service",
    "*/mailserver/* KeyTable": "one line of two words, which OpenDKIM reads only as a service",
    "*/mailserver/* TrustedHosts": "names, one a line",
    "*/external-dns/* *.env*.value": "an argument of external-dns that it splits into lines",
}


# --- the texts of out/ ------------------------------------------------------------------------------

SHELL = re.compile(r"(?:/usr)?(?:/bin/)?(sh|bash)")
WHOLE = re.compile(r"<secret:[^>]*>\n*")


def texts(out, fill):
    """Every text of out/ as (name, text), and how many are a secret as a whole: the owner's, and not checked."""
    found, whole = [], 0
    files = sorted(f for f in out.rglob("*") if f.suffix == ".yaml" or f.parent.name == "control-plane" and f.suffix == ".txt")
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for file, (data, filled) in zip(files, pool.map(lambda f: read(f, fill), files)):
            name = str(file.relative_to(out))
            if file.suffix == ".txt":
                found.append((name, filled))
                continue
            of_file = of_cloud_init if file.parent.name == "cloud-init" else of_object
            with_secrets = dict(of_file(filled))
            for key, raw in of_file(data):
                text = with_secrets[key]
                if WHOLE.fullmatch(raw):
                    whole += 1
                elif text:
                    found.append((f"{name} {key}{'' if key.endswith(' -c') else interpreter(text)}", text))
    return found + charts(out, fill), whole


def read(file, fill):
    """The data of a file of out/ as it is there and with its secrets; a control-plane file's is its text."""
    text = file.read_text()
    filled = fill(file) if "<secret:" in text else text
    if file.suffix == ".txt":
        return text, filled
    return yaml.load(text, yaml.CSafeLoader), yaml.load(filled, yaml.CSafeLoader)


def held(data):
    """What a ConfigMap or a Secret holds, a Secret on disk as on its way to the server."""
    values = data.get("data") or {}
    if data["kind"] == "Secret":
        values = {key: base64.b64decode(value).decode(errors="replace") for key, value in values.items()}
    return values | (data.get("stringData") or {})


def of_object(data):
    if data.get("kind") == "CustomResourceDefinition":
        return
    if data.get("kind") in ("ConfigMap", "Secret"):
        for key, text in held(data).items():
            if "\n" in text or re.search(r"\.\w+$", key) or re.match(r'[\[{]\s*["{\[]', text):
                yield key, text
            if key == "values.yaml":
                yield from ((f"{key} {path}", inner) for path, inner in long(yaml.load(text, yaml.CSafeLoader)))
        return
    yield from long(data)


def of_cloud_init(data):
    for file in data.get("write_files") or ():
        yield file["path"], file["content"]
    for phase in ("bootcmd", "runcmd"):
        for number, command in enumerate(data.get(phase) or ()):
            if isinstance(command, str):
                yield f"{phase}[{number}] sh -c", command + "\n"


def long(value, path=""):
    """The scripts of a tree, and its texts of several lines."""
    if isinstance(value, dict):
        words = [word for key in ("command", "args") for word in value.get(key) or () if isinstance(value.get(key), list)]
        script = None
        if len(words) > 2 and (name := SHELL.fullmatch(str(words[0]))) and re.fullmatch("-[a-z]*c", words[1]):
            script = words[2]
            yield f"{path}.command {name[1]} -c".lstrip("."), script if script.endswith("\n") else script + "\n"
        for key, inner in value.items():
            if script is None or key not in ("command", "args"):
                yield from long(inner, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from long(inner, f"{path}[{index}]")
    elif isinstance(value, str) and "\n" in value.strip():
        yield path, value


def interpreter(text):
    first = text.split("\n", 1)[0]
    return f" {first}" if first.startswith("#!") else ""


def charts(out, fill):
    """What the chart of Prometheus makes files of: its values, those of the Secret merged into them."""
    module = out / "platform/monitoring"
    release, secret = module / "helmrelease.prometheus.yaml", module / "secret.prometheus-values.yaml"
    if not release.is_file():
        return []
    values = yaml.load(release.read_text(), yaml.CSafeLoader)["spec"]["values"]
    hidden = yaml.load(held(read(secret, fill)[1])["values.yaml"], yaml.CSafeLoader)
    alerts = merged(values["alertmanager"]["config"], hidden["alertmanager"]["config"])
    del alerts["enabled"]  # of the chart
    made = {f"serverFiles.{name}": rules for name, rules in values["serverFiles"].items()} | {"alertmanager.config": alerts}
    return [(f"{release.relative_to(out)} {key}", yaml.safe_dump(data)) for key, data in made.items()]


def merged(low, high):
    if isinstance(low, dict) and isinstance(high, dict):
        return low | {key: merged(low.get(key), value) for key, value in high.items()}
    return high


# --- all together ------------------------------------------------------------------------------------

def checks(found, rules, plain):
    """The checker of each text, None for a plain one, and what is wrong with the table."""
    problems, unused, chosen = [], {*rules, *plain}, []
    for name, text in found:
        known = [pattern for pattern in (*rules, *plain) if fnmatch.fnmatchcase(name, pattern.replace("[", "[[]"))]
        unused -= {*known}
        if len(known) != 1:
            what = f"two rules, {' and '.join(known)}" if known else "no rule of tests/texts.py names its checker"
            problems.append(f"{name}: {what}")
        else:
            chosen.append((name, text, rules.get(known[0])))
    return chosen, problems + [f"no text is named {pattern}" for pattern in sorted(unused)]


def verdict(checker, text):
    try:
        CHECKERS[checker](text)
    except Exception as error:  # every reader has its own
        return str(error) or repr(error)
    return None


def check_all(out, fill):
    found, whole = texts(out, fill)
    chosen, problems = checks(found, RULES, PLAIN)
    failed = bool(problems)
    for problem in problems:
        print(problem)
    to_do = [(name, text, checker) for name, text, checker in chosen if checker]
    by_checker = collections.defaultdict(list)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for (name, _, checker), wrong in zip(to_do, pool.map(lambda job: verdict(job[2], job[1]), to_do)):
            by_checker[checker].append((name, wrong))
    for checker in CHECKERS:
        wrong = [(name, why) for name, why in by_checker[checker] if why]
        print(f"{'FAILED' if wrong else 'ok':6} {checker:17} {len(by_checker[checker])}")
        for name, why in wrong:
            failed = True
            print(f"         {name}\n           {why.replace(chr(10), chr(10) + ' ' * 11)}")
    print(f"\n{len(to_do)} texts by {len(by_checker)} checkers, {len(chosen) - len(to_do)} plain, {whole} a secret as a whole")
    return failed


# --- the checkers checked: a text that each takes, and one that it must not -----------------------------

HASH = "$2y$10$" + "a" * 53
EXAMPLES = {
    "sh, shellcheck": ('echo "$1"\n', "echo $1\n", 'if true; then echo "$1"\n', '[[ -n "$1" ]]\n'),
    "bash, shellcheck": ('[[ -n "$1" ]]\n', "rm $1\n", "for x in 1; do\n"),
    "python": ("x = 1\n", "x = = 1\n"),
    "json": ('{"a": 1}', '{"a": 1,}', '{"a": 1, "a": 2}', '{"a": NaN}'),
    "yaml": ("a: 1\n", "a: [1\n", "a: 1\na: 2\n"),
    "ini": ("[a]\nb = 1\n", "b = 1\n"),
    "html": ("<p>a<br></p>", "<p><b>a</p></b>", "<p>"),
    "html of a body": ("<p>a</p></body>", "<p>a</p>"),
    "nginx -t": ("user nginx; events {} http { server { listen 5000; location / { proxy_pass http://registry-k8s:1; } } }",
                 "events {} http { server { listen 5000 } }", "events {} http { upstream a { server elsewhere:1; } }"),
    "promtool": ("groups: [{name: a, rules: [{alert: B, expr: up == 0}]}]\n",
                 "groups: [{name: a, rules: [{alert: B, expr: up ==}]}]\n",
                 "groups: [{name: a, rules: [{alert: B, expr: up, annotations: {a: '{{ $value'}}]}]\n"),
    "logql, promtool": ("groups: [{name: a, rules: [{alert: B, expr: 'rate({a=\"b\"}[1m]) > 1'}]}]\n",
                        "groups: [{name: a, rules: [{alert: B, expr: 'rate({a=\"b\"}[1m] > 1'}]}]\n",
                        "groups: [{name: a, rules: [{alerts: B, expr: 'rate({a=\"b\"}[1m]) > 1'}]}]\n"),
    "prometheus": ("- job_name: a\n  kubernetes_sd_configs: [{role: node}]\n",
                   "- job_name: a\n  kubernetes_sd_configs: [{role: nodes}]\n", "- job_name: a\n  interval: 1\n"),
    "amtool config": ("route: {receiver: a}\nreceivers: [{name: a}]\n", "route: {receiver: b}\nreceivers: [{name: a}]\n"),
    "amtool template": ("{{ .Status }}", "{{ if .Status }}"),
    "alloy": ('a "b" {\n\tc = 1\n}\n', 'a "b" {\n\tc = \n}\n'),
    "corefile": (".:53 {\n  errors\n}\n", ".:53 {\n  errors\n"),
    "snmp exporter": ("modules: {a: {walk: [1.3]}}\n", "modules: {a: {walks: [1.3]}}\n"),
    "compose": ("services: {a: {image: b}}\n", "services: {a: {image: b, depends_on: [c]}}\n", "services: {a: {images: b}}\n"),
    "registry": ("version: 0.1\nstorage: {inmemory: {}}\n", "version: 9\nstorage: {inmemory: {}}\n", "version: 0.1\n"),
    "postconf": ("relayhost = a\n", "relay_hots = a\n"),
    "mariadbd": ("[mysqld]\nskip-name-resolve\n", "[mysqld]\nskip-name-resolver\n"),
    "pgbouncer": ("[databases]\na = host=b\n[pgbouncer]\nlisten_port = 6432\nauth_file = /etc/pgbouncer/userlist.txt\n",
                  "[databases]\na = host=b\n[pgbouncer]\npool_mode = transactions\n"),
    "turnserver": ("realm=a\nno-cli\n", "realms=a\n"),
    "systemd": ("[Service]\nExecStart=/bin/true\n", "[Service]\nExecStart=/bin/true\nTypo=simple\n", "[Service]\n"),
    "cron": ("0 3 * * 0 root true\n", "0 3 * * root true\n", "0 3 * * 0 root date +%H\n"),
    "wireguard": (f"[Peer]\nPublicKey = {'A' * 43}=\nAllowedIPs = 10.0.0.1/32\n", "[Peer]\nPublicKey = AAAA\n",
                  "[Peer]\nAllowedIPs = 10.0.0.256/32\n", "[Peer]\nAllowed = 10.0.0.1\n", "[Peers]\n"),
    "xray": ('{"outbounds": [{"protocol": "freedom"}]}', '{"outbounds": [{"protocol": "freedoms"}]}', '{"outbounds": '),
    "htpasswd": (f"a:{HASH}\n", "a:b\n"),
    "mail accounts": (f"a@b.c|{HASH}\n", f"a|{HASH}\n"),
    "mail aliases": ("@b.c d@e.f\n", "@b.c\n"),
    "pgbouncer users": ('"a" "b"\n', '"a" b\n'),
}


def self_test():
    assert EXAMPLES.keys() == CHECKERS.keys() == {*RULES.values()}, "a checker without an example, or without a rule"
    jobs = [(checker, text, not number) for checker, all_of in EXAMPLES.items() for number, text in enumerate(all_of)]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for (checker, text, good), wrong in zip(jobs, pool.map(lambda job: verdict(job[0], job[1]), jobs)):
            if good == bool(wrong):
                sys.exit(f"{checker} {'refuses' if good else 'takes'} {text!r}: {wrong}")
    for found, problem in [(["a x.new"], "no rule"), (["a x.json", "a y.json"], None), (["a x.json sh -c"], None)]:
        _, problems = checks([(name, "") for name in found], {"*.json": "json", "* sh -c": "sh"}, {})
        said = [p for p in problems if not p.startswith("no text")]
        assert bool(said) == bool(problem) and (not said or problem in said[0]), problems
    assert "two rules" in checks([("a.json", "")], {"*.json": "json", "a*": "yaml"}, {})[1][0]
    assert "no text is named" in checks([], {"*.json": "json"}, {})[1][0]
    print(f"{len(jobs) - len(EXAMPLES)} broken texts refused by {len(EXAMPLES)} checkers, {len(EXAMPLES)} good ones taken")


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    if len(sys.argv) != 2:
        sys.exit(__doc__)

    def fill(file):
        done = subprocess.run([sys.argv[1], "secrets", "fill", file.relative_to(ROOT)], cwd=ROOT, capture_output=True,
                              text=True, env={**os.environ, **KEYS})
        if done.returncode:
            sys.exit(f"{file}: {done.stderr}")
        return done.stdout
    sys.exit(1 if check_all(ROOT / "out", fill) else 0)


if __name__ == "__main__":
    main()
