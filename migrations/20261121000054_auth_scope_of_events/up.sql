-- Tokens of scripts may read the events, as far as their owner may.
alter table auth.api_tokens drop constraint api_tokens_scopes_check;
alter table auth.api_tokens add constraint api_tokens_scopes_check check (cardinality(scopes) > 0
  and scopes <@ array['profile', 'tasks_read', 'tasks_write', 'shuffle', 'account', 'company_money', 'payouts', 'analytics', 'events']);
