"""The rows of the table about what moves money in bulk: booking, the shuffle, and what others notice of it."""

import collections
import json
import os
import random
import statistics
import subprocess
import threading
import time

from clients import Line, bearer, pgbench, request
from company import LEDGER, in_ms, server_time, share
from house import REPO, Api, memory, processor, wait_for

LIMITS = REPO / "benches/limits"
BEFORE = 5  # seconds of clicks before the first shuffle, or the bare one


def timed(company, *statements):
    """The seconds of some statements, each a transaction of its own; what waits to be written is written before."""
    company.sql("-c", "checkpoint")
    begun = time.monotonic()
    company.sql(*[part for one in statements for part in ("-c", one)])
    return time.monotonic() - begun


def bare(company, chunk=1_000):
    """Draws what the bare SQL is going to write."""
    company.sql("-v", f"chunk={chunk}", "-f", str(LIMITS / "draw.sql"))
    return company


def manager(port):
    """Somebody who is logged in and may press."""
    return Api(port).log_in("admin")


def press(presser):
    status, run = presser.send("POST", "/api/v1/tasks/reassign", {})
    assert status == 202, run
    return run["uid"]


def run_ends(session, uid, look=lambda: None):
    return wait_for("the run ends", session, f"select state = 'done' from tasks.shuffles where id = '{uid}'", look=look)


def passed(session, name, seq, look=lambda: None):
    return wait_for(f"{name} has passed it", session, f"select position >= {seq} from bus.subscribers where name = '{name}'", look=look)


def book(bench):
    """What a shuffle leaves to accounting is booked while all others who hear of it wait, as the limit is alone too; the limit writes as
    many of the same rows."""
    tasks = bench.arguments.tasks
    ours = bench.company("ours", open=tasks, people=bench.arguments.people)
    with ours.serve() as (_, port):
        session = ours.session()
        ours.pause()
        run_ends(session, press(manager(port)))
        ours.caught_up_but(session, LEDGER)
        session.close()
    others = ours.sql("-c", f"select name from bus.subscribers where name <> '{LEDGER}' and retired_at is null").split()
    for name in others:
        ours.pause(name)
    ours.sql("-c", "vacuum analyze")
    limit = bare(ours.copy("bare"))
    alone = timed(limit, "call bench.post(0, 2000000000)")
    with_events = alone + timed(limit, "call bench.tell(0, 2000000000)")
    limit.drop()
    with ours.only("--workers-only") as process:
        time.sleep(3)
        session = ours.session()
        head = session.ask("select max(seq) from bus.events")
        ours.sql("-c", "checkpoint")
        before = int(session.ask("select count(*) from accounting.transfers"))
        clocks = spent(ours, process)
        ours.resume()
        began = time.monotonic()
        took = passed(session, LEDGER, head) - began
        used = spent(ours, process, clocks)
        booked = int(session.ask("select count(*) from accounting.transfers")) - before
        for name in others:
            ours.resume(name)
        ours.caught_up(session)
        session.close()
    assert booked == tasks, (booked, tasks)
    figures = f"{booked / took:,.0f}/s"
    bench.note(f"book {tasks} assignments", figures, f"{tasks / alone:,.0f}/s one INSERT", alone / took, 0.8)
    bench.note("  the limit with the events too", figures, f"{tasks / with_events:,.0f}/s two", with_events / took)
    bench.note("  processor", f"the program {used[0]:.1f} s, Postgres {used[1]:.1f} s")
    ours.drop()


def at_once(company):
    """Seconds until two sessions of bare SQL are through, of which one moves the tasks and the other books meanwhile."""
    company.sql("-c", "checkpoint")
    psql = [str(company.postgres.bin / "psql"), "-XqtA", "-v", "ON_ERROR_STOP=1", "-d", company.postgres.url(company.name), "-c"]
    begun = time.monotonic()
    moving, booking = [subprocess.Popen([*psql, f"call bench.{what}()"]) for what in ("move_all", "book_all")]
    assert moving.wait() == 0
    moved = time.monotonic() - begun
    assert booking.wait() == 0
    return moved, max(moved, time.monotonic() - begun)


def spent(company, process, since=(0.0, 0.0)):
    """Seconds of processor of the program and of Postgres."""
    return processor(process.pid) - since[0], server_time(company.postgres) - since[1]


