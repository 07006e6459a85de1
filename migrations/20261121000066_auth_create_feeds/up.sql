-- What people subscribe to with programs that cannot log in: read-only, by a secret address of which only the hash is kept.
create table auth.feeds (
  user_id uuid not null constraint feeds_user_id_fkey references auth.users (id),
  kind text not null constraint feeds_kind_check check (kind in ('tasks', 'payouts')),
  token_hash bytea not null constraint feeds_token_hash_key unique,
  created_at timestamptz not null,
  last_used_at timestamptz,
  constraint feeds_pkey primary key (user_id, kind)
);
comment on table auth.feeds is 'secret addresses of feeds, one of a kind for each user; shown once, stored as SHA-256';
grant select, insert, update, delete on auth.feeds to ates_auth;
