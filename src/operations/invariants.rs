//! The eleven invariants of the contract as SQL, and a twelfth: the seals of the closed dates.
//!
//! Each query gives one text column, `offender`: a line for every row that breaks it, with what it is about before its first colon.
//! `$1` is the present instant, `$2` and `$3` are the first and the last business date in question; `Window` says the rest. Asked of
//! all dates they read each view once or twice as a whole and join by hash, so that a ledger of a million transfers takes seconds.

use super::seals::SEALS_IN_QUESTION;

/// Something that always holds on a quiet, healthy system.
#[derive(Debug)]
pub struct Invariant {
    /// Its number in the contract.
    pub number: u8,
    /// What holds, in a sentence.
    pub name: &'static str,
    /// The id of the same sentence in the reader's language.
    pub label: &'static str,
    /// Whether money is wrong when it is broken.
    pub money: bool,
    /// The queries for the rows that break it.
    pub sql: &'static [&'static str],
}

/// How long an event, a task or an assignment may wait is written in the queries: 60 seconds, as in the contract.
pub const INVARIANTS: &[Invariant] = &[
    Invariant {
        number: 1,
        name: "every transfer has two postings that sum to zero",
        label: "check-1",
        money: true,
        sql: &[BALANCED],
    },
    Invariant {
        number: 2,
        name: "each balance is the sum of the employee's transfers",
        label: "check-2",
        money: true,
        sql: &[BALANCES],
    },
    Invariant {
        number: 3,
        name: "each assignment was charged once, to the right employee, at the task's price",
        label: "check-3",
        money: true,
        sql: &[FEES],
    },
    Invariant {
        number: 4,
        name: "a task is done exactly if it was rewarded once, to who completed it, at its price",
        label: "check-4",
        money: true,
        sql: &[REWARDS],
    },
    Invariant {
        number: 5,
        name: "a reason has one effect of each kind on a task",
        label: "check-5",
        money: true,
        sql: &[REASONS],
    },
    Invariant {
        number: 6,
        name: "nothing waits for longer than a minute",
        label: "check-6",
        money: false,
        sql: &[WAITING],
    },
    Invariant {
        number: 7,
        name: "a closed date paid everyone exactly once what was above zero",
        label: "check-7",
        money: true,
        sql: &[PAYOUTS, STATEMENTS],
    },
    Invariant {
        number: 8,
        name: "nothing is booked into a closed date",
        label: "check-8",
        money: true,
        sql: &[CLOSED_DATES],
    },
    Invariant {
        number: 9,
        name: "each payout has one mail, and each mail one Message-ID",
        label: "check-9",
        money: false,
        sql: &[MAILS],
    },
    Invariant {
        number: 10,
        name: "no role of the program can change the books or another module's tables",
        label: "check-10",
        money: false,
        sql: &[PRIVILEGES],
    },
    Invariant {
        number: 11,
        name: "nobody who gets no tasks was given one",
        label: "check-11",
        money: false,
        sql: &[ASSIGNEES],
    },
    Invariant {
        number: 12,
        name: "each closed date holds what its seal says, and the seals are one chain",
        label: "check-12",
        money: true,
        sql: &[SEALS_IN_QUESTION],
    },
];

const BALANCED: &str = "
    select case when grouping(p.transfer_id) = 1 then format('the whole book: sum %s', sum(p.amount_minor))
        else format('transfer %s: %s postings, sum %s', p.transfer_id, count(*), sum(p.amount_minor)) end as offender
    from report_v1.postings p where p.business_date between $2 and $3 and {part p.transfer_id}
    group by grouping sets ((p.transfer_id), ())
    having sum(p.amount_minor) <> 0 or (grouping(p.transfer_id) = 0 and count(*) < 2)";

const BALANCES: &str = "
    select format('employee %s: shown %s, sum of transfers %s', coalesce(b.employee_id, t.employee_id),
      coalesce(b.balance_minor::text, 'nothing'), coalesce(s.closing_minor, 0) + coalesce(t.sum_minor, 0)) as offender
    from report_v1.balances b
      full join (select employee_id, sum(amount_minor) as sum_minor from report_v1.transfers where business_date >= $2
        group by employee_id) t on t.employee_id = b.employee_id
      left join lateral (select s.closing_minor from report_v1.statements s
        where s.employee_id = coalesce(b.employee_id, t.employee_id) and s.business_date < $2
        order by s.business_date desc limit 1) s on true
    where $3 >= date '9999-01-01' and coalesce(b.balance_minor, 0) <> coalesce(s.closing_minor, 0) + coalesce(t.sum_minor, 0)";

