-- Who somebody is at the company's own OpenID Connect provider, and the log-ins there that have not come back yet.
create table auth.provider_links (
  issuer text not null constraint provider_links_issuer_check check (length(issuer) between 1 and 2000),
  subject text not null constraint provider_links_subject_check check (length(subject) between 1 and 255),
  user_id uuid not null constraint provider_links_user_id_fkey references auth.users (id),
  linked_at timestamptz not null,
  constraint provider_links_pkey primary key (issuer, subject),
  constraint provider_links_user_key unique (issuer, user_id)
);
comment on table auth.provider_links is 'a subject of a provider is one user for good; a second subject for the same user is refused';
create index provider_links_user_id_idx on auth.provider_links (user_id);

create table auth.provider_visits (
  state_hash bytea constraint provider_visits_pkey primary key,
  cookie_hash bytea not null,
  nonce text not null,
  verifier text not null,
  next text,
  created_at timestamptz not null,
  expires_at timestamptz not null
);
comment on table auth.provider_visits is 'log-ins that were sent to the provider; each comes back once, in the same browser, within minutes';
create index provider_visits_expires_at_idx on auth.provider_visits (expires_at);

grant select, insert on auth.provider_links to ates_auth;
grant select, insert, delete on auth.provider_visits to ates_auth;
