alter table auth.users drop column shortcuts;
