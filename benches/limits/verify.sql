-- The invariants of the money as plain SQL over the tables, written as briefly as they can be: the limit for `ates verify`. Every
-- query gives the number of rows that break it.
\set ON_ERROR_STOP on
set work_mem = '64MB';
set jit = off;
\echo sums
select count(*) from accounting.balances b full join (select account_id, sum(amount_minor) as amount_minor, max(version) as version, count(*) as n
  from accounting.transfers group by account_id) t using (account_id)
  where b.amount_minor is distinct from t.amount_minor or b.version is distinct from t.version or t.version is distinct from t.n;
\echo running balances
select count(*) from (select balance_minor, version, sum(amount_minor) over own as sum, row_number() over own as n
  from accounting.transfers window own as (partition by account_id order by version)) t where sum <> balance_minor or n <> version;
\echo fees
select count(*) from (select task_id, assignment_seq, assignee_id from tasks.journal where kind = 'assign') a
  full join (select task_id, assignment_seq, account_id, amount_minor from accounting.transfers where kind = 'assignment_fee') f using (task_id, assignment_seq)
  left join accounting.task_prices p using (task_id)
  where a.assignee_id is distinct from f.account_id or -f.amount_minor is distinct from p.fee_minor;
\echo rewards
select count(*) from (select id as task_id, completed_by from tasks.tasks where status = 'done') d
  full join (select task_id, account_id, amount_minor from accounting.transfers where kind = 'completion_reward') r using (task_id)
  left join accounting.task_prices p using (task_id)
  where d.completed_by is distinct from r.account_id or r.amount_minor is distinct from p.reward_minor;
\echo reasons
select count(*) from (select 1 from accounting.transfers group by reason_event_id, kind, task_id having count(*) > 1) t;
\echo statements and payouts
select count(*) from accounting.statements s
  full join (select account_id, business_date, coalesce(sum(amount_minor) filter (where kind = 'assignment_fee'), 0) as fees,
      coalesce(sum(amount_minor) filter (where kind = 'completion_reward'), 0) as rewards, coalesce(-sum(amount_minor) filter (where kind = 'payout'), 0) as paid
    from accounting.transfers join accounting.business_days using (business_date) where state = 'closed' group by account_id, business_date) t using (account_id, business_date)
  where (s.fees_minor, s.rewards_minor, s.payout_minor) is distinct from (t.fees::bigint, t.rewards::bigint, t.paid::bigint);
select count(*) from accounting.payouts p
  full join (select id, account_id, business_date, amount_minor from accounting.transfers where kind = 'payout') t on t.id = p.transfer_id
  where p.amount_minor is distinct from -t.amount_minor or p.employee_id is distinct from t.account_id or p.business_date is distinct from t.business_date;
\echo closed dates
select count(*) from accounting.transfers t join accounting.business_days d using (business_date) where d.state = 'closed' and t.created_at > d.closed_at;
\echo mails
select count(*) from accounting.payouts p full join (select employee_id, business_date, count(*) as n from accounting.mails where kind = 'payout'
  group by employee_id, business_date) m using (employee_id, business_date) where m.n is distinct from 1;
\echo seals
with lines as (
  select t.business_date, t.account_id, t.version, t.amount_minor, (row_number() over own - 1) / 10000 as block,
    concat_ws('|', t.id, t.kind, t.account_id, t.contra_id, t.amount_minor, t.version, t.balance_minor, coalesce(t.task_id::text, ''),
      coalesce(t.assignment_seq::text, ''), t.reason_event_id, (extract(epoch from t.created_at) * 1000000)::bigint) || chr(10) as line
  from accounting.transfers t where t.business_date in (select business_date from accounting.day_seals)
  window own as (partition by t.business_date order by t.account_id, t.version)
), blocks as (
  select business_date, block, count(*) as transfers, sum(amount_minor) as amount_minor,
    encode(sha256(convert_to(string_agg(line, '' order by account_id, version), 'UTF8')), 'hex') as hex
  from lines group by business_date, block
), dates as (
  select business_date, sum(transfers) as transfers, sum(amount_minor) as amount_minor, string_agg(hex || chr(10), '' order by block) as hexes
  from blocks group by business_date
)
select count(*) from accounting.day_seals s full join dates d using (business_date)
  where s.digest is distinct from sha256(convert_to(concat('aTES seal 1', chr(10), to_char(business_date::timestamp, 'YYYY-MM-DD'), chr(10),
    encode(s.previous, 'hex'), chr(10), d.transfers, chr(10), d.amount_minor, chr(10), d.hexes), 'UTF8'));
