create schema report_v1;
comment on schema report_v1 is 'views for auditors and reports; they keep their columns within a major version';

create view report_v1.transfers as
  select t.id as transfer_id, t.kind, t.account_id as employee_id, t.amount_minor, t.task_id, t.assignment_seq,
    t.reason_event_id, t.business_date, t.created_at
  from accounting.transfers t;

create view report_v1.postings as
  select t.id as transfer_id, t.account_id, 'employee'::text as account_kind, t.account_id as employee_id, t.amount_minor, t.created_at
  from accounting.transfers t
  union all
  select t.id, t.contra_id, a.kind, null::uuid, -t.amount_minor, t.created_at
  from accounting.transfers t join accounting.accounts a on a.id = t.contra_id;

create view report_v1.tasks as
  select t.id as task_id, t.status, t.assignee_id, t.created_by, t.completed_by, t.created_at, t.completed_at,
    p.fee_minor, p.reward_minor
  from tasks.tasks t left join accounting.task_prices p on p.task_id = t.id;

create view report_v1.assignments as
  select j.task_id, j.assignment_seq, j.assignee_id, j.run_id, j.event_id, j.occurred_at as created_at
  from tasks.journal j where j.kind = 'assign';

create view report_v1.completions as
  select j.task_id, j.assignee_id, j.event_id, j.occurred_at as created_at
  from (select task_id, actor_id as assignee_id, event_id, occurred_at from tasks.journal where kind = 'complete') j;

create view report_v1.balances as
  select b.account_id as employee_id, b.amount_minor as balance_minor from accounting.balances b;

create view report_v1.payout_runs as
  select d.business_date, d.state as status, d.started_at, d.closed_at as finished_at, d.people, d.paid_minor as total_minor
  from accounting.business_days d where d.state = 'closed';

create view report_v1.payouts as
  select p.employee_id, p.business_date, p.amount_minor, p.transfer_id, m.id as mail_id
  from accounting.payouts p
    left join accounting.mails m on m.kind = 'payout' and m.employee_id = p.employee_id and m.business_date = p.business_date;

create view report_v1.mails as
  select m.id as mail_id, m.message_id, m.employee_id, m.kind, m.state, m.attempts, m.next_attempt_at, m.sent_at
  from accounting.mails m;

create view report_v1.events as
  select e.seq, e.event_id, e.event_type as type, e.type_version as version, e.topic, e.subject_id as subject,
    e.payload as data, e.recorded_at as created_at
  from bus.events e;

create view report_v1.consumers as
  select s.name, case when s.paused then 'paused' else 'running' end as state, s.position,
    coalesce((select max(e.seq) from bus.events e), 0) - s.position as lag
  from bus.subscribers s;

create view report_v1.dead_letters as
  select p.item_id as id, p.event_id, p.subscriber as consumer, p.error, p.attempts, p.first_failed_at as created_at, p.resolved_at
  from bus.parked_items p where p.state in ('dead', 'skipped') or (p.state = 'done' and p.error is not null);

create view report_v1.audit as
  select a.id, a.occurred_at as at, a.actor_id as actor, a.action, a.subject_id as subject, a.detail from platform.audit_log a;

create view report_v1.users as
  select u.id as user_id, coalesce(array_agg(r.role order by r.role) filter (where r.role is not null), '{}') as roles,
    u.deactivated_at is null as active
  from auth.users u left join auth.user_roles r on r.user_id = u.id group by u.id;

grant usage on schema report_v1 to ates_reader, ates_accounting;
grant select on all tables in schema report_v1 to ates_reader;
grant select on report_v1.tasks, report_v1.assignments, report_v1.completions to ates_accounting;
