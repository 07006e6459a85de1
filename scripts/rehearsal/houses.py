"""The house that things fall in: two database servers, a mail server, the program, its people, its clock."""

import contextlib
import datetime
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import zoneinfo

from .companies import PEOPLE, Company
from .processes import Process, faketime, free_port
from .servers import REPO, Servers, bindir
from .stage import Broken
from .visitors import Mails, Person

ZONE = zoneinfo.ZoneInfo("Europe/Moscow")
PASSWORD = "a parrot never tells"


class House(Servers, Company):
    def __init__(self, binary):
        self.binary, self.bin = binary, bindir()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ates-failures."))
        os.chmod(self.folder, 0o755)
        self.pair = self.folder / "servers"
        self.processes, self.main = [], None
        self.owed = []  # statements that mend what is broken, and the database they are for
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
        """Ends everything that was started, whatever state it is in; nothing interrupts that."""
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
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
            self.standby("revive")
            while self.owed:
                self.sql(*self.owed.pop())
            self.mails.close()
            self.mails.open()
            for name in self.consumers():
                for holder in ("rehearsal", "breaker"):
                    self.ates("events", "resume", name, "--holder", holder, check=False)
            self.main.stop()
            self.begin()
            self.log_in()
            self.settle()

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
