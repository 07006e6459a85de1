#!/usr/bin/env python3
"""A day of the company: a hundred thousand tasks and a million transfers, posted, closed and verified; its time and its bytes.

    cargo build --release && benches/day.py                       100,000 tasks, 5,000 people, 8 shuffles: a million transfers
    benches/day.py --tasks 10000 --people 500                     a tenth of it

It starts a private Postgres (fsync on) and the release binary. Tasks come in through `ates import`; each press of the shuffle and each
completion goes over the API, by whoever has the task. All of that happens on one business date: the program's clock is set back by
a constant, so that its day begins now, by `faketime` (Debian: faketime); Postgres keeps the true time. Then the true clock is
given back: the date is over, `ates payout` closes it, `ates verify` has the last word. The only rows that do not come through
the product are the passwords of those who complete, which are copied from the administrator's: 5,000 log-ins are not what is
measured.

What the close costs is compared with benches/close.sql, the bare SQL for the same rows, on a copy of the same database in the same
Postgres. Bytes are those of all tables with their indexes, before and after the day, and what was written ahead. Needs Python 3,
Postgres and faketime, nothing else; everything lies in a temporary folder that is removed.
"""

import argparse
import datetime
import multiprocessing
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import zoneinfo

import house
from house import REPO, Api, Session, fill, free_port, memory, processor, quantiles, say, serving, wait_for

ZONE = zoneinfo.ZoneInfo("Europe/Moscow")
FAKETIME = ["/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1", "/usr/lib/faketime/libfaketimeMT.so.1"]
SIZE = """select sum(pg_total_relation_size(c.oid))::bigint from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'm') and n.nspname in ('auth', 'tasks', 'accounting', 'analytics', 'bus', 'platform', 'archive')"""
LARGEST = """select coalesce(p.inhparent::regclass, c.oid::regclass)::text as name,
    pg_size_pretty(sum(pg_total_relation_size(c.oid))) as size, pg_size_pretty(sum(pg_relation_size(c.oid))) as rows_alone
  from pg_class c join pg_namespace n on n.oid = c.relnamespace left join pg_inherits p on p.inhrelid = c.oid
  where c.relkind = 'r' and n.nspname in ('auth', 'tasks', 'accounting', 'analytics', 'bus', 'platform')
  group by 1 having sum(pg_total_relation_size(c.oid)) > 1000000 order by sum(pg_total_relation_size(c.oid)) desc"""
INDEXES = """select regexp_replace(c.relname, '^(events|transfers|journal)_[0-9_]+', '\\1') as name,
    pg_size_pretty(sum(pg_relation_size(c.oid))) as size
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind = 'i' and n.nspname in ('auth', 'tasks', 'accounting', 'analytics', 'bus', 'platform')
  group by 1 having sum(pg_relation_size(c.oid)) > 1000000 order by sum(pg_relation_size(c.oid)) desc"""
QUIET = "select bool_and(position >= (select coalesce(max(seq), 0) from bus.events)) from bus.subscribers"


def note(figure, words, target=""):
    print(f"{figure:34} {words}{f'   (to reach: {target})' if target else ''}   [load {os.getloadavg()[0]:.1f}]", flush=True)


