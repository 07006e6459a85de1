#!/usr/bin/env python3
"""What the bus costs and how fast it is again after whatever happened to it.

    cargo build --release && benches/bus.py                     everything, about a quarter of an hour
    benches/bus.py --only idle steady --seconds 60              some of it, shorter

The parts: publish, steady, idle, catchup, takeover, restart. Each fills a database of its own on a private Postgres (fsync on,
commit timestamps on) and starts release binaries as processes. Figures in seconds vary with the machine and with what else it
does, so the load is printed with them, and ratios are taken within one run. What a shuffle costs: benches/shuffle.py. Needs
Python 3 and Postgres with pgbench, nothing else; everything lies in a temporary folder that is removed.
"""

import argparse
import contextlib
import os
import pathlib
import re
import subprocess
import sys
import threading
import time

import house
from company import Company, in_ms, note, server_time, share, wait_until_live
from house import REPO, Api, free_port, memory, processor, say, wait_for

PARTS = ["publish", "steady", "idle", "catchup", "takeover", "restart"]
OPTIONS = " -c track_commit_timestamp=on -c shared_preload_libraries=pg_stat_statements -c pg_stat_statements.track=top"
LEDGER = "accounting.ledger"


class Hand(threading.Thread):
    """Somebody who moves money at a steady pace: creates a task, completes one, and so on; each is one transaction."""

    def __init__(self, port, username, every, stop):
        super().__init__(daemon=True)
        self.api, self.every, self.stop = Api(port).log_in(username), every, stop
        self.done, self.failed, self.mine = 0, 0, []

    def run(self):
        due, completes = time.monotonic(), False
        while not self.stop.wait(max(0.0, due - time.monotonic())):
            due += self.every
            completes = not completes
            try:
                self.done += self.transaction(completes)
            except Exception:  # noqa: BLE001 - whatever it was, it is counted
                self.failed += 1

    def transaction(self, completes):
        if completes and not self.mine:
            _, answer = self.api.send("GET", "/api/v1/tasks/mine?status=open&limit=20")
            self.mine = [task["uid"] for task in (answer or {}).get("items", [])]
        if completes and self.mine:
            status, _ = self.api.send("POST", f"/api/v1/tasks/{self.mine.pop()}/complete", {})
        else:
            status, _ = self.api.send("POST", "/api/v1/tasks", {"title": "Feed the birds"})
        if status >= 500:
            raise ValueError(status)
        return status < 300


@contextlib.contextmanager
def busy(company, port, per_minute, hands=4):
    stop = threading.Event()
    crew = [Hand(port, name, hands * 60 / per_minute, stop) for name in company.hire(port, hands)]
    for hand in crew:
        hand.start()
    try:
        yield crew
    finally:
        stop.set()
        for hand in crew:
            hand.join()


