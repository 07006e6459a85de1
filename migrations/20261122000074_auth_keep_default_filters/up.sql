-- The filter that somebody wants a list to begin with, by the list's path: {"/tasks/all": "status=open&sort=-reward"}. It is kept with the
-- account and not in the browser, so that it is the same at every desk.
alter table auth.users add column default_filters jsonb not null default '{}';
comment on column auth.users.default_filters is 'by the path of a list, the query that this user wants it to begin with';
