-- Tokens with the scope stay as they are; an older program gives that scope no right.
alter table auth.api_tokens drop constraint api_tokens_scopes_check;
alter table auth.api_tokens add constraint api_tokens_scopes_check check (cardinality(scopes) > 0
  and scopes <@ array['profile', 'tasks_read', 'tasks_write', 'shuffle', 'account', 'company_money', 'payouts', 'analytics']) not valid;
