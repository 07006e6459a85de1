//! The planned scenarios as data.
//!
//! `starts` gives what started after `$1` and not after `$2`, with the columns of [`COLUMNS`]; `done` is a condition on one such row,
//! named `s`. An open alert has the same columns, so that the same condition clears it. `$3` is the last date whose settlement is due.

/// The compensating entry that an alert proposes (R17).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proposal {
    /// None: it is not about money, or heals by itself only.
    Nothing,
    /// Book the fee of the assignment.
    Fee,
    /// Book the reward of the task.
    Reward,
    /// Book the opposite of the transfer.
    Reverse,
}

/// A step that must follow another one within the limit.
#[derive(Debug)]
pub struct Step {
    /// The scenario's code; `scenario-…` is its name in the reader's language.
    pub scenario: &'static str,
    /// The step's code within it; `step-…` of both is its name.
    pub step: &'static str,
    /// The consumer that must have passed what starts the step before it is judged; empty when none is waited for.
    pub waits_for: &'static str,
    /// Whether it is judged only where mails leave.
    pub needs_mail: bool,
    /// What an operator may book instead.
    pub proposes: Proposal,
    /// What starts the step.
    pub starts: &'static str,
    /// What shows that it was done.
    pub done: &'static str,
}

/// The columns of `starts`, in this order, under these names.
pub const COLUMNS: &str =
    "subject, task_id, employee_id, assignment_seq, business_date, transfer_id, since";

const NO_STEP: Step = Step {
    scenario: "",
    step: "",
    waits_for: "",
    needs_mail: false,
    proposes: Proposal::Nothing,
    starts: "",
    done: "",
};

/// A transfer is looked for row by row (`offset 0`, of which no join is made), in the months since what it is for: a look each minute must not read
/// the months before. The business date of what happened is that of UTC or one beside it; the clocks of two instances differ by less than seven days.
const FEE_BOOKED: &str = "exists (select from report_v1.transfers t where t.kind = 'assignment_fee'
    and t.task_id = s.task_id and t.assignment_seq = s.assignment_seq and t.business_date >= s.since::date - 1 offset 0)";

