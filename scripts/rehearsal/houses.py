"""The house that things fall in: two database servers, a mail server, the program, its people, its clock."""

import contextlib
import datetime
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import zoneinfo

from .stage import Broken
from .visitors import Mails, Person, exchange

REPO = pathlib.Path(__file__).resolve().parent.parent.parent
ZONE = zoneinfo.ZoneInfo("Europe/Moscow")
LIBRARIES = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib"]
PASSWORD = "a parrot never tells"
PEOPLE = {"root": "administrator", "boss": "manager", "buh": "accountant", "kesha": "developer", "gosha": "developer"}
# Programs are killed here, not machines: what was written outlives them without waiting for the disk.
STANDBY = {**os.environ, "ATES_STANDBY_DATABASE": "ates", "ATES_STANDBY_FSYNC": "off"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def bindir():
    """The folder of the server's programs, as scripts/packages.sh finds it."""
    command = f". {REPO}/scripts/packages.sh && postgres_bindir"
    found = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    if found.returncode:
        sys.exit('no Postgres server found: install it with "apt-get install postgresql"')
    return pathlib.Path(found.stdout.strip())


def faketime():
    for place in LIBRARIES:
        path = pathlib.Path(place) / "faketime/libfaketimeMT.so.1"
        if path.exists():
            return str(path)
    sys.exit('no libfaketime found: install it with "apt-get install faketime"')


class Process:
    """A process of the program. It is in a session of its own, so that ctrl-C reaches the script alone, which then ends it."""

    def __init__(self, house, arguments, settings):
        self.port = free_port()
        self.settings = {**house.settings, "ATES_BIND": f"127.0.0.1:{self.port}", **settings}
        self.log = house.folder / f"ates-{self.port}.log"
        self.command, self.folder = [str(house.binary), "serve", *arguments], house.folder
        self.start()

    def start(self):
        with open(self.log, "a") as log:
            self.child = subprocess.Popen(
                self.command, env=self.settings, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.folder, start_new_session=True
            )

    def lives(self):
        return self.child.poll() is None

    def health(self, kind="ready"):
        return exchange(self.port, "GET", f"/health/{kind}", timeout=10)

    def await_live(self, limit=60):
        until = time.monotonic() + limit
        while self.health("live").status != 200:
            if not self.lives() or time.monotonic() > until:
                raise OSError(f"the program does not serve: {self.tail()}")
            time.sleep(0.05)
        return self

    def tail(self):
        return "\n".join(self.log.read_text().splitlines()[-8:])

    def kill(self):
        """At once, as a power cut would."""
        self.child.kill()
        self.child.wait()

    def stop(self):
        if self.lives():
            self.child.terminate()
            try:
                self.child.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()


class House:
    def __init__(self, binary):
        self.binary, self.bin = binary, bindir()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ates-failures."))
        os.chmod(self.folder, 0o755)
        self.pair = self.folder / "servers"
        self.processes, self.main = [], None
        self.clock = self.folder / "clock"
        self.mails = Mails(free_port())
        self.people = {name: Person(name, PASSWORD) for name in PEOPLE}
        morning = datetime.datetime.now(ZONE).replace(hour=6, minute=0, second=0, microsecond=0) - datetime.timedelta(days=1)
        self._set_clock(-int((datetime.datetime.now(ZONE) - morning).total_seconds()))

    # --- opening and closing

    def open(self):
        self.mails.open()
        told = self.standby("start")
        self.addresses = {line.split("=", 1)[0].split()[1]: line.split("=", 1)[1].strip("'") for line in told.splitlines()}
        self.settings = self._environment()
        self.version = self.ates("--version").stdout.strip()
        self.ates("migrate")
        self.ates("user", "create-admin", "--username", "root", "--email", "root@uberpopug.example", "--password-stdin", said=PASSWORD)
        self.begin()
        root = self.people["root"].log_in()
        for name, role in list(PEOPLE.items())[1:]:
            record = {"username": name, "email": f"{name}@uberpopug.example", "name": name.title(), "surname": "Popug"}
            made = root.api("POST", "/api/v1/users", {**record, "roles": [role], "password": PASSWORD})
            if made.status != 201:
                raise OSError(f"{name} cannot be registered: {made}")
        self.log_in()
        self.settle()
        for number in range(6):
            self.task(f"Feed the macaw {number}")
        self.settle()

    def _environment(self):
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "ATES_", "DATABASE_", "FAKETIME"))}
        return {
            **kept,
            "DATABASE_URL": self.addresses["DATABASE_URL"],
            "ATES_SMTP_URL": f"smtp://127.0.0.1:{self.mails.port}",
            "ATES_BASE_URL": "http://127.0.0.1:8080",
            "ATES_METRICS_BIND": "",
            "ATES_TIMEZONE": str(ZONE),
            # A reward is then always more than what a popug paid for the tasks that were taken away again.
            "ATES_FEE_MIN": "1",
            "ATES_FEE_MAX": "2",
            "ATES_BELL_SECONDS": "1",
            "ATES_RECONCILE_SECONDS": "2",
            "ATES_EVENT_RETRY_MAX_SECONDS": "1",
            "ATES_POOL_WAIT_MS": "1000",
            "ATES_LOGIN_BURST": "0",
            "ATES_SESSION_IDLE_SECONDS": "604800",
            "ATES_SESSION_ABSOLUTE_SECONDS": "2592000",
            "RUST_LOG": "warn",
            "LD_PRELOAD": faketime(),
            "FAKETIME_TIMESTAMP_FILE": str(self.clock),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }

    def close(self):
        """Ends everything that was started, whatever state it is in."""
        for process in self.processes:
            with contextlib.suppress(OSError):
                process.kill()
        self.mails.close()
        if self.pair.exists():
            subprocess.run([REPO / "scripts/standby", "stop", self.pair], capture_output=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- processes

    def process(self, *arguments, **settings):
        """A further process of the program; it is ended with the house."""
        process = Process(self, arguments, settings)
        self.processes.append(process)
        return process

    @contextlib.contextmanager
    def beside(self, *arguments, **settings):
        process = self.process(*arguments, **settings)
        try:
            if "--workers-only" not in arguments:  # it listens to nobody
                process.await_live()
            yield process
        finally:
            process.stop()

    def begin(self, *arguments, **settings):
        """The process that everybody asks."""
        self.main = self.process(*arguments, **settings).await_live()
        for person in self.people.values():
            person.port = self.main.port

    @contextlib.contextmanager
    def instead(self, *arguments, **settings):
        """For a while the main process is one with other settings."""
        self.main.stop()
        self.begin(*arguments, **settings)
        try:
            yield
        finally:
            self.main.stop()
            self.begin()

    @property
    def base(self):
        return f"http://127.0.0.1:{self.main.port}"

    def ready(self):
        answer = self.main.health()
        return answer.json.get("status", "") if answer.status else "nobody answers"

    def ates(self, *arguments, said=None, check=True, **settings):
        done = subprocess.run(
            [self.binary, *arguments], env={**self.settings, **settings}, input=said, capture_output=True, text=True, cwd=self.folder, timeout=120
        )
        if check and done.returncode:
            raise OSError(f"ates {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done

    def show_log(self):
        print("   its log  " + "\n            ".join(self.main.tail().splitlines()), flush=True)

    def mend(self):
        """After a promise that was not kept: what a play may have left behind is put away, so that the next one begins well."""
        with contextlib.suppress(Broken, OSError, subprocess.SubprocessError):
            if not self.mails._server:
                self.mails.open()
            for name in self.consumers():
                for holder in ("rehearsal", "breaker"):
                    self.ates("events", "resume", name, "--holder", holder, check=False)
            self.main.stop()
            self.begin()
            self.log_in()
            self.settle()

    # --- databases

    def standby(self, command):
        done = subprocess.run(
            [REPO / "scripts/standby", command, self.pair], capture_output=True, text=True, env=STANDBY
        )
        if done.returncode:
            raise OSError(f"scripts/standby {command}: {done.stderr}")
        return done.stdout

    def address(self, database="ates"):
        return f"postgres:///{database}?host={self.pair}/one,{self.pair}/two&user=ates&target_session_attrs=read-write"

    def sql(self, statements, database="ates"):
        command = [self.bin / "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", self.address(database), "-c", statements]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise OSError(f"psql: {done.stderr}")
        return done.stdout.strip()

    def number(self, query):
        return int(self.sql(query))

    @contextlib.contextmanager
    def broken(self, statements, mending):
        """Something is broken in the database for a while."""
        self.sql(statements)
        try:
            yield
        finally:
            self.sql(mending)

    @contextlib.contextmanager
    def broken_at_server(self, statements, mending):
        """The same at the server, from outside the product's database."""
        for statement in statements.split(";"):
            self.sql(statement, "postgres")
        try:
            yield
        finally:
            self.sql(mending, "postgres")

    def renamed(self, *tables):
        """Tables that are not there for a while."""
        each = lambda old, new: "; ".join(f"alter table {table}{old} rename to {table.split('.')[1]}{new}" for table in tables)
        return self.broken(each("", "_away"), each("_away", ""))

    @contextlib.contextmanager
    def held(self, *tables):
        """Tables that nobody else can even read for a while."""
        command = [self.bin / "psql", "-XAtq", "-d", self.address()]
        holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
        try:
            holder.stdin.write(f"begin; lock table {', '.join(tables)}; select 'held';\n")
            holder.stdin.flush()
            if holder.stdout.readline().strip() != "held":
                raise OSError(f"{tables} cannot be locked")
            yield
        finally:
            holder.stdin.close()
            holder.wait()

    # --- the clock

    def _set_clock(self, seconds):
        self.offset = seconds
        self.clock.with_suffix(".new").write_text(f"{seconds:+d}\n")
        self.clock.with_suffix(".new").replace(self.clock)

    def later(self, seconds, log_in=True):
        """The program's clock goes ahead; tokens that ended by that are asked for anew."""
        self._set_clock(self.offset + seconds)
        if log_in:
            self.log_in()

    @property
    def today(self):
        return (datetime.datetime.now(ZONE) + datetime.timedelta(seconds=self.offset)).date()

    # --- the company

    def __getattr__(self, name):
        if name in PEOPLE:
            return self.people[name]
        raise AttributeError(name)

    def log_in(self):
        for person in self.people.values():
            person.log_in()

    def task(self, title, by="kesha"):
        made = self.people[by].api("POST", "/api/v1/tasks", {"title": title})
        if made.status != 201:
            raise Broken(f"a task cannot be created: {made}")
        return made.json["uid"]

    def open_tasks(self, *names):
        """Who has which open tasks."""
        found = []
        for name in names or PEOPLE:
            mine = self.people[name].get("/api/v1/tasks/mine?status=open&limit=100").json.get("items", [])
            found += [(name, task["uid"]) for task in mine]
        return found

    def complete(self, name, uid):
        return self.people[name].api("POST", f"/api/v1/tasks/{uid}/complete", {})

    def one_of(self, *names):
        """Somebody's open task; one more is made while there is none."""
        for _ in range(40):
            found = self.open_tasks(*names)
            if found:
                return found[0]
            self.task("One more")
            self.settle()
        raise Broken("nobody gets a task")

    def shuffle(self):
        return self.boss.api("POST", "/api/v1/tasks/reassign", {})

    def shuffled(self, pressed):
        return self.boss.get(f"/api/v1/tasks/reassign/{pressed.json['uid']}").json.get("status") == "done"

    def balance(self, name):
        return self.people[name].get("/api/v1/accounting/balance").json.get("balance_minor")

    def consumers(self):
        return [name for name in self.sql("select name from report_v1.consumers order by 1").splitlines()]

    def pause(self, *names):
        for name in names:
            self.ates("events", "pause", name, "--reason", "The rehearsal of a failure", "--holder", "rehearsal")

    def resume(self, *names):
        for name in names:
            self.ates("events", "resume", name, "--holder", "rehearsal")

    WAITING = """select (select coalesce(sum(lag), 0) from report_v1.consumers where name not like 'relay%')
      + (select count(*) from report_v1.tasks where status = 'saving')
      + (select count(*) from bus.parked_items where state not in ('done', 'skipped'))
      + (select count(*) from tasks.shuffles where state <> 'done')"""

    def waiting(self):
        return self.number(self.WAITING)

    def settle(self, limit=40):
        until = time.monotonic() + limit
        while self.waiting():
            if time.monotonic() > until:
                raise Broken(f"{self.waiting()} things still wait after {limit} s")
            time.sleep(0.1)

    def uid(self, name):
        """Somebody's id, as others see it."""
        return self.sql(f"select user_id from report_v1.people where username = '{name}'")

    def holder_of(self, task):
        """Who has a task."""
        return self.sql(
            f"select username from report_v1.tasks t join report_v1.people p on p.user_id = t.assignee_id where t.task_id = '{task}'"
        )

    def events_of(self, kind):
        """All events of a type, as a reader of the feed gets them."""
        found, after = [], 0
        while True:
            piece = self.root.get(f"/api/v1/events?type={kind}&limit=100&after={after}").json
            found += piece["items"]
            if piece["next"] >= piece["head"] or piece["next"] == after:
                return found
            after = piece["next"]

    def scrape(self, port):
        return exchange(port, "GET", "/metrics").text

    free_port = staticmethod(free_port)

    def unbooked(self):
        """Assignments without their fee and completions without their reward, or with two."""
        return self.number(
            """select count(*) from (
              select 1 from report_v1.assignments a left join report_v1.transfers t
                on t.kind = 'assignment_fee' and t.task_id = a.task_id and t.assignment_seq = a.assignment_seq
              group by a.task_id, a.assignment_seq having count(t.transfer_id) <> 1
              union all
              select 1 from report_v1.completions c left join report_v1.transfers t
                on t.kind = 'completion_reward' and t.task_id = c.task_id
              group by c.task_id having count(t.transfer_id) <> 1) wrong"""
        )

    LEDGER = """select count(*) || ' transfers, ' || md5(coalesce(string_agg(concat_ws(' ', transfer_id, kind, account_id, amount_minor,
      task_id, assignment_seq, reason_event_id, business_date), ',' order by transfer_id), '')) from report_v1.ledger"""

    def ledger(self):
        return self.sql(self.LEDGER)

    def verify(self):
        return self.ates("verify", check=False)

    def verified(self):
        done = self._verified = self.verify()
        lines = (done.stdout + done.stderr).strip().splitlines()
        wrong = [line for line in lines if not line.startswith("ok")]
        return f"{sum(line.startswith('ok') for line in lines)} invariants hold" + (f"; {'; '.join(wrong[:4])}" if done.returncode else "")

    def is_clean(self):
        return self._verified.returncode == 0
