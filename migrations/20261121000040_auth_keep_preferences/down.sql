alter table auth.users drop column theme, drop column time_zone;
