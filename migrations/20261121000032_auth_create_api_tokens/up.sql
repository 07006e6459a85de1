-- Sessions that people can name, and credentials of programs.
alter table auth.sessions add column id uuid not null default gen_random_uuid();
alter table auth.sessions add constraint sessions_id_key unique (id);
comment on column auth.sessions.id is 'what people name the session by; not the cookie''s id, which nobody but the browser has';

create table auth.api_tokens (
  id uuid constraint api_tokens_pkey primary key,
  user_id uuid not null constraint api_tokens_user_id_fkey references auth.users (id),
  name text not null constraint api_tokens_name_check check (length(name) between 1 and 80),
  token_hash bytea not null constraint api_tokens_token_hash_key unique,
  scopes text[] not null constraint api_tokens_scopes_check check (cardinality(scopes) > 0
    and scopes <@ array['profile', 'tasks_read', 'tasks_write', 'shuffle', 'account', 'company_money', 'payouts', 'analytics']),
  created_at timestamptz not null,
  expires_at timestamptz not null,
  last_used_at timestamptz,
  revoked_at timestamptz,
  constraint api_tokens_expires_check check (expires_at > created_at)
);
comment on table auth.api_tokens is 'tokens that people make for their scripts, and the credentials of services; shown once, stored as SHA-256';
comment on column auth.api_tokens.scopes is 'what of its owner''s rights the token has';
create index api_tokens_user_id_idx on auth.api_tokens (user_id);
grant select, insert, update on auth.api_tokens to ates_auth;