def in_cores(used, took):
    return f"the program {used[0] / took:.2f}, Postgres {used[1] / took:.2f}"


def durable_alone(company):
    """Seconds until a press is durable while the ledger, and so analytics, waits, as the limit is alone too; and the processor time that it took."""
    with company.serve() as (process, port):
        session, presser = company.session(), manager(port)
        company.pause()
        company.sql("-c", "checkpoint")
        clocks = spent(company, process)
        began = time.monotonic()
        took = run_ends(session, press(presser)) - began
        used = spent(company, process, clocks)
        session.close()
    return took, used


def one_shuffle(company):
    """Presses once on a quiet company: seconds until durable, booked and seen, bytes ahead for each task, memory before and most."""
    with company.serve() as (process, port):
        session, presser = company.session(), manager(port)
        company.caught_up(session)
        time.sleep(5)
        company.sql("-c", "checkpoint")
        lsn, before, most = session.ask("select pg_current_wal_lsn()"), memory(process.pid), []
        look = lambda: most.append(memory(process.pid))
        clocks = spent(company, process)
        began = time.monotonic()
        uid = press(presser)
        durable = run_ends(session, uid, look) - began
        used = spent(company, process, clocks)
        last = session.ask(f"select max(seq) from bus.events where subject_id = '{uid}' and event_type = 'tasks.reassigned'")
        booked = passed(session, LEDGER, last, look) - began
        head = session.ask("select max(seq) from bus.events")
        seen = passed(session, "analytics.projection", head, look) - began
        moved = int(session.ask(f"select count(*) from tasks.journal where run_id = '{uid}'"))
        end = session.ask("select pg_current_wal_lsn()")
        wal = int(session.ask(f"select pg_wal_lsn_diff('{end}', '{lsn}')::bigint")) / moved
        session.close()
    return {"durable": durable, "used": used, "booked": booked, "seen": seen, "wal": wal, "before": before, "most": max(most, default=before), "moved": moved, "ahead": (lsn, end)}


def weigh(bench, company, one):
    """What the bytes are made of: those on disk by table and index, those ahead by kind of record."""
    print(company.sql("-F", "  ", "-c", """with rows as (select count(*) as n from accounting.transfers),
        parts as (select inhrelid as part from pg_inherits where inhparent = 'accounting.transfers'::regclass)
        select round(sum(pg_table_size(part)) / max(n)), 'the rows' from parts, rows where pg_relation_size(part) > 0
        union all select round(pg_relation_size(i.indexrelid)::numeric / n), pg_get_indexdef(i.indexrelid)
          from parts join pg_index i on i.indrelid = part, rows where pg_relation_size(part) > 0 order by 1 desc"""))
    print(bench.postgres.run("pg_waldump", "--stats=record", "-p", f"{bench.folder}/data/pg_wal", "-s", one["ahead"][0], "-e", one["ahead"][1]))


