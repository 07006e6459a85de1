#!/usr/bin/env python3
"""What a shuffle costs: against the bare SQL for the same rows, and against everybody else's requests.

    cargo build --release && benches/shuffle.py                 100,000 tasks, 5,000 people
    benches/shuffle.py --tasks 10000 --people 500               smaller

It starts a private Postgres (fsync on) and the release binary, fills the company through `ates import`, lets clients read, create
and complete tasks over the API, presses the shuffle, and takes the times. Then it runs benches/shuffle.sql, the bare SQL for the
same rows, on a copy of the same database in the same Postgres. At the end `ates verify` and `ates shuffle check` have the last
word. Needs Python 3 and Postgres, nothing else; everything lies in a temporary folder that is removed.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import time

import house
from house import REPO, Api, Postgres, Session, fill, free_port, memory, processor, quantiles, say, serving, wait_for


class Probe(threading.Thread):
    """Somebody who works meanwhile: reads, creates and completes, ten times a second each."""

    def __init__(self, port, username, stop):
        super().__init__(daemon=True)
        self.api, self.stop, self.times = Api(port).log_in(username), stop, []

    def timed(self, kind, method, path, body=None):
        start = time.monotonic()
        status, answer = self.api.send(method, path, body)
        self.times.append((start, kind, time.monotonic() - start, status))
        return status, answer

    def run(self):
        turn, mine = 0, []
        while not self.stop.wait(0.1):
            turn += 1
            self.timed("read", "GET", "/api/v1/tasks/mine?status=open&limit=20")
            self.timed("write", "POST", "/api/v1/tasks", {"title": f"Meanwhile {turn}"})
            if not mine:
                _, answer = self.timed("read", "GET", "/api/v1/tasks/mine?status=open&limit=20")
                mine = [task["uid"] for task in (answer or {}).get("items", [])]
            if mine:
                self.timed("write", "POST", f"/api/v1/tasks/{mine.pop()}/complete", {})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--people", type=int, default=5_000)
    parser.add_argument("--probes", type=int, default=4, help="clients that work meanwhile")
    parser.add_argument("--ates", default=str(pathlib.Path(os.environ.get("CARGO_TARGET_DIR", REPO / "target")) / "release/ates"))
    parser.add_argument("--bare-runs", type=int, default=1, help="runs of the bare SQL; the fastest counts")
    parser.add_argument("--profile", action="store_true", help="show the dearest statements too (needs pg_stat_statements)")
    arguments = parser.parse_args()
    with house.private_postgres(house.STATISTICS if arguments.profile else "") as (folder, postgres):
        measure(arguments, folder, postgres)


def measure(arguments, folder, postgres):
    ates, tasks = arguments.ates, arguments.tasks
    postgres.psql("postgres", "-c", "create database ates")
    environment = {
        **os.environ,
        "DATABASE_URL": postgres.url("ates"),
        "ATES_BIND": f"127.0.0.1:{free_port()}",
        "RUST_LOG": "warn",
    }
    inputs = pathlib.Path(tempfile.mkdtemp(prefix="ates-bench-input."))
    start = time.monotonic()
    try:
        fill(ates, environment, inputs, tasks, arguments.people)
    finally:
        shutil.rmtree(inputs)
    say(f"filled in {time.monotonic() - start:.0f} s")
    postgres.psql("ates", "-c", "vacuum (analyze)")
    postgres.psql("postgres", "-c", "create database bare template ates strategy file_copy")
    postgres.psql("postgres", "-c", "checkpoint")

    with open(folder / "ates.log", "w") as log, serving(ates, environment, log) as (process, port):
        session = Session(postgres, "ates")
        wait_for("all tasks are open", session, f"select count(*) = {tasks} from tasks.tasks where status = 'open'")
        admin = Api(port).log_in("admin")
        workers = [f"worker{n}" for n in range(arguments.probes)]
        for name in workers:
            person = {"username": name, "email": f"{name}@uberpopug.example", "name": "Worker", "surname": name,
                      "password": house.PASSWORD, "roles": ["developer"]}
            status, answer = admin.send("POST", "/api/v1/users", person)
            assert status == 201, answer
        stop = threading.Event()
        probes = [Probe(port, name, stop) for name in workers]
        for probe in probes:
            probe.start()
        time.sleep(5)
        if arguments.profile:
            postgres.psql("postgres", "-c", "create extension if not exists pg_stat_statements")
            postgres.psql("postgres", "-c", "select pg_stat_statements_reset()")
        before, spent, server = memory(process.pid), processor(process.pid), []
        pressed = time.monotonic()
        status, run = admin.send("POST", "/api/v1/tasks/reassign", {})
        answered = time.monotonic() - pressed
        assert status == 202, run
        look = lambda: server.append(memory(process.pid))
        uid = run["uid"]
        durable = wait_for("the run ends", session, f"select state = 'done' from tasks.shuffles where id = '{uid}'", look=look)
        last = session.ask(f"select max(seq) from bus.events where subject_id = '{uid}' and event_type = 'tasks.reassigned'")
        of = lambda name, seq: f"select position >= {seq} from bus.subscribers where name = '{name}'"
        booked = wait_for("accounting has booked it", session, of("accounting.ledger", last), look=look)
        head = session.ask("select max(seq) from bus.events")
        seen = wait_for("analytics has seen it", session, of("analytics.projection", head), look=look)
        spent = processor(process.pid) - spent
        if arguments.profile:
            say("statements of the shuffle: milliseconds, calls, rows, ahead, words\n" + postgres.psql("postgres", "-F", "\t", "-c", house.DEAREST))
        stop.set()
        for probe in probes:
            probe.join()
        moved = int(session.ask(f"select count(*) from tasks.journal where run_id = '{uid}'"))
        booked_rows = int(session.ask(
            "select count(*) from accounting.transfers t join tasks.journal j on j.task_id = t.task_id "
            f"and j.assignment_seq = t.assignment_seq where t.kind = 'assignment_fee' and j.run_id = '{uid}'"))
        wait_for("all else is booked", session,
                 "select bool_and(position >= (select max(seq) from bus.events)) from bus.subscribers")
        session.close()
    assert moved == booked_rows, (moved, booked_rows)

    verified = subprocess.run([ates, "verify"], env=environment, capture_output=True, text=True)
    checked = subprocess.run([ates, "shuffle", "check", uid], env=environment, capture_output=True, text=True)

    bare = []
    for number in range(arguments.bare_runs):
        postgres.psql("postgres", "-c", "drop database if exists bare_run", "-c", "create database bare_run template bare strategy file_copy", "-c", "checkpoint")
        start = time.monotonic()
        timing = ["-c", "\\timing on"] if arguments.profile else []
        words = postgres.psql("bare_run", *timing, "-f", str(REPO / "benches/shuffle.sql"))
        bare.append(time.monotonic() - start)
        if arguments.profile:
            say("statements of the bare SQL\n" + words)
    bare_rows = int(postgres.psql("bare_run", "-c", "select count(*) from accounting.transfers t where t.assignment_seq = 2"))
    assert bare_rows == tasks, (bare_rows, tasks)

    during = lambda kind, low, high: [took for probe in probes for at, what, took, _ in probe.times if what == kind and low <= at < high]
    failed = [status for probe in probes for at, _, _, status in probe.times if status >= 500]
    total, fastest = seen - pressed, min(bare)
    print(f"tasks moved                 {moved} among {arguments.people + arguments.probes} people")
    print(f"answer                      {answered * 1000:.0f} ms")
    print(f"durable                     {durable - pressed:.1f} s after the press")
    print(f"booked by accounting        {booked - pressed:.1f} s after the press")
    print(f"seen by analytics           {total:.1f} s after the press")
    print(f"bare SQL, same rows         {fastest:.1f} s" + (f" (of {', '.join(f'{one:.1f}' for one in bare)})" if len(bare) > 1 else ""))
    print(f"ratio durable / bare        {(durable - pressed) / fastest:.2f}")
    print(f"ratio all / bare            {total / fastest:.2f}   (to reach: 6)")
    for kind in ("read", "write"):
        print(f"others' {kind}s before        " .replace("  before", " before") + quantiles(during(kind, 0, pressed)))
        print(f"others' {kind}s meanwhile     ".replace("  meanwhile", " meanwhile") + quantiles(during(kind, pressed, seen)))
    print(f"others' answers of 5xx      {len(failed)}")
    print(f"memory                      {before:.0f} MB before, {max(server):.0f} MB at most, {max(server) - before:+.0f} MB")
    print(f"processor time of ates      {spent:.1f} s")
    print(f"ates verify                 {'clean' if verified.returncode == 0 else verified.stdout}")
    print(f"ates shuffle check          {checked.stdout.splitlines()[-1] if checked.stdout else checked.stderr}")


if __name__ == "__main__":
    main()
