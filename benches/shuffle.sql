-- The bare SQL for the rows of one shuffle: the same tables, indexes and triggers, one statement a table, one transaction.
-- What it leaves out is what the product is for: chunks, locks in order, checks for what is booked already, schemas, the draw.
\set ON_ERROR_STOP on
begin;

create temporary table people on commit drop as
  select id, row_number() over (order by id) - 1 as place from tasks.employees where assignable;
create temporary table drawn on commit drop as
  select lots.task_id, lots.from_id, lots.assignment_seq, p.fee_minor, people.id as to_id,
    (row_number() over (order by lots.task_id) - 1) / 500 as batch
  from (select t.id as task_id, t.assignee_id as from_id, t.assignment_seq + 1 as assignment_seq,
          floor(random() * (select count(*) from people))::bigint as place
        from tasks.tasks t where t.status = 'open') lots
    join people using (place) join accounting.task_prices p on p.task_id = lots.task_id;
analyze drawn;
create temporary table batches on commit drop as
  select batch, gen_random_uuid() as event_id,
    jsonb_agg(jsonb_build_object('task', task_id, 'from', from_id, 'to', to_id, 'assignment_seq', assignment_seq)) as assignments,
    count(*) as tasks
  from drawn group by batch;
analyze batches;
create temporary table run on commit drop as select gen_random_uuid() as id, (select id from tasks.employees limit 1) as by;

insert into tasks.shuffles (id, state, seed, requested_by, requested_at, started_at, finished_at, total, done)
  select id, 'done', '\x00', by, now(), now(), now(), (select count(*) from drawn), (select count(*) from drawn) from run;

update tasks.tasks t set assignee_id = d.to_id, assignment_seq = d.assignment_seq, updated_at = now(), updated_by = run.by
  from drawn d, run where t.id = d.task_id;

insert into tasks.journal (task_id, kind, occurred_at, actor_id, event_id, assignment_seq, from_id, assignee_id, run_id)
  select d.task_id, 'assign', now(), run.by, b.event_id, d.assignment_seq, d.from_id, d.to_id, run.id
  from drawn d join batches b using (batch), run order by d.task_id;

insert into bus.events (seq, event_id, event_type, type_version, topic, producer, subject_id, item_count, correlation_id,
    causation_id, actor_id, recorded_at, payload)
  select nextval('bus.events_seq'), b.event_id, 'tasks.reassigned', 1, 'reassign', 'tasks', run.id, b.tasks, run.id, null, run.by,
    now(), jsonb_build_object('run', run.id, 'assignments', b.assignments)
  from batches b, run order by b.batch;

create temporary table posted on commit drop as
  select gen_random_uuid() as id, d.to_id as account_id, d.task_id, d.assignment_seq, b.event_id, -d.fee_minor as amount_minor,
    balance.version + row_number() over own as version,
    balance.amount_minor + (sum(-d.fee_minor) over own)::bigint as balance_minor,
    (now() at time zone 'Europe/Moscow')::date as business_date
  from drawn d join batches b using (batch) join accounting.balances balance on balance.account_id = d.to_id
  window own as (partition by d.to_id order by d.task_id);

analyze posted;

insert into accounting.transfers (id, kind, account_id, contra_id, amount_minor, version, balance_minor, task_id, assignment_seq,
    reason_event_id, business_date, created_at)
  select id, 'assignment_fee', account_id, '00000000-0000-0000-0000-00000000fee5', amount_minor, version, balance_minor, task_id,
    assignment_seq, event_id, business_date, now() from posted;

update accounting.balances b set amount_minor = b.amount_minor + own.amount_minor, version = own.version
  from (select account_id, sum(amount_minor)::bigint as amount_minor, max(version) as version from posted group by account_id) own
  where b.account_id = own.account_id;

insert into bus.events (seq, event_id, event_type, type_version, topic, producer, subject_id, item_count, correlation_id,
    causation_id, actor_id, recorded_at, payload)
  select nextval('bus.events_seq'), gen_random_uuid(), 'audit_log_record.created', 1, 'money', 'accounting', p.account_id, 1, run.id,
    p.event_id, run.by, now(), jsonb_build_object('transfer', p.id, 'kind', 'assignment_fee', 'amount_minor', p.amount_minor,
      'balance_minor', p.balance_minor, 'task', p.task_id, 'business_date', p.business_date)
  from posted p, run;

insert into analytics.employees (id, name, balance_minor)
  select account_id, '', sum(amount_minor) from posted group by account_id
  on conflict (id) do update set balance_minor = employees.balance_minor + excluded.balance_minor;
insert into analytics.day_totals (business_date, fees_minor)
  select business_date, -sum(amount_minor) from posted group by business_date
  on conflict (business_date) do update set fees_minor = day_totals.fees_minor + excluded.fees_minor;

commit;
