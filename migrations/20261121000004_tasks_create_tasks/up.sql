create schema tasks;
comment on schema tasks is 'tasks, who has them, and the journal of what happened to each';

create table tasks.employees (
  id uuid constraint employees_pkey primary key,
  name text not null,
  assignable boolean not null,
  active boolean not null,
  version bigint not null
);
comment on table tasks.employees is 'own copy of the people, fed by account events: who may be drawn (A19, T07)';
create index employees_assignable_idx on tasks.employees (id) where assignable;

create table tasks.tasks (
  id uuid constraint tasks_pkey primary key,
  number bigint generated always as identity constraint tasks_number_key unique,
  title text not null constraint tasks_title_check check (length(title) between 1 and 200 and title !~ '[][]'),
  jira_id text constraint tasks_jira_id_check check (jira_id ~ '^[A-Z][A-Z0-9]{0,19}-[0-9]{1,12}$'),
  description text constraint tasks_description_check check (length(description) <= 10000),
  status text not null constraint tasks_status_check check (status in ('saving', 'open', 'done')),
  assignee_id uuid not null constraint tasks_assignee_id_fkey references tasks.employees (id),
  assignment_seq integer not null,
  fee_minor bigint,
  reward_minor bigint,
  created_at timestamptz not null,
  created_by uuid not null,
  updated_at timestamptz not null,
  updated_by uuid,
  completed_at timestamptz,
  completed_by uuid,
  constraint tasks_price_check check ((status = 'saving') = (fee_minor is null) and (fee_minor is null) = (reward_minor is null)),
  constraint tasks_completed_check check ((status = 'done') = (completed_at is not null) and (completed_at is null) = (completed_by is null))
) with (fillfactor = 80);
comment on table tasks.tasks is 'a task always has an assignee (T06); saving until priced, then open, then done for ever (T20, T24)';
create index tasks_mine_idx on tasks.tasks (assignee_id, status, number desc);
create index tasks_open_idx on tasks.tasks (id) where status = 'open';
create index tasks_saving_idx on tasks.tasks (created_at) where status = 'saving';
create index tasks_created_by_idx on tasks.tasks (created_by, number desc);

create function tasks.guard_status() returns trigger
  language plpgsql as $$
begin
  if old.status = 'done' then
    raise exception 'a done task is never changed' using errcode = 'check_violation', constraint = 'tasks_done_is_final';
  end if;
  if new.status <> old.status and not (old.status, new.status) in (('saving', 'open'), ('open', 'done')) then
    raise exception 'no way from % to %', old.status, new.status
      using errcode = 'check_violation', constraint = 'tasks_status_order';
  end if;
  if old.fee_minor is not null and (new.fee_minor, new.reward_minor) is distinct from (old.fee_minor, old.reward_minor) then
    raise exception 'a price is never changed' using errcode = 'check_violation', constraint = 'tasks_price_is_final';
  end if;
  return new;
end $$;
create trigger tasks_guard_status before update on tasks.tasks for each row execute function tasks.guard_status();

create table tasks.shuffles (
  id uuid constraint shuffles_pkey primary key,
  number bigint generated always as identity constraint shuffles_number_key unique,
  state text not null constraint shuffles_state_check check (state in ('queued', 'running', 'done')),
  seed bytea not null,
  requested_by uuid not null,
  requested_at timestamptz not null,
  started_at timestamptz,
  finished_at timestamptz,
  last_chunk_at timestamptz,
  total integer not null,
  done integer not null default 0,
  last_task_id uuid
);
comment on table tasks.shuffles is 'presses of the shuffle: queued runs, worked off one after another in chunks (T12)';
create index shuffles_waiting_idx on tasks.shuffles (number) where state <> 'done';

create table tasks.journal (
  id bigint generated always as identity constraint journal_pkey primary key,
  task_id uuid not null constraint journal_task_id_fkey references tasks.tasks (id),
  kind text not null constraint journal_kind_check check (kind in ('create', 'assign', 'complete', 'other')),
  occurred_at timestamptz not null,
  actor_id uuid,
  event_id uuid,
  assignment_seq integer,
  from_id uuid,
  assignee_id uuid,
  run_id uuid constraint journal_run_id_fkey references tasks.shuffles (id),
  note text,
  constraint journal_assign_check check ((kind = 'assign') = (assignment_seq is not null and assignee_id is not null and event_id is not null))
);
comment on table tasks.journal is 'what happened to each task (T26); its assign rows are the record of all assignments; append-only';
create unique index journal_assignment_key on tasks.journal (task_id, assignment_seq) where kind = 'assign';
create unique index journal_completion_key on tasks.journal (task_id) where kind = 'complete';
create unique index journal_creation_key on tasks.journal (task_id) where kind = 'create';
create index journal_task_id_idx on tasks.journal (task_id, id);
create index journal_occurred_at_idx on tasks.journal (occurred_at);
create trigger journal_append_only before update or delete or truncate on tasks.journal
  for each statement execute function platform.refuse_change();

grant usage on schema tasks to ates_tasks;
grant select, insert, update on tasks.employees, tasks.tasks, tasks.shuffles to ates_tasks;
grant select, insert on tasks.journal to ates_tasks;
