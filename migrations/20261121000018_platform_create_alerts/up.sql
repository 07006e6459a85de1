create table platform.alerts (
  id uuid constraint alerts_pkey primary key,
  scenario text not null,
  step text not null,
  subject text not null,
  task_id uuid,
  employee_id uuid,
  assignment_seq integer,
  business_date date,
  transfer_id uuid,
  since timestamptz not null,
  raised_at timestamptz not null,
  cleared_at timestamptz
);
comment on table platform.alerts is 'steps of the planned scenarios that did not follow within their limit; a late step clears its alert';
comment on column platform.alerts.subject is 'what the step is missing for, in one key';
comment on column platform.alerts.since is 'when the step before it happened';
create unique index alerts_open_key on platform.alerts (scenario, step, subject) where cleared_at is null;
create index alerts_cleared_idx on platform.alerts (cleared_at desc, id desc) where cleared_at is not null;

create table platform.scenario_marks (
  scenario text not null,
  step text not null,
  judged_until timestamptz not null,
  constraint scenario_marks_pkey primary key (scenario, step)
);
comment on table platform.scenario_marks is 'how far each step has been looked at, so that each look costs what happened since the last one';

grant select, insert, update on platform.alerts, platform.scenario_marks to ates_platform;
grant usage on schema report_v1 to ates_platform;
grant select on report_v1.tasks, report_v1.assignments, report_v1.completions, report_v1.transfers, report_v1.events,
  report_v1.consumers, report_v1.payout_runs, report_v1.payouts, report_v1.mails, report_v1.users, report_v1.corrections to ates_platform;
