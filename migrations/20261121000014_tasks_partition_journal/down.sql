create table tasks.journal_whole (like tasks.journal including constraints including comments);
alter table tasks.journal_whole alter column id add generated always as identity;
insert into tasks.journal_whole overriding system value select * from tasks.all_journal;
select setval(pg_get_serial_sequence('tasks.journal_whole', 'id'), coalesce(max(id), 0) + 1, false) from tasks.journal_whole;
create or replace view report_v1.assignments as
  select j.task_id, j.assignment_seq, j.assignee_id, j.run_id, j.event_id, j.occurred_at as created_at
  from tasks.journal_whole j where j.kind = 'assign';
create or replace view report_v1.completions as
  select j.task_id, j.actor_id as assignee_id, j.event_id, j.occurred_at as created_at
  from tasks.journal_whole j where j.kind = 'complete';
drop view tasks.all_journal;
drop table tasks.journal, archive.journal;
alter table tasks.journal_whole rename to journal;
alter table tasks.journal add constraint journal_pkey primary key (id),
  add constraint journal_task_id_fkey foreign key (task_id) references tasks.tasks (id),
  add constraint journal_run_id_fkey foreign key (run_id) references tasks.shuffles (id);
comment on table tasks.journal is 'what happened to each task (T26); its assign rows are the record of all assignments; append-only';
create unique index journal_assignment_key on tasks.journal (task_id, assignment_seq) where kind = 'assign';
create unique index journal_completion_key on tasks.journal (task_id) where kind = 'complete';
create unique index journal_creation_key on tasks.journal (task_id) where kind = 'create';
create index journal_task_id_idx on tasks.journal (task_id, id);
create index journal_occurred_at_idx on tasks.journal (occurred_at);
create trigger journal_append_only before update or delete or truncate on tasks.journal
  for each statement execute function platform.refuse_change();
grant select, insert on tasks.journal to ates_tasks;
