"""The rows of the table about requests: what is clicked, what is looked at, a steady load, and a start."""

import contextlib
import random
import statistics
import time

import house
import load
from clients import Line, bearer, flat_out, pgbench, request
from company import server_time, share
from house import REPO, Api, free_port

LIMITS = REPO / "benches/limits"
CLIENTS = 16
# A shared machine is fast in one moment and slow in the next: ours and the limit work in turns, and the middle one of the ratios counts.
TURNS, SECONDS = 7, 3


def in_turns(bench, work, reach, program, ours, limit):
    """Both are given the number of the turn and say how many they did a second; ours, the p99 of its latencies too, and the limit, how many it did in all."""
    turns, spent = [], {"the program": 0.0, "Postgres for it": 0.0, "Postgres for the limit": 0.0}
    for turn in range(TURNS):
        clocks = [house.processor(program.pid), server_time(bench.postgres)]
        rate, late = ours(turn)
        clocks += [house.processor(program.pid), server_time(bench.postgres)]
        most, done, _ = limit(turn)
        clocks.append(server_time(bench.postgres))
        turns.append((rate / most, rate, late, most))
        for whose, used, times in zip(spent, (clocks[2] - clocks[0], clocks[3] - clocks[1], clocks[4] - clocks[3]), (rate * SECONDS, rate * SECONDS, done)):
            spent[whose] += used / times / TURNS
    ratio, rate, late, most = sorted(turns)[TURNS // 2]
    bench.note(work, f"{rate:,.0f}/s, p99 {late * 1000:.0f} ms", f"{most:,.0f}/s pgbench", ratio, reach)
    bench.note("  the least and the most of the turns", "", f"{min(turns)[0]:.2f} to {max(turns)[0]:.2f}")
    bench.note("  processor for each", ", ".join(f"{whose} {used * 1000:.2f} ms" for whose, used in spent.items()))


def complete(bench, people=64):
    """Sixteen clients complete tasks as fast as they are answered; the limit: pgbench runs the statements of these requests. Nobody
    else works meanwhile: what the subscribers make of it is measured elsewhere."""
    # So many that no turn comes to one that is done already, which would be refused.
    tasks = 800 * people
    ours = bench.company("ours", open=tasks, people=people)
    limit = ours.copy("bare")
    limit.sql("-c", "create table bench.todo as select row_number() over (order by id) - 1 as n, id, assignee_id from tasks.tasks where status = 'open'",
              "-c", "create unique index on bench.todo (n)", "-c", "analyze bench.todo",
              "-c", f"""insert into auth.token_families (id, user_id, session_version, created_at, last_used_at, expires_at)
                select bench.person(n), bench.person(n), 1, now(), now(), now() + interval '1 day' from generate_series(0, {people - 1}) n""",
              "-c", f"""insert into auth.refresh_tokens (token_hash, pair_id, family_id, created_at, pair_used_at)
                select convert_to('token ' || n, 'UTF8'), bench.person(n), bench.person(n), now(), now() from generate_series(0, {people - 1}) n""")
    port = free_port()
    with ours.only("--no-workers", port) as program:
        load.wait_until_live(port)
        tokens = ours.tokens(port, [f"popug{number}" for number in range(people)])
        rows = ours.sql("-F", " ", "-c", "select t.id, u.n from tasks.tasks t join (select bench.person(n) as id, n from generate_series(0, "
                        f"{people - 1}) n) u on u.id = t.assignee_id where t.status = 'open' order by random()")
        wires = [request("POST", f"/api/v1/tasks/{uid}/complete", bearer(tokens[int(owner)]), {}) for uid, owner in (row.split() for row in rows.splitlines())]
        part = len(wires) // (TURNS + 1)
        flat_out(port, CLIENTS, wires[TURNS * part :], SECONDS)
        for company in (ours, limit):
            company.sql("-c", "checkpoint")
        # A client of pgbench goes through a turn's part of the tasks.
        in_turns(bench, f"complete a task, {CLIENTS} clients", 0.7, program, lambda turn: flat_out(port, CLIENTS, wires[turn * part : (turn + 1) * part], SECONDS),
                 lambda turn: pgbench(bench.postgres, "bare", LIMITS / "complete.sql", CLIENTS, SECONDS, tasks=tasks, people=people, clients=CLIENTS,
                                      k=turn * (tasks // CLIENTS // TURNS)))
    ours.drop()
    limit.drop()


def mine(bench):
    """Everybody looks at their tasks; the limit: pgbench runs the questions of that page, in its transactions."""
    people = bench.arguments.people
    ours = bench.company("ours", open=bench.arguments.tasks, people=people)
    cookies = ours.cookies(people)
    port = free_port()
    with ours.only("--no-workers", port) as program:
        load.wait_until_live(port)
        wires = [request("GET", "/tasks", cookie) for cookie in random.Random(1).sample(cookies, people)]
        flat_out(port, CLIENTS, wires, SECONDS)
        in_turns(bench, f"my tasks, a page, {CLIENTS} clients", 0.6, program, lambda _: flat_out(port, CLIENTS, wires, SECONDS),
                 lambda _: pgbench(bench.postgres, "ours", LIMITS / "mine.sql", CLIENTS, SECONDS, people=people))
    ours.drop()


# Reports that read each transfer of a month, of which the short past has a part.
REPORTS = ("/accounting/recount", "/admin/abuse")


def looked_at(company):
    """What people look at, each with who does: a person of the company or its administrator; every page that the product has (a test holds it to that).
    The dates are eight of the middle of the past, the same number however long it is, so that the same page shows as much."""
    week, date = company.sql("-F", " ", "-c", """select min(business_date), max(business_date) from (select business_date from accounting.business_days
        where state = 'closed' order by business_date offset (select greatest(count(*) / 2 - 4, 0) from accounting.business_days) limit 8) middle""").split()
    find = lambda what: company.sql("-c", f"select {what} limit 1")
    known = {
        "week": week, "date": date, "module": "analytics.projection", "person": find("bench.person(1)"),
        "task": find("id from tasks.tasks where assignee_id = bench.person(1) order by number"),
        "open": find("id from tasks.tasks where status = 'open' order by number"), "shuffle": find("id from tasks.shuffles order by number desc"),
        "mail": find(f"id from accounting.mails where business_date = '{date}'"),
        "transfer": find(f"id from accounting.transfers where business_date = '{date}' and kind = 'completion_reward'"),
        "event": find("event_id from bus.events where event_type = 'task.completed' order by seq"),
    }
    mine = ["/tasks", "/tasks?status=done", "/account", "/account?from={week}&to={date}", "/account/statements", "/account/statements/{date}",
            "/account/statement?from={week}&to={date}", "/account/bank-account", "/tasks/{task}", "/profile", "/profile/access", "/profile/credentials",
            "/profile/feeds"]
    everybody = [
        "/tasks/all", "/tasks/all?status=done", "/tasks/all?status=open&sort=-reward", "/tasks/all?assignee={person}", "/tasks/all?q=bird", "/tasks/new",
        "/tasks/{open}/edit", "/search?q=bird", "/search?q=T-400", "/search/palette?q=bird", "/shuffles", "/shuffles/new", "/shuffles/{shuffle}",
        "/shuffles/{shuffle}/progress", "/account?user={person}", "/accounting", "/accounting?from={week}&to={date}", "/accounting/balances",
        "/accounting/balances?date={date}", "/accounting/days/{date}", "/accounting/days/{date}/statement", "/accounting/payouts", "/accounting/payouts/{date}",
        "/accounting/corrections", "/accounting/corrections/new", "/accounting/corrections/new?transfer={transfer}", "/admin/mails", "/admin/mails/{mail}",
        "/analytics", "/analytics?from={week}&to={date}",
        "/admin", "/admin/schedule", "/admin/system", "/admin/modules", "/admin/modules/{module}", "/admin/dead-letters", "/admin/runs", "/admin/events",
        "/admin/events?type=task.completed", "/admin/events/{event}", "/admin/audit", "/admin/users", "/admin/users/new", "/admin/users/{person}",
        "/admin/roles", "/admin/account-mails", "/admin/emergency-stop", "/admin/checks", "/admin/scenarios", "/help",
        *[path + asked for path in REPORTS for asked in ("?from={date}&to={date}", "")],
    ]
    return {path: (who, path.format(**known)) for who, paths in (("own", mine), ("admin", everybody)) for path in paths}


class Reader:
    """Somebody who looks at the pages of one company, and the latencies so far."""

    def __init__(self, company, port):
        self.paths, self.line, self.seen, self.refused = looked_at(company), Line(port), {}, {}
        self.headers = {"own": company.cookies(2)[1], "admin": browser_of(port)}

    def look(self, page, counts):
        who, path = self.paths[page]
        for _ in range(50):
            begun = time.monotonic()
            status, _ = self.line.ask(request("GET", path, self.headers[who]))
            took = time.monotonic() - begun
            # Nobody may search more often than five times a second.
            if status != 429:
                break
            time.sleep(0.2)
        # A past takes long to make, so one page that fails does not end the measurement.
        if status != 200:
            self.refused[path] = status
        if counts:
            self.seen.setdefault(page, []).append(took)


def look(companies, rounds, only=None):
    """The latencies of each page of each company, or of some pages, in turns, so that what else the machine does meets all of them; and what was refused."""
    with contextlib.ExitStack() as running:
        readers = [Reader(company, running.enter_context(company.serve(ATES_REPORT_CACHE_SECONDS="0"))[1]) for company in companies]
        time.sleep(3)
        judged = only or [page for page in readers[0].paths if page not in REPORTS]
        # A report of a month of such a past takes seconds, empties the server's cache and is not judged: last, and less often.
        for pages, times in ((judged, rounds), (() if only else REPORTS, 5)):
            for number in range(times + 1):
                for page in pages:
                    for reader in readers:
                        reader.look(page, counts=number > 0)
    return [reader.seen for reader in readers], [refused for reader in readers for refused in reader.refused.items()]


def browser_of(port):
    """The header of a browser in which the administrator is logged in."""
    import logins
    page = logins.Page(port, "admin")
    return "cookie: " + "; ".join(f"{name}={value}" for name, value in page.cookies.items()) + "\r\n"


def compared(few, many):
    """Prints the latencies of each page of a short and a long past, the worst ratio first, and gives their p95 in milliseconds."""
    p95 = {page: [share(seen[page], .95) * 1000 for seen in (few, many)] for page in many}
    for page, (before, after) in sorted(p95.items(), key=lambda one: one[1][0] / one[1][1]):
        halves = " and ".join(f"{statistics.median(seen[page]) * 1000:.1f}" for seen in (few, many))
        print(f"{page:44} p95 {before:7.1f} ms {after:7.1f} ms  {after / before:.2f}   p50 {halves} ms{'   a report, not judged' if page in REPORTS else ''}")
    return p95


def pages(bench, rounds=200):
    """Each page on a company with a long past and on the same with a hundredth of it, both at hand while it is looked."""
    people, dates = bench.arguments.old_people, bench.arguments.dates
    companies = [bench.once(name, people=people, dates=length, hands=bench.arguments.hands, open=20 * people)
                 for name, length in (("short", max(2, dates // 100)), ("long", dates))]
    small, large = [company.number("select count(*) from accounting.transfers") for company in companies]
    print(f"{large:,} transfers are {companies[1].number('select pg_database_size(current_database())') / 1e9:.1f} GB with all that belongs to them")
    both, refused = look(companies, rounds)
    p95 = compared(*both)
    ratios = {page: after / before for page, (before, after) in p95.items() if page not in REPORTS}
    above = [page for page, ratio in ratios.items() if ratio > 1.3]
    if above:
        # A short past does not fill every list and every search: whether a page goes on growing shows beside one that does.
        companies.insert(1, bench.once("middle", people=people, dates=max(2, dates // 20), hands=bench.arguments.hands, open=20 * people))
        print(f"those above the mark, beside {dates // 20} dates")
        again, refused_again = look(companies[1:], rounds, above)
        compared(*again)
        refused += refused_again
    for company in companies:
        company.drop()
    worst = max(ratios, key=ratios.get)
    bench.note(f"pages at {large:,} transfers, {dates} dates: p95, the worst of {len(ratios)}", f"{p95[worst][1]:.1f} ms {worst}",
               f"{p95[worst][0]:.1f} ms at {small:,}", ratios[worst], 1.3, at_least=False)
    middle = statistics.median(ratios.values())
    bench.note("  the median of these ratios", "", "", middle)
    bench.note("  pages within 1.3", f"{sum(ratio <= 1.3 for ratio in ratios.values())} of {len(ratios)}")
    print(*refused, sep="\n")
    bench.mark("  pages refused", len(refused), "", 0)


def steady(bench):
    """Tasks are created, priced and charged at twice the peak of the mission, as an open loop; for each, two people look at their tasks and
    one at an account."""
    ours = bench.company("ours", open=2 * bench.arguments.tasks, people=bench.arguments.people)
    done = load.steady(ours, 34, bench.arguments.seconds, creations=True)
    assert done["clean"], "ates verify has something to say"
    failed = sum(status >= 400 for seen in done["seen"].values() for _, status in seen)
    for kind, seen in sorted(done["seen"].items()):
        print(load.told(kind, seen))
    bench.mark(f"create, steady 34/s for {bench.arguments.seconds} s: from the click to the ledger, p99", share(done["booked"], .99) * 1000, "ms", 250)
    bench.mark("  p80", share(done["booked"], .8) * 1000, "ms", 50)
    bench.mark("  processor of the program", done["program"], "cores", 1 / 3, places=2)
    bench.note("  processor of Postgres", f"{done['server']:.2f} cores")
    bench.mark("  refused or failed", failed, "", 0)
    ours.drop()


def start(bench, times=7):
    """From the start of the process to the first answer that it is ready, on a database that is migrated."""
    ours, took = bench.company("ours", open=1_000, people=100), []
    for _ in range(times):
        port = free_port()
        begun = time.monotonic()
        with ours.started(port):
            while not ready(port):
                time.sleep(0.002)
            took.append(time.monotonic() - begun)
    bench.mark("cold start to ready", statistics.median(took), "s", 0.3, places=3)
    ours.drop()


def ready(port):
    try:
        return Api(port).send("GET", "/health/ready")[0] == 200
    except (OSError, ValueError):
        return False
