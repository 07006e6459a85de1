-- One role per module, which may write only in the schema of its name; one role that only reads the auditors' views.
do $$
declare
  module text;
begin
  foreach module in array array['ates_platform', 'ates_bus', 'ates_auth', 'ates_tasks', 'ates_accounting', 'ates_analytics', 'ates_reader']
  loop
    begin
      execute format('create role %I nologin', module);
    exception when duplicate_object or unique_violation then
      null;
    end;
    if not pg_has_role(current_user, module, 'member') then
      execute format('grant %I to current_user', module);
    end if;
  end loop;
end $$;

create schema platform;
comment on schema platform is 'what every module uses: audit, form keys, runs of scheduled jobs';

create function platform.refuse_change() returns trigger
  language plpgsql as $$
begin
  raise exception 'rows of %.% are never changed or removed', tg_table_schema, tg_table_name
    using errcode = 'insufficient_privilege';
end $$;
comment on function platform.refuse_change() is 'trigger of append-only tables';

create table platform.audit_log (
  id uuid constraint audit_log_pkey primary key,
  occurred_at timestamptz not null,
  actor_id uuid,
  action text not null,
  subject_id uuid,
  address text,
  detail jsonb not null
);
comment on table platform.audit_log is 'who did what to whom, when and from where (R24); append-only';
create index audit_log_occurred_at_idx on platform.audit_log (occurred_at desc, id desc);
create trigger audit_log_append_only before update or delete or truncate on platform.audit_log
  for each statement execute function platform.refuse_change();

create table platform.form_keys (
  user_id uuid not null,
  key uuid not null,
  location text,
  created_at timestamptz not null,
  constraint form_keys_pkey primary key (user_id, key)
);
comment on table platform.form_keys is 'forms that were sent, and where each led: a form sent twice has one effect';
create index form_keys_created_at_idx on platform.form_keys (created_at);

create table platform.job_runs (
  job text not null,
  run_key text not null,
  state text not null constraint job_runs_state_check check (state in ('waiting', 'done', 'failed')),
  attempts integer not null default 0,
  detail text,
  started_at timestamptz not null,
  finished_at timestamptz,
  constraint job_runs_pkey primary key (job, run_key)
);
comment on table platform.job_runs is 'one row a scheduled job and due date: what ran, when, and how it ended';

grant usage on schema platform to ates_platform, ates_auth, ates_tasks, ates_accounting, ates_analytics, ates_bus;
grant select, insert on platform.audit_log to ates_platform, ates_auth, ates_tasks, ates_accounting, ates_bus;
grant select, insert, update, delete on platform.form_keys to ates_platform;
grant select, insert, update on platform.form_keys to ates_auth, ates_tasks, ates_accounting;
grant select, insert, update, delete on platform.job_runs to ates_platform, ates_auth, ates_tasks, ates_accounting, ates_analytics, ates_bus;
