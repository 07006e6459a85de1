-- A company with a past, by plain SQL straight into the tables: quicker than living through it, and every row as the product writes
-- it, so that `ates verify` is clean. Everybody gets a task on each date, which goes through so many hands (each pays its fee) and is
-- done by the last: with four hands six transfers a person and date, the payout included. All figures follow from the numbers of person and date.
--
-- Variables: moment, the present instant; people; hands, fewer than people; dates, the number of dates before today; settled, 0 leaves the last of them for
-- somebody to close; open, tasks that are open today, one fee each; done, tasks that are done and of which nothing else is known (then `ates verify` complains).
\set ON_ERROR_STOP on
set timezone = 'UTC';
set synchronous_commit = off;
set work_mem = '64MB';
set client_min_messages = warning;
create schema if not exists bench;
grant usage on schema bench to public;
alter default privileges in schema bench grant select on tables to public;

-- Ids as the product makes them: the time comes first, so neighbours in time are neighbours in an index. Not immutable, as arithmetic with time zones is
-- not: then Postgres puts the expression in the place of the call.
create or replace function bench.id(at timestamptz, what text, n bigint) returns uuid language sql stable as
  $$ select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7' || what || '8000' || lpad(to_hex(n), 12, '0'))::uuid $$;
create or replace function bench.person(n bigint) returns uuid language sql immutable as
  $$ select ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid $$;
-- All fees of a task together are less than its reward.
create or replace function bench.fee(n bigint, day integer, hands integer) returns bigint language sql immutable as
  $$ select 400 / hands + (n * 7 + day * 13) % (400 / hands + 1) $$;
create or replace function bench.reward(n bigint, day integer) returns bigint language sql immutable as $$ select 2000 + (n * 11 + day * 17) % 2001 $$;
-- What somebody has earned on a date before the payout: the reward of their own task without the fees of all that they had.
create or replace function bench.earned(n bigint, day integer, people integer, hands integer) returns bigint language sql immutable as
  $$ select bench.reward(n, day) - (select sum(bench.fee((n + people - hands + j) % people, day, hands)) from generate_series(1, hands) j)::bigint $$;
-- What an open task of somebody costs.
create or replace function bench.open_fee(n bigint) returns bigint language sql immutable as $$ select 1000 + n % 1001 $$;
create or replace function bench.birth(start timestamptz, n bigint) returns timestamptz language sql stable as
  $$ select start + interval '9 hours' + n % 3600 * interval '1 second' $$;
-- The shuffle of a date.
create or replace function bench.run(start timestamptz, day integer, hands integer) returns uuid language sql stable as
  $$ select bench.id(start + interval '9 hours' + (hands - 1) * (interval '4 hours' / hands), '501', day) $$;
-- The present, today, and the first instant of each date: Moscow has one offset for all of these years.
create table if not exists bench.present (moment timestamptz not null);
insert into bench.present values (:'moment');
create or replace function bench.moment() returns timestamptz language sql stable as $$ select moment from bench.present $$;
create or replace function bench.today() returns date language sql stable as $$ select (moment at time zone 'Europe/Moscow')::date from bench.present $$;
create or replace function bench.start(date date) returns timestamptz language sql stable as $$ select date::timestamp at time zone 'Europe/Moscow' $$;

begin;
create temporary table dates on commit drop as
  select d as day, bench.today() - :dates + d as date, bench.start(bench.today() - :dates + d) as start, d < :dates - 1 or :settled = 1 as settled
  from generate_series(0, :dates - 1) d;
create temporary table people on commit drop as select p as n, bench.person(p) as id from generate_series(0, :people - 1) p;
analyze dates; analyze people;
create temporary table months on commit drop as
  select platform.make_months('transfers', bench.today() - :dates - 1, bench.today() + 90) union all
  select platform.make_months('journal', bench.today() - :dates - 1, bench.today() + 90);

delete from accounting.business_days where state = 'open';
insert into auth.users (id, username, email, name, surname, password_hash, created_at, updated_at)
  select id, 'popug' || n, 'popug' || n || '@uberpopug.example', 'Popug', 'Number ' || n,
    (select password_hash from auth.users where username = 'admin'), bench.moment(), bench.moment() from people;
insert into auth.user_roles (user_id, role) select id, 'developer' from people;
insert into tasks.employees (id, name, assignable, active, version) select id, 'Popug Number ' || n, true, true, 1 from people;
insert into accounting.accounts (id, kind, employee_id, opened_at) select id, 'employee', id, bench.moment() from people;
insert into accounting.employees (id, username, email, name, surname, active, version, roles)
  select id, 'popug' || n, 'popug' || n || '@uberpopug.example', 'Popug', 'Number ' || n, true, 1, '{developer}' from people;

