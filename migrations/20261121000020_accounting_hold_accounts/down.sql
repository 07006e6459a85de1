drop view report_v1.held_accounts;
create or replace view report_v1.payout_runs as
  select d.business_date, d.state as status, d.started_at, d.closed_at as finished_at, d.people, d.paid_minor as total_minor
  from accounting.business_days d where d.state = 'closed';
create or replace function accounting.guard_closed_days() returns trigger
  language plpgsql as $$
declare
  closed date;
begin
  select d.business_date into closed from (select distinct business_date from fresh) as f
    join accounting.business_days d on d.business_date = f.business_date and d.state = 'closed' limit 1;
  if found then
    raise exception 'business date % is closed', closed
      using errcode = 'check_violation', constraint = 'transfers_open_day';
  end if;
  return null;
end $$;
create or replace function platform.archivable_partitions(p_now timestamptz, p_months integer) returns table (parent text, name text)
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
declare
  before date := (date_trunc('month', p_now at time zone 'UTC') - make_interval(months => p_months))::date;
  open_since date := (select min(d.business_date) from accounting.business_days d where d.state = 'open');
  needed bigint;
  part record;
  newest timestamptz;
begin
  return query select p.parent, p.name from platform.partitions p
    where not p.archived and p.month + interval '1 month' <= before
      and (p.parent <> 'transfers' or p.month + interval '1 month' <= open_since)
    order by p.month, p.parent;
  -- Only a subscriber that was retired for good may lag behind; the column is read by name so that this holds without it too.
  select least(min(s.position) filter (where to_jsonb(s) ->> 'retired_at' is null),
      (select min(i.seq) - 1 from bus.parked_items i where i.state in ('retrying', 'blocked', 'dead')))
    into needed from bus.subscribers s;
  for part in select p.name, p.number from platform.partitions p where not p.archived and p.parent = 'events'
      and (p.number + 1) * 10000000 <= needed order by p.number loop
    execute format('select max(recorded_at) from bus.%I', part.name) into newest;
    exit when newest >= before::timestamp at time zone 'UTC';
    parent := 'events';
    name := part.name;
    return next;
  end loop;
end $$;
drop table accounting.held_accounts;
drop index accounting.business_days_open_key;
-- Refused while a date is closing: close it first.
alter table accounting.business_days drop constraint business_days_cutoff_check, drop column settled_through,
  drop constraint business_days_state_check,
  add constraint business_days_state_check check (state in ('open', 'closed'));
comment on table accounting.business_days is 'business dates: what was settled, when, and its totals; a closed date takes no posting more';
