"""Parts of the house that fall alone: dashboards, task logic, auth, the tasks service, analytics, the front end, caches, titles."""

import time

from . import rounds


def task_dashboard(house, stage):
    with house.beside("--read-only") as dashboard:
        page = house.kesha.page("/tasks", port=dashboard.port)
        stage.did("a second process, ates serve --read-only, shows the dashboards; it is killed")
        stage.saw(f"before: {page}", page.status == 200 and page.has("read-only"))
        dashboard.kill()
        fell = time.monotonic()
        page = house.kesha.page("/tasks", port=dashboard.port)
        stage.saw(f"its /tasks: {page}; popugs wait", page.status == 0)
        rounds.all_work(house, stage)
        name, uid = house.one_of("kesha", "gosha")
        before = house.balance(name)
        done = house.complete(name, uid)
        stage.saw(f"{name} completes a task at the main process: {done.status}", done.status == 200)
        stage.within("the reward is booked", lambda: house.balance(name) > before)
        dashboard.start()
        dashboard.await_live()
        page = house.kesha.page("/tasks", port=dashboard.port)
        away = time.monotonic() - fell
        stage.saw(f"started again, {away:.1f} s away of the 5,256 minutes a year that 99 % leave: {page}", page.whole and away < 60)


def task_logic(house, stage):
    grants = house.sql(
        """select string_agg(format('%s %s on tasks.%I %s ates_tasks', verb, privilege_type, table_name, word), '; ')
           from information_schema.role_table_grants, (values ('revoke', 'from'), ('grant', 'to')) v(verb, word)
           where table_schema = 'tasks' and grantee = 'ates_tasks' and privilege_type in ('INSERT', 'UPDATE')
           group by verb order by verb desc"""
    ).splitlines()
    name, uid = house.one_of("kesha", "gosha")
    listed = len(house.open_tasks(name))
    revoke, grant = grants
    stage.did(f"the role of the task logic may not write any more: {revoke.count('revoke')} grants are revoked")
    with house.broken(revoke, grant):
        rounds.refuses(stage, "create", house.kesha.api("POST", "/api/v1/tasks", {"title": "Nobody takes it"}))
        rounds.refuses(stage, "update", house.boss.api("PATCH", f"/api/v1/tasks/{uid}", {"title": "Another title"}))
        rounds.refuses(stage, "complete", house.complete(name, uid))
        rounds.refuses(stage, "shuffle, by the form", house.boss.send("/shuffles"))
        stage.saw(f"{name} still sees {listed} open tasks", len(house.open_tasks(name)) == listed)
        rounds.all_work(house, stage, "create")
        changed = house.gosha.api("PATCH", "/api/v1/me", {"surname": f"Popug {int(time.time()) % 1000}"})
        stage.saw(f"a popug changes his name: {changed.status}", changed.status == 200)
    stage.did("the grants are given back")
    done = house.complete(name, uid)
    stage.saw(f"complete: {done.status}, {done.json.get('status')}", done.status == 200)
    pressed = house.shuffle()
    stage.saw(f"shuffle: {pressed.status}", pressed.status == 202)
    stage.within("the shuffle is done", lambda: house.shuffled(pressed))


def auth(house, stage):
    inside = [house.kesha.page("/tasks"), house.kesha.get("/api/v1/tasks/mine"), house.buh.page("/accounting"), house.root.page("/analytics")]
    stage.saw(f"before: {[answer.status for answer in inside]}", all(answer.status == 200 for answer in inside))
    stage.did("auth's tables users, sessions, refresh_tokens and api_tokens are renamed")
    with house.renamed("auth.users", "auth.sessions", "auth.refresh_tokens", "auth.api_tokens"):
        rounds.refuses(stage, "log-in", house.gosha.ask_token(), "Authorization is unavailable")
        page = house.kesha.page("/tasks")
        stage.saw(f"kesha, who is in, works on: {page.status}, with a word about it", page.whole and "Authorization is unavailable" in page.text)
        made = house.kesha.api("POST", "/api/v1/tasks", {"title": "Guard the nest"})
        stage.saw(f"kesha creates a task by token: {made.status}", made.status == 201)
        stage.within("its fee is booked", lambda: house.unbooked() == 0)
        others = [house.buh.page("/accounting"), house.root.page("/analytics")]
        stage.saw(f"money and analytics: {[answer.status for answer in others]}", all(answer.whole for answer in others))
        house.later(11 * 60, log_in=False)
        page = house.kesha.page("/tasks")
        rounds.refuses(stage, "eleven minutes later the session is lost", page)
    stage.did("the tables are back")
    stage.within("log-in works", lambda: house.gosha.ask_token().status == 200)
    page = house.kesha.page("/tasks")
    stage.saw(f"kesha's session of before: {page.status}", page.whole)
    house.log_in()
    rounds.all_work(house, stage)