def shuffle(bench):
    """The whole way of a shuffle on a quiet machine, the same rows by bare SQL, and what it leaves on disk and in memory. What is durable
    takes seconds, so it is done three times in turns with the limit, and the middle turn counts."""
    tasks = bench.arguments.tasks
    turns = []
    for _ in range(3):
        limit = bare(bench.company("bare", open=tasks, people=bench.arguments.people))
        move, rest = timed(limit, "call bench.move_all()"), timed(limit, "call bench.book_all()")
        limit.drop()
        ours = bench.company("ours", open=tasks, people=bench.arguments.people)
        alone, used = durable_alone(ours)
        ours.drop()
        turns.append((move / alone, alone, move, rest, used))
    print("until durable, by turn:", ", ".join(f"{alone:.1f} s, the limit {move:.1f} s" for _, alone, move, *_ in turns))
    _, alone, move, rest, used = sorted(turns)[1]
    limit = bare(bench.company("bare", open=tasks, people=bench.arguments.people))
    moved, booked = at_once(limit)
    limit.drop()
    ours = bench.company("ours", open=tasks, people=bench.arguments.people)
    one = one_shuffle(ours)
    clean = ours.run("verify", check=False)
    assert clean.returncode == 0, clean.stdout
    assert one["moved"] == tasks, one
    if bench.arguments.profile:
        weigh(bench, ours, one)
    bench.note(f"shuffle {tasks} open tasks until durable, the ledger paused", f"{alone:.1f} s", f"{move:.1f} s UPDATE, 2 INSERT", move / alone, 0.8)
    bench.note("  cores", in_cores(used, alone))
    bench.note("  while it is booked and seen, the limit only moves them", f"{one['durable']:.1f} s", f"{move:.1f} s", move / one["durable"])
    bench.note("  the same, the limit is booked meanwhile by a second session", f"{one['durable']:.1f} s", f"{moved:.1f} s", moved / one["durable"])
    bench.note("  cores while it is booked and seen", in_cores(one["used"], one["durable"]))
    bench.note("  booked", f"{one['booked']:.1f} s", f"{move + rest:.1f} s with ledger, events", one["booked"] / (move + rest), 2, at_least=False)
    bench.note("  booked, the limit in two sessions at once", f"{one['booked']:.1f} s", f"{booked:.1f} s", one["booked"] / booked)
    bench.note("  booked, the limit only moves them", f"{one['booked']:.1f} s", f"{move:.1f} s", one["booked"] / move)
    bench.note("  seen by analytics", f"{one['seen']:.1f} s", f"{move + rest:.1f} s", one["seen"] / (move + rest))
    bench.mark("written ahead for a reassigned task", one["wal"], "B", 1_400)
    size = ours.number("select sum(pg_total_relation_size(inhrelid)) from pg_inherits where inhparent = 'accounting.transfers'::regclass")
    empty = ours.number("""select sum(pg_total_relation_size(inhrelid)) from pg_inherits where inhparent = 'accounting.transfers'::regclass
        and not exists (select from accounting.transfers t where t.tableoid = inhrelid)""")
    bench.mark("disk a transfer with all indexes", (size - empty) / ours.number("select count(*) from accounting.transfers"), "B", 260)
    bench.mark("memory, idle", one["before"], "MB", 40, places=1)
    bench.mark("memory, more after the shuffle", one["most"] - one["before"], "MB", 100, places=1)
    ours.drop()


# What a completion is told whose task was shuffled away meanwhile.
GIVEN_AWAY = (403, 404, 409)


class Clicker(threading.Thread):
    """Somebody who reads, creates and completes, five times a second in all, at moments of their own as with pgbench; each latency from the
    instant that was planned. What is completed was read before, unless the shuffle has given it away since."""

    def __init__(self, port, token, stop, every=0.2):
        super().__init__(daemon=True)
        self.line, self.token, self.mine, self.stop, self.every = Line(port), bearer(token), [], stop, every
        self.chance, self.times, self.statuses = random.Random(token), [], []

    def wire(self):
        what = self.chance.random()
        if what < 1 / 2 or (what >= 3 / 4 and not self.mine):
            return request("GET", "/api/v1/tasks/mine?status=open&limit=20", self.token)
        if what < 3 / 4:
            return request("POST", "/api/v1/tasks", self.token, {"title": f"Meanwhile {what}"})
        return request("POST", f"/api/v1/tasks/{self.mine.pop()}/complete", self.token, {})

    def run(self):
        due = time.monotonic()
        while not self.stop.wait(max(0.0, due - time.monotonic())):
            wire = self.wire()
            try:
                status, body = self.line.ask(wire)
            except (OSError, ValueError):
                status, body = 599, b""
            self.times.append(time.monotonic() - due)
            self.statuses.append(status)
            if wire.startswith(b"GET") and status == 200:
                self.mine = [task["uid"] for task in json.loads(body)["items"]]
            due += self.chance.expovariate(1 / self.every)