/// A transfer that confirmed corrections have made good for to the cent is no longer held against the books: a fee without an
/// assignment, or a reward of a task that is not done, stays in the ledger beside its opposite (R17).
///
/// A fee that is missing counts from the moment when accounting has passed the assignment's event, and one that was booked
/// although the task is still saving from the moment when tasks has passed the price; each with a minute's grace. One whose event is
/// parked is late and not wrong: that is told by what waits, and whose it is, is held at the close.
const FEES: &str = "
    with reversed as materialized (
      select c.corrected_transfer_id as transfer_id from report_v1.corrections c
        join report_v1.transfers t on t.transfer_id = c.corrected_transfer_id and t.business_date = c.corrected_date
      where c.state = 'confirmed' and t.kind = 'assignment_fee' and {tasks t.task_id}
        and not exists (select from report_v1.assignments a where a.task_id = t.task_id and a.assignment_seq = t.assignment_seq)
      group by c.corrected_transfer_id, t.amount_minor having sum(c.amount_minor) = -t.amount_minor
    ),
    fees as (
      select f.* from {touched report_v1.transfers f business_date: f.kind = 'assignment_fee'}
      where f.transfer_id not in (select transfer_id from reversed)
    ),
    passed as (
      select least($1, min(e.created_at) filter (where c.name like 'accounting.%')) - interval '60 seconds' as by_accounting,
        least($1, min(e.created_at) filter (where c.name like 'tasks.%')) - interval '60 seconds' as by_tasks
      from report_v1.consumers c
        cross join lateral (select e.created_at from report_v1.events e where e.seq > c.position order by e.seq limit 1) e
    )
    select format('task %s, assignment %s: %s', coalesce(a.task_id, f.task_id), coalesce(a.assignment_seq, f.assignment_seq),
        case when a.task_id is null then 'a fee without an assignment'
          when f.task_id is null then 'no fee'
          when f.employee_id <> a.assignee_id then 'another employee was charged'
          when -f.amount_minor is distinct from t.fee_minor
            then format('charged %s, the price is %s', -f.amount_minor, coalesce(t.fee_minor::text, 'none'))
          else 'charged, but still saving' end) as offender
    from {touched report_v1.assignments a created_at: true}
      full join fees f on f.task_id = a.task_id and f.assignment_seq = a.assignment_seq
      left join {touched report_v1.tasks t created_at: true} on t.task_id = coalesce(a.task_id, f.task_id)
      cross join passed
    where case when f.task_id is null then t.status is distinct from 'saving' and a.created_at < passed.by_accounting
        and not coalesce(a.task_id in (select p.key from report_v1.parked_items p where p.consumer like 'accounting.%')
          or a.event_id in (select p.event_id from report_v1.parked_items p where p.consumer like 'accounting.%'), false)
      else a.assignee_id is distinct from f.employee_id or -f.amount_minor is distinct from t.fee_minor
        or (t.status is not distinct from 'saving' and f.created_at < passed.by_tasks) end
    union all
    select format('task %s, assignment %s: %s fees', task_id, assignment_seq, count(*))
    from fees group by task_id, assignment_seq having count(*) > 1";