def tasks(house, stage):
    house.settle()
    late, uid = house.one_of("kesha", "gosha")
    early = next(name for name in ("buh", "gosha", "kesha") if name != late)
    done = house.complete(*house.one_of(early))
    stage.saw(f"{early} completes a task in time: {done.status}", done.status == 200)
    house.settle()
    day, known = house.today, len(house.mails.taken)
    stage.did("the schema of the tasks service is renamed; the business day ends meanwhile")
    with house.broken("alter schema tasks rename to tasks_away", "alter schema tasks_away rename to tasks"):
        rounds.refuses(stage, "the tracker", house.kesha.page("/tasks"))
        rounds.refuses(stage, "the list of all", house.boss.page("/tasks/all"))
        rounds.refuses(stage, f"{late} cannot complete", house.complete(late, uid))
        rounds.all_work(house, stage, "/tasks", "/tasks/all", "create")
        house.later(24 * 3600)
        stage.within(f"{day} is settled, and mailed to", lambda: early in house.mails.of(known) and ", ".join(house.mails.of(known)))
        rounds.all_work(house, stage, "/tasks", "/tasks/all", "create")
    stage.did("the schema is back")
    done = house.complete(late, uid)
    stage.saw(f"{late} completes: {done.status}", done.status == 200)
    house.settle()
    known = len(house.mails.taken)
    house.later(24 * 3600)
    stage.within(f"the day after, the mail that was late goes out to {late}", lambda: late in house.mails.of(known))


def cache(house, stage):
    def figures():
        page = house.root.page("/analytics")
        income = house.root.get("/api/v1/analytics/today-income").json.get("earned_minor")
        company = house.buh.get(f"/api/v1/accounting/company/earnings?from={house.today}&to={house.today}").json.get("total_minor")
        return page.whole, income, company

    def taken_and_read(port):
        lines = [line for line in house.scrape(port).splitlines() if line.startswith("reports_total{")]
        of = lambda outcome: sum(int(float(line.split()[-1])) for line in lines if f'"{outcome}"' in line)
        return of("hit"), of("miss")

    before = figures()
    port = house.free_port()
    with house.instead(ATES_METRICS_BIND=f"127.0.0.1:{port}"):
        house.log_in()
        for _ in range(4):
            house.root.page("/analytics")
        hits, misses = taken_and_read(port)
        stage.saw(f"with the cache, four looks at /analytics: {hits} answered from it, {misses} read the database", hits >= 1)
    port = house.free_port()
    stage.did("the program runs without its cache: ATES_REPORT_CACHE_SECONDS=0")
    with house.instead(ATES_REPORT_CACHE_SECONDS="0", ATES_METRICS_BIND=f"127.0.0.1:{port}"):
        house.log_in()
        for _ in range(4):
            house.root.page("/analytics")
        hits, misses = taken_and_read(port)
        stage.saw(f"four looks: {hits} answered from it, {misses} read the database", hits == 0 and misses >= 4)
        after = figures()
        stage.saw(f"the same answers: whole page, earned today {after[1]}, of the company {after[2]}", after == before and after[0])
        name, uid = house.one_of("kesha", "gosha")
        done = house.complete(name, uid)
        stage.saw(f"{name} completes a task: {done.status}", done.status == 200)
        house.settle()
        known, day = len(house.mails.taken), house.today
        house.later(24 * 3600)
        stage.within(f"{day} ends, and the mails go out", lambda: name in house.mails.of(known) and ", ".join(house.mails.of(known)))
        rounds.all_work(house, stage)


