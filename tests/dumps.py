#!/usr/bin/env python3
"""The jobs of out/ that keep data, or throw old data away, are run against real servers: tests/dumps.py

PostgreSQL and MariaDB (in place of MySQL, which Debian does not have) run in a temporary folder, without any rights, on a
free port of 127.0.0.1. Each script is run as it stands in out/, with its folders mounted and its hosts leading there. What
it dumped is restored into a fresh server and compared; old dumps go and young ones stay; a dump that fails leaves none.
Needs what tests/setup.sh installs.
"""

import contextlib
import glob
import http.server
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
SERVICES = pathlib.Path(shutil.which("pgbouncer") or sys.exit("run this with tests/setup.sh on PATH")).parent
PASSWORD = "it's a \"pass word\" \\ $1"


def quoted(text):
    """A string of SQL."""
    return "'" + text.replace("'", "''") + "'"


def run(*command, ok=True, said="", **options):
    """A command to which something is said; its answers are text."""
    done = subprocess.run(command, input=said if isinstance(said, bytes) else said.encode(), capture_output=True, timeout=120,
                          **options)
    done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
    if ok and done.returncode:
        sys.exit(f"{command}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def free_port():
    with socket.socket() as at:
        at.bind(("127.0.0.1", 0))
        return str(at.getsockname()[1])


@contextlib.contextmanager
def running(*command, end, ready, env=None):
    """A server, until the block ends. `unshare --user` takes away the rights of root, which servers refuse."""
    with tempfile.TemporaryFile("w+") as log:
        server = subprocess.Popen(["unshare", "--user", *command], stdout=log, stderr=log, env=env)
        try:
            until = time.monotonic() + 60
            while ready().returncode:
                if server.poll() is not None or time.monotonic() > until:
                    log.seek(0)
                    sys.exit(f"{command[0]} did not start\n{log.read()[:3000]}")
                time.sleep(0.1)
            yield
        finally:
            server.send_signal(end)
            server.wait(60)


# --- the scripts of out/, run where they think they are ----------------------------------------------

def job(path, container=0):
    """The script of a container of a job in out/, and the shell that runs it."""
    data = yaml.safe_load((ROOT / "out" / path).read_text())
    pod = data["spec"].get("jobTemplate", data)["spec"]["template"]["spec"]
    shell, flag, script = [*pod["containers"][container]["command"], *pod["containers"][container].get("args", ())]
    assert flag == "-c", f"{path}: {flag}"
    return [shell, flag, script]


ELSEWHERE = """
set -e
cd "$1"; hosts=$2; shift 2
for path in /*; do
  if [ -L "$path" ]; then cp -P "$path" ".$path"
  elif [ -d "$path" ]; then mkdir -p ".$path"; mount --rbind "$path" ".$path"
  fi
done
printf '127.0.0.1 localhost %s\\n' "$hosts" >hosts
mount --bind hosts etc/hosts
while [ "$1" != -- ]; do mkdir -p ".$1"; mount --bind "$2" ".$1"; shift 2; done
shift
exec chroot . "$@"
"""


def there(command, mounts, hosts=(), **env):
    """A command as root of a system like this one, in which folders are mounted and the hosts are 127.0.0.1."""
    with tempfile.TemporaryDirectory(dir="/tmp") as root:
        binds = [str(word) for pair in mounts.items() for word in pair]
        return run("unshare", "--map-root-user", "--mount", "sh", "-c", ELSEWHERE, "sh", root, " ".join(hosts), *binds, "--",
                   *command, ok=False, env={**os.environ, **env})


def aged(path, days):
    path.touch()
    os.utime(path, times=(time.time() - days * 86400,) * 2)


def dumps(path, host, days, **env):
    """Runs a dump job of out/, which keeps dumps for so many days, in a folder that has old files; the dump that it made."""
    command = job(path)
    with tempfile.TemporaryDirectory() as folder:
        backup = pathlib.Path(folder)
        old = {"dump_old.sql": days + 2, "dump_cut.sql.part": days + 2}
        for name, age in (old | {"dump_young.sql": days - 1, "other": 99}).items():
            aged(backup / name, age)
        before = {f.name for f in backup.iterdir()}

        bad = there(command, {"/backup": backup}, [host], **env | {"PGPASSWORD": "wrong", "MYSQL_PWD": "wrong"})
        assert bad.returncode, "a dump with a wrong password is taken for good"
        assert not list(backup.glob("dump_2*.sql")), f"a failed dump looks like one: {os.listdir(backup)}"
        assert before <= {*os.listdir(backup)}, "a failed dump took old ones away"
        failed = {f.name for f in backup.glob("dump_2*.part")}

        good = there(command, {"/backup": backup}, [host], **env)
        assert not good.returncode, f"{path}: {good.stdout}{good.stderr}"
        after = {f.name for f in backup.iterdir()} - failed
        new = after - before
        assert len(new) == 1 and re.fullmatch(r"dump_\d{4}(_\d\d){4}\.sql", *new), f"{path} made {new}"
        assert after - new == {"dump_young.sql", "other"}, f"{path} keeps {after - new} after {days} days"
        return (backup / new.pop()).read_bytes()


# --- PostgreSQL --------------------------------------------------------------------------------------

def postgres_programs():
    found = glob.glob("/usr/lib/postgresql/*/bin/postgres") + glob.glob(f"{SERVICES}/usr/lib/postgresql/*/bin/postgres")
    return pathlib.Path(found[0]).parent if found else sys.exit("no PostgreSQL")


@contextlib.contextmanager
def postgres(user="root"):
    """A fresh PostgreSQL with one superuser; yields the environment of its clients."""
    programs = postgres_programs()
    env = {"PGPORT": free_port(), "PGPASSWORD": PASSWORD, "PATH": f"{programs}:{os.environ['PATH']}", "PGCONNECT_TIMEOUT": "5",
           "LD_LIBRARY_PATH": ":".join(glob.glob(f"{SERVICES}/usr/lib/*-linux-gnu"))}
    everything = {**os.environ, **env}
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        password = pathlib.Path(folder, "password")
        password.write_text(PASSWORD)
        run("unshare", "--user", programs / "initdb", f"--username={user}", f"--pwfile={password}", "--auth=scram-sha-256",
            "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", f"{folder}/data", env=everything)
        with running(programs / "postgres", "-D", f"{folder}/data", "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off",
                     "-c", f"unix_socket_directories={folder}", end=signal.SIGINT, env=everything,
                     ready=lambda: run("pg_isready", "-h", "127.0.0.1", ok=False, env=everything)):
            yield env


def psql(env, text, user="root", database="postgres", ok=True, stop=True):
    return run("psql", "-h", "127.0.0.1", "-U", user, "-d", database, "-qAt", "-v", f"ON_ERROR_STOP={int(stop)}", "-f", "-",
               said=text, ok=ok, env={**os.environ, **env})


def test_postgres():
    rows = "SELECT * FROM item ORDER BY id"
    with postgres() as env:
        # The role and the database of a stack, by its own job; a second run finds them and changes nothing.
        for _ in range(2):
            made = there(job("woodpecker/woodpecker/job.woodpecker-db-init.yaml"), {}, ["postgresql.dbaas.svc.cluster.local"],
                         **env, WOODPECKER_PASSWORD=PASSWORD)
            assert not made.returncode, made.stderr
        psql(env, r"CREATE TABLE item AS SELECT id, md5(id::text) AS name, E'é\n\'\\' AS odd, '\x00ff0d0a'::bytea AS raw,"
                  " now() AS at, NULL AS none FROM generate_series(1, 1000) AS id", user="woodpecker", database="woodpecker")
        psql(env, f"CREATE ROLE immich SUPERUSER LOGIN PASSWORD {quoted(PASSWORD)}")
        wanted = psql(env, rows, user="woodpecker", database="woodpecker").stdout
        taken = {"root": dumps("platform/dbaas/cronjob.postgresql-backup.yaml", "postgresql.dbaas", 7, **env),
                 "immich": dumps("immich/immich/cronjob.postgresql-backup.yaml", "immich-postgresql", 14, **env)}
    for user, dump in taken.items():
        with postgres(user) as env:
            said = psql(env, dump, user=user, stop=False).stderr.splitlines()
            wrong = [line for line in said if f'role "{user}" already exists' not in line]  # the fresh server has its own
            assert not wrong, wrong
            found = psql(env, rows, user="woodpecker", database="woodpecker").stdout
            assert found == wanted and found.count("\n") >= 1000, "the rows differ"
    print(f"ok     PostgreSQL      {len(taken)} dumps restored, each 1000 rows and their role; a role and database made")


# --- MariaDB -----------------------------------------------------------------------------------------

@contextlib.contextmanager
def mariadb():
    """A fresh MariaDB whose root has a password and comes from anywhere, as in the image of MySQL."""
    env = {"MYSQL_TCP_PORT": free_port(), "MYSQL_PWD": PASSWORD}
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        start = pathlib.Path(folder, "start.sql")
        start.write_text("DROP USER root@'127.0.0.1', root@'::1';\n"
                         f"CREATE USER root@'%' IDENTIFIED BY {quoted(PASSWORD).replace(chr(92), chr(92) * 2)};\n"
                         "GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;\n")
        share = SERVICES / "usr/share/mysql"
        run("unshare", "--user", "mariadb-install-db", "--no-defaults", f"--datadir={folder}/data", f"--basedir={SERVICES}/usr",
            f"--lc-messages-dir={share}", "--auth-root-authentication-method=normal", "--skip-test-db")
        with running("mariadbd", "--no-defaults", f"--datadir={folder}/data", f"--lc-messages-dir={share}", "--skip-name-resolve",
                     f"--socket={folder}/socket", f"--port={env['MYSQL_TCP_PORT']}", "--bind-address=127.0.0.1",
                     f"--init-file={start}", "--event-scheduler=off", end=signal.SIGTERM,
                     ready=lambda: mysql(env, "SELECT 1", ok=False)):
            yield env


def mysql(env, text, ok=True):
    return run("mysql", "--no-defaults", "-h", "127.0.0.1", "-u", "root", "-N", said=text, ok=ok, env={**os.environ, **env})


def test_mysql():
    # Procedures and events come without being asked for: MariaDB has them in tables. MySQL's options for them are MariaDB's too.
    facts = ("SELECT id, name, odd, HEX(raw), at, none FROM shop.item ORDER BY id; CALL shop.total(); SHOW EVENTS FROM shop;"
             "SHOW GRANTS FOR shop@'%'")
    with mariadb() as env:
        mysql(env, """
            CREATE DATABASE shop; CREATE USER shop@'%' IDENTIFIED BY 'x'; GRANT ALL ON shop.* TO shop@'%'; USE shop;
            CREATE TABLE item (id INT PRIMARY KEY, name TEXT, odd TEXT, raw BLOB, at DATETIME DEFAULT NOW(), none INT)
              CHARSET utf8mb4;
            INSERT INTO item (id, name, odd, raw) SELECT seq, MD5(seq), 'é\\n\\'\\\\', UNHEX(MD5(seq)) FROM seq_1_to_1000;
            CREATE PROCEDURE total() SELECT COUNT(*), MAX(name) FROM item;
            CREATE EVENT tidy ON SCHEDULE EVERY 1 YEAR STARTS '2030-01-01' DO DELETE FROM item;""")
        wanted = mysql(env, facts).stdout
        dump = dumps("platform/dbaas/cronjob.mysql-backup.yaml", "mysql.dbaas.svc.cluster.local", 14, **env)
    with mariadb() as env:
        mysql(env, dump + b"\nFLUSH PRIVILEGES;")
        found = mysql(env, facts).stdout
        assert found == wanted and len(found.splitlines()) > 1000, "what was restored differs"
    print("ok     MariaDB         1 dump restored: 1000 rows, a procedure, an event, a user")


# --- files -------------------------------------------------------------------------------------------

def test_nextcloud():
    scripts = yaml.safe_load((ROOT / "out/nextcloud/nextcloud/configmap.nextcloud-backup-script.yaml").read_text())["data"]
    with tempfile.TemporaryDirectory() as folder:
        data, backup, tools = (pathlib.Path(folder, name) for name in ("data", "backup", "scripts"))
        for path in (data, backup, tools):
            path.mkdir()
        for name, text in scripts.items():
            (tools / name).write_text(text)
            (tools / name).chmod(0o755)
        mounts = {"/nextcloud-data": data, "/backup": backup, "/scripts": tools}
        names = []
        for content in ("first", "second", "third"):
            (data / "file ü").write_text(content)
            done = there(["/scripts/backup.sh"], mounts, KEEP="2")
            assert not done.returncode, done.stderr
            names += {f.name for f in backup.iterdir()} - {*names}
            time.sleep(1.1)  # a backup is named by the second
        kept = {f.name: (f / "file ü").read_text() for f in backup.iterdir()}
        assert kept == {names[1]: "second", names[2]: "third"}, kept
        (data / "later").touch()
        done = there(["/scripts/restore.sh", names[1]], mounts)
        assert not done.returncode and [(f.name, f.read_text()) for f in data.iterdir()] == [("file ü", "second")], done.stderr
        assert there(["/scripts/restore.sh", "none"], mounts).returncode == 1
    print("ok     Nextcloud       3 backups, of which 2 are kept; 1 restored")


def test_etcd_purge():
    with tempfile.TemporaryDirectory() as folder:
        for name, age in {"a.db": 32, "b.db": 29, "c": 99}.items():
            aged(pathlib.Path(folder, name), age)
        done = there(job("platform/infra-maintenance/cronjob.default.backup-etcd.yaml", container=1), {"/backup": folder})
        assert not done.returncode and sorted(os.listdir(folder)) == ["b.db", "c"], done.stderr
    print("ok     etcd            snapshots of more than 30 days go")


def test_registry():
    machine = yaml.safe_load((ROOT / "out/infra/infra/cloud-init/docker-registry.yaml").read_text())
    script = next(f["content"] for f in machine["write_files"] if f["path"] == "/opt/registry/cleanup-tags.sh")
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder, "cleanup-tags.sh")
        program.write_text(script)
        program.chmod(0o755)
        data = pathlib.Path(folder, "data")
        for image, tags in {"a": 3, "b/c": 1}.items():
            for age in range(tags):
                tag = data / f"dockerhub/docker/registry/v2/repositories/{image}/_manifests/tags/{age}-old"
                (tag / "current").mkdir(parents=True)
                os.utime(tag, times=(time.time() - age * 86400,) * 2)
        dry = there(["/opt/registry/cleanup-tags.sh", "--keep", "2", "--dry-run"], {"/opt/registry": folder})
        done = there(["/opt/registry/cleanup-tags.sh", "--keep", "2"], {"/opt/registry": folder})
        assert dry.stdout == done.stdout == "dockerhub: a:2-old\n" and not done.returncode, done.stdout + done.stderr
        kept = sorted(f"{tag.parents[2].name}:{tag.name}" for tag in data.rglob("tags/*"))
        assert kept == ["a:0-old", "a:1-old", "c:0-old"], kept
    print("ok     registry        old tags go, the newest stay")


