drop index bus.events_event_type_idx;
create index events_event_type_idx on bus.events (event_type, seq) where event_type <> 'audit_log_record.created';