def clicks(bench, clients=16):
    """What other people's clicks take while shuffles run, one after another; the limit: the same clicks as pgbench beside the bare one,
    as often, so that both meet the checkpoints; a disk that holds everybody up for seconds does so to one press or another. Both click for
    some seconds before, so that no session is new."""
    tasks, people, presses = bench.arguments.tasks, bench.arguments.people, bench.arguments.presses
    limit = bench.company("bare", open=tasks, people=people)
    limit.sql("-c", "create table bench.todo as select row_number() over () - 1 as n, id, assignee_id from tasks.tasks")
    limit.sql("-c", "create unique index on bench.todo (n)", "-c", "analyze bench.todo")
    beside, slices = [], 0
    for number in range(presses):
        bare(limit)
        os.sync()
        seen, instants = [], []

        def shuffling():
            time.sleep(BEFORE)
            begun = time.time()
            limit.sql("-c", "call bench.move_all()", "-c", "call bench.book_all()")
            instants.extend((begun, time.time()))

        bare_one = threading.Thread(target=shuffling)
        bare_one.start()
        while bare_one.is_alive():
            weights = [(LIMITS / "read.sql", 2), (LIMITS / "create.sql", 1), (LIMITS / "complete.sql", 1)]
            # A client completes about 40 tasks in a slice; each begins behind those of the slice before.
            seen += pgbench(bench.postgres, "bare", None, clients, 30, rate=clients * 5, weights=weights, tasks=tasks, people=people, clients=clients,
                            k=slices * 80)[2]
            slices += 1
        assert instants, "the bare shuffle failed"
        begun, ended = instants
        beside.append([took for at, took in seen if begun <= at <= ended])
        print(f"the limit, press {number + 1}: {in_ms(beside[-1])}")
    limit.drop()
    ours = bench.company("ours", open=tasks, people=people)
    deadlocks = "select deadlocks from pg_stat_database where datname = 'ours'"
    with ours.serve(ATES_ACCESS_TOKEN_SECONDS="3600") as (_, port):
        names = [f"popug{number}" for number in range(clients)]
        session, stop, tokens = ours.session(), threading.Event(), ours.tokens(port, names)
        crew = [Clicker(port, token, stop) for token in tokens]
        # What copying and dropping databases has left to the disk is not the shuffle's.
        os.sync()
        presser = manager(port)
        for clicker in crew:
            clicker.start()
        time.sleep(BEFORE)
        meanwhile = []
        for number in range(presses):
            before = [len(clicker.times) for clicker in crew]
            run_ends(session, press(presser))
            ours.caught_up(session)
            meanwhile.append([took for clicker, first in zip(crew, before) for took in clicker.times[first:]])
            print(f"clicks beside press {number + 1}: {in_ms(meanwhile[-1])}")
        stop.set()
        for clicker in crew:
            clicker.join()
        session.close()
    answers = collections.Counter(status for clicker in crew for status in clicker.statuses)
    failed = sum(count for status, count in answers.items() if status >= 500)
    late, of_all = sum(answers[status] for status in GIVEN_AWAY), sum(answers.values())
    print(f"of {of_all} clicks, {late} came for a task that was no longer theirs")
    # A refusal costs little, so there must be few, and of no other kind.
    refused = {status: count for status, count in answers.items() if 400 <= status < 500 and status not in GIVEN_AWAY}
    assert not refused and late <= of_all / 100, answers
    clean = ours.run("verify", check=False)
    assert clean.returncode == 0, clean.stdout
    high = [statistics.median(share(times, .99) for times in every) * 1000 for every in (meanwhile, beside)]
    bench.note(f"p99 of others' clicks meanwhile, the middle one of {presses} presses", f"{high[0]:.0f} ms", f"{high[1]:.0f} ms", high[0] / high[1], 1.5, at_least=False)
    pooled = [share([took for times in every for took in times], .99) * 1000 for every in (meanwhile, beside)]
    bench.note("  p99 of all clicks of all presses", f"{pooled[0]:.0f} ms", f"{pooled[1]:.0f} ms", pooled[0] / pooled[1])
    bench.mark(f"  deadlocks in {presses} runs", ours.number(deadlocks), "", 0)
    bench.mark("  answers of 5xx", failed, "", 0)
    ours.drop()


def done(bench):
    """The same shuffle with many done tasks lying about, and without them: three times in turns, the middle turn counts."""
    tasks, people, turns = bench.arguments.tasks, bench.arguments.people, []
    for _ in range(3):
        took = []
        for lying in (bench.arguments.done * tasks, 0):
            company = bench.company("ours", open=tasks, people=people, **({"done": lying} if lying else {}))
            # The ledger knows nothing of these tasks, so nobody compares the books meanwhile.
            company.sql("-c", "update platform.reconciler set next_at = clock_timestamp() + interval '1 day'")
            took.append(one_shuffle(company)["durable"])
            company.drop()
        turns.append((took[1] / took[0], *took))
    print("among done tasks, by turn:", ", ".join(f"{among:.1f} s, without them {alone:.1f} s" for _, among, alone in turns))
    ratio, among, alone = sorted(turns)[1]
    bench.note(f"the shuffle among {bench.arguments.done} times as many done tasks", f"{among:.1f} s", f"{alone:.1f} s without them", ratio, 0.8)