def day_before():
    """The environment under which the present is six in the morning of the day before, and that day."""
    now = datetime.datetime.now(ZONE)
    day = now.date() - datetime.timedelta(days=1)
    morning = datetime.datetime.combine(day, datetime.time(6), ZONE)
    library = next((path for path in FAKETIME if os.path.exists(path)), None)
    if not library:
        sys.exit("no libfaketime found: install it with \"apt-get install faketime\"")
    back = int((now - morning).total_seconds())
    return {"LD_PRELOAD": library, "FAKETIME": f"-{back}", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_NO_CACHE": "1"}, day


def complete(port, names, answers):
    """Everybody of the list logs in and completes every task they have."""
    times, failed = [], 0
    for name in names:
        api, cursor = Api(port).log_in(name), ""
        mine = []
        while cursor is not None:
            status, answer = api.send("GET", f"/api/v1/tasks/mine?status=open&limit=100{cursor}")
            assert status == 200, answer
            mine += [task["uid"] for task in answer["items"]]
            cursor = answer["next_cursor"] and f"&cursor={answer['next_cursor']}"
        for uid in mine:
            start = time.monotonic()
            status, _ = api.send("POST", f"/api/v1/tasks/{uid}/complete", {})
            times.append(time.monotonic() - start)
            failed += status != 200
        api.connection.close()
    answers.put((times, failed))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--people", type=int, default=5_000)
    parser.add_argument("--shuffles", type=int, default=8, help="each charges every open task once more")
    parser.add_argument("--clients", type=int, default=4, help="processes that complete tasks")
    parser.add_argument("--ates", default=str(pathlib.Path(os.environ.get("CARGO_TARGET_DIR", REPO / "target")) / "release/ates"))
    parser.add_argument("--profile", action="store_true", help="show the dearest statements too (needs pg_stat_statements)")
    arguments = parser.parse_args()
    with house.private_postgres(house.STATISTICS if arguments.profile else "") as (folder, postgres):
        measure(arguments, folder, postgres)


class Phases:
    """Says what each part of the day took, what was written ahead for it, and what processor it cost."""

    def __init__(self, postgres):
        self.postgres, self.began = postgres, time.monotonic()
        self.lsn = self.where()

    def where(self):
        return self.postgres.psql("ates", "-c", "select pg_current_wal_lsn()")

    def end(self, name, transfers=0, more=""):
        took, lsn = time.monotonic() - self.began, self.where()
        wal = int(self.postgres.psql("ates", "-c", f"select pg_wal_lsn_diff('{lsn}', '{self.lsn}')::bigint"))
        rate = f", {transfers} transfers, {transfers / took:,.0f}/s" if transfers else ""
        note(name, f"{took:.1f} s{rate}, {wal / 1e6:,.0f} MB written ahead{more}")
        self.began, self.lsn = time.monotonic(), lsn
        return took, wal


def measure(arguments, folder, postgres):
    ates, tasks = arguments.ates, arguments.tasks
    postgres.psql("postgres", "-c", "create database ates")
    truth = {
        **os.environ,
        "DATABASE_URL": postgres.url("ates"),
        "ATES_BIND": f"127.0.0.1:{free_port()}",
        "ATES_METRICS_BIND": "",
        "ATES_TIMEZONE": str(ZONE),
        # Ten assignments at the usual prices cost more than a task brings, and then nobody would be paid.
        "ATES_FEE_MIN": "1",
        "ATES_FEE_MAX": "2",
        "RUST_LOG": "warn",
    }
    faked, day = day_before()
    then = {**truth, **faked}
    if arguments.profile:
        postgres.psql("ates", "-c", "create extension if not exists pg_stat_statements")
    with tempfile.TemporaryDirectory(prefix="ates-bench-input.") as inputs:
        fill(ates, then, pathlib.Path(inputs), 0, arguments.people)
        password = "select password_hash from auth.users where username = 'admin'"
        postgres.psql("ates", "-c", f"update auth.users set password_hash = ({password}) where username like 'popug%'")
        postgres.psql("ates", "-c", "vacuum (full, analyze)")
        size_before = int(postgres.psql("ates", "-c", SIZE))
        phases = Phases(postgres)
        bring_in(ates, then, pathlib.Path(inputs), tasks)
    wal = [phases.end("tasks brought in and priced", tasks)[1]]
    count = lambda: int(postgres.psql("ates", "-c", "select count(*) from accounting.transfers"))
    with open(folder / "ates.log", "w") as log, serving(ates, then, log) as (process, port):
        session = Session(postgres, "ates")
        wait_for("all tasks are open", session, f"select count(*) = {tasks} from tasks.tasks where status = 'open'")
        wait_for("all is heard", session, QUIET)
        phases.end("all open and heard")
        known = count()
        admin, peak = Api(port).log_in("admin"), []
        look = lambda: peak.append(memory(process.pid))
        for _ in range(arguments.shuffles):
            status, run = admin.send("POST", "/api/v1/tasks/reassign", {})
            assert status == 202, run
        wait_for("the shuffles end", session, "select count(*) = 0 from tasks.shuffles where state <> 'done'", limit=7200, look=look)
        wait_for("they are booked and seen", session, QUIET, limit=7200, look=look)
        wal.append(phases.end(f"{arguments.shuffles} shuffles of all", count() - known)[1])
        known = count()
        answers, names = multiprocessing.Queue(), [f"popug{number}" for number in range(arguments.people)] + ["admin"]
        clients = [
            multiprocessing.Process(target=complete, args=(port, names[part :: arguments.clients], answers))
            for part in range(arguments.clients)
        ]
        for client in clients:
            client.start()
        outcomes = [answers.get() for _ in clients]
        for client in clients:
            client.join()
        wait_for("they are booked and seen", session, QUIET, limit=7200, look=look)
        times = [one for outcome in outcomes for one in outcome[0]]
        assert not sum(outcome[1] for outcome in outcomes), "a completion was refused"
        wal.append(phases.end("completed over the API", count() - known, f", {quantiles(times)}")[1])
        spent = processor(process.pid)
        session.close()
    posted = count()
    dates = postgres.psql("ates", "-c", "select string_agg(distinct business_date::text, ' ') from accounting.transfers")
    done = int(postgres.psql("ates", "-c", "select count(*) from tasks.tasks where status = 'done'"))
    assert dates == str(day), f"the transfers are of {dates}, not of {day}"
    assert (done, posted) == (tasks, tasks * (arguments.shuffles + 2)), (done, posted)
    size_after = int(postgres.psql("ates", "-c", SIZE))
    postgres.psql("postgres", "-c", "create database bare template ates strategy file_copy", "-c", "checkpoint")

    phases = Phases(postgres)
    run = lambda *words: subprocess.run([ates, *words], env=truth, capture_output=True, text=True)
    paid = run("payout", "--date", str(day))
    assert paid.returncode == 0, paid.stderr
    closed, wal_of_close = phases.end("closed", count() - posted, f": {paid.stdout.strip()}")
    postgres.psql("postgres", "-c", "checkpoint")
    start = time.monotonic()
    postgres.psql("bare", "-v", f"day={day}", "-f", str(REPO / "benches/close.sql"))
    bare = time.monotonic() - start
    rows = lambda database: postgres.psql(database, "-c", "select count(*), sum(amount_minor) from accounting.payouts")
    assert rows("ates") == rows("bare"), (rows("ates"), rows("bare"))
    size_closed = int(postgres.psql("ates", "-c", SIZE))
    with open(folder / "ates.log", "a") as log, serving(ates, truth, log):
        session = Session(postgres, "ates")
        wait_for("the close is heard", session, QUIET, limit=7200)
        session.close()
    phases = Phases(postgres)
    verified = run("verify")
    phases.end("ates verify", more=": " + ("clean" if verified.returncode == 0 else verified.stdout))
    bytes_of_day = size_closed - size_before
    note("bare SQL for the close", f"{bare:.1f} s, same rows")
    note("ratio close / bare", f"{closed / bare:.2f}")
    note("transfers of the day", f"{posted} on {day}, and {count() - posted} payouts")
    note("on disk for the day", f"{bytes_of_day / 1e6:,.0f} MB, of which the close {(size_closed - size_after) / 1e6:,.0f} MB", "2,000 MB")
    note("on disk for a task's life", f"{bytes_of_day / tasks / 1000:.1f} kB, {arguments.shuffles + 2} transfers each", "20 kB")
    note("on disk for a transfer", f"{bytes_of_day / (posted or 1):,.0f} bytes, all that belongs to it included")
    written = sum(wal) + wal_of_close
    note("written ahead", f"{written / 1e6:,.0f} MB, {written / tasks / 1000:.1f} kB a task's life, {written / posted:,.0f} bytes a transfer")
    note("memory", f"{max(peak):.0f} MB at most")
    note("processor time of ates serve", f"{spent:.0f} s")
    for words, query in [("tables: all, rows alone", LARGEST), ("indexes", INDEXES)]:
        print(words)
        print(postgres.psql("ates", "-F", "  ", "-c", query))
    if arguments.profile:
        print(postgres.psql("ates", "-F", "  ", "-c", house.DEAREST))


def bring_in(ates, environment, inputs, tasks, batch=20_000):
    for first in range(0, tasks, batch):
        lines = [f",Feed bird {number}," for number in range(first, min(tasks, first + batch))]
        (inputs / "tasks.csv").write_text("jira_id,title,description\n" + "\n".join(lines) + "\n")
        command = [ates, "import", "tasks", str(inputs / "tasks.csv")]
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
