-- What is in the archive goes back online first.
do $$
declare
  part record;
begin
  for part in select c.relname as name, pg_get_expr(c.relpartbound, c.oid) as bounds
    from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'archive.events'::regclass
  loop
    execute format('alter table archive.events detach partition archive.%I', part.name);
    execute format('alter table archive.%I set schema bus', part.name);
    execute format('alter table bus.events attach partition bus.%I %s', part.name, part.bounds);
  end loop;
  for part in select c.relname as name
    from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'bus.events'::regclass
  loop
    execute format('drop trigger %I on bus.%I', part.name || '_append_only', part.name);
    execute format('alter table bus.%I drop constraint %I', part.name, part.name || '_bounds_check');
  end loop;
end $$;
create or replace view report_v1.events as
  select e.seq, e.event_id, e.event_type as type, e.type_version as version, e.topic, e.subject_id as subject,
    e.payload as data, e.recorded_at as created_at
  from bus.events e;
drop table archive.events;