def gateway(house, stage):
    uid = house.task("Polish the perch")
    house.settle()
    person = house.people[house.holder_of(uid)]
    page = person.page("/account")
    stage.saw(f"before, /account names the task: {page.status}", page.whole and "Polish the perch" in page.words)
    stage.did("the source of the titles, accounting.tasks, is renamed")
    with house.renamed("accounting.tasks"):
        page = person.page("/account")
        stage.saw(f"/account: {page.status}, with a note: “{'; '.join(page.notes())}”", page.status == 200 and bool(page.notes()))
        stage.saw(f"its log shows amounts and the tasks' ids, such as {uid}", uid in page.words and "$" in page.words)
    stage.did("then the ledger, accounting.balances and accounting.transfers")
    with house.renamed("accounting.balances", "accounting.transfers"):
        page = person.page("/tasks")
        stage.saw(f"/tasks: {page.status}, with a note: “{'; '.join(page.notes())}”", page.status == 200 and bool(page.notes()))
        stage.saw(f"its tasks are listed: {uid in page.text}", uid in page.text)
    answers = person.page("/account"), person.page("/tasks")
    stage.saw(f"afterwards whole: {[answer.status for answer in answers]}", all(answer.whole for answer in answers))


def front_end(house, stage):
    house.main.stop()
    with house.beside("--workers-only") as workers:
        house.begin("--no-workers")
        page = house.kesha.page("/tasks")
        stage.saw(f"before, pages from a process without workers: {page.status}", page.whole)
        house.task("Booked while nobody looks")
        house.main.kill()
        fell = time.monotonic()
        stage.did("that process is killed, a task just created; the process with the workers goes on")
        answer = house.kesha.page("/tasks")
        stage.saw(f"/tasks: {answer}; nobody enters", answer.status == 0)
        asked = house.ates("health", "--live", check=False, ATES_BIND=f"127.0.0.1:{house.main.port}")
        seen = time.monotonic() - fell
        stage.saw(f"ates health --live: exit code {asked.returncode} after {seen:.1f} s, “{(asked.stderr or asked.stdout).strip()}”", asked.returncode == 1 and seen < 10)
        stage.within("the fee of that task is booked by the workers", lambda: house.unbooked() == 0 and house.waiting() == 0)
        stage.saw("the process with the workers lives", workers.lives())
        house.main.start()
        stage.did("its supervisor starts it again")
        stage.within("it serves", lambda: house.main.health("live").status == 200)
        page = house.kesha.page("/tasks")
        stage.saw(f"with the session of before: {page}", page.whole)
        rounds.all_work(house, stage)
        house.main.stop()
    house.begin()


def analytics(house, stage):
    def told():
        income = house.root.get("/api/v1/analytics/today-income").json.get("earned_minor")
        truth = house.buh.get(f"/api/v1/accounting/company/earnings?from={house.today}&to={house.today}").json.get("total_minor")
        return income, truth

    income, truth = told()
    stage.saw(f"before: analytics says {income}, accounting {truth}", income == truth)
    name, uid = house.one_of("kesha", "gosha")
    stage.did("the tables of analytics are renamed; work goes on")
    with house.renamed("analytics.day_totals", "analytics.employees", "analytics.tasks"):
        page = house.root.page("/analytics")
        stage.saw(f"/analytics: {page.status}, {len(page.notes())} parts missing, such as “{(page.notes() or ['none'])[0]}”", not page.whole)
        rounds.all_work(house, stage, "/analytics")
        done = house.complete(name, uid)
        stage.saw(f"{name} completes a task: {done.status}", done.status == 200)
        house.task("One that analytics does not hear of")
        stage.within("the money is booked", lambda: house.unbooked() == 0)
        waits = house.number(
            "select (select lag from report_v1.consumers where name = 'analytics.projection') + "
            "(select count(*) from bus.parked_items where subscriber = 'analytics.projection' and state not in ('done', 'skipped'))"
        )
        stage.saw(f"{waits} events wait for analytics, none for money", waits > 0)
    stage.did("its team puts the tables back")
    house.ates("events", "resume", "analytics.projection", "--holder", "breaker", check=False)
    stage.within("it has caught up", lambda: house.waiting() == 0)
    later, truth = told()
    stage.saw(f"analytics says {later}, accounting {truth}", later == truth and later != income)
    rounds.all_work(house, stage)
