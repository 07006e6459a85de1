"""The database falls, and the network to it."""

import time

from . import rounds


def database(house, stage):
    with house.instead(ATES_DATABASE_READ_URL=house.addresses["ATES_DATABASE_READ_URL"]):
        house.log_in()
        primary_gone(house, stage)
        both_gone(house, stage)
        edited_balance(house, stage)


def refuses_changes(house, stage, words):
    rounds.refuses(stage, "a form", house.kesha.send("/tasks", title="Not now", description=""), words)
    rounds.refuses(stage, "the API", house.kesha.api("POST", "/api/v1/tasks", {"title": "Not now"}), words)


def primary_gone(house, stage):
    told = house.task("Told before the fall")
    tasks = "select count(*) from report_v1.tasks"
    known = house.number(tasks)
    stage.did("the primary is killed; a hot standby is configured")
    house.standby("crash")
    banner = lambda: (page := house.kesha.page("/tasks")).status == 200 and page.has("read-only")
    stage.within("view-only: /tasks is shown with the banner “The main database is away”", banner)
    paths = [(house.boss, "/tasks/all"), (house.kesha, "/account"), (house.buh, "/accounting"), (house.root, "/analytics")]
    pages = [person.page(path) for person, path in paths]
    stage.saw(f"{', '.join(path for _, path in paths)}: {[page.status for page in pages]}, with it", all(page.status == 200 and page.has("read-only") for page in pages))
    refuses_changes(house, stage, "main database is away")
    stage.saw(f"health says {house.ready()}, the process lives", house.ready() == "read_only" and house.main.lives())
    stage.did("scripts/standby promote")
    house.standby("promote")
    stage.within("changes work again, without a restart", lambda: house.ready() == "ready")
    stage.saw(f"no task was lost: {known}", house.number(tasks) == known)
    house.task("After the failover")
    stage.within("the tasks of before and after are priced and booked", lambda: house.unbooked() == 0 and house.waiting() == 0)
    stage.saw(f"the one of before: {house.kesha.get(f'/api/v1/tasks/{told}').json.get('status')}", True)
    house.standby("rejoin")
    stage.did("the old primary becomes the standby of the new one")
    rounds.all_work(house, stage)


def both_gone(house, stage):
    stage.did("both servers are killed")
    house.standby("halt-standby")
    house.standby("crash")
    stage.within("health says unavailable", lambda: house.ready() == "unavailable")
    rounds.refuses(stage, "/tasks", house.kesha.page("/tasks"))
    rounds.refuses(stage, "a change", house.kesha.api("POST", "/api/v1/tasks", {"title": "Not now"}))
    answer = house.main.health("live")
    stage.saw(f"/health/live: {answer.status}; the process does not exit", answer.status == 200 and house.main.lives())
    house.standby("revive")
    stage.did("they come back")
    stage.within("it recovers by itself", lambda: house.ready() == "ready")
    rounds.all_work(house, stage)
    house.settle()


def edited_balance(house, stage):
    edit = """set session_replication_role = replica; update accounting.balances set amount_minor = amount_minor {} 100000
      where account_id = (select user_id from report_v1.people where username = 'kesha')"""
    release = lambda who: house.ates(
        "release", "--username", who, "--reason", "The balance is set back", "--password-stdin", said=house.root.password, check=False
    )
    stopped = lambda: house.ready() == "stopped"
    stage.did("somebody edits a balance in the database: $1,000 more")
    with house.broken(edit.format("+"), edit.format("-")):
        # The reconciler rests three times as long as a round takes, which on a busy machine is long.
        stage.within("the reconciler sets the emergency stop", stopped, 90)
        page = house.kesha.page("/tasks")
        stage.saw("every page says why: “Emergency stop… the books differ”", page.status == 200 and "Emergency stop" in page.text)
        rounds.refuses(stage, "a change", house.kesha.api("POST", "/api/v1/tasks", {"title": "Not now"}), "Emergency stop")
    stage.did("the balance is set back")
    refused = release("boss")
    stage.saw(f"a manager cannot release it: exit code {refused.returncode}, “{refused.stderr.strip()}”", refused.returncode != 0 and stopped())
    done = release("root")
    stage.saw(f"an administrator can: “{done.stdout.strip()}”", done.returncode == 0)
    stage.within("changes work", lambda: house.ready() == "ready")
    rounds_made = "select extract(epoch from agreed_at) from platform.reconciler"
    released = float(house.sql(rounds_made))
    stage.within("the next round finds that the books agree", lambda: float(house.sql(rounds_made)) > released, 90)
    stage.saw("and sets no stop again", house.ready() == "ready")
    rounds.all_work(house, stage)


def network(house, stage):
    cut = [
        "alter database ates with allow_connections false",
        "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = 'ates'",
    ]
    child = house.main.child.pid
    name, uid = house.one_of("kesha", "gosha")
    stage.did("the network falls: every session of the database is ended, and no new one is let in")
    with house.broken(cut, "alter database ates with allow_connections true", "postgres"):
        stage.within("health says unavailable", lambda: house.ready() == "unavailable")
        rounds.refuses(stage, "/tasks", house.kesha.page("/tasks"))
        rounds.refuses(stage, "a change", house.complete(name, uid))
        stage.saw(f"health: {house.main.health('live').status}; the process lives", house.main.lives())
        time.sleep(3)
        stage.saw("three seconds later too", house.main.lives() and house.ready() == "unavailable")
    stage.did("it is back")
    stage.within("the same process works again, nobody restarted it", lambda: house.ready() == "ready" and house.main.child.pid == child)
    done = house.complete(name, uid)
    stage.saw(f"{name} completes: {done.status}", done.status == 200)
    rounds.all_work(house, stage)
    stage.did("and the manual restart, in the middle of work: SIGTERM, start")
    house.task("On the way")
    began = time.monotonic()
    house.main.stop()
    house.main.start()
    house.main.await_live()
    stage.within(f"it is ready {time.monotonic() - began:.1f} s after the order and", lambda: house.ready() == "ready")
    page = house.kesha.page("/tasks")
    stage.saw(f"with the session of before: {page}", page.whole)
    rounds.all_work(house, stage)
