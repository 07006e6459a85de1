create schema bus;
comment on schema bus is 'the event log, the cursors of its subscribers, and the events that wait for repair';

create table bus.events (
  seq bigint not null,
  event_id uuid not null,
  event_type text not null,
  type_version smallint not null,
  topic text not null,
  producer text not null,
  subject_id uuid not null,
  item_count integer not null constraint events_item_count_check check (item_count > 0),
  correlation_id uuid not null,
  causation_id uuid,
  actor_id uuid,
  recorded_at timestamptz not null,
  payload jsonb not null,
  constraint events_pkey primary key (seq)
) partition by range (seq);
comment on table bus.events is 'the log: append-only, numbered under a lock, so that a visible number proves that all lower ones are finished';

do $$
begin
  for n in 0..9 loop
    execute format('create table bus.events_%s partition of bus.events for values from (%s) to (%s)',
      lpad(n::text, 4, '0'), n * 10000000::bigint, (n + 1) * 10000000::bigint);
    execute format('create unique index events_%1$s_event_id_key on bus.events_%1$s (event_id)', lpad(n::text, 4, '0'));
  end loop;
end $$;
create index events_subject_id_idx on bus.events (subject_id, seq);
create index events_recorded_at_idx on bus.events (recorded_at);

create trigger events_no_change before update or delete on bus.events
  for each row execute function platform.refuse_change();
create trigger events_no_truncate before truncate on bus.events
  for each statement execute function platform.refuse_change();

create sequence bus.events_seq as bigint cache 1;
comment on sequence bus.events_seq is 'drawn from only under the append lock; a cache above 1 would break the order';

create function bus.append(
  p_now timestamptz, p_ids uuid[], p_types text[], p_versions smallint[], p_topics text[], p_producers text[],
  p_subjects uuid[], p_items integer[], p_correlations uuid[], p_causations uuid[], p_actors uuid[], p_payloads jsonb[]
) returns void
  language plpgsql security definer set search_path = bus, pg_temp as $$
declare
  last_recorded timestamptz;
begin
  perform pg_advisory_xact_lock(7781, 1);
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
comment on function bus.append is 'the only way into the log; the last statement of a unit of work. recorded_at never goes back, so a day''s end is a position in the log';
revoke all on function bus.append from public;

create table bus.subscribers (
  name text constraint subscribers_pkey primary key,
  position bigint not null default 0,
  paused boolean not null default false,
  last_error text,
  last_error_at timestamptz,
  last_applied_at timestamptz,
  applied_total bigint not null default 0
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);
comment on table bus.subscribers is 'one cursor a subscriber: its row lock is leader election, fence and pause in one';

create table bus.parked_items (
  subscriber text not null constraint parked_items_subscriber_fkey references bus.subscribers (name),
  item_id uuid not null,
  event_id uuid not null,
  seq bigint not null,
  item_no integer not null,
  sequence_key uuid not null,
  state text not null constraint parked_items_state_check check (state in ('retrying', 'blocked', 'dead', 'done', 'skipped')),
  attempts integer not null default 0,
  next_attempt_at timestamptz,
  error_class text,
  error text,
  first_failed_at timestamptz not null,
  last_failed_at timestamptz,
  resolved_at timestamptz,
  resolved_by uuid,
  resolution_reason text,
  constraint parked_items_pkey primary key (subscriber, item_id)
);
comment on table bus.parked_items is 'items that failed, and those of the same key that wait behind them; other keys flow on';
create index parked_items_key_idx on bus.parked_items (subscriber, sequence_key, seq, item_no)
  where state in ('retrying', 'blocked', 'dead');
create index parked_items_due_idx on bus.parked_items (subscriber, next_attempt_at) where state = 'retrying';

grant usage on schema bus to ates_bus, ates_auth, ates_tasks, ates_accounting, ates_analytics, ates_platform;
grant select on bus.events to ates_bus, ates_accounting, ates_platform;
grant execute on function bus.append to ates_bus, ates_auth, ates_tasks, ates_accounting, ates_analytics, ates_platform;
grant select, insert, update on bus.subscribers, bus.parked_items to ates_bus;
grant select on bus.subscribers, bus.parked_items to ates_accounting, ates_platform;
