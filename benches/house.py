"""What the measurements share: a private Postgres, the release binary, a filled company, clients."""

import contextlib
import http.client
import json
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time

REPO = pathlib.Path(__file__).resolve().parent.parent
PASSWORD = "a parrot never tells"


def say(words):
    print(f"» {words}", file=sys.stderr, flush=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def bindir():
    if "ATES_PG_BINDIR" in os.environ:
        return pathlib.Path(os.environ["ATES_PG_BINDIR"])
    places = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which("initdb")
    places += [pathlib.Path(found).parent] if found else []
    for place in places:
        if (place / "postgres").exists():
            return place
    sys.exit("no Postgres server found")


DEAREST = """select round(total_plan_time + total_exec_time), round(total_plan_time), calls, rows, pg_size_pretty(wal_bytes), left(regexp_replace(query, '\\s+', ' ', 'g'), 110)
  from pg_stat_statements where dbid not in (select oid from pg_database where datname like 'made%') order by total_plan_time + total_exec_time desc limit 25"""


STATISTICS = " -c shared_preload_libraries=pg_stat_statements -c pg_stat_statements.track=all -c pg_stat_statements.track_planning=on"


class Postgres:
    """A private server on a unix socket, durable; as root it runs as ATES_PG_USER (postgres)."""

    def __init__(self, folder, more=""):
        self.folder, self.bin = folder, bindir()
        self.user = os.environ.get("ATES_PG_USER", "postgres") if os.geteuid() == 0 else None
        if self.user:
            account = pwd.getpwnam(self.user)
            os.chown(folder, account.pw_uid, account.pw_gid)
        self.run("initdb", "-D", f"{folder}/data", "-U", "ates", "--encoding=UTF8", "--locale=C.UTF-8", "--auth=trust")
        self.options = (
            f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=on -c synchronous_commit=on "
            "-c max_wal_size=4GB -c shared_buffers=256MB -c checkpoint_timeout=15min -c max_connections=100 -c timezone=UTC"
        ) + more
        self.start()

    def start(self):
        self.run("pg_ctl", "start", "-w", "-D", f"{self.folder}/data", "-l", f"{self.folder}/log", "-o", self.options)

    def run(self, program, *arguments):
        drop = ["setpriv", "--reuid", self.user, "--regid", self.user, "--clear-groups", "--"] if self.user else []
        done = subprocess.run([*drop, str(self.bin / program), *arguments], capture_output=True, text=True, cwd="/")
        if done.returncode:
            sys.exit(f"{program} failed: {done.stderr}{done.stdout}")
        return done.stdout

    def stop(self):
        self.run("pg_ctl", "stop", "-m", "immediate", "-D", f"{self.folder}/data")

    def url(self, database):
        return f"postgres:///{database}?host={self.folder}&user=ates"

    def psql(self, database, *arguments):
        command = [str(self.bin / "psql"), "-XqtA", "-v", "ON_ERROR_STOP=1", "-d", self.url(database), *arguments]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"psql failed: {done.stderr}")
        return done.stdout.strip()


class Session:
    """One psql that stays, so that looking costs little."""

    def __init__(self, postgres, database):
        command = [str(postgres.bin / "psql"), "-XqtA", "-d", postgres.url(database)]
        self.psql = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def ask(self, query):
        self.psql.stdin.write(query + ";\n")
        self.psql.stdin.flush()
        return self.psql.stdout.readline().strip()

    def close(self):
        self.psql.stdin.close()
        self.psql.wait()


class Api:
    def __init__(self, port):
        self.port, self.token = port, None
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def send(self, method, path, body=None):
        headers = {"content-type": "application/json"}
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        for attempt in (1, 2):
            try:
                self.connection.request(method, path, None if body is None else json.dumps(body), headers)
                answer = self.connection.getresponse()
                text = answer.read()
                return answer.status, json.loads(text) if text else None
            except (http.client.HTTPException, ConnectionError):
                self.connection.close()
                if attempt == 2:
                    raise

    def log_in(self, username):
        status, answer = self.send("POST", "/api/v1/auth/token", {"username": username, "password": PASSWORD})
        assert status == 200, answer
        self.token = answer["access_token"]
        return self


def quantiles(times):
    ordered = sorted(times)
    if not ordered:
        return "none"
    pick = lambda share: ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000
    return f"{len(ordered)} requests, p50 {pick(.5):.0f} ms, p99 {pick(.99):.0f} ms, longest {ordered[-1] * 1000:.0f} ms"


def memory(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def processor(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def fill(ates, environment, folder, tasks, people, batch=20_000):
    roles = "username,email,name,surname,roles\n"
    lines = [f"popug{n},popug{n}@uberpopug.example,Popug,Number {n},developer" for n in range(people)]
    (folder / "users.csv").write_text(roles + "\n".join(lines) + "\n")
    run = lambda *arguments, **more: subprocess.run([ates, *arguments], env=environment, check=True, stdout=subprocess.DEVNULL, **more)
    run("migrate")
    create = ["user", "create-admin", "--username", "admin", "--email", "admin@uberpopug.example", "--password-stdin"]
    run(*create, input=PASSWORD + "\n", text=True)
    if people:
        run("import", "users", str(folder / "users.csv"))
    for first in range(0, tasks, batch):
        lines = [f",Feed bird {n}," for n in range(first, min(tasks, first + batch))]
        (folder / "tasks.csv").write_text("jira_id,title,description\n" + "\n".join(lines) + "\n")
        run("import", "tasks", str(folder / "tasks.csv"))


@contextlib.contextmanager
def serving(ates, environment, log):
    process = subprocess.Popen([ates, "serve"], env=environment, stdout=log, stderr=log)
    port = int(environment["ATES_BIND"].rsplit(":", 1)[1])
    try:
        for _ in range(600):
            with contextlib.suppress(OSError, http.client.HTTPException):
                if Api(port).send("GET", "/health/live")[0] == 200:
                    break
            time.sleep(0.1)
        yield process, port
    finally:
        process.terminate()
        process.wait()


def wait_for(what, session, query, expected="t", limit=900, look=lambda: None):
    start = time.monotonic()
    while session.ask(query) != expected:
        look()
        if time.monotonic() - start > limit:
            sys.exit(f"waited too long until {what}")
        time.sleep(0.02)
    return time.monotonic()


@contextlib.contextmanager
def private_postgres(more=""):
    """A folder and a server in it, both gone at the end; nothing of the caller's environment points elsewhere."""
    for name in [name for name in os.environ if name.startswith(("PG", "ATES_")) and not name.startswith("ATES_PG_")]:
        del os.environ[name]
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ates-bench."))
    os.chmod(folder, 0o755)
    postgres = Postgres(folder, more)
    try:
        yield folder, postgres
    finally:
        postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)
