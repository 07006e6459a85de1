-- What somebody prefers to see, kept with the account, so that it is there after a log-in anywhere.
alter table auth.users add column time_zone text constraint users_time_zone_check check (length(time_zone) between 1 and 64);
alter table auth.users add column theme text constraint users_theme_check check (theme in ('auto', 'light', 'dark'));
comment on column auth.users.time_zone is 'IANA zone in which times are shown to this user; null: the company''s';
comment on column auth.users.theme is 'colours of the pages; null: as the browser has them';
