-- What differs stays known until it is asked again and agrees; and edits of what is never edited are seen by the counters of the server.
alter table platform.reconciler
  add column unsettled jsonb not null default '[]',
  add column counters jsonb not null default '{}',
  add column suspect_from date,
  add column suspect_until date;
comment on column platform.reconciler.unsettled is 'what differed and in which span, until it is asked again there and agrees';
comment on column platform.reconciler.counters is 'of each table whose rows never change: how many rows the server has seen changed';
comment on column platform.reconciler.suspect_from is 'the closed dates that are gone over first, because something was changed there; none: nothing was';
