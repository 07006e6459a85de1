-- The audit says from where: the request, and the program that sent it. Rows from before keep what they have.
alter table platform.audit_log
  add column correlation_id uuid,
  add column agent text constraint audit_log_agent_check check (length(agent) <= 200);
comment on column platform.audit_log.correlation_id is 'the id of the request, which its answer carried as x-request-id and its events as correlation';
comment on column platform.audit_log.agent is 'what the request said it was sent by';
create index audit_log_actor_id_idx on platform.audit_log (actor_id, occurred_at desc, id desc);

create or replace view report_v1.audit as
  select a.id, a.occurred_at as at, a.actor_id as actor, a.action, a.subject_id as subject, a.detail, a.address,
    a.correlation_id as correlation, a.agent
  from platform.audit_log a;

create view report_v1.people as
  select u.id as user_id, u.username, trim(u.name || ' ' || u.surname) as name from auth.users u;
grant select on report_v1.people to ates_reader;

-- What the company earned on each settled date, stored when the date was closed (M41).
create view report_v1.company_earnings as
  select d.business_date, d.starts_at as start_at, d.ends_at as finish_at, d.fees_minor, d.rewards_minor,
    d.fees_minor - d.rewards_minor as total_minor
  from accounting.business_days d where d.state = 'closed';
grant select on report_v1.company_earnings to ates_reader;

-- Who had a task before, so that the report by presser can say from whom tasks were taken (D16).
create or replace view report_v1.assignments as
  select j.task_id, j.assignment_seq, j.assignee_id, j.run_id, j.event_id, j.occurred_at as created_at, j.from_id
  from tasks.journal j where j.kind = 'assign'
  union all
  select j.task_id, j.assignment_seq, j.assignee_id, j.run_id, j.event_id, j.occurred_at, j.from_id
  from archive.journal j where j.kind = 'assign';
