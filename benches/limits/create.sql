-- Somebody creates a task over the API: the statements of that request.
-- What the product sends in one trip is one here too.
-- Variables: people.
\set p random(0, :people - 1)
\set lot random(0, 9223372036854775806)
\startpipeline
begin; set local role ates_auth;
\endpipeline
select u.id, u.username, u.email, u.name, u.surname, u.language, u.time_zone, u.theme, u.shortcuts, u.default_filters, u.meta, u.version, u.session_version,
    u.deactivated_at, coalesce((select c.changes from platform.access_changes c where c.user_id = u.id), 0) as access_changes,
    array(select r.role from auth.user_roles r where r.user_id = u.id order by r.role) as roles,
    array(select p.permission from auth.user_permissions p where p.user_id = u.id order by p.permission) as permissions
  from auth.users u where u.id = bench.person(:p);
commit;
\startpipeline
begin; set local role ates_tasks; select platform.refuse_when_stopped();
\endpipeline
select pg_advisory_xact_lock_shared(7781, 2);
select id from tasks.employees where assignable order by id
  offset (select div(:lot::numeric * count(*), 9223372036854775807) from tasks.employees where assignable)::bigint limit 1;
insert into tasks.tasks as t (id, title, status, assignee_id, assignment_seq, created_at, created_by, updated_at)
  values (bench.id(clock_timestamp(), '601', :random_seed), 'Meanwhile', 'saving', bench.person(:p), 1, now(), bench.person(:p), now()) on conflict do nothing;
insert into tasks.journal (task_id, kind, occurred_at, actor_id, event_id, assignment_seq, assignee_id)
  values (gen_random_uuid(), 'create', now(), bench.person(:p), gen_random_uuid(), null, null),
    (gen_random_uuid(), 'assign', now(), bench.person(:p), gen_random_uuid(), 1, bench.person(:p));
insert into platform.audit_log (id, occurred_at, actor_id, action, subject_id, address, agent, correlation_id, detail)
  values (gen_random_uuid(), now(), bench.person(:p), 'tasks.task_created', gen_random_uuid(), '127.0.0.1', null, gen_random_uuid(), '{}');
select id, name from tasks.employees where id = any(array[bench.person(:p)]);
select bus.append(now(), array[gen_random_uuid(), gen_random_uuid()], array['task.created', 'task.assigned'], array[1, 1]::smallint[], array['tasks', 'tasks'],
  array['tasks', 'tasks'], array[gen_random_uuid(), gen_random_uuid()], array[1, 1], array[gen_random_uuid(), gen_random_uuid()], array[null, null]::uuid[],
  array[bench.person(:p), bench.person(:p)], array['{"title": "Meanwhile", "jira_id": null, "assignee": "01900000-0000-7000-8000-000000000001",
    "assignment": "01900000-0000-7000-8000-000000000001", "created_by": "01900000-0000-7000-8000-000000000001"}',
    '{"from": null, "to": "01900000-0000-7000-8000-000000000001", "assignment_seq": 1, "reason": "created"}']::jsonb[]);
commit;
