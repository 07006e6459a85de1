"""Money falls: its transactions, its dashboard, the whole service, and its effects after tasks were created."""

import concurrent.futures
import os
import signal
import time

from . import rounds


def transactions(house, stage):
    house.one_of("kesha", "gosha")
    house.settle()
    frozen = {name: house.balance(name) for name in ("kesha", "gosha", "buh")}
    ledger = house.ledger()
    stage.did("ates events pause accounting.ledger: nothing is priced and nothing is booked")
    house.pause("accounting.ledger")
    pressed = house.shuffle()
    stage.saw(f"a shuffle is pressed: {pressed.status}", pressed.status == 202)
    stage.within("it goes on to its end", lambda: house.shuffled(pressed))
    uids = [house.task(f"Saved in the dark {number}") for number in range(3)]
    states = {house.kesha.get(f"/api/v1/tasks/{uid}").json.get("status") for uid in uids}
    page = house.kesha.page(f"/tasks/{uids[0]}")
    stage.saw(f"three new tasks: {states}, on the page “Saving…”", states == {"saving"} and "Saving…" in page.text)
    holder = house.holder_of(uids[0])
    refused = house.complete(holder, uids[0])
    stage.saw(f"{holder} cannot complete one yet: {refused}", refused.status == 409)
    open_one = house.one_of("kesha", "gosha", "buh")
    while open_one[1] in uids:
        open_one = next(one for one in house.open_tasks("kesha", "gosha", "buh") if one[1] not in uids)
    done = house.complete(*open_one)
    stage.saw(f"an open one is completed: {done.status}", done.status == 200)
    rounds.all_work(house, stage)
    now = {name: house.balance(name) for name in frozen}
    stage.saw(f"balances freeze: {now}", now == frozen and house.ledger() == ledger)
    missing = house.unbooked()
    house.sql("update bus.subscribers set position = (select max(seq) from bus.events) where name = 'accounting.ledger'")
    stage.did(f"the notices of all that, {missing} fees and rewards, are lost: the cursor is put behind them; then resume")
    house.resume("accounting.ledger")
    stage.saw(f"still missing: {house.unbooked()}", house.unbooked() == missing > 3)
    house.later(61)
    stage.within("a minute later the sweep has found and charged them all, each once", lambda: house.unbooked() == 0)
    stage.within("the new tasks are open", lambda: all(house.kesha.get(f"/api/v1/tasks/{uid}").json.get("status") == "open" for uid in uids))
    now = {name: house.balance(name) for name in frozen}
    stage.saw(f"balances: {now}", now != frozen)


def dashboard(house, stage):
    with house.beside("--read-only") as shown, concurrent.futures.ThreadPoolExecutor() as elsewhere:
        page = house.buh.page("/accounting", port=shown.port)
        stage.saw(f"before: {page}", page.whole)
        stage.did("the process that shows the money to accountants freezes (SIGSTOP)")
        os.kill(shown.child.pid, signal.SIGSTOP)
        began = time.monotonic()
        waits = elsewhere.submit(house.buh.page, "/accounting", shown.port)
        rounds.all_work(house, stage, "/accounting")
        name, uid = house.one_of("kesha", "gosha")
        done = house.complete(name, uid)
        stage.saw(f"{name} completes a task: {done.status}", done.status == 200)
        stage.within("it is booked", lambda: house.unbooked() == 0 and house.waiting() == 0)
        stage.saw(f"the accountant waits, for {time.monotonic() - began:.1f} s by now", not waits.done())
        os.kill(shown.child.pid, signal.SIGCONT)
        page = waits.result()
        stage.saw(f"it goes on, and so does the accountant: {page}", page.whole)
    stage.did("then the ledger itself is locked under the dashboard of the main process")
    with house.held("accounting.transfers", "accounting.balances"):
        page = house.buh.page("/accounting")
        stage.saw(f"/accounting after {page.took:.1f} s: {page.status}, “{'; '.join(page.notes()[:1])}”", page.status == 200 and not page.whole)
        uid = house.task("Created beside the lock")
        listed = house.kesha.page("/tasks")
        stage.saw(f"a task is created, /tasks: {listed.status}", listed.status == 200)
    stage.within("the lock is gone, the fee is booked", lambda: house.unbooked() == 0 and house.waiting() == 0)
    stage.saw(f"the task: {house.kesha.get(f'/api/v1/tasks/{uid}').json.get('status')}", True)
    stage.within("/accounting is whole again", lambda: house.buh.page("/accounting").whole)


