-- People who register themselves, and the codes with which a new installation gets its first administrator.
create table auth.registrations (
  id uuid constraint registrations_pkey primary key,
  username text not null,
  email text not null,
  name text not null,
  surname text not null,
  password_hash text not null,
  language text not null constraint registrations_language_check check (language in ('en', 'ru')),
  address text,
  agent text,
  correlation_id uuid,
  created_at timestamptz not null,
  answered_at timestamptz
);
comment on table auth.registrations is 'who wants to register, taken or not: the request does the same for everybody, the mail worker answers by mail, and the account is made when the address is proven';
create index registrations_unanswered_idx on auth.registrations (created_at) where answered_at is null;

create table auth.setup_codes (
  code_hash bytea constraint setup_codes_pkey primary key,
  created_at timestamptz not null,
  expires_at timestamptz not null
);
comment on table auth.setup_codes is 'codes for the first administrator, printed at the start of a process and stored as SHA-256; gone with the first use';

grant select, insert, update, delete on auth.registrations, auth.setup_codes to ates_auth;
