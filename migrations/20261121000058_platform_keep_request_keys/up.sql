create table platform.request_keys (
  user_id uuid not null,
  route text not null constraint request_keys_route_check check (length(route) <= 300),
  key text not null constraint request_keys_key_check check (length(key) between 1 and 255),
  body_hash bytea not null constraint request_keys_body_hash_check check (length(body_hash) = 32),
  status smallint not null,
  body text,
  location text,
  created_at timestamptz not null,
  constraint request_keys_pkey primary key (user_id, route, key)
);
comment on table platform.request_keys is 'requests of programs that came with an Idempotency-Key, and what each was answered: sent twice, they have one effect';
create index request_keys_created_at_idx on platform.request_keys (created_at);
grant select, insert, update, delete on platform.request_keys to ates_platform;
grant select, insert, update on platform.request_keys to ates_auth, ates_tasks, ates_accounting, ates_bus;
