create table platform.job_turns (
  job text constraint job_turns_pkey primary key,
  turn uuid not null,
  state text not null constraint job_turns_state_check check (state in ('running', 'done', 'failed')),
  error text,
  asked_by uuid,
  asked_by_name text,
  started_at timestamptz not null,
  took_ms bigint
);
comment on table platform.job_turns is 'the last turn of each job of the schedule, in whichever process: when it began, how it ended, how long it took';
comment on column platform.job_turns.turn is 'which turn the row tells of: the end of an older one changes nothing';
comment on column platform.job_turns.asked_by is 'who ran it by hand; none: the bell did';
grant select, insert, update on platform.job_turns to ates_platform;
