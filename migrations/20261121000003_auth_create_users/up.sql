create schema auth;
comment on schema auth is 'who people are, what they may do, and their sessions';

create table auth.roles (
  name text constraint roles_pkey primary key,
  description_en text not null,
  description_ru text not null
);
comment on table auth.roles is 'the seven roles (A12); their default permissions live in the code beside the access table';
insert into auth.roles (name, description_en, description_ru) values
  ('administrator', 'Runs the system: users, analytics, operations', 'Управляет системой: люди, аналитика, эксплуатация'),
  ('manager', 'Sees all tasks and shuffles them; gets none', 'Видит все задачи и перемешивает их; сам задач не получает'),
  ('developer', 'Works on tasks', 'Выполняет задачи'),
  ('boss', 'Top management; works on tasks like everyone', 'Топ-менеджмент; выполняет задачи, как все'),
  ('accountant', 'Sees the company''s money; works on tasks', 'Видит деньги компании; выполняет задачи'),
  ('internalservice', 'Another system; has no page and gets no task', 'Другая система; без страниц и без задач'),
  ('other', 'Anyone else in the company', 'Любой другой сотрудник');

create table auth.users (
  id uuid constraint users_pkey primary key,
  username text not null constraint users_username_key unique
    constraint users_username_check check (username = lower(username) and length(username) between 3 and 40),
  email text not null constraint users_email_check check (length(email) <= 254),
  name text not null,
  surname text not null,
  password_hash text,
  language text constraint users_language_check check (language in ('en', 'ru')),
  meta jsonb not null default '{}',
  version bigint not null default 1,
  session_version bigint not null default 1,
  deactivated_at timestamptz,
  created_at timestamptz not null,
  created_by uuid,
  updated_at timestamptz not null,
  updated_by uuid
);
comment on table auth.users is 'people and services; never deleted, only deactivated (A20)';
create unique index users_email_key on auth.users (lower(email));

create table auth.user_roles (
  user_id uuid not null constraint user_roles_user_id_fkey references auth.users (id),
  role text not null constraint user_roles_role_fkey references auth.roles (name),
  constraint user_roles_pkey primary key (user_id, role)
);
comment on table auth.user_roles is 'the role set of each user (A13)';
create index user_roles_role_idx on auth.user_roles (role);

create table auth.user_permissions (
  user_id uuid not null constraint user_permissions_user_id_fkey references auth.users (id),
  permission text not null constraint user_permissions_permission_check check (permission in ('can_see_all_tasks',
    'can_reassign_tasks', 'can_see_company_money', 'can_run_payouts', 'can_see_analytics', 'can_manage_users', 'can_operate')),
  granted_at timestamptz not null,
  granted_by uuid,
  constraint user_permissions_pkey primary key (user_id, permission)
);
comment on table auth.user_permissions is 'permissions given to one user on top of the roles'' (A14)';

create table auth.sessions (
  id_hash bytea constraint sessions_pkey primary key,
  user_id uuid not null constraint sessions_user_id_fkey references auth.users (id),
  session_version bigint not null,
  created_at timestamptz not null,
  last_seen_at timestamptz not null,
  expires_at timestamptz not null,
  address text,
  user_agent text
);
comment on table auth.sessions is 'browser sessions; the cookie''s 256-bit id is stored only as its SHA-256';
create index sessions_user_id_idx on auth.sessions (user_id);
create index sessions_expires_at_idx on auth.sessions (expires_at);

create table auth.login_failures (
  username text constraint login_failures_pkey primary key,
  failures integer not null,
  locked_until timestamptz not null,
  cycle_ends_at timestamptz not null
);
comment on table auth.login_failures is 'soft lock: failures are counted before the password is hashed';

create table auth.signing_keys (
  kid text constraint signing_keys_pkey primary key,
  private_key bytea not null,
  public_key bytea not null,
  created_at timestamptz not null,
  retired_at timestamptz
);
comment on table auth.signing_keys is 'Ed25519 keys of the access tokens; a retired one verifies until its last token has expired';

grant usage on schema auth to ates_auth;
grant select on auth.roles to ates_auth;
grant select, insert, update on auth.users, auth.signing_keys to ates_auth;
grant select, insert, update, delete on auth.user_roles, auth.user_permissions, auth.sessions, auth.login_failures to ates_auth;
