drop table auth.api_tokens;
alter table auth.sessions drop column id;
