-- One click is read as a tree by its correlation; the log is filtered by type, newest first. Both indexes grow at their right edge.
create index events_correlation_id_idx on bus.events (correlation_id, seq);
create index events_event_type_idx on bus.events (event_type, seq);
create index parked_items_event_id_idx on bus.parked_items (event_id);

alter table bus.subscribers
  add column minute timestamptz not null default 'epoch',
  add column in_minute bigint not null default 0,
  add column before_minute bigint not null default 0;
comment on column bus.subscribers.in_minute is 'items applied in the minute that began at column minute; before_minute: in the one before it';

-- The same function, which also notes how long it waited for the lock, for the metrics.
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

create view report_v1.shuffles as
  select s.id as run_id, s.number, s.state as status, s.requested_by, s.requested_at, s.finished_at, s.total, s.done
  from tasks.shuffles s;

-- The operator's pages and the doctor read; they change nothing here.
grant select on sequence bus.events_seq to ates_bus, ates_platform;
grant usage on schema report_v1 to ates_platform;
grant select on report_v1.events, report_v1.transfers, report_v1.consumers, report_v1.shuffles to ates_platform;
grant select on report_v1.shuffles to ates_reader;