-- A task a person and date, and its way.
create temporary table life on commit drop as
  select d.day, d.date, p.n, bench.birth(d.start, p.n) as born, bench.id(bench.birth(d.start, p.n), '001', d.day::bigint * :people + p.n) as task
  from dates d cross join people p;
analyze life;
create index on life (day);
insert into accounting.task_prices (task_id, fee_minor, reward_minor, created_at)
  select task, bench.fee(n, day, :hands), bench.reward(n, day), born from life order by day, n;
insert into accounting.tasks (id, title) select task, 'Feed bird ' || n || ' of day ' || day from life order by day, n;
insert into tasks.tasks (id, title, status, assignee_id, assignment_seq, fee_minor, reward_minor, created_at, created_by, updated_at,
    updated_by, completed_at, completed_by)
  select task, 'Feed bird ' || n || ' of day ' || day, 'done', bench.person(n), :hands, bench.fee(n, day, :hands), bench.reward(n, day), born,
    bench.person(n), born + interval '8 hours', bench.person(n), born + interval '8 hours', bench.person(n)
  from life order by day, n;
insert into analytics.tasks (id, title, reward_minor, completed_at, completed_date, completed_by)
  select task, 'Feed bird ' || n || ' of day ' || day, bench.reward(n, day), born + interval '8 hours', date, bench.person(n) from life;
create temporary table sizes on commit drop as select :hands::integer as hands, :people::integer as people;
-- The two long tables date by date, so that nothing large is sorted. A hand is a fourth of four hours, or less if there are more.
create temporary table ways on commit drop as
  select 'create' as kind, null::integer as seq, 1 as what, interval '0' as after union all
  select 'assign', h, h + 1, (h - 1) * (interval '4 hours' / :hands) from generate_series(1, :hands) h union all
  select 'complete', null, :hands + 2, interval '8 hours';
create function pg_temp.what(lead text, n integer) returns text language sql immutable as $$ select lead || lpad(n::text, 2, '0') $$;
do $$
declare
  d record;
  hands integer;
  people integer;
begin
  select s.hands, s.people into hands, people from sizes s;
  for d in select * from dates order by day loop
    insert into tasks.journal (task_id, kind, occurred_at, actor_id, event_id, assignment_seq, from_id, assignee_id, run_id)
      select l.task, w.kind, l.born + w.after, bench.person(l.n), bench.id(l.born + w.after, pg_temp.what('0', w.what), l.day::bigint * people + l.n), w.seq,
        case when w.seq > 1 then bench.person((l.n + hands + 1 - w.seq) % people) end,
        case when w.seq is not null then bench.person((l.n + hands - w.seq) % people) end,
        case when w.seq > 1 and w.seq = hands then bench.run(d.start, d.day, hands) end
      from life l cross join ways w where l.day = d.day order by w.what, l.n;
    insert into accounting.transfers (id, kind, account_id, contra_id, amount_minor, version, balance_minor, task_id, assignment_seq,
        reason_event_id, business_date, created_at)
      select bench.id(happened, pg_temp.what('1', k), day::bigint * people + n),
        case when fee then 'assignment_fee' else 'completion_reward' end, bench.person(n),
        case when fee then '00000000-0000-0000-0000-00000000fee5' else '00000000-0000-0000-0000-000000003e4d' end::uuid,
        case when fee then -bench.fee(owner, day, hands) else bench.reward(n, day) end, (hands + 2) * day + k,
        (sum(case when fee then -bench.fee(owner, day, hands) else bench.reward(n, day) end) over (partition by n order by k))::bigint,
        bench.id(bench.birth(d.start, owner), '001', day::bigint * people + owner), case when fee then k end,
        bench.id(happened, pg_temp.what('0', k + 1), day::bigint * people + owner), d.date, happened
      from (
        select d.day, p.n, w.what - 1 as k, w.kind = 'assign' as fee, o.owner, bench.birth(d.start, o.owner) + w.after as happened
        from people p cross join ways w
          cross join lateral (select case when w.kind = 'assign' then (p.n + people - hands + w.seq) % people else p.n end as owner) o
        where w.kind <> 'create'
      ) f
      order by k, n;
  end loop;
end $$;

create temporary table closing on commit drop as
  select d.day, d.date, d.start, p.n, bench.reward(p.n, d.day) as reward,
    bench.reward(p.n, d.day) - bench.earned(p.n, d.day, :people, :hands) as fees,
    bench.id(d.start + interval '25 hours', '106', d.day::bigint * :people + p.n) as transfer
  from dates d cross join people p where d.settled;
