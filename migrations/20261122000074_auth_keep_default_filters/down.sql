alter table auth.users drop column default_filters;
