-- When a session last showed a credential: an act with consequences asks for one that is fresh.
alter table auth.sessions add column confirmed_at timestamptz;
comment on column auth.sessions.confirmed_at is 'when its owner last showed a credential; null: not since the log-in';
