create schema analytics;
comment on schema analytics is 'figures of the company, fed by events only; may be thrown away and built again';

create table analytics.day_totals (
  business_date date constraint day_totals_pkey primary key,
  fees_minor bigint not null default 0,
  rewards_minor bigint not null default 0,
  negative_balances integer
);
comment on table analytics.day_totals is 'fees and rewards of each business date; the count of debtors once the date is closed';

create table analytics.employees (
  id uuid constraint employees_pkey primary key,
  name text not null,
  version bigint not null default 0,
  balance_minor bigint not null default 0
);
comment on table analytics.employees is 'names and present balances';
create index employees_negative_idx on analytics.employees (balance_minor) where balance_minor < 0;

create table analytics.tasks (
  id uuid constraint tasks_pkey primary key,
  title text not null default '',
  jira_id text,
  reward_minor bigint,
  completed_at timestamptz,
  completed_date date,
  completed_by uuid
);
comment on table analytics.tasks is 'titles, rewards and completions of tasks';
create index tasks_dearest_idx on analytics.tasks (completed_date, reward_minor desc, completed_at) where completed_date is not null;

grant usage on schema analytics to ates_analytics;
grant select, insert, update, delete on analytics.day_totals, analytics.employees, analytics.tasks to ates_analytics;
