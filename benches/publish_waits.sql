-- The same with the time it waited for the log's lock, as the function tells it; kept after the commit, so that it holds nobody up.
begin;
insert into bench.work (note) values ('a task is done');
with appended as materialized (select bus.append(clock_timestamp(), array[gen_random_uuid()], array['task.completed'], array[1::smallint],
  array['tasks'], array['tasks'], array[gen_random_uuid()], array[1], array[gen_random_uuid()], array[null::uuid], array[null::uuid],
  array['{"assignee": "00000000-0000-0000-0000-000000000001", "completed_at": "2026-03-02T09:00:00Z"}'::jsonb]))
select current_setting('ates.append_waited') as waited from appended \gset
commit;
insert into bench.waits (seconds) values (:waited);
