-- The journal by months of the time, in UTC. It loses its foreign keys: tasks and shuffles are never removed, each row is written
-- in the transaction that locks its task, and a key would lock the tasks against writing whenever a month is made.
lock table tasks.journal in access exclusive mode;
alter table tasks.journal rename to journal_whole;
alter table tasks.journal_whole drop constraint journal_pkey;
drop index tasks.journal_assignment_key, tasks.journal_completion_key, tasks.journal_creation_key, tasks.journal_task_id_idx,
  tasks.journal_occurred_at_idx;

create table tasks.journal
  (like tasks.journal_whole including constraints including comments) partition by range (occurred_at);
comment on table tasks.journal is 'what happened to each task (T26), by months; its assign rows are the record of all assignments; append-only';
create sequence tasks.journal_number_seq as bigint owned by tasks.journal.id;
select setval('tasks.journal_number_seq', coalesce(max(id), 0) + 1, false) from tasks.journal_whole;
alter table tasks.journal alter column id set default nextval('tasks.journal_number_seq'),
  add constraint journal_pkey primary key (task_id, id, occurred_at);
create index journal_occurred_at_idx on tasks.journal (occurred_at);

create table archive.journal (like tasks.journal including constraints) partition by range (occurred_at);
comment on table archive.journal is 'months of the journal that are past their time online';

set local timezone = 'UTC';
select platform.make_months('journal',
  least((select min(occurred_at) from tasks.journal_whole)::date, (current_date - interval '1 month')::date),
  greatest((select max(occurred_at) from tasks.journal_whole)::date, (current_date + interval '3 months')::date));
insert into tasks.journal select * from tasks.journal_whole order by id;

create or replace view report_v1.assignments as
  select j.task_id, j.assignment_seq, j.assignee_id, j.run_id, j.event_id, j.occurred_at as created_at
  from tasks.journal j where j.kind = 'assign'
  union all
  select j.task_id, j.assignment_seq, j.assignee_id, j.run_id, j.event_id, j.occurred_at
  from archive.journal j where j.kind = 'assign';

create or replace view report_v1.completions as
  select j.task_id, j.actor_id as assignee_id, j.event_id, j.occurred_at as created_at
  from tasks.journal j where j.kind = 'complete'
  union all
  select j.task_id, j.actor_id, j.event_id, j.occurred_at
  from archive.journal j where j.kind = 'complete';

create view tasks.all_journal as
  select * from tasks.journal union all select * from archive.journal;
comment on view tasks.all_journal is 'the journal with what of it is in the archive; whoever reads it from an instant on touches only the months since then';

drop table tasks.journal_whole;

create trigger journal_append_only before update or delete or truncate on tasks.journal
  for each statement execute function platform.refuse_change();
create trigger journal_append_only before update or delete or truncate on archive.journal
  for each statement execute function platform.refuse_change();

grant select, insert on tasks.journal to ates_tasks;
grant usage on sequence tasks.journal_number_seq to ates_tasks;
grant select on tasks.all_journal to ates_tasks;
grant select on archive.journal to ates_platform;
analyze tasks.journal;
