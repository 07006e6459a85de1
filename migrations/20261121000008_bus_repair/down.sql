create or replace view report_v1.consumers as
  select s.name, case when s.paused then 'paused' else 'running' end as state, s.position,
    coalesce((select max(e.seq) from bus.events e), 0) - s.position as lag
  from bus.subscribers s;
drop index bus.parked_items_class_idx;
drop index bus.parked_items_failed_idx;
drop table bus.attempts;
drop table bus.pauses;
alter table bus.subscribers
  drop column retired_at,
  drop column rewound_until,
  drop column rebuildable,
  drop column repeatable,
  drop column money;
