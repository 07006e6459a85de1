drop view report_v1.statements;
drop view report_v1.postings;
create view report_v1.postings as
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
grant select on report_v1.postings to ates_reader;
drop table platform.reconciler;
