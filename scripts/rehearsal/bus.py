"""What travels falls: the broker, messages that come twice, the mails."""

import json

from . import rounds


def broker(house, stage):
    name, uid = house.one_of("kesha", "gosha")
    house.settle()
    day, known = house.today, len(house.mails.taken)
    names = house.consumers()
    stage.did(f"all {len(names)} consumers are paused: {', '.join(names)}")
    house.pause(*names)
    before = house.balance(name)
    done = house.complete(name, uid)
    stage.saw(f"the tracker works: {name} completes a task: {done.status}", done.status == 200)
    rounds.all_work(house, stage)
    lag = house.number("select sum(lag) from report_v1.consumers")
    stage.saw(f"{lag} events wait, the balance stays {house.balance(name)}", lag > 0 and house.balance(name) == before)
    house.later(24 * 3600)
    stage.did(f"{day} is over")
    asked = house.root.api("POST", "/api/v1/accounting/payouts", {"business_date": str(day)})
    stage.saw(f"the settlement waits and says why: {asked.status}, “{asked.json.get('reason')}”", asked.status == 202 and "not yet heard" in asked.text)
    stage.within("so does the page: “It waits: the ledger has not yet heard of everything…”", lambda: "It waits: the ledger has not yet heard" in house.buh.page("/accounting/payouts").words)
    stage.saw(f"nobody is paid, mails: {len(house.mails.taken) - known}", not house.number(f"select count(*) from report_v1.payouts where business_date = '{day}'"))
    stage.did("the consumers are resumed")
    house.resume(*names)
    state = lambda: house.buh.get(f"/api/v1/accounting/payouts/{day}").json
    stage.within("the remaining payouts happen", lambda: state().get("status") == "done" and f"{state()['people']} people, {state()['total_minor']} cents")
    paid = house.number(f"select count(*) from report_v1.payouts p join report_v1.people e on e.user_id = p.employee_id where business_date = '{day}' and e.username = '{name}'")
    stage.saw(f"{name} is paid once for {day}, with what was earned while the broker was down", paid == 1)
    stage.within("and the mails go out", lambda: name in house.mails.of(known) and ", ".join(house.mails.of(known)))


def duplicates(house, stage):
    house.complete(*house.one_of("kesha", "gosha"))
    house.settle()
    ledger, balances = house.ledger(), [house.balance(name) for name in house.people]
    events = house.number("select count(*) from report_v1.events")
    stage.did(f"ates events replay --from 1: all {events} events are delivered once more")
    said = house.ates("events", "replay", "--from", "1").stdout
    names = [line.split()[0] for line in said.splitlines() if "hears the log again" in line]
    stage.saw(f"heard again by {', '.join(names)}", "accounting.ledger" in names)
    stage.within("all is heard", lambda: house.waiting() == 0)
    stage.saw(f"the ledger before: {ledger}; after: {house.ledger()}", house.ledger() == ledger)
    stage.saw("every balance is the same", [house.balance(name) for name in house.people] == balances)
    stage.did("a request is sent twice with one Idempotency-Key")
    body = {"title": "Mend the feeder"}
    first, second = (house.kesha.api("POST", "/api/v1/tasks", body, idempotency_key="rehearsal-" + ledger[-12:]) for _ in range(2))
    stage.saw(f"{first.status} and {second.status}, one task", first.json.get("uid") == second.json.get("uid") is not None)


def notifications(house, stage):
    name, uid = house.one_of("kesha", "gosha")
    done = house.complete(name, uid)
    stage.saw(f"{name} completes a task: {done.status}", done.status == 200)
    house.settle()
    day, known = house.today, len(house.mails.taken)
    stage.did(f"the mail server goes away; then {day} ends")
    house.mails.close()
    house.later(24 * 3600)
    state = lambda: house.buh.get(f"/api/v1/accounting/payouts/{day}").json
    stage.within("the day is settled all the same", lambda: state().get("status") == "done" and f"{state()['people']} people paid")
    unsent = "select count(*) from report_v1.mails where state <> 'sent'"
    stage.within("mails wait", lambda: house.number("select count(*) from report_v1.mails where state = 'waiting'") and f"{house.number(unsent)} unsent")
    wait = house.number(unsent)
    page = house.buh.page("/admin/mails")
    stage.saw(f"/admin/mails lists them: {page}", page.status == 200 and "@uberpopug.example" in page.text)
    items = house.events_of("payment_log_record.created")
    paid = [item for item in items if str(day) in json.dumps(item["data"])]
    stage.saw(f"the payouts that nobody has heard of can be read from the bus: {len(paid)} events, such as {paid[-1]['id'] if paid else 'none'}", bool(paid))
    rounds.all_work(house, stage)
    house.mails.open()
    stage.did("the mail server is back; a quarter of an hour passes")
    house.later(15 * 60)
    stage.within("no mail waits", lambda: house.number(unsent) == 0)
    stage.saw(f"{len(house.mails.taken) - known} mails came, {wait} had waited: {', '.join(house.mails.of(known))}", name in house.mails.of(known))
    stage.saw("each mail of this rehearsal came exactly once, by its Message-ID", len(house.mails.taken) - known >= wait and house.mails.each_once())
