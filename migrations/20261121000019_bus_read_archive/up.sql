-- Whoever hears the log from an early number on, as a rebuild or a rewind does, hears what is in the archive first.
create view bus.all_events as
  select seq, event_id, event_type, type_version, topic, producer, subject_id, item_count, correlation_id, causation_id, actor_id,
    recorded_at, payload
  from bus.events
  union all
  select seq, event_id, event_type, type_version, topic, producer, subject_id, item_count, correlation_id, causation_id, actor_id,
    recorded_at, payload
  from archive.events;
comment on view bus.all_events is 'the log with what of it is in the archive; whoever reads it from a number on touches only the parts behind it';
grant select on bus.all_events to ates_bus;
