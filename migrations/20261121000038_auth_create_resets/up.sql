-- Passwords that were forgotten: what strangers ask for, the links that are mailed, and auth's own queue of mails.
create table auth.throttles (
  kind text not null,
  subject text not null,
  spent_until timestamptz not null,
  constraint throttles_pkey primary key (kind, subject)
);
comment on table auth.throttles is 'how often somebody may ask: every request moves spent_until by the pause of its kind, and one that would lead too far ahead is refused';
create index throttles_spent_until_idx on auth.throttles (spent_until);

create table auth.reset_requests (
  id uuid constraint reset_requests_pkey primary key,
  login text not null constraint reset_requests_login_check check (length(login) <= 254),
  language text not null constraint reset_requests_language_check check (language in ('en', 'ru')),
  address text,
  agent text,
  correlation_id uuid,
  created_at timestamptz not null
);
comment on table auth.reset_requests is 'who asked for a link, known or not: the request does the same for everybody, and the mail worker finds out whom it concerns (A41)';
create index reset_requests_created_at_idx on auth.reset_requests (created_at);

create table auth.mails (
  id uuid constraint mails_pkey primary key,
  message_id text not null constraint mails_message_id_key unique,
  kind text not null constraint mails_kind_check check (kind in ('password_reset', 'password_changed', 'address_changed',
    'registration_proof', 'registration_known', 'registration_name_taken')),
  subject_id uuid not null,
  recipient text not null,
  recipient_name text not null,
  language text not null constraint mails_language_check check (language in ('en', 'ru')),
  state text not null default 'new' constraint mails_state_check check (state in ('new', 'waiting', 'sent', 'failed')),
  attempts integer not null default 0,
  next_attempt_at timestamptz not null,
  claimed_until timestamptz,
  failure text constraint mails_failure_check check (failure in ('refused', 'expired')),
  last_error text,
  created_at timestamptz not null,
  sent_at timestamptz,
  constraint mails_sent_check check ((state = 'sent') = (sent_at is not null))
);
comment on table auth.mails is 'mails about accounts, sent by a worker of their own; a link in them is made when the mail is sent and stored as its hash only';
comment on column auth.mails.subject_id is 'the user, or the registration, that the mail is about';
create index mails_due_idx on auth.mails (next_attempt_at) where state in ('new', 'waiting');
create index mails_created_at_idx on auth.mails (created_at);

create table auth.links (
  token_hash bytea constraint links_pkey primary key,
  purpose text not null constraint links_purpose_check check (purpose in ('password_reset', 'registration')),
  subject_id uuid not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz
);
comment on table auth.links is '256 random bits in a mail, stored as SHA-256; each works once, for a short time (A42)';
create index links_subject_id_idx on auth.links (subject_id);
create index links_expires_at_idx on auth.links (expires_at);

grant select, insert, update, delete on auth.throttles, auth.reset_requests, auth.mails, auth.links to ates_auth;
