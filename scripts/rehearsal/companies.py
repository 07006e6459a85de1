"""The people of the house, their tasks, and their money."""

import time

from .processes import free_port
from .stage import Broken
from .visitors import exchange

PEOPLE = {"root": "administrator", "boss": "manager", "buh": "accountant", "kesha": "developer", "gosha": "developer"}


class Company:
    """What the people of a house do, and how their books stand."""

    def __getattr__(self, name):
        if name in PEOPLE:
            return self.people[name]
        raise AttributeError(name)

    def log_in(self):
        for person in self.people.values():
            person.log_in()

    def task(self, title, by="kesha"):
        made = self.people[by].api("POST", "/api/v1/tasks", {"title": title})
        if made.status != 201:
            raise Broken(f"a task cannot be created: {made}")
        return made.json["uid"]

    def open_tasks(self, *names):
        """Who has which open tasks."""
        found = []
        for name in names or PEOPLE:
            mine = self.people[name].get("/api/v1/tasks/mine?status=open&limit=100").json.get("items", [])
            found += [(name, task["uid"]) for task in mine]
        return found

    def complete(self, name, uid):
        return self.people[name].api("POST", f"/api/v1/tasks/{uid}/complete", {})

    def one_of(self, *names):
        """Somebody's open task; one more is made while there is none."""
        for _ in range(40):
            found = self.open_tasks(*names)
            if found:
                return found[0]
            self.task("One more")
            self.settle()
        raise Broken("nobody gets a task")

    def shuffle(self):
        return self.boss.api("POST", "/api/v1/tasks/reassign", {})

    def shuffled(self, pressed):
        return self.boss.get(f"/api/v1/tasks/reassign/{pressed.json['uid']}").json.get("status") == "done"

    def balance(self, name):
        return self.people[name].get("/api/v1/accounting/balance").json.get("balance_minor")

    def consumers(self):
        return [name for name in self.sql("select name from report_v1.consumers order by 1").splitlines()]

    def pause(self, *names):
        for name in names:
            self.ates("events", "pause", name, "--reason", "The rehearsal of a failure", "--holder", "rehearsal")

    def resume(self, *names):
        for name in names:
            self.ates("events", "resume", name, "--holder", "rehearsal")

    WAITING = """select (select coalesce(sum(lag), 0) from report_v1.consumers where name not like 'relay%')
      + (select count(*) from report_v1.tasks where status = 'saving')
      + (select count(*) from bus.parked_items where state not in ('done', 'skipped'))
      + (select count(*) from tasks.shuffles where state <> 'done')"""

    def waiting(self):
        return self.number(self.WAITING)

    def settle(self, limit=40):
        until = time.monotonic() + limit
        while self.waiting():
            if time.monotonic() > until:
                raise Broken(f"{self.waiting()} things still wait after {limit} s")
            time.sleep(0.1)

    def uid(self, name):
        """Somebody's id, as others see it."""
        return self.sql(f"select user_id from report_v1.people where username = '{name}'")

    def holder_of(self, task):
        """Who has a task."""
        return self.sql(
            f"select username from report_v1.tasks t join report_v1.people p on p.user_id = t.assignee_id where t.task_id = '{task}'"
        )

    def events_of(self, kind):
        """All events of a type, as a reader of the feed gets them."""
        found, after = [], 0
        while True:
            piece = self.root.get(f"/api/v1/events?type={kind}&limit=100&after={after}").json
            found += piece["items"]
            if piece["next"] >= piece["head"] or piece["next"] == after:
                return found
            after = piece["next"]

    def scrape(self, port):
        return exchange(port, "GET", "/metrics").text

    free_port = staticmethod(free_port)

    def unbooked(self):
        """Assignments without their fee and completions without their reward, or with two."""
        return self.number(
            """select count(*) from (
              select 1 from report_v1.assignments a left join report_v1.transfers t
                on t.kind = 'assignment_fee' and t.task_id = a.task_id and t.assignment_seq = a.assignment_seq
              group by a.task_id, a.assignment_seq having count(t.transfer_id) <> 1
              union all
              select 1 from report_v1.completions c left join report_v1.transfers t
                on t.kind = 'completion_reward' and t.task_id = c.task_id
              group by c.task_id having count(t.transfer_id) <> 1) wrong"""
        )

    LEDGER = """select count(*) || ' transfers, ' || md5(coalesce(string_agg(concat_ws(' ', transfer_id, kind, account_id, amount_minor,
      task_id, assignment_seq, reason_event_id, business_date), ',' order by transfer_id), '')) from report_v1.ledger"""

    def ledger(self):
        return self.sql(self.LEDGER)

    def verified(self):
        """What ates verify says; on a busy machine it may not get a connection in time, and is asked again."""
        for _ in range(10):
            self._verified = done = self.ates("verify", check=False)
            if "does not answer" not in done.stderr:
                break
        lines = (done.stdout + done.stderr).strip().splitlines()
        wrong = [line for line in lines if not line.startswith("ok")]
        return f"{sum(line.startswith('ok') for line in lines)} invariants hold" + (f"; {'; '.join(wrong[:4])}" if done.returncode else "")

    def is_clean(self):
        return self._verified.returncode == 0
