"""The rows of the table about what closes a date and what proves the books."""

import time

from house import REPO

LIMITS = REPO / "benches/limits"


def seconds(work):
    begun = time.monotonic()
    work()
    return time.monotonic() - begun


def settle(bench):
    """A date of so many accounts, five transfers each, is closed; the limit is one set-based statement for the same rows."""
    sizes = [(accounts, {"people": accounts, "dates": 1}) for accounts in bench.arguments.accounts]
    sizes.append((50, {"people": 50, "dates": bench.arguments.dates}))
    for accounts, past in sizes:
        ours = bench.company("ours", settled=0, **past)
        day = ours.sql("-c", "select bench.today() - 1")
        limit = ours.copy("bare")
        limit.sql("-c", "create table bench.payouts as select id as account_id, bench.id(now(), '501', n) as transfer_id, bench.id(now(), '502', n) as mail_id, "
                  "bench.id(now(), '503', n) as audit_id, gen_random_uuid() as event_id "
                  "from (select id, row_number() over (order by id) as n from accounting.accounts where kind = 'employee') a",
                  "-c", "vacuum analyze bench.payouts", "-c", "checkpoint")
        least = seconds(lambda: limit.sql("-v", f"day={day}", "-f", str(LIMITS / "settle.sql")))
        ours.sql("-c", "checkpoint")
        took = seconds(lambda: ours.run("payout", "--date", day))
        paid = "select count(*), sum(amount_minor) from accounting.payouts"
        assert ours.sql("-c", paid) == limit.sql("-c", paid), (ours.sql("-c", paid), limit.sql("-c", paid))
        months = ours.number("select count(*) from pg_inherits where inhparent = 'accounting.transfers'::regclass")
        work = f"settle {accounts} accounts, a thousand a commit" if past["dates"] == 1 else f"  {accounts} accounts behind {months} months"
        # What a start of the program takes is most of a small close, so that one has no mark.
        bench.note(work, f"{took:.2f} s, {accounts / took:,.0f}/s", f"{least:.2f} s, {accounts / least:,.0f}/s", least / took, 0.8 if past["dates"] == 1 else None)
        ours.drop()
        limit.drop()


def verify(bench):
    """All invariants of so many transfers on closed dates, by the command and by plain SQL; each twice, the second counts."""
    people = bench.arguments.people
    dates = max(2, bench.arguments.transfers // people // 6)
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
