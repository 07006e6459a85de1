-- What waits for repair, for auditors: dead letters have only what was given up or skipped.
create view report_v1.parked_items as
  select p.subscriber as consumer, p.item_id, p.event_id, p.sequence_key as key, p.state, p.first_failed_at as parked_at
  from bus.parked_items p where p.state in ('retrying', 'blocked', 'dead');
grant select on report_v1.parked_items to ates_reader, ates_platform;
