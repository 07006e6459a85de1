-- What a shuffle of all open tasks and its booking will write, drawn beforehand and not timed: so that the limits measure the writing
-- alone. Chunks of :chunk tasks by id, two events a chunk; the transfers numbered and summed up as the ledger does.
\set ON_ERROR_STOP on
create schema if not exists bench;
drop table if exists bench.drawn, bench.batches, bench.posted;
create table bench.drawn as
  with people as (select id, row_number() over (order by id) - 1 as place, count(*) over () as all_of_them from tasks.employees where assignable),
  lots as (select t.id as task_id, t.assignee_id as from_id, t.assignment_seq + 1 as assignment_seq,
      floor(random() * (select max(all_of_them) from people))::bigint as place, row_number() over (order by t.id) - 1 as n
    from tasks.tasks t where t.status = 'open')
  select l.task_id, l.from_id, l.assignment_seq, p.id as to_id, price.fee_minor, (l.n / :chunk)::integer as chunk, (l.n / (:chunk / 2))::integer as batch
  from lots l join people p using (place) join accounting.task_prices price using (task_id);
create index on bench.drawn (chunk);
create table bench.batches as
  select batch, chunk, gen_random_uuid() as event_id, count(*)::integer as tasks,
    jsonb_agg(jsonb_build_object('task', task_id, 'from', from_id, 'to', to_id, 'assignment_seq', assignment_seq)) as assignments
  from bench.drawn group by batch, chunk;
create index on bench.batches (chunk);
create table bench.posted as
  select bench.id(now(), '501', row_number() over (order by d.task_id)) as id, d.to_id as account_id, d.task_id, d.assignment_seq, d.chunk, b.event_id,
    -d.fee_minor as amount_minor, balance.version + row_number() over own as version,
    balance.amount_minor + (sum(-d.fee_minor) over own)::bigint as balance_minor, bench.today() as business_date
  from bench.drawn d join bench.batches b using (batch) join accounting.balances balance on balance.account_id = d.to_id
  window own as (partition by d.to_id order by d.task_id);
create index on bench.posted (chunk);
vacuum analyze bench.drawn; vacuum analyze bench.batches; vacuum analyze bench.posted;

-- One chunk of the shuffle: tasks, journal, two events. A task that was completed in the meantime stays where it is.
create or replace procedure bench.move(p_chunk integer) language plpgsql as $$
declare run uuid := '0190dada-0000-7000-8000-000000000000';
begin
  update tasks.tasks t set assignee_id = d.to_id, assignment_seq = d.assignment_seq, updated_at = now(), updated_by = d.to_id
    from bench.drawn d where d.chunk = p_chunk and t.id = d.task_id and t.status = 'open';
  insert into tasks.journal (task_id, kind, occurred_at, actor_id, event_id, assignment_seq, from_id, assignee_id, run_id)
    select d.task_id, 'assign', now(), d.to_id, b.event_id, d.assignment_seq, d.from_id, d.to_id, run
    from bench.drawn d join bench.batches b using (batch) where d.chunk = p_chunk order by d.task_id;
  insert into bus.events (seq, event_id, event_type, type_version, topic, producer, subject_id, item_count, correlation_id, causation_id,
      actor_id, recorded_at, payload)
    select nextval('bus.events_seq'), b.event_id, 'tasks.reassigned', 1, 'reassign', 'tasks', run, b.tasks, run, null, null, now(),
      jsonb_build_object('run', run, 'assignments', b.assignments) from bench.batches b where b.chunk = p_chunk order by b.batch;
end $$;

-- The booking of the chunks from p_first to p_last: ledger and balances, and the event of each transfer.
create or replace procedure bench.post(p_first integer, p_last integer) language sql as $$
  with booked as (
    insert into accounting.transfers (id, kind, account_id, contra_id, amount_minor, version, balance_minor, task_id, assignment_seq,
        reason_event_id, business_date, created_at)
      select id, 'assignment_fee', account_id, '00000000-0000-0000-0000-00000000fee5', amount_minor, version, balance_minor, task_id,
        assignment_seq, event_id, business_date, now() from bench.posted where chunk between p_first and p_last order by id
      returning account_id, amount_minor, version
  )
  update accounting.balances b set amount_minor = b.amount_minor + own.amount_minor, version = own.version
    from (select account_id, sum(amount_minor)::bigint as amount_minor, max(version) as version from booked group by account_id) own
    where b.account_id = own.account_id
$$;
create or replace procedure bench.tell(p_first integer, p_last integer) language sql as $$
  insert into bus.events (seq, event_id, event_type, type_version, topic, producer, subject_id, item_count, correlation_id, causation_id,
      actor_id, recorded_at, payload)
    select nextval('bus.events_seq'), bench.id(now(), '502', row_number() over (order by p.id)), 'audit_log_record.created', 1, 'money', 'accounting',
      p.account_id, 1, p.event_id, p.event_id, null, now(), jsonb_build_object('transfer', p.id, 'kind', 'assignment_fee', 'amount_minor', p.amount_minor,
        'balance_minor', p.balance_minor, 'task', p.task_id, 'business_date', p.business_date)
    from bench.posted p where p.chunk between p_first and p_last order by p.id
$$;
-- Analytics: the balances and the day.
create or replace procedure bench.see(p_first integer, p_last integer) language sql as $$
  insert into analytics.employees (id, name, balance_minor)
    select account_id, '', sum(amount_minor) from bench.posted where chunk between p_first and p_last group by account_id
    on conflict (id) do update set balance_minor = employees.balance_minor + excluded.balance_minor;
  insert into analytics.day_totals (business_date, fees_minor)
    select business_date, -sum(amount_minor) from bench.posted where chunk between p_first and p_last group by business_date
    on conflict (business_date) do update set fees_minor = day_totals.fees_minor + excluded.fees_minor
$$;
create or replace procedure bench.move_all() language plpgsql as $$
begin
  for c in 0 .. (select max(chunk) from bench.drawn) loop call bench.move(c); commit; end loop;
end $$;
create or replace procedure bench.book_all() language plpgsql as $$
begin
  for c in 0 .. (select max(chunk) from bench.drawn) loop call bench.post(c, c); call bench.tell(c, c); commit; call bench.see(c, c); commit; end loop;
end $$;
