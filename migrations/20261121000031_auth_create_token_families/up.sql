-- Refresh tokens in families, keys that take over from one another, and the secrets of this installation.
alter table auth.signing_keys add column signs_from timestamptz;
update auth.signing_keys set signs_from = created_at;
comment on column auth.signing_keys.signs_from is 'from when it signs; published before, so that whoever keeps the published keys for a while knows it in time; null: from its making';
grant delete on auth.signing_keys to ates_auth;

create table auth.secrets (
  name text constraint secrets_pkey primary key,
  value bytea not null constraint secrets_value_check check (length(value) = 32),
  created_at timestamptz not null
);
comment on table auth.secrets is 'keys that this installation made for itself, such as the one that refresh tokens are derived with';

create table auth.token_families (
  id uuid constraint token_families_pkey primary key,
  user_id uuid not null constraint token_families_user_id_fkey references auth.users (id),
  session_version bigint not null,
  created_at timestamptz not null,
  last_used_at timestamptz not null,
  expires_at timestamptz not null,
  revoked_at timestamptz,
  address text,
  user_agent text
);
comment on table auth.token_families is 'a log-in over the API with all tokens that followed from it; revoking it ends them all';
create index token_families_user_id_idx on auth.token_families (user_id);
create index token_families_expires_at_idx on auth.token_families (expires_at);

create table auth.refresh_tokens (
  token_hash bytea constraint refresh_tokens_pkey primary key,
  pair_id uuid not null constraint refresh_tokens_pair_id_key unique,
  family_id uuid not null constraint refresh_tokens_family_id_fkey references auth.token_families (id) on delete cascade,
  parent_hash bytea constraint refresh_tokens_parent_hash_key unique,
  created_at timestamptz not null,
  exchanged_at timestamptz,
  pair_used_at timestamptz
);
comment on table auth.refresh_tokens is 'single-use tokens, stored as SHA-256; parent_hash makes a second child of one token impossible';
comment on column auth.refresh_tokens.pair_used_at is 'when the access token that was handed out beside it was first used: from then on its parent is not exchanged again';
create index refresh_tokens_family_id_idx on auth.refresh_tokens (family_id);

grant select, insert on auth.secrets to ates_auth;
grant select, insert, update, delete on auth.token_families, auth.refresh_tokens to ates_auth;
