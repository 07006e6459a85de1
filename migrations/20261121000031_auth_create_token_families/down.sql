drop table auth.refresh_tokens;
drop table auth.token_families;
drop table auth.secrets;
revoke delete on auth.signing_keys from ates_auth;
alter table auth.signing_keys drop column signs_from;
