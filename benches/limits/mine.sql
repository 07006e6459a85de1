-- Somebody looks at the page of their tasks: the questions of that page in its transactions.
-- What the product sends in one trip is one here too.
-- Variables: people.
\set p random(0, :people - 1)
\startpipeline
begin; set local role ates_auth;
\endpipeline
select u.*, s.expires_at, s.last_seen_at, coalesce(s.confirmed_at, s.created_at) as confirmed_at, e.reason as stop_reason, e.check_number as stop_check
  from auth.sessions s cross join lateral (select u.id, u.username, u.email, u.name, u.surname, u.language, u.time_zone, u.theme, u.shortcuts, u.default_filters,
      u.meta, u.version, u.session_version, u.deactivated_at,
      coalesce((select c.changes from platform.access_changes c where c.user_id = u.id), 0) as access_changes,
      array(select r.role from auth.user_roles r where r.user_id = u.id order by r.role) as roles,
      array(select p.permission from auth.user_permissions p where p.user_id = u.id order by p.permission) as permissions
    from auth.users u where u.id = s.user_id) u
    left join platform.emergency_stops e on e.released_at is null
  where s.id_hash = sha256(convert_to('session-' || :p, 'UTF8')) and s.expires_at > now() and s.last_seen_at > now() - interval '1 hour'
    and s.session_version = u.session_version and u.deactivated_at is null;
commit;
\startpipeline
begin isolation level repeatable read read only; set local role ates_tasks; set local plan_cache_mode = force_generic_plan; set local enable_seqscan = off;
\endpipeline
select t.id, t.number, t.title, t.jira_id, t.description, t.status, t.assignee_id, t.assignment_seq, t.fee_minor, t.reward_minor, t.created_at,
    t.created_by, t.updated_at, t.updated_by, t.completed_at, t.completed_by
  from unnest(array['saving', 'open']) as s (status) cross join lateral (
    select * from tasks.tasks t where t.assignee_id = bench.person(:p) and t.status = s.status order by t.number desc limit 51
  ) t order by t.number desc limit 51;
select t.id, t.number, t.title, t.jira_id, t.description, t.status, t.assignee_id, t.assignment_seq, t.fee_minor, t.reward_minor, t.created_at,
    t.created_by, t.updated_at, t.updated_by, t.completed_at, t.completed_by
  from tasks.tasks t where t.assignee_id = bench.person(:p) and t.status = 'done' and t.completed_at >= now() - interval '1 day'
  order by t.completed_at desc, t.number desc limit 100;
\startpipeline
savepoint part; set local role ates_accounting; set local statement_timeout = 2000; set local lock_timeout = 2000;
\endpipeline
select coalesce(nullif(trim(e.name || ' ' || e.surname), ''), e.username, '') as name, b.amount_minor as balance_minor,
    coalesce((select sum(t.amount_minor) from accounting.transfers t
      where t.account_id = b.account_id and t.business_date = (now() at time zone 'Europe/Moscow')::date and t.kind <> 'payout'), 0)::bigint as earned_minor
  from accounting.balances b left join accounting.employees e on e.id = b.account_id where b.account_id = bench.person(:p);
commit;