/// As with fees, a reward may be on its way for a minute after accounting has passed the completion's event.
const REWARDS: &str = "
    with reversed as materialized (
      select c.corrected_transfer_id as transfer_id from report_v1.corrections c
        join report_v1.transfers t on t.transfer_id = c.corrected_transfer_id and t.business_date = c.corrected_date
      where c.state = 'confirmed' and t.kind = 'completion_reward' and {tasks t.task_id}
        and not exists (select from report_v1.completions d where d.task_id = t.task_id)
      group by c.corrected_transfer_id, t.amount_minor having sum(c.amount_minor) = -t.amount_minor
    ),
    rewards as (
      select task_id, count(*) as rewards, max(amount_minor) as most_minor, array_agg(distinct employee_id) as employees
      from {touched report_v1.transfers r business_date: r.kind = 'completion_reward'}
      where r.transfer_id not in (select transfer_id from reversed)
      group by task_id
    ),
    passed as (
      select least($1, min(e.created_at)) - interval '60 seconds' as by_accounting
      from report_v1.consumers c
        cross join lateral (select e.created_at from report_v1.events e where e.seq > c.position order by e.seq limit 1) e
      where c.name like 'accounting.%'
    )
    select format('task %s: %s', coalesce(t.task_id, r.task_id),
        case when t.task_id is null then 'a reward without a task'
          when r.task_id is null then 'done without a reward'
          when t.status <> 'done' then 'a reward although it is not done'
          when r.rewards > 1 then format('%s rewards', r.rewards)
          when r.employees <> array[t.completed_by] then 'somebody else was rewarded'
          else format('rewarded %s, the price is %s', r.most_minor, t.reward_minor) end) as offender
    from {touched report_v1.tasks t created_at: true} full join rewards r on r.task_id = t.task_id
    where case when r.task_id is null then t.status = 'done' and t.completed_at < (select by_accounting from passed)
        and t.task_id not in (select p.key from report_v1.parked_items p where p.consumer like 'accounting.%')
      else t.status is distinct from 'done' or r.rewards <> 1 or r.employees is distinct from array[t.completed_by]
        or r.most_minor is distinct from t.reward_minor end
    union all
    select format('task %s: assignment %s after it was done', a.task_id, a.assignment_seq)
    from {touched report_v1.assignments a created_at: true}
      join {touched report_v1.tasks t created_at: true} on t.task_id = a.task_id
    where t.status = 'done' and a.created_at > t.completed_at";

const REASONS: &str = "
    select format('reason %s: %s transfers of kind %s on task %s', reason_event_id, count(*), kind,
      coalesce(task_id::text, 'none')) as offender
    from report_v1.transfers where business_date between $2 and $3 and {part reason_event_id}
    group by reason_event_id, kind, task_id having count(*) > 1
    union all
    select format('adjustment %s: %s for nothing that was confirmed', t.transfer_id, t.amount_minor)
    from report_v1.transfers t
    where t.kind = 'adjustment' and t.business_date between $2 and $3
      and not exists (select from report_v1.corrections c where c.transfer_id = t.transfer_id and c.state = 'confirmed'
        and c.amount_minor = t.amount_minor)";

/// What an operator has paused does not count as waiting, nor does a dead letter: the position has passed it. What is booked is looked for
/// in the ledger itself: a list of it made beforehand has no index and no statistics, so that a day's first completions, of which the
/// statistics know nothing, were each compared with all of it.
const WAITING: &str = "
    with late as (select $1 - interval '60 seconds' as since),
    running as (
      select coalesce(bool_and(state = 'running') filter (where name like 'accounting.%'), true) as accounting,
        coalesce(bool_and(state = 'running') filter (where name like 'tasks.%'), true) as tasks
      from report_v1.consumers
    )
    select format('consumer %s: event %s waits since %s', c.name, e.seq, e.created_at) as offender
    from report_v1.consumers c cross join late
      cross join lateral (select e.seq, e.created_at from report_v1.events e where e.seq > c.position order by e.seq limit 1) e
    where c.state = 'running' and e.created_at < late.since
    union all
    select format('task %s: saving since %s', t.task_id, t.created_at)
    from report_v1.tasks t cross join late cross join running
    where t.status = 'saving' and t.created_at < late.since and running.accounting and running.tasks
    union all
    select format('task %s: assignment %s is not booked', a.task_id, a.assignment_seq)
    from {touched report_v1.assignments a created_at: true} cross join late cross join running
      join {touched report_v1.tasks t created_at: true} on t.task_id = a.task_id
    where a.created_at < late.since and running.accounting and t.status <> 'saving'
      and not exists (select from report_v1.transfers f where f.kind = 'assignment_fee' and f.task_id = a.task_id
        and f.assignment_seq = a.assignment_seq and f.business_date >= a.created_at::date - 1 {alone})
    union all
    select format('task %s: its completion is not booked', c.task_id)
    from {touched report_v1.completions c created_at: true} cross join late cross join running
    where c.created_at < late.since and running.accounting
      and not exists (select from report_v1.transfers r where r.kind = 'completion_reward' and r.task_id = c.task_id
        and r.business_date >= c.created_at::date - 1 {alone})";

