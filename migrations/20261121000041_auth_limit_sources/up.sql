-- How often one source may try something, whoever it says it is.
create table auth.source_limits (
  act text not null constraint source_limits_act_check check (length(act) between 1 and 40),
  source text not null constraint source_limits_source_check check (length(source) between 1 and 60),
  spent_until timestamptz not null,
  constraint source_limits_pkey primary key (act, source)
);
comment on table auth.source_limits is 'a bucket of tries for each source address (IPv6: its /64) and each kind of act';
comment on column auth.source_limits.spent_until is 'when the bucket is full again; each try moves it on by the time in which one try comes back';
create index source_limits_spent_until_idx on auth.source_limits (spent_until);
grant select, insert, update, delete on auth.source_limits to ates_auth;