def publish(arguments, company):
    """8 clients publish, with the append lock and with a copy of the function that takes none."""
    company.run("migrate")
    postgres, name = company.postgres, company.name
    source = postgres.psql(name, "-c", "select pg_get_functiondef('bus.append'::regproc)")
    unlocked = source.replace("bus.append(", "bus.append_unlocked(", 1).replace("perform pg_advisory_xact_lock(7781, 1);", "", 1)
    assert unlocked.count("pg_advisory") == 0 and unlocked != source
    postgres.psql(name, "-c", unlocked, "-c", "create schema bench",
                  "-c", "create table bench.work (id bigint generated always as identity primary key, note text not null)",
                  "-c", "create unlogged table bench.waits (seconds double precision not null)")

    def rate(script, seconds, **variables):
        define = [part for key, value in variables.items() for part in ("-D", f"{key}={value}")]
        command = [str(postgres.bin / "pgbench"), "-n", "-c", "8", "-j", "2", "-T", str(seconds), *define,
                   "-f", str(REPO / "benches" / script), postgres.url(name)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return float(re.search(r"tps = ([0-9.]+)", done.stdout).group(1))

    rounds = [(rate("publish.sql", 8, append="append"), rate("publish.sql", 8, append="append_unlocked")) for _ in range(3)]
    locked, free = (sum(column) / len(rounds) for column in zip(*rounds))
    note("publishing, 8 clients", f"{locked:.0f} transactions/s", "300/s")
    note("  without the lock", f"{free:.0f} transactions/s")
    note("  ratio", f"{locked / free:.2f}", "0.25")
    rate("publish_waits.sql", 10)
    p50, p99, top = postgres.psql(name, "-F", " ", "-c",
        "select percentile_cont(0.5) within group (order by seconds), percentile_cont(0.99) within group (order by seconds), "
        "max(seconds) from bench.waits").split()
    note("  wait for the lock", f"p50 {float(p50) * 1000:.1f} ms, p99 {float(p99) * 1000:.1f} ms, longest {float(top) * 1000:.0f} ms", "p99 50 ms")


APPLIED = """select extract(epoch from pg_xact_commit_timestamp(t.xmin) - pg_xact_commit_timestamp(e.xmin))
  from accounting.transfers t join bus.events e on e.event_id = t.reason_event_id where e.seq > """


class Lag(threading.Thread):
    """How far the farthest subscriber is behind, looked at twenty times a second."""

    def __init__(self, company):
        super().__init__(daemon=True)
        self.session, self.stop, self.seen = company.session(), threading.Event(), []

    def run(self):
        while not self.stop.wait(0.05):
            self.seen.append(int(self.session.ask("select max((select max(seq) from bus.events) - position) from bus.subscribers")))

    def end(self):
        self.stop.set()
        self.join()
        self.session.close()
        return self.seen


def steady(arguments, company):
    """1,000 money transactions a minute: the subscribers in the same process, then in another one."""
    company.fill(0, 0)
    for place, target in (("same", "p50 20 ms, p99 250 ms"), ("other", "p99 600 ms")):
        with contextlib.ExitStack() as stack:
            if place == "same":
                process, port = stack.enter_context(company.serve())
                working = process
            else:
                port = free_port()
                working = stack.enter_context(company.only("--workers-only"))
                process = stack.enter_context(company.only("--no-workers", port))
                wait_until_live(port)
            session = company.session()
            with busy(company, port, 1_000) as crew:
                time.sleep(5)
                seq = session.ask("select coalesce(max(seq), 0) from bus.events")
                lag = Lag(company)
                lag.start()
                done = sum(hand.done for hand in crew)
                spent, served, start = processor(working.pid), server_time(company.postgres), time.monotonic()
                time.sleep(arguments.seconds)
                took = time.monotonic() - start
                spent, served = processor(working.pid) - spent, server_time(company.postgres) - served
                done = sum(hand.done for hand in crew) - done
                behind = lag.end()
            company.caught_up(session)
            session.close()
            waits = [float(line) for line in company.postgres.psql(company.name, "-c", APPLIED + seq).split()]
            failed = sum(hand.failed for hand in crew)
            note(f"steady, {place} instance" if place == "same" else "steady, another instance",
                 f"{done * 60 / took:.0f} transactions/min for {took:.0f} s, {failed} failed")
            note("  commit to applied", f"{in_ms(waits)} ({len(waits)} transfers)", target)
            note("  processor", f"{spent / took:.1%} of a core where the workers are; Postgres {served / took:.1%}", "30 % of a core")
            note("  lag", f"p99 {share(behind, .99)} events, at most {max(behind)}", "never above 50")


def idle(arguments, company):
    """What an instance asks of the database and takes of the machine while nothing happens."""
    company.fill(0, 0)
    with company.serve() as (process, _):
        time.sleep(10)
        company.postgres.psql(company.name, "-c", "create extension if not exists pg_stat_statements")
        company.postgres.psql(company.name, "-c", "select pg_stat_statements_reset()")
        spent, served, start = processor(process.pid), server_time(company.postgres), time.monotonic()
        time.sleep(arguments.seconds)
        took = time.monotonic() - start
        spent, served = processor(process.pid) - spent, server_time(company.postgres) - served
        asked = """select calls, left(regexp_replace(query, '\\s+', ' ', 'g'), 90) from pg_stat_statements
            where query !~ 'pg_stat_statements' and dbid = (select oid from pg_database where datname = current_database())
            order by calls desc"""
        rows = [line.split("\t") for line in company.postgres.psql(company.name, "-F", "\t", "-c", asked).splitlines()]
        total = sum(int(calls) for calls, _ in rows)
        rest = memory(process.pid)
    note("idle", f"{total / took:.1f} statements/s for {took:.0f} s, transaction control and checks included", "6/s")
    note("  processor", f"{spent / took:.2%} of a core; Postgres {served / took:.2%}")
    note("  memory", f"{rest:.0f} MB")
    say("the most frequent: " + "; ".join(f"{int(calls) / took:.2f}/s {words}" for calls, words in rows[:8]))


def applied(session):
    return int(session.ask(f"select applied_total from bus.subscribers where name = '{LEDGER}'"))


def drain(company, figure, target, page=None, limit=None):
    """Resumes accounting and takes the rate at which it applies what waits, to the end or for a limited time."""
    more = {} if page is None else {"ATES_EVENT_PAGE": str(page)}
    session = company.session()
    with company.only("--workers-only", **more) as process:
        time.sleep(3)
        before, peak = memory(process.pid), []
        head = int(session.ask("select max(seq) from bus.events"))
        first, spent, served = applied(session), processor(process.pid), server_time(company.postgres)
        company.resume()
        start = time.monotonic()
        there = f"select position >= {head} from bus.subscribers where name = '{LEDGER}'"
        while session.ask(there) != "t" and not (limit and time.monotonic() - start > limit):
            peak.append(memory(process.pid))
            time.sleep(0.1)
        took, count = time.monotonic() - start, applied(session) - first
        spent, served = processor(process.pid) - spent, server_time(company.postgres) - served
        if limit is None:
            company.caught_up(session)
            everything = time.monotonic() - start
    session.close()
    note(figure, f"{count / took:.0f}/s ({count} in {took:.1f} s; program {spent:.1f} s, Postgres {served:.1f} s of processor)", target)
    if limit is None:
        note("  everybody caught up", f"after {everything:.1f} s")
    note("  memory", f"{before:.0f} MB before, {max(peak):.0f} MB at most, {max(peak) - before:+.0f} MB")
    return count / took


def catchup(arguments, company):
    """Accounting is stopped, events pile up, it goes on: single events, the same event by event, batch events of shuffles."""
    company.fill(0, arguments.people)
    company.pause()
    start = time.monotonic()
    company.import_tasks(arguments.events)
    say(f"{arguments.events} tasks imported in {time.monotonic() - start:.0f} s")
    postgres = company.postgres
    postgres.psql(company.name, "-c", "vacuum (analyze)")
    single = Company(company.ates, postgres, company.folder, company.name + "_single", company.name)
    few = drain(single, "catch-up, one event a transaction", "", page=1, limit=20)
    postgres.psql("postgres", "-c", f"drop database {single.name}")
    if arguments.profile:
        postgres.psql(company.name, "-c", "create extension if not exists pg_stat_statements")
        postgres.psql(company.name, "-c", "select pg_stat_statements_reset()")
    many = drain(company, "catch-up, single events, pages of 1,000", "8,000/s")
    if arguments.profile:
        say("statements: milliseconds, calls, rows, ahead, words\n" + postgres.psql(company.name, "-F", "\t", "-c", house.DEAREST))
    note("  ratio to one by one", f"{many / few:.1f}", "20")

    company.pause()
    postgres.psql(company.name, "-c", "vacuum (analyze)")
    session = company.session()
    with company.serve() as (_, port):
        admin = Api(port).log_in("admin")
        start = time.monotonic()
        for _ in range(arguments.shuffles):
            status, run = admin.send("POST", "/api/v1/tasks/reassign", {})
            assert status == 202, run
            wait_for("the run ends", session, f"select state = 'done' from tasks.shuffles where id = '{run['uid']}'")
        say(f"shuffles: {arguments.shuffles} of {arguments.events} tasks in {time.monotonic() - start:.0f} s")
    if arguments.profile:
        postgres.psql(company.name, "-c", "select pg_stat_statements_reset()")
    drain(company, "catch-up, fees of shuffles", "8,000/s")
    if arguments.profile:
        say("statements: milliseconds, calls, rows, ahead, words\n" + postgres.psql(company.name, "-F", "\t", "-c", house.DEAREST))

    company.pause()
    with company.serve() as (_, port):
        status, run = Api(port).log_in("admin").send("POST", "/api/v1/tasks/reassign", {})
        wait_for("the run ends", session, f"select state = 'done' from tasks.shuffles where id = '{run['uid']}'")
        pauses = []
        company.resume()
        for _ in range(5):
            time.sleep(0.2)
            pauses.append(company.pause())
            behind = session.ask(f"select (select max(seq) from bus.events) - position from bus.subscribers where name = '{LEDGER}'")
            say(f"paused in {pauses[-1]:.2f} s with {behind} events behind")
            company.resume()
        company.caught_up(session)
    session.close()
    start = time.monotonic()
    company.run("events", "subscribers")
    bare = time.monotonic() - start
    note("pause under load", f"{', '.join(f'{one:.2f}' for one in pauses)} s for the whole command; one that waits for nobody {bare:.2f} s", "2 s")
    verified = company.run("verify", check=False)
    note("ates verify after it all", "clean" if verified.returncode == 0 else verified.stdout)


POSITION = f"select position from bus.subscribers where name = '{LEDGER}'"


def takeover(arguments, company):
    """Two processes; the one in the middle of a page is killed; the time until the other one's first commit."""
    company.fill(0, 500)
    company.pause()
    company.import_tasks(min(arguments.events, 40_000))
    company.postgres.psql(company.name, "-c", "vacuum (analyze)")
    session, times = company.session(), []
    with contextlib.ExitStack() as stack:
        working = stack.enter_context(company.only("--workers-only"))
        time.sleep(3)
        company.resume()
        for _ in range(arguments.kills):
            place = int(session.ask(POSITION))
            wait_for("it is at work", session, f"select position > {place} from bus.subscribers where name = '{LEDGER}'")
            heir = stack.enter_context(company.only("--workers-only"))
            time.sleep(1)
            if session.ask(f"select position >= (select max(seq) from bus.events) from bus.subscribers where name = '{LEDGER}'") == "t":
                say("the backlog was too short")
                break
            working.kill()
            working.wait()
            killed = time.monotonic()
            time.sleep(0.02)
            place = session.ask(POSITION)
            while session.ask(POSITION) == place and time.monotonic() - killed < 60:
                time.sleep(0.005)
            times.append(time.monotonic() - killed)
            working = heir
        company.caught_up(session)
    session.close()
    note("take-over after kill -9", f"{', '.join(f'{one:.2f}' for one in times)} s until the other one's first commit, a page included", "1 s")


def restart(arguments, company):
    """Postgres is restarted at once, and after it was away for a while."""
    company.fill(0, 0)
    postgres = company.postgres
    with company.serve() as (_, port):
        with busy(company, port, 1_000):
            time.sleep(5)
            for away in (0, 10):
                postgres.stop()
                time.sleep(away)
                postgres.start()
                begun = time.monotonic()
                seq = postgres.psql(company.name, "-c", "select coalesce(max(seq), 0) from bus.events")
                session = company.session()
                answers = wait_for("requests go through", session, f"select max(seq) > {seq} from bus.events")
                works = wait_for("it is applied", session, "select exists (select from accounting.transfers t join bus.events e "
                                 f"on e.event_id = t.reason_event_id where e.seq > {seq})")
                session.close()
                note(f"restart, away for {away} s", f"events again after {answers - begun:.1f} s, applied after {works - begun:.1f} s", "5 s")
                time.sleep(5)
    verified = company.run("verify", check=False)
    note("ates verify after it", "clean" if verified.returncode == 0 else verified.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="some parts")
    parser.add_argument("--seconds", type=int, default=60, help="how long the steady and the idle part look")
    parser.add_argument("--events", type=int, default=100_000, help="tasks that are imported while accounting is stopped")
    parser.add_argument("--shuffles", type=int, default=1, help="shuffles of all of them while it is stopped again")
    parser.add_argument("--people", type=int, default=5_000)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--profile", action="store_true", help="show the dearest statements of the catch-up too")
    parser.add_argument("--ates", default=str(pathlib.Path(os.environ.get("CARGO_TARGET_DIR", REPO / "target")) / "release/ates"))
    arguments = parser.parse_args()
    with house.private_postgres(OPTIONS) as (folder, postgres):
        for part in PARTS:
            if part in arguments.only:
                say(part)
                company = Company(arguments.ates, postgres, folder, part)
                globals()[part](arguments, company)
                postgres.psql("postgres", "-c", f"drop database {part} with (force)")


if __name__ == "__main__":
    main()
