create schema accounting;
comment on schema accounting is 'prices, the ledger, settlement of the day, payouts and their mails';

create table accounting.accounts (
  id uuid constraint accounts_pkey primary key,
  kind text not null constraint accounts_kind_check check (kind in ('employee', 'fees', 'rewards', 'payouts', 'adjustments')),
  employee_id uuid constraint accounts_employee_id_key unique,
  opened_at timestamptz not null,
  constraint accounts_employee_check check ((kind = 'employee') = (employee_id is not null))
);
comment on table accounting.accounts is 'one account an employee, of the same id, and one for each counterpart of the company';
insert into accounting.accounts (id, kind, opened_at) values
  ('00000000-0000-0000-0000-00000000fee5', 'fees', 'epoch'),
  ('00000000-0000-0000-0000-000000003e4d', 'rewards', 'epoch'),
  ('00000000-0000-0000-0000-000000009a1d', 'payouts', 'epoch'),
  ('00000000-0000-0000-0000-00000000ad05', 'adjustments', 'epoch');

create table accounting.employees (
  id uuid constraint employees_pkey primary key constraint employees_id_fkey references accounting.accounts (id),
  username text not null,
  email text not null,
  name text not null,
  surname text not null,
  language text,
  active boolean not null,
  version bigint not null
);
comment on table accounting.employees is 'own copy of names and addresses, fed by account events, so that mails need no other module (A19, M39)';

create table accounting.balances (
  account_id uuid constraint balances_pkey primary key constraint balances_account_id_fkey references accounting.accounts (id),
  amount_minor bigint not null default 0,
  version bigint not null default 0
) with (fillfactor = 70);
comment on table accounting.balances is 'present balance of each employee: a cache of the ledger that moves in its transactions (decision 17)';
create index balances_negative_idx on accounting.balances (account_id) where amount_minor < 0;

create table accounting.tasks (
  id uuid constraint tasks_pkey primary key,
  title text not null,
  jira_id text
);
comment on table accounting.tasks is 'own copy of the task titles, fed by task events, for descriptions of transfers';

create table accounting.task_prices (
  task_id uuid constraint task_prices_pkey primary key,
  fee_minor bigint not null constraint task_prices_fee_minor_check check (fee_minor > 0 and fee_minor < 1000000000),
  reward_minor bigint not null constraint task_prices_reward_minor_check check (reward_minor > 0 and reward_minor < 1000000000),
  created_at timestamptz not null
);
comment on table accounting.task_prices is 'the price of each task, made once (M01, M02); append-only';
create trigger task_prices_append_only before update or delete or truncate on accounting.task_prices
  for each statement execute function platform.refuse_change();

create table accounting.business_days (
  business_date date constraint business_days_pkey primary key,
  zone text not null,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  state text not null constraint business_days_state_check check (state in ('open', 'closed')),
  cutoff_seq bigint,
  started_at timestamptz,
  closed_at timestamptz,
  closed_by uuid,
  people integer,
  fees_minor bigint,
  rewards_minor bigint,
  paid_minor bigint,
  negative_balances integer,
  constraint business_days_closed_check check ((state = 'closed') = (closed_at is not null))
);
comment on table accounting.business_days is 'business dates: what was settled, when, and its totals; a closed date takes no posting more';

create table accounting.transfers (
  id uuid constraint transfers_pkey primary key,
  kind text not null constraint transfers_kind_check check (kind in ('assignment_fee', 'completion_reward', 'payout', 'adjustment')),
  account_id uuid not null,
  contra_id uuid not null,
  amount_minor bigint not null,
  version bigint not null,
  balance_minor bigint not null,
  task_id uuid,
  assignment_seq integer,
  reason_event_id uuid not null,
  business_date date not null,
  created_at timestamptz not null,
  constraint transfers_two_accounts_check check (account_id <> contra_id),
  constraint transfers_amount_check check (case kind
    when 'assignment_fee' then amount_minor < 0 and task_id is not null and assignment_seq is not null
    when 'completion_reward' then amount_minor > 0 and task_id is not null
    when 'payout' then amount_minor < 0 and task_id is null
    else amount_minor <> 0 end),
  constraint transfers_version_key unique (account_id, version)
);
comment on table accounting.transfers is 'the ledger: one row a transfer, signed from the employee''s side, with the account it goes against, so it cannot be unbalanced; append-only';
comment on column accounting.transfers.version is 'number of the transfer on its account, without holes';
comment on column accounting.transfers.balance_minor is 'balance of the account after this transfer, in the order of booking';
create unique index transfers_reason_key on accounting.transfers
  (reason_event_id, kind, coalesce(task_id, '00000000-0000-0000-0000-000000000000'));
