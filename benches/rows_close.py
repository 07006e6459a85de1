"""The rows of the table about what closes a date and what proves the books."""

import resource
import time
from typing import NamedTuple

from company import server_time
from house import REPO

LIMITS = REPO / "benches/limits"
PAID = "select count(*), sum(amount_minor) from accounting.payouts"


def seconds(work):
    begun = time.monotonic()
    work()
    return time.monotonic() - begun


def children_time():
    """Seconds of processor of the commands that have ended; the server is nobody's child."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Bare(NamedTuple):
    """What bare SQL took for a close, and what it paid to how many."""

    took: float
    paid: str


def bare(company, day, call):
    """Closes the date by bare SQL, on a copy."""
    limit = company.copy("bare")
    limit.sql("-c", "create table bench.payouts as select n, id as account_id, bench.id(now(), '501', n) as transfer_id, bench.id(now(), '502', n) as mail_id, "
              "bench.id(now(), '503', n) as audit_id, gen_random_uuid() as event_id "
              "from (select id, row_number() over (order by id) as n from accounting.accounts where kind = 'employee') a",
              "-c", "vacuum analyze bench.payouts", "-f", str(LIMITS / "settle.sql"), "-c", "checkpoint")
    took = seconds(lambda: limit.sql("-c", f"call bench.{call.format(day)}"))
    done = Bare(took, limit.sql("-c", PAID))
    limit.drop()
    return done


def settle(bench):
    """A date of so many accounts, five transfers each, is closed; the limit is one set-based statement for the same rows, and beside
    it the same statement for a thousand accounts a commit."""
    sizes = [(accounts, {"people": accounts, "dates": 1}) for accounts in bench.arguments.accounts]
    sizes.append((50, {"people": 50, "dates": bench.arguments.dates}))
    for accounts, past in sizes:
        ours = bench.company("ours", settled=0, **past)
        day = ours.sql("-c", "select bench.today() - 1")
        least, least_in_chunks = (bare(ours, day, call) for call in ("settle_all('{}')", "settle_in_chunks('{}', 1000)"))
        ours.sql("-c", "checkpoint")
        spent = [children_time(), server_time(bench.postgres)]
        took = seconds(lambda: ours.run("payout", "--date", day))
        spent = [children_time() - spent[0], server_time(bench.postgres) - spent[1]]
        assert ours.sql("-c", PAID) == least.paid == least_in_chunks.paid, (ours.sql("-c", PAID), least, least_in_chunks)
        months = ours.number("select count(*) from pg_inherits where inhparent = 'accounting.transfers'::regclass")
        work = f"settle {accounts} accounts, a thousand a commit" if past["dates"] == 1 else f"  {accounts} accounts behind {months} months"
        # What a start of the program takes is most of a small close, so that one has no mark.
        bench.note(work, f"{took:.2f} s, {accounts / took:,.0f}/s", f"{least.took:.2f} s, {accounts / least.took:,.0f}/s", least.took / took, 0.8 if past["dates"] == 1 else None)
        bench.note("  the limit a thousand a commit too", f"{took:.2f} s", f"{least_in_chunks.took:.2f} s", least_in_chunks.took / took)
        bench.note("  processor", f"the program {spent[0]:.2f} s, Postgres {spent[1]:.2f} s")
        ours.drop()


def verify(bench):
    """All invariants of so many transfers on closed dates, by the command and by plain SQL; each twice, the second counts."""
    people = bench.arguments.people
    dates = max(2, -(-bench.arguments.transfers // people // 6))
    ours = bench.company("ours", people=people, dates=dates)
    plain = [seconds(lambda: ours.sql("-f", str(LIMITS / "verify.sql"))) for _ in range(2)][-1]
    took = []
    for _ in range(2):
        begun = time.monotonic()
        done = ours.run("verify", check=False)
        took.append(time.monotonic() - begun)
        assert done.returncode == 0, done.stdout
    transfers = ours.number("select count(*) from accounting.transfers")
    bench.note(f"verify {transfers:,} transfers", f"{took[-1]:.1f} s", f"{plain:.1f} s plain SQL", took[-1] / plain, 2, at_least=False)
    ours.drop()
