create table accounting.transfers_whole (like accounting.transfers including defaults including constraints including comments);
insert into accounting.transfers_whole select * from accounting.all_transfers;
drop trigger payouts_guard_transfers on accounting.payouts;
drop function accounting.guard_payouts;
create or replace view report_v1.transfers as
  select t.id as transfer_id, t.kind, t.account_id as employee_id, t.amount_minor, t.task_id, t.assignment_seq,
    t.reason_event_id, t.business_date, t.created_at
  from accounting.transfers_whole t;
create or replace view report_v1.postings as
  select t.id as transfer_id, t.account_id, 'employee'::text as account_kind, t.account_id as employee_id, t.amount_minor, t.created_at
  from accounting.transfers_whole t
  union all
  select t.id, t.contra_id, a.kind, null::uuid, -t.amount_minor, t.created_at
  from accounting.transfers_whole t join accounting.accounts a on a.id = t.contra_id;
drop view accounting.all_transfers;
drop table accounting.transfers, archive.transfers;
alter table accounting.transfers_whole rename to transfers;
alter table accounting.transfers add constraint transfers_pkey primary key (id),
  add constraint transfers_version_key unique (account_id, version);
comment on table accounting.transfers is 'the ledger: one row a transfer, signed from the employee''s side, with the account it goes against, so it cannot be unbalanced; append-only';
create unique index transfers_reason_key on accounting.transfers
  (reason_event_id, kind, coalesce(task_id, '00000000-0000-0000-0000-000000000000'));
create unique index transfers_assignment_key on accounting.transfers (task_id, assignment_seq) where kind = 'assignment_fee';
create unique index transfers_reward_key on accounting.transfers (task_id) where kind = 'completion_reward';
create unique index transfers_payout_key on accounting.transfers (account_id, business_date) where kind = 'payout';
create index transfers_account_day_idx on accounting.transfers (account_id, business_date, version);
create index transfers_day_idx on accounting.transfers (business_date, id);
create trigger transfers_append_only before update or delete or truncate on accounting.transfers
  for each statement execute function platform.refuse_change();
create trigger transfers_guard_closed_days after insert on accounting.transfers
  referencing new table as fresh for each statement execute function accounting.guard_closed_days();
alter table accounting.payouts add constraint payouts_transfer_id_fkey foreign key (transfer_id) references accounting.transfers (id);
grant select, insert on accounting.transfers to ates_accounting;