/// The balance at the close is the running sum up to the date without the date's own payout. Dates without a transfer need no
/// look: what was open before them is found at the date it comes from. While a date is closing, whoever is not yet settled, or held,
/// has no payout; who has one got exactly what is due.
const PAYOUTS: &str = "
    with days as (
      select t.employee_id, t.business_date, sum(t.amount_minor) as moved_minor,
        coalesce(-sum(t.amount_minor) filter (where t.kind = 'payout'), 0) as paid_minor
      from report_v1.transfers t where t.business_date between $2 and $3 group by t.employee_id, t.business_date
    ),
    opened as (
      select e.employee_id, coalesce((select s.closing_minor from report_v1.statements s
          where s.employee_id = e.employee_id and s.business_date < $2 order by s.business_date desc limit 1), 0) as opening_minor
      from (select distinct d.employee_id from days d) e
    ),
    closes as (
      select d.*, o.opening_minor + sum(d.moved_minor) over (partition by d.employee_id order by d.business_date)
        + d.paid_minor as before_minor
      from days d join opened o on o.employee_id = d.employee_id
    ),
    payouts as (
      select p.employee_id, p.business_date, count(distinct p.transfer_id) as payouts, min(p.amount_minor) as least_minor
      from report_v1.payouts p where p.business_date between $2 and $3 group by p.employee_id, p.business_date
    ),
    unmatched as (
      select coalesce(p.transfer_id, t.transfer_id) as transfer_id, p.amount_minor, -t.amount_minor as booked_minor
      from (select * from report_v1.payouts where business_date between $2 and $3) p
        full join (select * from report_v1.transfers where kind = 'payout' and business_date between $2 and $3) t
          on t.transfer_id = p.transfer_id
      where p.transfer_id is null or t.transfer_id is null or p.amount_minor <> -t.amount_minor
        or p.employee_id <> t.employee_id or p.business_date <> t.business_date
    )
    select format('employee %s, %s: the balance at the close was %s, paid were %s', c.employee_id, c.business_date,
      c.before_minor, c.paid_minor) as offender
    from closes c join report_v1.payout_runs r on r.business_date = c.business_date
    where c.paid_minor <> greatest(c.before_minor, 0) and (r.status = 'closed' or c.paid_minor <> 0)
    union all
    select format('employee %s, %s: held although the date is closed', h.employee_id, h.business_date)
    from report_v1.held_accounts h join report_v1.payout_runs r on r.business_date = h.business_date
    where h.released_at is null and r.status = 'closed'
    union all
    select format('employee %s, %s: paid although the close has not begun', c.employee_id, c.business_date)
    from closes c left join report_v1.payout_runs r on r.business_date = c.business_date
    where c.paid_minor <> 0 and r.business_date is null
    union all
    select format('employee %s, %s: %s payouts, the least %s', employee_id, business_date, payouts, least_minor)
    from payouts where payouts > 1 or least_minor <= 0
    union all
    select format('payout %s: %s in the list, %s in the ledger', transfer_id, coalesce(amount_minor, 0), coalesce(booked_minor, 0))
    from unmatched";

