//! The judge: what a run left behind, held against the log.
//!
//! Every finding is a sentence with a count and one example. A clean run gives none.

use diesel::sql_types::{Array, BigInt, Text};
use diesel::{PgConnection, QueryableByName, RunQueryDsl, sql_query};

use super::recorder::TYPES;

#[derive(QueryableByName)]
struct Offence {
    #[diesel(sql_type = BigInt)]
    number: i64,
    #[diesel(sql_type = Text)]
    example: String,
}

/// What the log holds for a recorder, each item a row.
const TAKEN: &str = "
    taken as (
      select s.name as subscriber, e.seq, n as item_no
      from bus.subscribers s
        join bus.events e on e.seq <= s.position and e.event_type = any($1)
        cross join generate_series(0, e.item_count - 1) n
      where s.name like 'proof.%'
    )";

/// P1, P2, P5, P9 of every recorder, P3 of the publishers.
const OF_THE_BUS: &[(&str, &str)] = &[
    (
        "P1: lost",
        "select t.subscriber || ' never heard ' || t.seq || '/' || t.item_no as offence from taken t
         where not exists (select from proof.heard h
             where h.subscriber = t.subscriber and h.seq = t.seq and h.item_no = t.item_no)
           and not exists (select from bus.parked_items p where p.subscriber = t.subscriber and p.seq = t.seq
             and p.item_no = t.item_no and p.state in ('retrying', 'blocked', 'dead', 'skipped'))",
    ),
    (
        "P1: doubled",
        "select h.subscriber || ' heard ' || h.seq || '/' || h.item_no || ' ' || count(*) || ' times' as offence
         from proof.heard h group by h.subscriber, h.seq, h.item_no having count(*) > 1",
    ),
    (
        "P1: invented",
        "select h.subscriber || ' heard ' || h.seq || '/' || h.item_no || ', which is not in the log up to its position' as offence
         from proof.heard h where not exists (select from taken t
           where t.subscriber = h.subscriber and t.seq = h.seq and t.item_no = h.item_no)",
    ),
    (
        "P2: out of order",
        "select subscriber || ' heard ' || seq || ' of ' || key || ' after ' || before as offence from (
           select h.*, lag(h.seq) over (partition by h.subscriber, h.key order by h.id) as before from proof.heard h
         ) h where seq < before",
    ),
    (
        "P2: a hole",
        "select subscriber || ' heard ' || key || ' number ' || version || ' as the ' || place || '.' as offence from (
           select h.*, row_number() over (partition by h.subscriber, h.key order by h.id) as place
           from proof.heard h where h.version is not null
         ) h where version <> place",
    ),
    (
        "P3: numbers given without their events, or events without their numbers",
        "select k.key || ' is at ' || k.version || ', the log has ' || coalesce(e.events, 0) || ' of it' as offence
         from proof.keys k left join (
           select subject_id, count(*) as events from bus.events where event_type = 'account.deleted' group by subject_id
         ) e on e.subject_id = k.key
         where k.version <> coalesce(e.events, 0)",
    ),
    (
        "P5: moved while paused",
        "select subscriber || ' went from ' || from_position || ' to ' || to_position as offence
         from proof.moves where was_paused",
    ),
    (
        "P9: a cursor went back, or moved from where it was not",
        "select subscriber || ' went from ' || from_position || ' to ' || to_position || ', it was at ' || before as offence
         from (select m.*, lag(m.to_position, 1, m.from_position) over (partition by m.subscriber order by m.id) as before
           from proof.moves m) m
         where to_position < from_position or from_position <> before",
    ),
    (
        "left behind",
        "select s.name || ' is at ' || s.position || ' of ' || head.seq as offence
         from bus.subscribers s cross join (select coalesce(max(seq), 0) as seq from bus.events) head where s.position <> head.seq",
    ),
    (
        "left parked",
        "select p.subscriber || ' has ' || p.seq || '/' || p.item_no || ' ' || p.state || ': ' || coalesce(p.error, '') as offence
         from bus.parked_items p where p.state not in ('done', 'skipped')",
    ),
];

