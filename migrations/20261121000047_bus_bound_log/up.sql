-- The log can be told that nothing before an instant comes any more: the end of a business date, when its close begins. A unit of work
-- that began before that instant and has not appended yet is then recorded at it, and counts for the next date.
create table bus.bounds (
  only_one boolean constraint bounds_pkey primary key default true constraint bounds_only_one_check check (only_one),
  recorded_from timestamptz not null default '-infinity'
);
comment on table bus.bounds is 'from when on events are recorded, whatever their program''s clock says; one row';
insert into bus.bounds default values;
grant select on bus.bounds to ates_bus, ates_platform;

create function bus.bound(p_instant timestamptz) returns void
  language plpgsql security definer set search_path = bus, pg_temp as $$
begin
  perform pg_advisory_xact_lock(7781, 1);
  update bus.bounds set recorded_from = p_instant where recorded_from < p_instant;
end $$;
comment on function bus.bound is 'no event that is appended from now on is recorded before this instant';
revoke execute on function bus.bound from public;
grant execute on function bus.bound to ates_accounting;

create or replace function bus.append(
  p_now timestamptz, p_ids uuid[], p_types text[], p_versions smallint[], p_topics text[], p_producers text[],
  p_subjects uuid[], p_items integer[], p_correlations uuid[], p_causations uuid[], p_actors uuid[], p_payloads jsonb[]
) returns void
  language plpgsql security definer set search_path = bus, pg_temp as $$
declare
  began timestamptz := clock_timestamp();
  last_recorded timestamptz;
  bound timestamptz;
begin
  perform pg_advisory_xact_lock(7781, 1);
  perform set_config('ates.append_waited', extract(epoch from clock_timestamp() - began)::text, true);
  select e.recorded_at into last_recorded from bus.events e order by e.seq desc limit 1;
  select b.recorded_from into bound from bus.bounds b;
  insert into bus.events (seq, event_id, event_type, type_version, topic, producer, subject_id, item_count,
      correlation_id, causation_id, actor_id, recorded_at, payload)
  select nextval('bus.events_seq'), fresh.* from (
    select x.id, x.event_type, x.type_version, x.topic, x.producer, x.subject_id, x.item_count, x.correlation_id,
      x.causation_id, x.actor_id, greatest(p_now, last_recorded, bound), x.payload
    from unnest(p_ids, p_types, p_versions, p_topics, p_producers, p_subjects, p_items, p_correlations, p_causations,
        p_actors, p_payloads) with ordinality
      as x(id, event_type, type_version, topic, producer, subject_id, item_count, correlation_id, causation_id, actor_id,
        payload, position)
    order by x.position
  ) as fresh;
end $$;