/// A statement says what the ledger of its date says, and begins where the one before it ended; on a closed date everybody has one, and
/// its totals are those of its payouts and statements.
const STATEMENTS: &str = "
    with sums as (
      select t.employee_id, t.business_date,
        coalesce(sum(t.amount_minor) filter (where t.kind = 'assignment_fee'), 0) as fees_minor,
        coalesce(sum(t.amount_minor) filter (where t.kind = 'completion_reward'), 0) as rewards_minor,
        coalesce(sum(t.amount_minor) filter (where t.kind = 'adjustment'), 0) as adjustments_minor,
        coalesce(-sum(t.amount_minor) filter (where t.kind = 'payout'), 0) as payout_minor, bool_and(r.status = 'closed') as closed
      from report_v1.transfers t join report_v1.payout_runs r on r.business_date = t.business_date
      where t.business_date between $2 and $3 group by t.employee_id, t.business_date
    ),
    written as (
      select s.*, lag(s.closing_minor) over (partition by s.employee_id order by s.business_date) as before_minor
      from report_v1.statements s where s.business_date between $2 and $3
    ),
    opened as (
      select e.employee_id, coalesce((select s.closing_minor from report_v1.statements s
          where s.employee_id = e.employee_id and s.business_date < $2 order by s.business_date desc limit 1), 0) as opening_minor
      from (select distinct w.employee_id from written w) e
    )
    select format('statement of %s for %s: it says %s, %s, %s, %s, %s, %s; the ledger says %s, %s, %s, %s, %s',
      coalesce(w.employee_id, t.employee_id), coalesce(w.business_date, t.business_date), w.opening_minor, w.fees_minor,
      w.rewards_minor, w.adjustments_minor, w.payout_minor, w.closing_minor, coalesce(w.before_minor, o.opening_minor),
      coalesce(t.fees_minor, 0), coalesce(t.rewards_minor, 0), coalesce(t.adjustments_minor, 0), coalesce(t.payout_minor, 0)) as offender
    from written w
      join opened o on o.employee_id = w.employee_id
      full join sums t on t.employee_id = w.employee_id and t.business_date = w.business_date
    where (w.employee_id is not null or t.closed) and ((w.opening_minor, w.fees_minor, w.rewards_minor, w.adjustments_minor, w.payout_minor) is distinct from
        (coalesce(w.before_minor, o.opening_minor), coalesce(t.fees_minor, 0)::bigint, coalesce(t.rewards_minor, 0)::bigint,
          coalesce(t.adjustments_minor, 0)::bigint, coalesce(t.payout_minor, 0)::bigint)
      or w.closing_minor <> w.opening_minor + w.fees_minor + w.rewards_minor + w.adjustments_minor - w.payout_minor)
    union all
    select format('date %s: %s paid to %s in all, the list has %s to %s', r.business_date, r.total_minor, r.people,
      coalesce(p.paid_minor, 0), coalesce(p.people, 0))
    from report_v1.payout_runs r
      left join (select p.business_date, sum(p.amount_minor) as paid_minor, count(*) as people from report_v1.payouts p
        where p.business_date between $2 and $3 group by p.business_date) p on p.business_date = r.business_date
    where r.status = 'closed' and r.business_date between $2 and $3
      and (r.total_minor, r.people) is distinct from (coalesce(p.paid_minor, 0)::bigint, coalesce(p.people, 0)::integer)
    union all
    select format('date %s: stored are fees %s, rewards %s, %s below zero; its statements say %s, %s, %s', e.business_date, e.fees_minor,
      e.rewards_minor, e.negative_balances, coalesce(s.fees_minor, 0), coalesce(s.rewards_minor, 0), coalesce(s.negative, 0))
    from report_v1.company_earnings e
      left join (select s.business_date, -sum(s.fees_minor) as fees_minor, sum(s.rewards_minor) as rewards_minor,
          count(*) filter (where s.closing_minor < 0) as negative
        from report_v1.statements s where s.business_date between $2 and $3 group by s.business_date) s
        on s.business_date = e.business_date
    where e.business_date between $2 and $3 and (e.fees_minor, e.rewards_minor, e.negative_balances) is distinct from
      (coalesce(s.fees_minor, 0)::bigint, coalesce(s.rewards_minor, 0)::bigint, coalesce(s.negative, 0)::integer)";

/// The time of the close is none as long as the date is closing: then the database lets only payouts and late postings of held
/// accounts in.
const CLOSED_DATES: &str = "
    select format('transfer %s: booked into %s at %s, after its close at %s', t.transfer_id, t.business_date, t.created_at,
      r.finished_at) as offender
    from report_v1.transfers t join report_v1.payout_runs r on r.business_date = t.business_date
    where r.status = 'closed' and t.created_at > r.finished_at and t.business_date between $2 and $3";

const MAILS: &str = "
    select format('payout of %s for %s: %s mails', p.employee_id, p.business_date, count(distinct p.mail_id)) as offender
    from report_v1.payouts p where p.business_date between $2 and $3
    group by p.employee_id, p.business_date, p.transfer_id having count(distinct p.mail_id) <> 1
    union all
    select format('mail %s belongs to %s payouts', p.mail_id, count(distinct p.transfer_id))
    from report_v1.payouts p where p.mail_id is not null and p.business_date between $2 and $3
    group by p.mail_id having count(distinct p.transfer_id) > 1
    union all
    select format('Message-ID %s: %s mails', m.message_id, count(*))
    from (
      select m.* from report_v1.mails m where $2 < date '0002-01-01'
      union all
      select m.* from report_v1.mails m where $2 >= date '0002-01-01'
        and m.mail_id in (select p.mail_id from report_v1.payouts p where p.business_date between $2 and $3)
    ) m
    group by m.message_id having count(*) > 1 or m.message_id is null or m.message_id = ''";