analyze closing;
insert into accounting.transfers (id, kind, account_id, contra_id, amount_minor, version, balance_minor, reason_event_id, business_date, created_at)
  select transfer, 'payout', bench.person(n), '00000000-0000-0000-0000-000000009a1d', fees - reward, (:hands + 2) * day + :hands + 2, 0,
    bench.id(start + interval '25 hours', '207', day::bigint * :people + n), date, start + interval '25 hours'
  from closing order by day, n;
insert into accounting.business_days (business_date, zone, starts_at, ends_at, state, cutoff_seq, started_at, closed_at, people, fees_minor,
    rewards_minor, paid_minor, negative_balances, settled_through)
  select date, 'Europe/Moscow', start, start + interval '1 day', 'closed', 0, start + interval '25 hours', start + interval '26 hours',
    count(*), sum(fees), sum(reward), sum(reward - fees), 0, 'ffffffff-ffff-ffff-ffff-ffffffffffff'
  from closing group by date, start;
insert into accounting.business_days (business_date, zone, starts_at, ends_at, state)
  select date, 'Europe/Moscow', bench.start(date), bench.start(date) + interval '1 day', 'open'
  from (select bench.today() - 1 + :settled as date) d;
-- Else a seal would read the whole month of its date.
analyze accounting.transfers;
do $$
declare
  date date;
  previous bytea;
begin
  for date in select d.business_date from accounting.business_days d where d.state = 'closed' order by d.business_date loop
    insert into accounting.day_seals (business_date, transfers, amount_minor, previous, digest, sealed_at)
      select date, s.transfers, s.amount_minor, previous, s.digest, bench.moment() from accounting.seal_digest(date, previous) s
      returning digest into previous;
  end loop;
end $$;
insert into accounting.statements (business_date, account_id, opening_minor, fees_minor, rewards_minor, adjustments_minor, payout_minor,
    closing_minor, employee_name, settled_at)
  select date, bench.person(n), 0, -fees, reward, 0, reward - fees, 0, 'Popug Number ' || n, start + interval '25 hours' from closing order by day, n;
-- Date by date: a trigger goes through the rows of a statement once for each of their dates.
create index on closing (day);
do $$
declare
  d record;
begin
  for d in select distinct day from closing order by day loop
    insert into accounting.payouts (business_date, employee_id, amount_minor, transfer_id)
      select date, bench.person(n), reward - fees, transfer from closing c where c.day = d.day order by n;
  end loop;
end $$;
insert into accounting.mails (id, message_id, kind, employee_id, business_date, recipient, recipient_name, language, amount_minor, state,
    next_attempt_at, created_at, sent_at)
  select bench.id(start + interval '25 hours', '200', day::bigint * :people + n), format('<payout.%s.%s@localhost>', date, bench.person(n)), 'payout',
    bench.person(n), date, 'popug' || n || '@uberpopug.example', 'Popug Number ' || n, 'en', reward - fees, 'sent', start + interval '25 hours',
    start + interval '25 hours', start + interval '25 hours'
  from closing order by day, n;
insert into analytics.day_totals (business_date, fees_minor, rewards_minor, negative_balances)
  select d.date, sum(bench.fee(l.n, l.day, :hands)) * :hands, sum(bench.reward(l.n, l.day)), case when bool_and(d.settled) then 0 end
  from life l join dates d using (day) group by d.date;

-- What the lists beside the money show: of each date a correction that was not made, a mail about an account, and somebody in ten in the audit log; and
-- the shuffle by which its tasks came to their last hands.
insert into tasks.shuffles (id, state, seed, requested_by, requested_at, started_at, finished_at, last_chunk_at, total, done)
  select bench.run(start, day, :hands), 'done', sha256(convert_to(day::text, 'UTF8')), bench.person(0), at, at, at + interval '1 hour', at + interval '1 hour',
    :people, :people
  from (select day, start, start + interval '9 hours' + (:hands - 1) * (interval '4 hours' / :hands) as at from dates order by day) d;
insert into accounting.corrections (id, kind, employee_id, amount_minor, reason, state, requested_by, requested_at, decided_by, decided_at)
  select bench.id(at, '502', day), 'adjustment', bench.person(0), 100, 'Somebody took one feather too many', 'rejected', bench.person(1 % :people), at,
    bench.person(2 % :people), at + interval '1 hour'
  from (select day, start + interval '13 hours' as at from dates order by day) d;
