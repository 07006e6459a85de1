-- The ledger by months of the business date. Its rows are copied; nobody writes meanwhile.
lock table accounting.transfers, accounting.payouts in access exclusive mode;
alter table accounting.payouts drop constraint payouts_transfer_id_fkey;
alter table accounting.transfers rename to transfers_whole;
alter table accounting.transfers_whole drop constraint transfers_pkey, drop constraint transfers_version_key;
drop index accounting.transfers_account_day_idx, accounting.transfers_day_idx, accounting.transfers_reason_key,
  accounting.transfers_assignment_key, accounting.transfers_reward_key, accounting.transfers_payout_key;

create table accounting.transfers
  (like accounting.transfers_whole including defaults including constraints including comments)
  partition by range (business_date);
comment on table accounting.transfers is 'the ledger by months of the business date: one row a transfer, signed from the employee''s side, with the account it goes against, so it cannot be unbalanced; append-only';
alter table accounting.transfers add constraint transfers_pkey primary key (business_date, id);
create index transfers_account_day_idx on accounting.transfers (account_id, business_date, version);

create table archive.transfers
  (like accounting.transfers including defaults including constraints) partition by range (business_date);
comment on table archive.transfers is 'months of the ledger that are past their time online';

select platform.make_months('transfers',
  least((select min(business_date) from accounting.transfers_whole), (current_date - interval '1 month')::date),
  greatest((select max(business_date) from accounting.transfers_whole), (current_date + interval '3 months')::date));
insert into accounting.transfers select * from accounting.transfers_whole order by business_date, id;

create or replace view report_v1.transfers as
  select t.id as transfer_id, t.kind, t.account_id as employee_id, t.amount_minor, t.task_id, t.assignment_seq,
    t.reason_event_id, t.business_date, t.created_at
  from accounting.transfers t
  union all
  select t.id, t.kind, t.account_id, t.amount_minor, t.task_id, t.assignment_seq, t.reason_event_id, t.business_date, t.created_at
  from archive.transfers t;

create or replace view report_v1.postings as
  select t.id as transfer_id, t.account_id, 'employee'::text as account_kind, t.account_id as employee_id, t.amount_minor, t.created_at
  from accounting.transfers t
  union all
  select t.id, t.contra_id, a.kind, null::uuid, -t.amount_minor, t.created_at
  from accounting.transfers t join accounting.accounts a on a.id = t.contra_id
  union all
  select t.id, t.account_id, 'employee'::text, t.account_id, t.amount_minor, t.created_at
  from archive.transfers t
  union all
  select t.id, t.contra_id, a.kind, null::uuid, -t.amount_minor, t.created_at
  from archive.transfers t join accounting.accounts a on a.id = t.contra_id;

create view accounting.all_transfers as
  select * from accounting.transfers union all select * from archive.transfers;
comment on view accounting.all_transfers is 'the ledger with what of it is in the archive; whoever reads a period of it touches only the months of that period';

drop table accounting.transfers_whole;

create trigger transfers_append_only before update or delete or truncate on accounting.transfers
  for each statement execute function platform.refuse_change();
create trigger transfers_append_only before update or delete or truncate on archive.transfers
  for each statement execute function platform.refuse_change();
create trigger transfers_guard_closed_days after insert on accounting.transfers
  referencing new table as fresh for each statement execute function accounting.guard_closed_days();

-- A foreign key would keep the month of a payout from ever being moved. Transfers are never changed or removed, so what was there
-- when the payout was written is there for good; this asks for more than the key did: the same person, date and amount.
create function accounting.guard_payouts() returns trigger
  language plpgsql as $$
declare
  date date;
begin
  for date in select distinct f.business_date from fresh f loop
    if exists (select from fresh f where f.business_date = date and not exists (
        select from accounting.transfers t where t.business_date = date and t.id = f.transfer_id and t.kind = 'payout'
          and t.account_id = f.employee_id and t.amount_minor = -f.amount_minor)) then
      raise exception 'a payout of % has no transfer', date
        using errcode = 'foreign_key_violation', constraint = 'payouts_transfer_id_fkey';
    end if;
  end loop;
  return null;
end $$;
create trigger payouts_guard_transfers after insert on accounting.payouts
  referencing new table as fresh for each statement execute function accounting.guard_payouts();

grant select, insert on accounting.transfers to ates_accounting;
grant select on accounting.all_transfers to ates_accounting;
grant select on archive.transfers to ates_platform;
analyze accounting.transfers;
