"""A company of the measurements: a database, the processes that work on it, and how its figures are told."""

import contextlib
import datetime
import http.client
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import house
from house import REPO, Api, Session, fill, free_port, serving, wait_for

LEDGER = "accounting.ledger"
EVERYTHING = {"people": 5_000, "hands": 4, "dates": 0, "settled": 1, "open": 0, "done": 0}


def note(figure, words, target=""):
    load = os.getloadavg()[0]
    print(f"{figure:44} {words}{f'   (to reach: {target})' if target else ''}   [load {load:.1f}]", flush=True)


def share(values, part):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def in_ms(values):
    return f"p50 {share(values, .5) * 1000:.0f} ms, p99 {share(values, .99) * 1000:.0f} ms, longest {max(values) * 1000:.0f} ms"


class Company:
    """A database with people and tasks, and the processes that work on it."""

    def __init__(self, ates, postgres, folder, name, template=None):
        self.ates, self.postgres, self.folder, self.name = ates, postgres, folder, name
        how = f"template {template} strategy file_copy" if template else ""
        postgres.psql("postgres", "-c", f"create database {name} {how}", "-c", "checkpoint")
        self.environment = {
            **os.environ,
            "DATABASE_URL": postgres.url(name),
            "ATES_METRICS_BIND": "",
            "RUST_LOG": "warn",
        }

    def run(self, *arguments, check=True):
        done = subprocess.run([self.ates, *arguments], env=self.environment, capture_output=True, text=True)
        if check and done.returncode:
            sys.exit(f"ates {' '.join(arguments)} failed: {done.stderr}{done.stdout}")
        return done

    def fill(self, tasks, people, batch=20_000):
        with tempfile.TemporaryDirectory(prefix="ates-bench-input.") as inputs:
            fill(self.ates, self.environment, pathlib.Path(inputs), tasks, people, batch)

    def import_tasks(self, count, batch=20_000):
        with tempfile.TemporaryDirectory(prefix="ates-bench-input.") as inputs:
            path = pathlib.Path(inputs) / "tasks.csv"
            for first in range(0, count, batch):
                lines = [f",Feed bird {n}," for n in range(first, min(count, first + batch))]
                path.write_text("jira_id,title,description\n" + "\n".join(lines) + "\n")
                self.run("import", "tasks", str(path))

    @contextlib.contextmanager
    def serve(self, **more):
        """Pages, API and workers."""
        environment = {**self.environment, "ATES_BIND": f"127.0.0.1:{free_port()}", **more}
        with open(self.folder / "ates.log", "a") as log, serving(self.ates, environment, log) as (process, port):
            yield process, port

    def started(self, port):
        """The whole program as it starts; nobody waits for it."""
        return self.only(None, port)

    @contextlib.contextmanager
    def only(self, flag, port=None, **more):
        """A part of the program as a process of its own."""
        environment = {**self.environment, "ATES_BIND": f"127.0.0.1:{port or free_port()}", **more}
        with open(self.folder / "ates.log", "a") as log:
            process = subprocess.Popen([self.ates, "serve", *([flag] if flag else [])], env=environment, stdout=log, stderr=log)
            try:
                yield process
            finally:
                process.kill()
                process.wait()

    def session(self):
        return Session(self.postgres, self.name)

    def pause(self, name=LEDGER):
        start = time.monotonic()
        self.run("events", "pause", name, "--reason", "a measurement of the bus")
        return time.monotonic() - start

    def resume(self, name=LEDGER):
        self.run("events", "resume", name)

    def caught_up(self, session, look=lambda: None, limit=1800):
        return wait_for("all is applied", session,
                        "select bool_and(position >= (select max(seq) from bus.events)) from bus.subscribers", look=look, limit=limit)

    def history(self, **sizes):
        """A past by plain SQL (benches/history.sql); the cursors of the bus have to be there, so the program starts once before."""
        self.fill(0, 0)
        with self.serve():
            pass
        values = {**EVERYTHING, **sizes, "moment": datetime.datetime.now(datetime.timezone.utc).isoformat()}
        defined = [part for name, value in values.items() for part in ("-v", f"{name}={value}")]
        self.postgres.psql(self.name, *defined, "-f", str(REPO / "benches/history.sql"))
        return self

    def copy(self, name):
        """The same once more, for another go at it."""
        return Company(self.ates, self.postgres, self.folder, name, self.name)

    def sql(self, *arguments):
        return self.postgres.psql(self.name, *arguments)

    def number(self, query):
        return int(self.sql("-c", query))

    def drop(self):
        self.postgres.psql("postgres", "-c", f"drop database if exists {self.name} with (force)")

    def tokens(self, port, names):
        """Access tokens of people of the history, who log in with the administrator's password."""
        return [Api(port).log_in(name).token for name in names]

    def cookies(self, count):
        """Sessions of that many people of the history, without their logging in; what their browsers send."""
        self.sql("-c", "delete from auth.sessions", "-c", f"""insert into auth.sessions (id_hash, user_id, session_version, created_at, last_seen_at, expires_at, confirmed_at)
            select sha256(convert_to('session-' || n, 'UTF8')), bench.person(n), 1, now(), now(), now() + interval '8 hours', now()
            from generate_series(0, {count - 1}) n""", "-c", "analyze auth.sessions")
        return [f"cookie: ates_session=session-{n}\r\n" for n in range(count)]

    def caught_up_but(self, session, name):
        """The same, one left aside."""
        wait_for("all others are through", session, f"""select bool_and(position >= (select max(seq) from bus.events)) from bus.subscribers
            where name <> '{name}'""".replace("\n", " "))

    def hire(self, port, count):
        """People who can log in."""
        admin = Api(port).log_in("admin")
        names = [f"worker{n}" for n in range(count)]
        for name in names:
            person = {"username": name, "email": f"{name}@uberpopug.example", "name": "Worker", "surname": name,
                      "password": house.PASSWORD, "roles": ["developer"]}
            status, answer = admin.send("POST", "/api/v1/users", person)
            assert status in (201, 409, 422), answer
        return names


def server_time(postgres):
    """Processor time of the Postgres server so far: the postmaster, its children that ended, and those that run."""
    pid = int((postgres.folder / "data/postmaster.pid").read_text().split()[0])
    total = 0
    for place in pathlib.Path("/proc").iterdir():
        if place.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (place / "stat").read_text().rsplit(")", 1)[1].split()
                if int(place.name) == pid:
                    total += sum(int(field) for field in fields[11:15])
                elif int(fields[1]) == pid:
                    total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def wait_until_live(port):
    for _ in range(600):
        with contextlib.suppress(OSError, http.client.HTTPException):
            if Api(port).send("GET", "/health/live")[0] == 200:
                return
        time.sleep(0.1)
