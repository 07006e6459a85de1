create table platform.reconciler (
  only_one boolean constraint reconciler_pkey primary key default true constraint reconciler_only_one_check check (only_one),
  next_at timestamptz not null default 'epoch',
  pace_ms bigint not null default 0,
  round_at timestamptz,
  took_ms bigint,
  agreed_at timestamptz,
  findings jsonb not null default '[]',
  slice_after date,
  swept_at timestamptz
);
comment on table platform.reconciler is 'the rounds of the reconciler: when the books agreed last, what differs, and how far the old dates are gone over; one row';
comment on column platform.reconciler.next_at is 'by the clock of the database: before it, no process begins a round';
comment on column platform.reconciler.pace_ms is 'time from one round to the next as it is now';
comment on column platform.reconciler.slice_after is 'the last of the old dates that was gone over; none: the next slice is the first';
comment on column platform.reconciler.swept_at is 'when all old dates had been gone over last';
insert into platform.reconciler default values;
grant select on platform.reconciler to ates_platform, ates_accounting, ates_reader;
grant update on platform.reconciler to ates_platform;

-- The date of a posting, so that a span of dates is checked without reading all months.
create or replace view report_v1.postings as
  select t.id as transfer_id, t.account_id, 'employee'::text as account_kind, t.account_id as employee_id, t.amount_minor, t.created_at,
    t.business_date
  from accounting.transfers t
  union all
  select t.id, t.contra_id, a.kind, null::uuid, -t.amount_minor, t.created_at, t.business_date
  from accounting.transfers t join accounting.accounts a on a.id = t.contra_id
  union all
  select t.id, t.account_id, 'employee'::text, t.account_id, t.amount_minor, t.created_at, t.business_date
  from archive.transfers t
  union all
  select t.id, t.contra_id, a.kind, null::uuid, -t.amount_minor, t.created_at, t.business_date
  from archive.transfers t join accounting.accounts a on a.id = t.contra_id;

create view report_v1.statements as
  select s.account_id as employee_id, s.business_date, s.opening_minor, s.fees_minor, s.rewards_minor, s.adjustments_minor,
    s.payout_minor, s.closing_minor
  from accounting.statements s;
grant select on report_v1.statements to ates_reader;
