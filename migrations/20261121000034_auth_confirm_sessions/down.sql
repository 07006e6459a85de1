alter table auth.sessions drop column confirmed_at;
