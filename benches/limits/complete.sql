-- Somebody completes a task over the API: the statements of that request. Who asks is found out in a transaction of its own.
-- What the product sends in one trip is one here too.
-- Variables: clients, tasks, people, k (where each client begins).
\set k :k + 1
\set n (:client_id + :clients * :k) % :tasks
\set p :n % :people
\startpipeline
begin; set local role ates_auth;
\endpipeline
select u.*, t.pair_used_at is null as first_use from auth.refresh_tokens t join auth.token_families f on f.id = t.family_id
    cross join lateral (select u.id, u.username, u.email, u.name, u.surname, u.language, u.time_zone, u.theme, u.shortcuts, u.default_filters, u.meta,
        u.version, u.session_version, u.deactivated_at, coalesce((select c.changes from platform.access_changes c where c.user_id = u.id), 0) as access_changes,
        array(select r.role from auth.user_roles r where r.user_id = u.id order by r.role) as roles,
        array(select p.permission from auth.user_permissions p where p.user_id = u.id order by p.permission) as permissions
      from auth.users u where u.id = f.user_id) u
  where t.pair_id = bench.person(:p) and u.session_version = 1 and f.session_version = 1 and u.deactivated_at is null
    and f.revoked_at is null and f.expires_at > now();
commit;
\startpipeline
begin; set local role ates_tasks; select platform.refuse_when_stopped();
\endpipeline
update tasks.tasks t set status = 'done', completed_at = greatest(now(), t.updated_at), completed_by = t.assignee_id,
    updated_at = greatest(now(), t.updated_at), updated_by = t.assignee_id
  where t.id = (select id from bench.todo where n = :n) and t.status = 'open'
  returning t.id, t.number, t.title, t.jira_id, t.description, t.status, t.assignee_id, t.assignment_seq, t.fee_minor, t.reward_minor,
    t.created_at, t.created_by, t.updated_at, t.updated_by, t.completed_at, t.completed_by;
insert into tasks.journal (task_id, kind, occurred_at, actor_id, event_id) select id, 'complete', now(), assignee_id, gen_random_uuid() from bench.todo where n = :n;
insert into platform.audit_log (id, occurred_at, actor_id, action, subject_id, address, agent, correlation_id, detail)
  values (gen_random_uuid(), now(), bench.person(:p), 'tasks.task_completed', gen_random_uuid(), '127.0.0.1', null, gen_random_uuid(), '{}');
select id, name from tasks.employees where id = any(array[bench.person(:p)]);
select bus.append(now(), array[gen_random_uuid(), gen_random_uuid()], array['task.completed', 'task.updated'], array[1, 1]::smallint[], array['tasks', 'tasks'],
  array['tasks', 'tasks'], array[gen_random_uuid(), gen_random_uuid()], array[1, 1], array[gen_random_uuid(), gen_random_uuid()], array[null, null]::uuid[],
  array[bench.person(:p), bench.person(:p)], array['{"assignee": "01900000-0000-7000-8000-000000000001"}', '{"title": "Feed open bird 77077", "jira_id": null,
    "status": "done", "assignee": "01900000-0000-7000-8000-000000000001", "updated_by": "01900000-0000-7000-8000-000000000001"}']::jsonb[]);
commit;
