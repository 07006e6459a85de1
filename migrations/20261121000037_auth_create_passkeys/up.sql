-- Passkeys (WebAuthn), and the ceremonies in which one is made or shown.
create table auth.passkeys (
  id uuid constraint passkeys_pkey primary key,
  user_id uuid not null constraint passkeys_user_id_fkey references auth.users (id),
  credential_id bytea not null constraint passkeys_credential_id_key unique
    constraint passkeys_credential_id_check check (length(credential_id) between 16 and 1023),
  name text not null constraint passkeys_name_check check (length(name) between 1 and 80),
  public_key bytea not null,
  state bytea not null constraint passkeys_state_check check (length(state) = 7),
  created_at timestamptz not null,
  last_used_at timestamptz
);
comment on table auth.passkeys is 'public keys of authenticators; the private ones never leave those';
comment on column auth.passkeys.state is 'what changes with each use: the counter of signatures, and whether the key is kept in more than one place';
create index passkeys_user_id_idx on auth.passkeys (user_id);

create table auth.passkey_ceremonies (
  challenge bytea constraint passkey_ceremonies_pkey primary key,
  user_id uuid constraint passkey_ceremonies_user_id_fkey references auth.users (id),
  state bytea not null,
  created_at timestamptz not null,
  expires_at timestamptz not null
);
comment on table auth.passkey_ceremonies is 'questions that an authenticator may answer once: with a user to make a passkey, without one to log in';
create index passkey_ceremonies_expires_at_idx on auth.passkey_ceremonies (expires_at);

grant select, insert, update, delete on auth.passkeys, auth.passkey_ceremonies to ates_auth;