class Poison(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/poison2/" else 404)
        self.end_headers()
        self.wfile.write(b"poison" if self.path == "/poison2/" else b"")

    def log_message(self, *_):
        pass


def test_poison():
    script = yaml.safe_load((ROOT / "out/poison-fountain/poison-fountain/configmap.poison-fountain-fetcher.yaml").read_text())
    command = ["sh", "-c", script["data"]["fetch-poison.sh"]]
    with tempfile.TemporaryDirectory() as folder, http.server.ThreadingHTTPServer(("127.0.0.1", 0), Poison) as server:
        threading.Thread(target=server.serve_forever).start()
        at = f"http://127.0.0.1:{server.server_port}"
        aged(pathlib.Path(folder, "older.txt"), 1)
        try:
            good = there(command, {"/data/cache": folder}, POISON_URL=f"{at}/poison2/", FETCH_COUNT="2", MAX_CACHE_FILES="2")
            texts = [f.read_text() for f in pathlib.Path(folder).iterdir()]
            assert not good.returncode and texts == ["poison"] * 2, good.stdout + good.stderr
            bad = there(command, {"/data/cache": folder}, POISON_URL=f"{at}/gone", FETCH_COUNT="1", MAX_CACHE_FILES="2")
            assert bad.returncode and len(os.listdir(folder)) == 2, "nothing was fetched, and nobody is told"
        finally:
            server.shutdown()
    print("ok     poison          2 documents fetched, the oldest one gone; a source that gives nothing is told")


if __name__ == "__main__":
    test_postgres()
    test_mysql()
    test_nextcloud()
    test_etcd_purge()
    test_registry()
    test_poison()
