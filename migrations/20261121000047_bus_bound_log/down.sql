create or replace function bus.append(
  p_now timestamptz, p_ids uuid[], p_types text[], p_versions smallint[], p_topics text[], p_producers text[],
  p_subjects uuid[], p_items integer[], p_correlations uuid[], p_causations uuid[], p_actors uuid[], p_payloads jsonb[]
) returns void
  language plpgsql security definer set search_path = bus, pg_temp as $$
declare
  began timestamptz := clock_timestamp();
  last_recorded timestamptz;
begin
  perform pg_advisory_xact_lock(7781, 1);
  perform set_config('ates.append_waited', extract(epoch from clock_timestamp() - began)::text, true);
  select e.recorded_at into last_recorded from bus.events e order by e.seq desc limit 1;
  insert into bus.events (seq, event_id, event_type, type_version, topic, producer, subject_id, item_count,
      correlation_id, causation_id, actor_id, recorded_at, payload)
  select nextval('bus.events_seq'), fresh.* from (
    select x.id, x.event_type, x.type_version, x.topic, x.producer, x.subject_id, x.item_count, x.correlation_id,
      x.causation_id, x.actor_id, greatest(p_now, last_recorded), x.payload
    from unnest(p_ids, p_types, p_versions, p_topics, p_producers, p_subjects, p_items, p_correlations, p_causations,
        p_actors, p_payloads) with ordinality
      as x(id, event_type, type_version, topic, producer, subject_id, item_count, correlation_id, causation_id, actor_id,
        payload, position)
    order by x.position
  ) as fresh;
end $$;
drop function bus.bound;
drop table bus.bounds;
