-- A statement of a closed day names the tasks as they were called when the day was closed (M33).
create table accounting.former_titles (
  task_id uuid not null constraint former_titles_task_id_fkey references accounting.tasks (id),
  until timestamptz not null,
  title text not null,
  jira_id text,
  constraint former_titles_pkey primary key (task_id, until)
);
comment on table accounting.former_titles is 'what a task was called until an instant, a row for each renaming; append-only';
create trigger former_titles_append_only before update or delete or truncate on accounting.former_titles
  for each statement execute function platform.refuse_change();
grant select, insert on accounting.former_titles to ates_accounting;

create index statements_adjusted_idx on accounting.statements (business_date) include (adjustments_minor) where adjustments_minor <> 0;
