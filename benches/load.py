#!/usr/bin/env python3
"""People at work, as an open loop: everything is asked for when it is due, whether or not what came before was answered.

    cargo build --release && benches/load.py                         34 operations with money a second, ten minutes
    benches/load.py --rate 100 --seconds 300                         three times as much
    benches/load.py --creations                                      all of them creations, none a completion
    benches/load.py --shuffle --seconds 60                           the same while all open tasks are shuffled
    benches/load.py --storm 10 --seconds 60                          ten log-ins a second instead
    benches/load.py --burst 1000                                     so many clients at once on a program that has just started

The mix is a day of the mission: as many tasks are completed as are created (each creation is priced and charged: that is an operation
with money, as a completion is), and for each of those two people look at their tasks and one at an account, as pages and with
sessions. A latency counts from the instant at which the request was due, so a stall is felt by everybody who would have come
meanwhile. At the end the money is counted: `ates verify` has the last word. What is taken of the processors is told too.
"""

import argparse
import collections
import json
import math
import os
import pathlib
import queue
import random
import threading
import time

import house
from clients import Line, bearer, request
from company import Company, server_time, share, wait_until_live
from house import REPO, Api, memory, processor, say

WORKERS = 64


class Crowd:
    """Threads that each have a line; a request is given to whichever is free when it is due."""

    def __init__(self, port, workers=WORKERS):
        self.due, self.seen, self.lock = queue.SimpleQueue(), collections.defaultdict(list), threading.Lock()
        self.threads = [threading.Thread(target=self.work, args=(port,), daemon=True) for _ in range(workers)]
        for thread in self.threads:
            thread.start()

    def work(self, port):
        line = Line(port)
        while (job := self.due.get()) is not None:
            instant, kind, wire, told = job
            try:
                status, body = line.ask(wire)
            except (OSError, ValueError):
                status, body = 599, b""
            took = time.monotonic() - instant
            with self.lock:
                self.seen[kind].append((took, status))
            if told and status < 300:
                told(body)

    def ask(self, instant, kind, wire, told=None):
        self.due.put((instant, kind, wire, told))

    def end(self):
        for _ in self.threads:
            self.due.put(None)
        for thread in self.threads:
            thread.join()
        return self.seen


class Staff:
    """People who can be asked to do something: with tokens for what they do, with sessions for what they look at."""

    def __init__(self, company, port, doers, lookers):
        self.names = [f"popug{number}" for number in range(doers)]
        self.tokens = company.tokens(port, self.names)
        self.cookies = company.cookies(lookers)
        # When what is asked was due, by the task's id and what was done with it.
        self.open, self.due = collections.deque(), {}
        rows = company.sql("-F", " ", "-c", f"""select t.id, u.n from tasks.tasks t join (select bench.person(n) as id, n from
            generate_series(0, {doers - 1}) n) u on u.id = t.assignee_id where t.status = 'open'""")
        tasks = [(uid, int(owner)) for uid, owner in (row.split() for row in rows.splitlines())]
        random.Random(1).shuffle(tasks)
        self.open.extend(tasks)

    def create(self):
        return request("POST", "/api/v1/tasks", bearer(random.choice(self.tokens)), {"title": "Feed the birds"})

    def complete(self):
        uid, owner = self.open.popleft()
        return uid, request("POST", f"/api/v1/tasks/{uid}/complete", bearer(self.tokens[owner]), {})

    def look(self, path):
        return request("GET", path, random.choice(self.cookies))


def at_work(crowd, staff, rate, seconds, creations=False):
    """Operations with money at a steady rate, in turn creations and completions or creations alone, and the looks that go with them."""
    begun = time.monotonic() + 0.5
    for number in range(int(rate * seconds)):
        due = begun + number / rate
        time.sleep(max(0.0, due - time.monotonic()))
        if creations or number % 2 == 0:
            told = lambda body, due=due: staff.due.update({(json.loads(body)["uid"], "assignment_fee"): due})
            crowd.ask(due, "create", staff.create(), told)
        else:
            uid, wire = staff.complete()
            crowd.ask(due, "complete", wire, lambda _, uid=uid, due=due: staff.due.update({(uid, "completion_reward"): due}))
        for path in ("/tasks", "/tasks", "/account"):
            crowd.ask(due, "look", staff.look(path))


BOOKED = """select t.task_id, t.kind, extract(epoch from pg_xact_commit_timestamp(t.xmin)) from accounting.transfers t
  where (t.kind = 'completion_reward' or t.assignment_seq = 1) and t.created_at > now() - interval '1 hour'"""


def from_click_to_ledger(company, due):
    """Seconds from the instant at which something was due until its transfer was durable."""
    apart = time.time() - time.monotonic()
    rows = [row.split() for row in company.sql("-F", " ", "-c", BOOKED).splitlines()]
    took = [float(at) - apart - due[uid, kind] for uid, kind, at in rows if (uid, kind) in due]
    assert len(took) == len(due), f"{len(due)} operations, {len(took)} are in the ledger"
    return took


