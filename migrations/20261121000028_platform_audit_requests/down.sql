drop view report_v1.assignments;
create view report_v1.assignments as
  select j.task_id, j.assignment_seq, j.assignee_id, j.run_id, j.event_id, j.occurred_at as created_at
  from tasks.journal j where j.kind = 'assign'
  union all
  select j.task_id, j.assignment_seq, j.assignee_id, j.run_id, j.event_id, j.occurred_at
  from archive.journal j where j.kind = 'assign';
grant select on report_v1.assignments to ates_reader, ates_accounting, ates_platform;
drop view report_v1.company_earnings;
drop view report_v1.people;
drop view report_v1.audit;
create view report_v1.audit as
  select a.id, a.occurred_at as at, a.actor_id as actor, a.action, a.subject_id as subject, a.detail from platform.audit_log a;
grant select on report_v1.audit to ates_reader;
drop index platform.audit_log_actor_id_idx;
alter table platform.audit_log drop column correlation_id, drop column agent;
