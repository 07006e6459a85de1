-- Somebody reads their open tasks over the API: the statements of that request.
-- What the product sends in one trip is one here too.
-- Variables: people.
\set p random(0, :people - 1)
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
begin isolation level repeatable read read only; set local role ates_tasks;
\endpipeline
select t.id, t.number, t.title, t.jira_id, t.description, t.status, t.assignee_id, t.assignment_seq, t.fee_minor, t.reward_minor, t.created_at,
    t.created_by, t.updated_at, t.updated_by, t.completed_at, t.completed_by
  from tasks.tasks t where t.assignee_id = bench.person(:p) and t.status = any(array['open']) order by t.number desc limit 21;
select id, name from tasks.employees where id = bench.person(:p);
commit;