/// P1, P3 and P4 of the product: tasks against the log, ledger against tasks.
const OF_THE_PRODUCT: &[(&str, &str)] = &[
    (
        "P3: what happened to a task and what was told of it",
        "with told as (
           select subject_id as task, (payload ->> 'assignment_seq')::int as n from bus.events where event_type = 'task.assigned'
           union all select (a ->> 'task')::uuid, (a ->> 'assignment_seq')::int
             from bus.events, jsonb_array_elements(payload -> 'assignments') a where event_type = 'tasks.reassigned'
           union all select subject_id, 0 from bus.events where event_type = 'task.completed'
         )
         select 'task ' || task || ', number ' || n || ': told ' || coalesce(t.times, 0) || ' times, happened ' || coalesce(d.times, 0) as offence
         from (select task, n, count(*) as times from told group by task, n) t
           full join (select task_id as task, coalesce(assignment_seq, 0) as n, count(*) as times from tasks.journal
             where kind in ('assign', 'complete') group by 1, 2) d using (task, n)
         where t.times is distinct from 1 or d.times is distinct from 1",
    ),
    (
        "P4: each assignment has its fee and each completion its reward",
        "select j.kind || ' of ' || j.task_id || ' has ' || count(t.id) || ' transfers' as offence
         from tasks.journal j left join accounting.transfers t on t.task_id = j.task_id and case j.kind
           when 'assign' then t.kind = 'assignment_fee' and t.assignment_seq = j.assignment_seq and t.account_id = j.assignee_id
           else t.kind = 'completion_reward' end
         where j.kind in ('assign', 'complete') group by j.id, j.kind, j.task_id having count(t.id) <> 1",
    ),
    (
        "P1: analytics has every task and every completion",
        "select 'task ' || t.id as offence from tasks.tasks t left join analytics.tasks a on a.id = t.id
         where a.id is null or (a.completed_by is distinct from t.completed_by)",
    ),
];

/// P3 and P4 of the ledger and what is told of it.
const OF_THE_MONEY: &[(&str, &str)] = &[
    (
        "P3: each transfer is told once",
        "with told as (
           select payload ->> 'transfer' as transfer, count(*) as times from bus.events
           where event_type = 'audit_log_record.created' group by 1
         )
         select 'transfer ' || coalesce(t.id::text, told.transfer) || ' was told ' || coalesce(told.times, 0) || ' times' as offence
         from accounting.transfers t full join told on told.transfer = t.id::text where t.id is null or told.times is distinct from 1",
    ),
    (
        "P4: the sum of the ledger is the sum of the balances",
        "select 'ledger ' || l.sum || ', balances ' || b.sum as offence
         from (select coalesce(sum(amount_minor), 0) as sum from accounting.transfers) l,
           (select coalesce(sum(amount_minor), 0) as sum from accounting.balances) b where l.sum <> b.sum",
    ),
    (
        "P4: analytics has each transfer once",
        "select e.id || ': analytics ' || e.balance_minor || ', ledger ' || coalesce(b.amount_minor, 0) as offence
         from analytics.employees e full join accounting.balances b on b.account_id = e.id
         where coalesce(e.balance_minor, 0) <> coalesce(b.amount_minor, 0)",
    ),
    (
        "P4: analytics has the fees and rewards of each day once",
        "select l.business_date || ': ledger ' || l.fees || ' and ' || l.rewards || ', analytics ' || coalesce(d.fees_minor::text, 'nothing') || ' and '
           || coalesce(d.rewards_minor::text, 'nothing') as offence
         from (select business_date, coalesce(sum(abs(amount_minor)) filter (where kind = 'assignment_fee'), 0) as fees,
             coalesce(sum(amount_minor) filter (where kind = 'completion_reward'), 0) as rewards
           from accounting.transfers group by business_date) l
           left join analytics.day_totals d on d.business_date = l.business_date
         where coalesce(abs(d.fees_minor), 0) <> l.fees or coalesce(d.rewards_minor, 0) <> l.rewards",
    ),
];

/// What is wrong with the recorders.
pub fn of_the_bus(conn: &mut PgConnection) -> Vec<String> {
    judge(conn, OF_THE_BUS)
}

/// The same, but for one rule.
pub fn of_the_bus_but(conn: &mut PgConnection, rule: &str) -> Vec<String> {
    let mut findings = of_the_bus(conn);
    findings.retain(|finding| !finding.starts_with(rule));
    findings
}

/// What is wrong with the product's own modules.
pub fn of_the_product(conn: &mut PgConnection) -> Vec<String> {
    let mut findings = judge(conn, OF_THE_PRODUCT);
    findings.extend(of_the_money(conn));
    findings
}

/// What is wrong with the ledger, its balances, and what analytics made of them.
pub fn of_the_money(conn: &mut PgConnection) -> Vec<String> {
    judge(conn, OF_THE_MONEY)
}

fn judge(conn: &mut PgConnection, rules: &[(&str, &str)]) -> Vec<String> {
    let mut findings = Vec::new();
    for (rule, query) in rules {
        let sql = match query.strip_prefix("with ") {
            Some(rest) => format!("with {TAKEN}, offences as (with {rest})"),
            None => format!("with {TAKEN}, offences as ({query})"),
        };
        let offence: Offence = sql_query(format!(
            "{sql} select count(*) as number, coalesce(min(offence), '') as example from offences"
        ))
        .bind::<Array<Text>, _>(TYPES)
        .get_result(conn)
        .unwrap_or_else(|error| panic!("{rule}: {error}"));
        if offence.number > 0 {
            findings.push(format!(
                "{rule}: {}, such as: {}",
                offence.number, offence.example
            ));
        }
    }
    findings
}
