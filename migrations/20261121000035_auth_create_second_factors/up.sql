-- Second factors: time-based codes, recovery codes, and the step between the first factor and the session.
create table auth.totp (
  user_id uuid constraint totp_pkey primary key constraint totp_user_id_fkey references auth.users (id),
  sealed_secret bytea not null constraint totp_sealed_secret_check check (length(sealed_secret) between 44 and 128),
  created_at timestamptz not null,
  confirmed_at timestamptz,
  last_step bigint
);
comment on table auth.totp is 'the secret of an authenticator app, encrypted with a key of auth.secrets; counts once it is confirmed by a code';
comment on column auth.totp.last_step is 'the time step of the last code that was taken: each code counts once';

create table auth.recovery_codes (
  user_id uuid not null constraint recovery_codes_user_id_fkey references auth.users (id),
  code_hash bytea not null constraint recovery_codes_code_hash_check check (length(code_hash) = 32),
  created_at timestamptz not null,
  used_at timestamptz,
  constraint recovery_codes_pkey primary key (user_id, code_hash)
);
comment on table auth.recovery_codes is 'codes of 80 bits in place of a second factor that is lost; each counts once, stored as SHA-256';

create table auth.login_challenges (
  secret_hash bytea constraint login_challenges_pkey primary key,
  user_id uuid not null constraint login_challenges_user_id_fkey references auth.users (id),
  username text not null,
  session_version bigint not null,
  method text not null,
  guesses smallint not null default 0 constraint login_challenges_guesses_check check (guesses between 0 and 5),
  created_at timestamptz not null,
  expires_at timestamptz not null
);
comment on table auth.login_challenges is 'somebody who has shown the first factor and not yet the second; the cookie''s id is stored only as its SHA-256';
comment on column auth.login_challenges.guesses is 'counted before each check; there is no sixth';
comment on column auth.login_challenges.username is 'under which name the attempt is counted in auth.login_failures';
create index login_challenges_user_id_idx on auth.login_challenges (user_id);
create index login_challenges_expires_at_idx on auth.login_challenges (expires_at);

grant select, insert, update, delete on auth.totp, auth.recovery_codes, auth.login_challenges to ates_auth;
