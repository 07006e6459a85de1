-- A business date closes in steps: open, closing, closed. While it is closing, its cut-off is fixed, the next date is open, and
-- accounts are settled some at a time; it is closed when the last one is.
alter table accounting.business_days drop constraint business_days_state_check,
  add constraint business_days_state_check check (state in ('open', 'closing', 'closed')),
  add constraint business_days_cutoff_check check (state <> 'closing' or (cutoff_seq is not null and started_at is not null)),
  add column settled_through uuid;
comment on table accounting.business_days is 'business dates: what was settled, when, and its totals. A closing date takes only what its accounts still need to be settled, a closed one no posting more';
comment on column accounting.business_days.settled_through is 'of a closing date: the last account that was looked at, in the order of ids; the greatest id when all were';
create unique index business_days_open_key on accounting.business_days (state) where state = 'open';

-- No foreign key to the accounts: a parked event may be about somebody of whom nothing has been heard yet.
create table accounting.held_accounts (
  business_date date not null constraint held_accounts_business_date_fkey references accounting.business_days (business_date),
  account_id uuid not null,
  item_id uuid not null,
  held_at timestamptz not null,
  released_at timestamptz,
  constraint held_accounts_pkey primary key (business_date, account_id)
);
comment on table accounting.held_accounts is 'accounts that are settled later than the others of a date, because events up to its cut-off that concern them could not be booked';
comment on column accounting.held_accounts.item_id is 'the parked item of the ledger that is waited for; the first of them';
create index held_accounts_waiting_idx on accounting.held_accounts (account_id, business_date) where released_at is null;
grant select, insert, update on accounting.held_accounts to ates_accounting;

-- An account takes postings of a closing date while it is held for it; then its payout, then its statement, then nothing.
create or replace function accounting.guard_closed_days() returns trigger
  language plpgsql as $$
declare
  touched record;
begin
  for touched in
    select d.business_date, d.state from (select distinct business_date from fresh) as f
      join accounting.business_days d on d.business_date = f.business_date and d.state <> 'open'
  loop
    if touched.state = 'closed' then
      raise exception 'business date % is closed', touched.business_date
        using errcode = 'check_violation', constraint = 'transfers_open_day';
    end if;
    if exists (
      select from fresh f
        left join accounting.held_accounts h on h.business_date = f.business_date and h.account_id = f.account_id
          and h.released_at is null
        left join accounting.statements s on s.business_date = f.business_date and s.account_id = f.account_id
      where f.business_date = touched.business_date
        and (s.account_id is not null or (f.kind = 'payout') = (h.account_id is not null))
    ) then
      raise exception 'business date % is closing and takes nothing more of this account', touched.business_date
        using errcode = 'check_violation', constraint = 'transfers_open_day';
    end if;
  end loop;
  return null;
end $$;

create or replace view report_v1.payout_runs as
  select d.business_date, d.state as status, d.started_at, d.closed_at as finished_at,
    coalesce(d.people, (select count(*) from accounting.payouts p where p.business_date = d.business_date)::integer) as people,
    coalesce(d.paid_minor, (select coalesce(sum(p.amount_minor), 0) from accounting.payouts p
      where p.business_date = d.business_date)::bigint) as total_minor
  from accounting.business_days d where d.state <> 'open';

create view report_v1.held_accounts as
  select h.business_date, h.account_id as employee_id, h.item_id, h.held_at, h.released_at from accounting.held_accounts h;
grant select on report_v1.held_accounts to ates_reader, ates_platform;

-- As before, and a date that is closing keeps its month online.
create or replace function platform.archivable_partitions(p_now timestamptz, p_months integer) returns table (parent text, name text)
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
declare
  before date := (date_trunc('month', p_now at time zone 'UTC') - make_interval(months => p_months))::date;
  open_since date := (select min(d.business_date) from accounting.business_days d where d.state <> 'closed');
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