def told(kind, seen):
    """A line about what was seen of a kind."""
    times, bad = [took for took, _ in seen], [status for _, status in seen if status >= 400]
    marks = ", ".join(f"p{part * 100:.0f} {share(times, part) * 1000:.0f} ms" for part in (.5, .8, .95, .99))
    return f"{kind:10} {len(times)} requests, {marks}, longest {max(times) * 1000:.0f} ms; refused or failed {dict(collections.Counter(bad))}"


def steady(company, rate, seconds, creations=False, shuffle=False, lookers=2_000):
    """The mix on a company with a history; gives what was seen, from press to booked, and the share of a core."""
    # As many people as have tasks enough for all completions.
    each = company.number("select count(*) / (select count(*) from tasks.employees) from tasks.tasks where status = 'open'")
    doers = math.ceil(rate * (seconds + 10) / 2 / max(1, each)) + 20
    with company.serve(ATES_ACCESS_TOKEN_SECONDS="3600") as (process, port):
        staff = Staff(company, port, doers, lookers)
        session, crowd = company.session(), Crowd(port)
        # What is compiled, planned and connected once is not what is measured.
        at_work(crowd, staff, rate, 5, creations)
        crowd.end()
        company.caught_up(session)
        staff.due.clear()
        crowd, spent, served, begun = Crowd(port), processor(process.pid), server_time(company.postgres), time.monotonic()
        if shuffle:
            status, _ = Api(port).log_in("admin").send("POST", "/api/v1/tasks/reassign", {})
            assert status == 202, status
        at_work(crowd, staff, rate, seconds, creations)
        seen = crowd.end()
        took = time.monotonic() - begun
        spent, served = (processor(process.pid) - spent) / took, (server_time(company.postgres) - served) / took
        company.caught_up(session)
        session.close()
        rest = memory(process.pid)
    booked = from_click_to_ledger(company, staff.due)
    clean = company.run("verify", check=False).returncode == 0
    return {"seen": seen, "booked": booked, "program": spent, "server": served, "memory": rest, "clean": clean}


def storm(company, rate, seconds):
    """People log in at a steady rate, each for the first time."""
    with company.serve(ATES_LOGIN_BURST="0") as (process, port):
        crowd, begun = Crowd(port), time.monotonic() + 0.5
        for number in range(int(rate * seconds)):
            due = begun + number / rate
            time.sleep(max(0.0, due - time.monotonic()))
            crowd.ask(due, "log in", request("POST", "/api/v1/auth/token", "", {"username": f"popug{number % 5_000}", "password": house.PASSWORD}))
        return {"seen": crowd.end(), "memory": memory(process.pid)}


def burst(company, clients):
    """So many clients at once, each with a session and a page, on a program that has just started."""
    cookies = company.cookies(clients)
    with company.serve() as (process, port):
        crowd, now = Crowd(port, clients), time.monotonic()
        for cookie in cookies:
            crowd.ask(now, "first page", request("GET", "/tasks", cookie))
        return {"seen": crowd.end(), "memory": memory(process.pid)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=34, help="operations with money a second")
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--people", type=int, default=5_000)
    parser.add_argument("--open", type=int, default=200_000, help="open tasks at the beginning")
    parser.add_argument("--creations", action="store_true", help="create only, complete nothing")
    parser.add_argument("--shuffle", action="store_true", help="all open tasks are shuffled meanwhile")
    parser.add_argument("--storm", type=float, help="log-ins a second, instead of work")
    parser.add_argument("--burst", type=int, help="clients at once on a cold start, instead of work")
    parser.add_argument("--ates", default=str(pathlib.Path(os.environ.get("CARGO_TARGET_DIR", REPO / "target")) / "release/ates"))
    arguments = parser.parse_args()
    with house.private_postgres(" -c track_commit_timestamp=on") as (folder, postgres):
        company = Company(arguments.ates, postgres, folder, "load").history(people=arguments.people, open=arguments.open)
        say("at work")
        if arguments.storm:
            done = storm(company, arguments.storm, arguments.seconds)
        elif arguments.burst:
            done = burst(company, arguments.burst)
        else:
            done = steady(company, arguments.rate, arguments.seconds, arguments.creations, arguments.shuffle)
    for kind, seen in sorted(done["seen"].items()):
        print(told(kind, seen))
    if "booked" in done:
        print(told("booked", [(took, 200) for took in done["booked"]]))
        print(f"processor  the program {done['program']:.0%} of a core, Postgres {done['server']:.0%}")
        print(f"verify     {'clean' if done['clean'] else 'NOT CLEAN'}")
    print(f"memory     {done['memory']:.0f} MB")


if __name__ == "__main__":
    main()
