-- Who sends events to the outside holds no lock while it waits for an answer. So it takes its cursor for a while, by name.
create table bus.outlets (
  name text constraint outlets_pkey primary key constraint outlets_name_fkey references bus.subscribers (name),
  holder uuid,
  held_until timestamptz,
  failures integer not null default 0,
  rests_until timestamptz,
  stuck_at bigint,
  stuck_for integer not null default 0
) with (fillfactor = 50);
comment on table bus.outlets is 'targets outside: which process sends to each just now, and how long a target that is away is left alone';
comment on column bus.outlets.stuck_at is 'the event at which the target has trouble, and how often it had';
grant select, insert, update on bus.outlets to ates_bus;
