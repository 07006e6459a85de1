create table platform.emergency_stops (
  id uuid constraint emergency_stops_pkey primary key,
  reason text not null constraint emergency_stops_reason_check check (char_length(btrim(reason)) between 1 and 500),
  check_number smallint,
  findings text[] not null default '{}',
  since timestamptz not null,
  set_by uuid,
  set_by_name text not null,
  released_at timestamptz,
  released_by uuid,
  released_by_name text,
  release_reason text,
  constraint emergency_stops_released_check check
    ((released_at is null) = (released_by_name is null) and (released_at is null) = (release_reason is null))
);
comment on table platform.emergency_stops is 'emergency stops, one open at most: why nothing may change, since when, by whom or by which check, and who let go and why';
comment on column platform.emergency_stops.check_number is 'the invariant that the reconciler found broken; none: a person stopped';
comment on column platform.emergency_stops.findings is 'rows that break it, for those who look after the books';
create unique index emergency_stops_open_key on platform.emergency_stops ((true)) where released_at is null;
create index emergency_stops_since_idx on platform.emergency_stops (since desc, id desc);

create function platform.guard_emergency_stops() returns trigger
  language plpgsql as $$
begin
  if old.released_at is not null
    or (new.id, new.reason, new.check_number, new.findings, new.since, new.set_by, new.set_by_name)
      is distinct from (old.id, old.reason, old.check_number, old.findings, old.since, old.set_by, old.set_by_name) then
    raise exception 'a stop is released once and never changed' using errcode = 'insufficient_privilege';
  end if;
  return new;
end $$;
comment on function platform.guard_emergency_stops() is 'trigger: why it stopped stays, and a release is final';
create trigger emergency_stops_released_once before update on platform.emergency_stops
  for each row execute function platform.guard_emergency_stops();
create trigger emergency_stops_append_only before delete or truncate on platform.emergency_stops
  for each statement execute function platform.refuse_change();

create function platform.refuse_when_stopped() returns void
  language plpgsql as $$
declare
  stop platform.emergency_stops;
begin
  select * into stop from platform.emergency_stops where released_at is null;
  if found then
    raise exception 'canceling statement due to the emergency stop: %', stop.reason
      using errcode = 'insufficient_privilege', constraint = 'emergency_stop', detail = stop.reason,
        hint = coalesce(stop.check_number::text, '');
  end if;
end $$;
comment on function platform.refuse_when_stopped() is 'asked when a unit of work begins: an error that carries the reason while the emergency stop is set';

-- Who sets the stop commits its row first and then takes this lock alone: what wrote money before is over when they have it, and what
-- comes later sees the row, whatever program it belongs to.
create function platform.guard_stop() returns trigger
  language plpgsql as $$
begin
  perform pg_advisory_xact_lock_shared(7781, 22);
  perform platform.refuse_when_stopped();
  return null;
end $$;
comment on function platform.guard_stop() is 'trigger of the tables that make and move money: no row while the emergency stop is set';

create trigger transfers_guard_stop before insert on accounting.transfers
  for each statement execute function platform.guard_stop();
create trigger task_prices_guard_stop before insert on accounting.task_prices
  for each statement execute function platform.guard_stop();
create trigger statements_guard_stop before insert on accounting.statements
  for each statement execute function platform.guard_stop();
create trigger payouts_guard_stop before insert on accounting.payouts
  for each statement execute function platform.guard_stop();
create trigger corrections_guard_stop before insert or update on accounting.corrections
  for each statement execute function platform.guard_stop();
create trigger business_days_guard_stop before update on accounting.business_days
  for each statement execute function platform.guard_stop();
create trigger tasks_guard_stop before insert or update on tasks.tasks
  for each statement execute function platform.guard_stop();

grant select on platform.emergency_stops to ates_platform, ates_auth, ates_tasks, ates_accounting, ates_analytics, ates_bus, ates_reader;
grant insert on platform.emergency_stops to ates_platform;
grant update (released_at, released_by, released_by_name, release_reason) on platform.emergency_stops to ates_platform;
