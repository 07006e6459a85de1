-- One publishing transaction: a row of a module, then the event as the last statement before the commit.
begin;
insert into bench.work (note) values ('a task is done');
select bus.:append(clock_timestamp(), array[gen_random_uuid()], array['task.completed'], array[1::smallint], array['tasks'], array['tasks'],
  array[gen_random_uuid()], array[1], array[gen_random_uuid()], array[null::uuid], array[null::uuid],
  array['{"assignee": "00000000-0000-0000-0000-000000000001", "completed_at": "2026-03-02T09:00:00Z"}'::jsonb]);
commit;