create unique index transfers_assignment_key on accounting.transfers (task_id, assignment_seq) where kind = 'assignment_fee';
create unique index transfers_reward_key on accounting.transfers (task_id) where kind = 'completion_reward';
create unique index transfers_payout_key on accounting.transfers (account_id, business_date) where kind = 'payout';
create index transfers_account_day_idx on accounting.transfers (account_id, business_date, version);
create index transfers_day_idx on accounting.transfers (business_date, id);
create trigger transfers_append_only before update or delete or truncate on accounting.transfers
  for each statement execute function platform.refuse_change();

create function accounting.guard_closed_days() returns trigger
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
create trigger transfers_guard_closed_days after insert on accounting.transfers
  referencing new table as fresh for each statement execute function accounting.guard_closed_days();

create table accounting.statements (
  business_date date not null constraint statements_business_date_fkey references accounting.business_days (business_date),
  account_id uuid not null constraint statements_account_id_fkey references accounting.accounts (id),
  opening_minor bigint not null,
  fees_minor bigint not null,
  rewards_minor bigint not null,
  adjustments_minor bigint not null,
  payout_minor bigint not null constraint statements_payout_minor_check check (payout_minor >= 0),
  closing_minor bigint not null,
  constraint statements_pkey primary key (account_id, business_date),
  constraint statements_foot_check check
    (opening_minor + fees_minor + rewards_minor + adjustments_minor - payout_minor = closing_minor),
  constraint statements_payout_check check (payout_minor = 0 or closing_minor = 0)
);
comment on table accounting.statements is 'the statement of a closed day: written once by its settlement (M33); append-only';
create index statements_business_date_idx on accounting.statements (business_date);
create trigger statements_append_only before update or delete or truncate on accounting.statements
  for each statement execute function platform.refuse_change();

create table accounting.payouts (
  business_date date not null constraint payouts_business_date_fkey references accounting.business_days (business_date),
  employee_id uuid not null constraint payouts_employee_id_fkey references accounting.accounts (id),
  amount_minor bigint not null constraint payouts_amount_minor_check check (amount_minor > 0),
  transfer_id uuid not null constraint payouts_transfer_id_key unique
    constraint payouts_transfer_id_fkey references accounting.transfers (id),
  constraint payouts_pkey primary key (business_date, employee_id)
);
comment on table accounting.payouts is 'who was paid what for which date; at most once (M29)';
create index payouts_employee_id_idx on accounting.payouts (employee_id, business_date);
create trigger payouts_append_only before update or delete or truncate on accounting.payouts
  for each statement execute function platform.refuse_change();

create table accounting.mails (
  id uuid constraint mails_pkey primary key,
  message_id text not null constraint mails_message_id_key unique,
  kind text not null constraint mails_kind_check check (kind in ('payout')),
  employee_id uuid not null constraint mails_employee_id_fkey references accounting.accounts (id),
  business_date date not null,
  recipient text not null,
  recipient_name text not null,
  language text not null,
  amount_minor bigint not null,
  state text not null default 'new' constraint mails_state_check check (state in ('new', 'waiting', 'sent', 'failed')),
  attempts integer not null default 0,
  next_attempt_at timestamptz not null,
  claimed_until timestamptz,
  last_error text,
  created_at timestamptz not null,
  sent_at timestamptz,
  constraint mails_once_key unique (kind, employee_id, business_date),
  constraint mails_sent_check check ((state = 'sent') = (sent_at is not null))
);
comment on table accounting.mails is 'mails about payouts, written with the payout and sent by a worker of its own; the Message-ID stays the same (D09)';
create index mails_due_idx on accounting.mails (next_attempt_at) where state in ('new', 'waiting');

grant usage on schema accounting to ates_accounting;
grant select, insert on accounting.accounts, accounting.task_prices, accounting.transfers, accounting.statements, accounting.payouts to ates_accounting;
grant select, insert, update on accounting.employees, accounting.balances, accounting.tasks, accounting.business_days, accounting.mails to ates_accounting;