const PRIVILEGES: &str = "
    with roles as (
      select r.oid, r.rolname, substr(r.rolname, 6) as module
      from pg_catalog.pg_roles r where r.rolname in
        ('ates_platform', 'ates_bus', 'ates_auth', 'ates_tasks', 'ates_accounting', 'ates_analytics', 'ates_reader')
    ),
    tables as (
      select c.oid, n.nspname as module, c.relname as name
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p', 'v', 'm')
        and n.nspname in ('platform', 'bus', 'auth', 'tasks', 'accounting', 'analytics', 'archive', 'report_v1')
    ),
    books (module, name) as (
      values ('accounting', 'transfers'), ('accounting', 'task_prices'), ('accounting', 'statements'), ('accounting', 'payouts'),
        ('accounting', 'day_seals'), ('accounting', 'bank_files'), ('accounting', 'bank_file_lines'), ('tasks', 'journal'), ('bus', 'events'), ('platform', 'audit_log')
    ),
    written as (
      select b.name as book, t.* from books b join tables t
        on t.module in (b.module, 'archive') and (t.name = b.name or t.name ~ ('^' || b.name || '_[0-9]'))
    )
    select format('%s may change rows of %s of %s', r.rolname, t.name, t.module) as offender
    from written t cross join roles r
    where has_any_column_privilege(r.oid, t.oid, 'UPDATE') or has_table_privilege(r.oid, t.oid, 'DELETE')
      or has_table_privilege(r.oid, t.oid, 'TRUNCATE')
    union all
    select format('%s may write %s of %s', r.rolname, t.name, t.module)
    from tables t cross join roles r
    where t.module <> r.module and t.module <> 'platform'
      and (has_any_column_privilege(r.oid, t.oid, 'INSERT') or has_any_column_privilege(r.oid, t.oid, 'UPDATE')
        or has_table_privilege(r.oid, t.oid, 'DELETE') or has_table_privilege(r.oid, t.oid, 'TRUNCATE'))
    union all
    select format('%s of %s has lost the trigger that refuses changes', t.name, t.module)
    from written t
    where not exists (select from pg_catalog.pg_trigger g where g.tgrelid = t.oid and g.tgenabled in ('O', 'A')
      and g.tgfoid in (select p.oid from pg_catalog.pg_proc p where p.proname = 'refuse_change'))
    union all
    select format('%s of %s has lost the trigger of the emergency stop', b.name, b.module)
    from (values ('accounting', 'transfers'), ('accounting', 'task_prices'), ('accounting', 'statements'), ('accounting', 'payouts'),
        ('accounting', 'corrections'), ('accounting', 'business_days'), ('accounting', 'bank_accounts'), ('accounting', 'bank_files'),
        ('accounting', 'bank_file_lines'), ('tasks', 'tasks')) b (module, name)
      join tables t on t.module = b.module and t.name = b.name
    where not exists (select from pg_catalog.pg_trigger g where g.tgrelid = t.oid and g.tgenabled in ('O', 'A')
      and g.tgfoid in (select p.oid from pg_catalog.pg_proc p where p.proname = 'guard_stop'))
    union all
    select format('%s of %s has lost the trigger that keeps closed dates', t.name, t.module)
    from tables t where t.module = 'accounting' and t.name = 'business_days'
      and not exists (select from pg_catalog.pg_trigger g where g.tgrelid = t.oid and g.tgenabled in ('O', 'A')
        and g.tgfoid in (select p.oid from pg_catalog.pg_proc p where p.proname = 'guard_closed_dates'))
    union all
    select format('%s is not in the database', b.name)
    from books b left join tables t on t.module = b.module and t.name = b.name where t.oid is null";

/// A role holds from the minute after auth told of it until auth tells of the next record; within that minute tasks may not have
/// heard of it yet.
const ASSIGNEES: &str = "
    with records as (
      select e.subject as user_id, e.created_at as since,
        lead(e.created_at) over (partition by e.subject order by e.seq) as until,
        e.data -> 'roles' ?| array['manager', 'administrator', 'internalservice'] as exempt
      from report_v1.events e where e.type in ('account.created', 'account.updated')
    )
    select format('task %s, assignment %s: drawn to %s', a.task_id, a.assignment_seq, a.assignee_id) as offender
    from {touched report_v1.assignments a created_at: true} join records r on r.user_id = a.assignee_id
    where r.exempt and a.created_at >= r.since + interval '60 seconds' and (r.until is null or a.created_at < r.until)";
