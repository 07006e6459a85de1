-- The log has its partitions already. They get what those made later have: their bounds as a check and a trigger of their own.
do $$
declare
  part record;
begin
  for part in select c.relname as name, right(c.relname, 4)::bigint * 10000000 as lower
    from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'bus.events'::regclass
  loop
    execute format('alter table bus.%I add constraint %I check (seq >= %s and seq < %s)',
      part.name, part.name || '_bounds_check', part.lower, part.lower + 10000000);
    execute format('create trigger %I before update or delete or truncate on bus.%I
      for each statement execute function platform.refuse_change()', part.name || '_append_only', part.name);
  end loop;
end $$;

create table archive.events (like bus.events including defaults including constraints) partition by range (seq);
comment on table archive.events is 'parts of the log that are past their time online';
create trigger events_append_only before update or delete or truncate on archive.events
  for each statement execute function platform.refuse_change();

create or replace view report_v1.events as
  select e.seq, e.event_id, e.event_type as type, e.type_version as version, e.topic, e.subject_id as subject,
    e.payload as data, e.recorded_at as created_at
  from bus.events e
  union all
  select e.seq, e.event_id, e.event_type, e.type_version, e.topic, e.subject_id, e.payload, e.recorded_at
  from archive.events e;

grant select on archive.events to ates_platform;