insert into auth.mails (id, message_id, kind, subject_id, recipient, recipient_name, language, state, next_attempt_at, created_at, sent_at)
  select bench.id(at, '503', day), format('<password.%s@localhost>', date), 'password_changed', bench.person(0), 'popug0@uberpopug.example', 'Popug Number 0',
    'en', 'sent', at, at, at
  from (select day, date, start + interval '14 hours' as at from dates order by day) d;
insert into platform.audit_log (id, occurred_at, actor_id, action, subject_id, address, detail)
  select bench.id(at, '504', n), at, bench.person(n), 'auth.logged_out', bench.person(n), '192.0.2.1', '{}'
  from (select n, start + interval '15 hours' + n * interval '1 second' as at from dates cross join people where n % 10 = 0 order by day, n) l;

-- Open tasks of today, in turn for everybody.
create temporary table fresh on commit drop as
  select n, n % :people as owner, n / :people as round, bench.moment() - interval '10 minutes' as born, bench.id(bench.moment() - interval '10 minutes', '301', n) as task,
    bench.id(bench.moment() - interval '10 minutes', '302', n) as event
  from generate_series(0, :open - 1) n;
analyze fresh;
insert into accounting.task_prices (task_id, fee_minor, reward_minor, created_at) select task, bench.open_fee(owner), 3000, born from fresh order by n;
insert into accounting.tasks (id, title) select task, 'Feed open bird ' || n from fresh order by n;
insert into analytics.tasks (id, title, reward_minor) select task, 'Feed open bird ' || n, 3000 from fresh order by n;
insert into tasks.tasks (id, title, status, assignee_id, assignment_seq, fee_minor, reward_minor, created_at, created_by, updated_at)
  select task, 'Feed open bird ' || n, 'open', bench.person(owner), 1, bench.open_fee(owner), 3000, born, bench.person(owner), born from fresh order by n;
insert into tasks.journal (task_id, kind, occurred_at, actor_id, event_id) select task, 'create', born, bench.person(owner), event from fresh order by n;
insert into tasks.journal (task_id, kind, occurred_at, actor_id, event_id, assignment_seq, assignee_id)
  select task, 'assign', born, bench.person(owner), event, 1, bench.person(owner) from fresh order by n;
insert into accounting.transfers (id, kind, account_id, contra_id, amount_minor, version, balance_minor, task_id, assignment_seq,
    reason_event_id, business_date, created_at)
  select bench.id(born, '303', n), 'assignment_fee', bench.person(owner), '00000000-0000-0000-0000-00000000fee5', -bench.open_fee(owner),
    (:hands + 2) * :dates - late.due + round + 1, late.due * bench.earned(owner, :dates - 1, :people, :hands) - bench.open_fee(owner) * (round + 1), task, 1, event,
    bench.today(), born
  from fresh cross join (select case when :dates > 0 then 1 - :settled else 0 end as due) late order by n;

insert into accounting.balances (account_id, amount_minor, version)
  select p.id, coalesce(last.balance_minor, 0), coalesce(last.version, 0) from people p left join lateral (
    select balance_minor, version from accounting.transfers t where t.account_id = p.id and t.business_date >= bench.today() - 1
    order by t.business_date desc, version desc limit 1) last on true;
insert into analytics.employees (id, name, version, balance_minor)
  select p.id, 'Popug Number ' || p.n, 1, b.amount_minor from people p join accounting.balances b on b.account_id = p.id;

-- Of the log only the completions: everybody has heard them.
insert into bus.events (seq, event_id, event_type, type_version, topic, producer, subject_id, item_count, correlation_id, actor_id, recorded_at, payload)
  select nextval('bus.events_seq'), bench.id(done, pg_temp.what('0', :hands + 2), day::bigint * :people + n), 'task.completed', 1, 'task', 'tasks', task, 1,
    bench.id(done, '208', day::bigint * :people + n), bench.person(n), done, jsonb_build_object('assignee', bench.person(n))
  from (select l.*, born + interval '8 hours' as done from life l order by day, n) l;
update bus.subscribers set position = (select coalesce(max(seq), 0) from bus.events);

insert into tasks.tasks (id, title, status, assignee_id, assignment_seq, fee_minor, reward_minor, created_at, created_by, updated_at,
    updated_by, completed_at, completed_by)
  select bench.id(at, '401', n), 'Feed old bird ' || n, 'done', bench.person(n % :people), 1, 1500, 3000, at, bench.person(n % :people), at,
    bench.person(n % :people), at, bench.person(n % :people)
  from (select n, bench.moment() - (:done - n) * interval '20 seconds' - interval '1 hour' as at from generate_series(0, :done - 1) n) d;
commit;
vacuum (analyze);