def accounting(house, stage):
    name, uid = house.one_of("kesha", "gosha")
    house.settle()
    ledger = house.ledger()
    stage.did("the schema of the accounting service is renamed")
    with house.broken("alter schema accounting rename to accounting_away", "alter schema accounting_away rename to accounting"):
        for path, person in (("/account", house.kesha), ("/accounting", house.buh)):
            page = person.page(path)
            stage.saw(f"{path}: {page.status}, “{'; '.join(page.notes()[:1])}”", not page.whole and "unavailable right now" in page.words)
        rounds.refuses(stage, "the balance", house.kesha.get("/api/v1/accounting/balance"))
        rounds.refuses(stage, "the payouts", house.buh.page("/accounting/payouts"))
        rounds.refuses(stage, "the mails", house.buh.page("/admin/mails"))
        created = house.task("Created without accounting")
        done = house.complete(name, uid)
        stage.saw(f"the tracker works: a task is created, one completed: {done.status}", done.status == 200)
        listed = house.kesha.page("/tasks")
        stage.saw(f"/tasks: {listed.status}, “{'; '.join(listed.notes())}”", listed.status == 200)
        pressed = house.shuffle()
        stage.within("a shuffle is done", lambda: house.shuffled(pressed))
        others = [house.boss.page("/tasks/all"), house.root.page("/analytics"), house.root.page("/admin/users")]
        stage.saw(f"all tasks, analytics, people: {[answer.status for answer in others]}", all(answer.status == 200 for answer in others))
        waits = house.number(WAITING_FOR_MONEY)
        stage.saw(f"{waits} events wait for accounting in the log", waits >= 3)
        stage.did("the program and the database are killed too (SIGKILL) and started again: are those events on disk?")
        house.main.kill()
        house.standby("crash")
        house.standby("revive")
        still = house.number(WAITING_FOR_MONEY)
        stage.saw(f"{still} events wait", still >= waits)
    house.main.start()
    house.main.await_live()
    stage.did("accounting is back, the operator lets go what the breaker held")
    house.ates("events", "resume", "accounting.ledger", "--holder", "breaker", check=False)
    stage.within("all is booked, each once", lambda: house.waiting() == 0 and house.unbooked() == 0)
    stage.saw(f"the task: {house.kesha.get(f'/api/v1/tasks/{created}').json.get('status')}; the ledger grew", house.ledger() != ledger)
    rounds.all_work(house, stage)


WAITING_FOR_MONEY = """select (select lag from report_v1.consumers where name = 'accounting.ledger')
  + (select count(*) from bus.parked_items where subscriber = 'accounting.ledger' and state not in ('done', 'skipped'))"""


def falls_after_creation(house, stage):
    stage.did("before a deploy: ates selftest, once as it is, once with a price range that ruins people")
    well = house.ates("selftest", check=False)
    steps = [line for line in well.stdout.splitlines() if line.startswith("ok")]
    stage.saw(f"exit code {well.returncode}, {len(steps)} steps ok", well.returncode == 0 and len(steps) >= 10)
    ruined = house.ates("selftest", check=False, ATES_FEE_MIN="50", ATES_FEE_MAX="60")
    caught = next((line for line in ruined.stdout.splitlines() if line.startswith("FAILED")), "nothing")
    stage.saw(f"exit code {ruined.returncode}: {caught}", ruined.returncode == 2 and "price" in caught)
    stage.did("in production: accounting falls, three tasks are created, and their notices are lost")
    with house.instead(ATES_SCENARIO_SECONDS="5", ATES_SWEEP_AFTER_SECONDS="3600"):
        house.log_in()
        house.settle()
        house.pause("accounting.ledger")
        uids = [house.task(f"Created before the fall {number}") for number in range(3)]
        house.sql("update bus.subscribers set position = (select max(seq) from bus.events) where name = 'accounting.ledger'")
        house.resume("accounting.ledger")
        house.later(10)
        alerts = "select count(*) from platform.alerts where cleared_at is null"
        stage.within("the validator shouts", lambda: house.number(alerts) >= 3)
        page = house.buh.page("/admin/scenarios")
        named = [uid for uid in uids if uid in page.text or "Created before the fall" in page.words]
        stage.saw(f"it names task, scenario and step: {page}", page.status == 200 and len(named) == 3 and "price" in page.words)
        tile = house.root.page("/admin")
        stage.saw("the admin section says so", "did not follow" in tile.words)
        house.later(3600)
        stage.within("once the sweep has come by, all is priced and charged, by nobody's hand", lambda: house.unbooked() == 0 and house.waiting() == 0)
        stage.within("the late steps clear the alerts", lambda: house.number(alerts) == 0)