/// Every step of every scenario.
pub const PLAN: &[Step] = &[
    Step {
        scenario: "creation",
        step: "price",
        waits_for: "accounting.ledger",
        proposes: Proposal::Fee,
        starts: "select a.task_id::text as subject, a.task_id, a.assignee_id as employee_id, a.assignment_seq, null::date as business_date,
              null::uuid as transfer_id, a.created_at as since
            from report_v1.assignments a where a.created_at > $1 and a.created_at <= $2 and a.assignment_seq = 1",
        done: "exists (select from report_v1.tasks t where t.task_id = s.task_id and t.fee_minor is not null)",
        ..NO_STEP
    },
    Step {
        scenario: "creation",
        step: "fee",
        waits_for: "accounting.ledger",
        proposes: Proposal::Fee,
        starts: "select a.task_id::text as subject, a.task_id, a.assignee_id as employee_id, a.assignment_seq, null::date as business_date,
              null::uuid as transfer_id, a.created_at as since
            from report_v1.assignments a join report_v1.tasks t on t.task_id = a.task_id
            where a.created_at > $1 and a.created_at <= $2 and a.assignment_seq = 1 and t.fee_minor is not null",
        done: FEE_BOOKED,
        ..NO_STEP
    },
    Step {
        scenario: "creation",
        step: "open",
        waits_for: "tasks.prices",
        starts: "select e.subject::text as subject, e.subject as task_id, null::uuid as employee_id, null::integer as assignment_seq,
              null::date as business_date, null::uuid as transfer_id, e.created_at as since
            from report_v1.events e where e.created_at > $1 and e.created_at <= $2 and e.type = 'task.estimated'",
        done: "not exists (select from report_v1.tasks t where t.task_id = s.task_id and t.status = 'saving')",
        ..NO_STEP
    },
    Step {
        scenario: "assignment",
        step: "fee",
        waits_for: "accounting.ledger",
        proposes: Proposal::Fee,
        starts: "select a.task_id || ' ' || a.assignment_seq as subject, a.task_id, a.assignee_id as employee_id, a.assignment_seq,
              null::date as business_date, null::uuid as transfer_id, a.created_at as since
            from report_v1.assignments a where a.created_at > $1 and a.created_at <= $2 and a.assignment_seq > 1",
        done: FEE_BOOKED,
        ..NO_STEP
    },
    Step {
        scenario: "completion",
        step: "reward",
        waits_for: "accounting.ledger",
        proposes: Proposal::Reward,
        starts: "select c.task_id::text as subject, c.task_id, c.assignee_id as employee_id, null::integer as assignment_seq,
              null::date as business_date, null::uuid as transfer_id, c.created_at as since
            from report_v1.completions c where c.created_at > $1 and c.created_at <= $2",
        done: "exists (select from report_v1.transfers t where t.kind = 'completion_reward' and t.task_id = s.task_id
              and t.business_date >= s.since::date - 1 offset 0)",
        ..NO_STEP
    },
    Step {
        scenario: "booking",
        step: "cause",
        proposes: Proposal::Reverse,
        starts: "select t.transfer_id::text as subject, t.task_id, t.employee_id, t.assignment_seq, t.business_date, t.transfer_id,
              e.created_at as since
            from report_v1.events e cross join lateral (select * from report_v1.transfers t
              where t.business_date = substring(e.data ->> 'business_date' from '^\\d{4}-\\d\\d-\\d\\d$')::date
                and t.transfer_id = substring(e.data ->> 'transfer' from '^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$')::uuid offset 0) t
            where e.created_at > $1 and e.created_at <= $2 and e.type = 'audit_log_record.created'
              and t.kind in ('assignment_fee', 'completion_reward')",
        done: "exists (select from report_v1.tasks k cross join lateral (select from report_v1.assignments a where a.task_id = k.task_id
                and a.created_at >= k.created_at - interval '7 days' and a.assignment_seq = s.assignment_seq and a.assignee_id = s.employee_id offset 0) a
              where s.assignment_seq is not null and k.task_id = s.task_id)
            or exists (select from report_v1.tasks k cross join lateral (select from report_v1.completions c where c.task_id = k.task_id
                and c.created_at >= k.created_at - interval '7 days' and c.assignee_id = s.employee_id offset 0) c
              where s.assignment_seq is null and k.task_id = s.task_id)
            or exists (select from report_v1.corrections k where k.corrected_transfer_id = s.transfer_id and k.state = 'confirmed')",
        ..NO_STEP
    },
    Step {
        scenario: "day",
        step: "close",
        starts: "select d.day::date::text as subject, null::uuid as task_id, null::uuid as employee_id, null::integer as assignment_seq,
              d.day::date as business_date, null::uuid as transfer_id, $2 as since
            from (select coalesce((select min(r.business_date) from report_v1.payout_runs r where r.status <> 'closed'),
                (select max(r.business_date) + 1 from report_v1.payout_runs r), (select min(t.business_date) from report_v1.transfers t)) as first) as open
              cross join lateral generate_series(open.first::timestamp, $3::timestamp, interval '1 day') as d(day)
            where $1 is not null",
        done: "exists (select from report_v1.payout_runs r where r.business_date = s.business_date and r.status = 'closed')",
        ..NO_STEP
    },
    Step {
        scenario: "payout",
        step: "mail",
        needs_mail: true,
        starts: "select p.transfer_id::text as subject, null::uuid as task_id, p.employee_id, null::integer as assignment_seq,
              p.business_date, p.transfer_id, coalesce(r.finished_at, r.started_at) as since
            from report_v1.payout_runs r join report_v1.payouts p on p.business_date = r.business_date
            where coalesce(r.finished_at, r.started_at) > $1 and coalesce(r.finished_at, r.started_at) <= $2",
        done: "exists (select from report_v1.mails m where m.kind = 'payout' and m.employee_id = s.employee_id and m.state = 'sent'
              and m.mail_id in (select p.mail_id from report_v1.payouts p
                where p.employee_id = s.employee_id and p.business_date = s.business_date))",
        ..NO_STEP
    },
    Step {
        scenario: "leaving",
        step: "redraw",
        waits_for: "tasks.employees",
        starts: "select e.subject::text as subject, null::uuid as task_id, e.subject as employee_id, null::integer as assignment_seq,
              null::date as business_date, null::uuid as transfer_id, max(e.created_at) as since
            from report_v1.events e
            where e.created_at > $1 and e.created_at <= $2 and e.type in ('account.updated', 'account.deleted') group by e.subject",
        done: "exists (select from report_v1.users u where u.user_id = s.employee_id and u.active
              and not u.roles && array['manager', 'administrator', 'internalservice'])
            or not exists (select from report_v1.tasks t where t.assignee_id = s.employee_id and t.status = 'open')",
        ..NO_STEP
    },
    Step {
        scenario: "delivery",
        step: "heard",
        starts: "select c.name as subject, null::uuid as task_id, null::uuid as employee_id, null::integer as assignment_seq,
              null::date as business_date, null::uuid as transfer_id, e.created_at as since
            from report_v1.consumers c
              cross join lateral (select e.created_at from report_v1.events e where e.seq > c.position order by e.seq limit 1) e
            where c.state = 'running' and e.created_at <= $2 and $1 is not null",
        done: "not exists (select from report_v1.consumers c where c.name = s.subject and c.state = 'running' and
              (select e.created_at from report_v1.events e where e.seq > c.position order by e.seq limit 1) <= s.since)",
        ..NO_STEP
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::platform::i18n::Lang;

    #[test]
    fn r16_every_step_has_a_name_of_its_own_in_both_languages() {
        let codes: BTreeSet<_> = PLAN.iter().map(|step| (step.scenario, step.step)).collect();
        assert_eq!(codes.len(), PLAN.len());
        for step in PLAN {
            for lang in Lang::ALL {
                let names = [
                    format!("scenario-{}", step.scenario),
                    format!("step-{}-{}", step.scenario, step.step),
                ];
                assert!(
                    names.iter().all(|name| lang.loader().has(name)),
                    "{names:?}"
                );
            }
            for column in COLUMNS.split(", ") {
                assert!(
                    step.starts.contains(column),
                    "{} has no {column}",
                    step.step
                );
            }
        }
    }
}
