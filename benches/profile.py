#!/usr/bin/env python3
"""Where the program itself spends its processor: Callgrind counts the instructions of `serve` while one client asks for one thing after another.

    cargo build --profile profiling && benches/profile.py
    benches/profile.py --only mine --requests 50 --top 40

The build is a release that keeps its symbols. Instructions are counted, not seconds, so the figures do not depend on what else the
machine does. Postgres is not looked at: `table.py --profile` does that. Needs valgrind beside what table.py needs.

The works: mine (a page of one's tasks), account (a page of one's account), create and complete (over the API), shuffle (a press, drawn,
booked and seen, counted for each task).
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys

import house
from clients import Line, bearer, request
from company import Company, wait_until_live
from house import REPO, Api, free_port, say, wait_for
from table import OPTIONS

PEOPLE, PROGRAMS = 50, 10
SHUFFLE = "shuffle"
WORKS = ["mine", "account", "create", "complete", SHUFFLE]
# What a function's name says of what it is for. Of those that fit, the dearest counts, with what it calls.
PARTS = {
    "templates": r"<impl askama::Template for .*>::render_into",
    "texts of the language": r"^ates::platform::i18n::|fluent_bundle::bundle::.*format_pattern",
    "statements, their rows included": r"^diesel::pg::connection::.*(load|execute)|RunQueryDsl.*::(load|execute|get_result)",
    "JSON": r"^serde_json::(ser|de|value)::.*(to_string|to_vec|from_str|from_slice|to_value|from_value)",
    "hashes of sessions and forms": r"^(sha2|hmac)::",
    "tracing": r"^tracing_subscriber::|tracing_core::dispatcher",
}
MEMORY = r"^(malloc|free|calloc|realloc|_int_malloc|_int_free|_int_realloc|malloc_consolidate|unlink_chunk|__rust_.*alloc.*|__rdl_.*|mem(cpy|move|set)\S*|__mem\S+)$"


def plain(name):
    """A function without the marks of its build: `name'2`, hashes, its object."""
    name = re.sub(r" \[[^\]]*\]$", "", name.strip())
    name = re.sub(r"^(\?\?\?|\S+\.(c|h|S|rs)):", "", name)
    return re.sub(r"('\d+|::h[0-9a-f]{16}|@@?GLIBC\S*)+$", "", name)


def costs(path, inclusive):
    """Instructions of each function, the dearest first."""
    done = subprocess.run(["callgrind_annotate", f"--inclusive={'yes' if inclusive else 'no'}", "--threshold=100", str(path)],
                          capture_output=True, text=True, check=True)
    found = {}
    for line in done.stdout.splitlines():
        parts = re.match(r"\s*([\d,]+) \(\s*[\d.]+%\)\s+(.*)", line)
        if parts and not parts.group(2).startswith("PROGRAM TOTALS"):
            name = plain(parts.group(2))
            cost = int(parts.group(1).replace(",", ""))
            # Of a function that calls itself, the outermost call has the rest within it.
            found[name] = max(found.get(name, 0), cost) if inclusive else found.get(name, 0) + cost
    return dict(sorted(found.items(), key=lambda one: -one[1]))


def allocations(path):
    """How often memory was asked for."""
    names, called, count = {}, "", 0
    for line in path.read_text().splitlines():
        if line.startswith(("fn=", "cfn=")):
            number, _, name = line.split("=", 1)[1].partition(" ")
            if name:
                names[number] = plain(name)
            if line.startswith("cfn="):
                called = names[number]
        elif line.startswith("calls=") and called in ("malloc", "calloc", "realloc"):
            count += int(line[6:].split()[0])
    return count


class Watched:
    """The program under Callgrind, which counts only while it is told to."""

    def __init__(self, company, port, *flags):
        self.out = company.folder / "callgrind"
        command = ["valgrind", "-q", "--tool=callgrind", "--instr-atstart=no", "--separate-threads=no", f"--callgrind-out-file={self.out}",
                   company.ates, "serve", *flags]
        environment = {**company.environment, "ATES_BIND": f"127.0.0.1:{port}"}
        self.process, self.dumps = subprocess.Popen(command, env=environment), 0
        wait_until_live(port)

    def control(self, *what):
        done = subprocess.run(["callgrind_control", *what, str(self.process.pid)], capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"callgrind_control {what}: {done.stderr}{done.stdout}")

    def count(self, work):
        """What is spent while some work is done."""
        self.control("--instr=on")
        self.control("--zero")
        work()
        self.control("--dump")
        self.control("--instr=off")
        self.dumps += 1
        return pathlib.Path(f"{self.out}.{self.dumps}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def show(work, path, times, top):
    own, whole = costs(path, inclusive=False), costs(path, inclusive=True)
    total = sum(own.values())
    memory = sum(cost for name, cost in own.items() if re.match(MEMORY, name))
    print(f"\n{work}: {total / times:,.0f} instructions, {allocations(path) / times:,.0f} allocations; memory {memory / total:.0%}")
    for part, pattern in PARTS.items():
        dearest = max((cost for name, cost in whole.items() if re.search(pattern, name)), default=0)
        if dearest > total / 200:
            print(f"  {dearest / total:5.1%}  {part}")
    for title, found in (("of its own", own), ("with what it calls", {name: cost for name, cost in whole.items() if "ates::" in name})):
        print(f"  {title}:")
        for name, cost in list(found.items())[:top]:
            print(f"    {cost / total:6.1%}  {name[:150]}")
    sys.stdout.flush()


def requests_of(company, port, count):
    """Twice as many as are counted: the first half of each kind warms up."""
    cookies = company.cookies(PEOPLE)
    tokens = company.tokens(port, [f"popug{number}" for number in range(PROGRAMS)])
    pages = lambda path: [request("GET", path, cookies[number % PEOPLE]) for number in range(2 * count)]
    own = company.sql("-F", " ", "-c", f"""select t.id, u.n from tasks.tasks t
        join (select bench.person(n) as id, n from generate_series(0, {PROGRAMS - 1}) n) u on u.id = t.assignee_id
        where t.status = 'open' order by t.id limit {2 * count}""")
    return {
        "mine": pages("/tasks"),
        "account": pages("/account"),
        "create": [request("POST", "/api/v1/tasks", bearer(tokens[number % PROGRAMS]), {"title": f"Feed bird {number}"}) for number in range(2 * count)],
        "complete": [request("POST", f"/api/v1/tasks/{uid}/complete", bearer(tokens[int(owner)]), {}) for uid, owner in map(str.split, own.splitlines())],
    }


def one_after_the_other(company, works, count, top):
    port = free_port()
    with Watched(company, port, "--no-workers") as watched:
        line = Line(port)

        def ask(some):
            for one in some:
                status, body = line.ask(one)
                assert status < 300, (status, body[:300])

        for work, requests in requests_of(company, port, count).items():
            if work in works:
                say(work)
                ask(requests[:count])
                show(work, watched.count(lambda: ask(requests[count:])), count, top)


def shuffled(company, top):
    say(SHUFFLE)
    port, session = free_port(), company.session()
    with Watched(company, port) as watched:
        company.caught_up(session)
        tasks = company.number("select count(*) from tasks.tasks where status = 'open'")
        api = Api(port).log_in("admin")

        def shuffle():
            status, run = api.send("POST", "/api/v1/tasks/reassign", {})
            assert status == 202, run
            wait_for("the run is done", session, f"select state = 'done' from tasks.shuffles where id = '{run['uid']}'")
            company.caught_up(session)

        show("shuffle, a task of it", watched.count(shuffle), tasks, top)
    session.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=WORKS, default=WORKS)
    parser.add_argument("--requests", type=int, default=100, help="of each kind")
    parser.add_argument("--top", type=int, default=12, help="functions to show")
    parser.add_argument("--ates", default=str(pathlib.Path(os.environ.get("CARGO_TARGET_DIR", REPO / "target")) / "profiling/ates"))
    arguments = parser.parse_args()
    with house.private_postgres(OPTIONS) as (folder, postgres):
        company = Company(arguments.ates, postgres, folder, "ours").history(people=PEOPLE, dates=30, open=40 * PEOPLE)
        one_after_the_other(company, arguments.only, arguments.requests, arguments.top)
        if SHUFFLE in arguments.only:
            shuffled(company, arguments.top)
        done = company.run("verify", check=False)
        assert done.returncode == 0, done.stdout


if __name__ == "__main__":
    main()
