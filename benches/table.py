#!/usr/bin/env python3
"""How close the product comes to what Postgres can do: our figure, the limit's figure and their ratio, from one run on one server.

    cargo build --release && benches/table.py                    everything: about an hour, half of it the pages, for which it needs 45 GB
    benches/table.py --small                                     a quick try of everything at a tenth and less
    benches/table.py --only book shuffle                         some rows
    benches/table.py --only pages --hands 4                      eleven million transfers instead of fifty, five years of dates

The rows: book, shuffle (and bytes), clicks, done, settle, verify, complete, mine, pages, steady, start. A limit is bare SQL of our own
(benches/limits/) or pgbench that runs it: the same rows in the same tables with the same indexes and triggers, in the same private
Postgres with fsync on, on a copy of the same database. Companies with a past come from benches/history.sql. Figures in seconds vary
with the machine and what else it does; ratios within one run say more. Needs Python 3, Postgres with pgbench, and wrk;
everything lies in a temporary folder that is removed.
"""

import argparse
import os
import pathlib
import sys

import house
import rows_close
import rows_ledger
import rows_pages
from company import Company
from house import REPO, say

ROWS = {
    "book": rows_ledger.book,
    "shuffle": rows_ledger.shuffle,
    "clicks": rows_ledger.clicks,
    "done": rows_ledger.done,
    "settle": rows_close.settle,
    "verify": rows_close.verify,
    "complete": rows_pages.complete,
    "mine": rows_pages.mine,
    "pages": rows_pages.pages,
    "steady": rows_pages.steady,
    "start": rows_pages.start,
}
SMALL = {"tasks": 10_000, "people": 500, "dates": 120, "old_people": 100, "hands": 4, "accounts": [500, 5_000], "presses": 3, "seconds": 20, "done": 10, "transfers": 100_000}
OPTIONS = " -c track_commit_timestamp=on -c shared_preload_libraries=pg_stat_statements -c pg_stat_statements.track=top -c pg_stat_statements.track_planning=on -c random_page_cost=1.1 -c jit=off"


class Bench:
    """The server, the sizes, and the lines that were measured."""

    def __init__(self, arguments, folder, postgres):
        self.arguments, self.folder, self.postgres, self.lines, self.made = arguments, folder, postgres, [], {}

    def company(self, name, **sizes):
        """A company with a past, made once for all rows that want the same."""
        key = tuple(sorted(sizes.items()))
        if key not in self.made:
            say(f"a company with {sizes}")
            self.made[key] = Company(self.arguments.ates, self.postgres, self.folder, f"made{len(self.made)}").history(**sizes)
        return self.made[key].copy(name)

    def once(self, name, **sizes):
        """A company that nobody else wants: too large to be there twice."""
        say(f"a company with {sizes}")
        return Company(self.arguments.ates, self.postgres, self.folder, name).history(**sizes)

    def note(self, work, ours, limit="", ratio=None, reach=None, at_least=True):
        """A line of the table; `reach` is a mark for the ratio, from above or from below."""
        reached = "" if reach is None else "yes" if (ratio >= reach if at_least else ratio <= reach) else "NO"
        mark = "" if reach is None else f"{'>=' if at_least else '<='} {reach:g}"
        self.lines.append((work, ours, limit, "" if ratio is None else f"{ratio:.2f}", mark, reached))
        say(" | ".join(self.lines[-1]) + f"   [load {os.getloadavg()[0]:.1f}]")

    def mark(self, work, figure, unit, reach, places=0):
        """A line whose figure itself, not as it is rounded, has a mark that it must not be above."""
        self.lines.append((work, f"{figure:.{places}f} {unit}", "", "", f"<= {reach:.3g} {unit}", "yes" if figure <= reach else "NO"))
        say(" | ".join(self.lines[-1]) + f"   [load {os.getloadavg()[0]:.1f}]")

    def show(self):
        lines = [("work", "ours", "limit", "ratio", "to reach", "reached"), *self.lines]
        widths = [max(len(line[place]) for line in lines) for place in range(6)]
        for number, line in enumerate(lines):
            print("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |")
            if number == 0:
                print("|" + "|".join("-" * (width + 2) for width in widths) + "|")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=ROWS, default=list(ROWS), help="some rows")
    parser.add_argument("--small", action="store_true", help="a tenth of everything and less, for a quick try")
    parser.add_argument("--tasks", type=int, default=100_000, help="open tasks")
    parser.add_argument("--people", type=int, default=5_000)
    parser.add_argument("--done", type=int, default=20, help="done tasks lying about, for each open one")
    parser.add_argument("--presses", type=int, default=10, help="shuffles beside the clicks")
    parser.add_argument("--accounts", type=int, nargs="+", default=[5_000, 100_000], help="accounts to settle")
    parser.add_argument("--transfers", type=int, default=1_000_000, help="transfers to verify")
    parser.add_argument("--dates", type=int, default=1_826, help="dates of the long past; the short one has a hundredth")
    parser.add_argument("--old-people", type=int, default=1_000, help="people of the long past")
    parser.add_argument("--hands", type=int, default=26, help="through which a task of the long past goes: that and two are the transfers of a person and date")
    parser.add_argument("--seconds", type=int, default=600, help="of the steady load")
    parser.add_argument("--profile", action="store_true", help="show the dearest statements of each row too")
    parser.add_argument("--ates", default=str(pathlib.Path(os.environ.get("CARGO_TARGET_DIR", REPO / "target")) / "release/ates"))
    arguments = parser.parse_args()
    if arguments.small:
        for name, value in SMALL.items():
            setattr(arguments, name, value)
    with house.private_postgres(OPTIONS) as (folder, postgres):
        bench = Bench(arguments, folder, postgres)
        postgres.psql("postgres", "-c", "create extension if not exists pg_stat_statements")
        try:
            for name in ROWS:
                if name in arguments.only:
                    say(name)
                    postgres.psql("postgres", "-c", "select pg_stat_statements_reset()")
                    ROWS[name](bench)
                    if arguments.profile:
                        print(postgres.psql("postgres", "-F", "  ", "-c", house.DEAREST), file=sys.stderr)
        finally:
            bench.show()
    sys.exit(any(line[5] == "NO" for line in bench.lines))


if __name__ == "__main__":
    main()
