-- The bare set-based statement of a settlement: the rows that the close of p_day writes for the accounts from p_first to p_last, with the
-- same tables, indexes and triggers. It has none of the barrier, the locks, what is held, the resuming, the seal. Its ids were made
-- beforehand (bench.payouts), in the order of time as the program makes them. Once for all accounts, or a thousand a commit.
\set ON_ERROR_STOP on
create procedure bench.settle(p_day date, p_first uuid, p_last uuid) language plpgsql as $$
begin
  -- Planned with its values, as a statement that is sent is.
  execute $statement$
  with sums as (
    select account_id,
      coalesce(sum(amount_minor) filter (where kind = 'assignment_fee'), 0)::bigint as fees_minor,
      coalesce(sum(amount_minor) filter (where kind = 'completion_reward'), 0)::bigint as rewards_minor, greatest(sum(amount_minor), 0)::bigint as paid_minor
    from accounting.transfers where business_date = $1 and account_id between $2 and $3 group by account_id
  ), lines as (
    select * from sums join bench.payouts using (account_id)
  ), stated as (
    insert into accounting.statements (business_date, account_id, opening_minor, fees_minor, rewards_minor, adjustments_minor, payout_minor,
        closing_minor, employee_name, settled_at)
      select $1, l.account_id, 0, fees_minor, rewards_minor, 0, paid_minor, fees_minor + rewards_minor - paid_minor, e.name || ' ' || e.surname, now()
      from lines l join accounting.employees e on e.id = l.account_id
  ), booked as (
    insert into accounting.transfers (id, kind, account_id, contra_id, amount_minor, version, balance_minor, reason_event_id, business_date, created_at)
      select transfer_id, 'payout', account_id, '00000000-0000-0000-0000-000000009a1d', -paid_minor, b.version + 1, b.amount_minor - paid_minor,
        event_id, $1, now() from lines join accounting.balances b using (account_id) where paid_minor > 0
      returning account_id, amount_minor
  ), moved as (
    update accounting.balances b set amount_minor = b.amount_minor + own.amount_minor, version = b.version + 1 from booked own where b.account_id = own.account_id
  ), mailed as (
    insert into accounting.mails (id, message_id, kind, employee_id, business_date, recipient, recipient_name, language, amount_minor,
        next_attempt_at, created_at)
      select mail_id, format('<payout.%s.%s@localhost>', $1, l.account_id), 'payout', l.account_id, $1, e.email,
        e.name || ' ' || e.surname, coalesce(e.language, 'en'), paid_minor, now(), now()
      from lines l join accounting.employees e on e.id = l.account_id where paid_minor > 0
  ), told as (
    insert into bus.events (seq, event_id, event_type, type_version, topic, producer, subject_id, item_count, correlation_id, causation_id,
        actor_id, recorded_at, payload)
      select nextval('bus.events_seq'), x.id, x.type, 1, 'money', 'accounting', account_id, 1, event_id, null, null, now(), x.payload
      from lines cross join lateral (values
        (audit_id, 'audit_log_record.created', jsonb_build_object('transfer', transfer_id, 'kind', 'payout', 'amount_minor', -paid_minor,
          'balance_minor', 0, 'business_date', $1)),
        (event_id, 'payment_log_record.created', jsonb_build_object('transfer', transfer_id, 'business_date', $1, 'amount_minor', paid_minor))
      ) x (id, type, payload) where paid_minor > 0
  )
  select count(*) from lines $statement$ using p_day, p_first, p_last;
  -- What cannot be in the same statement, since its trigger looks for the transfers.
  insert into accounting.payouts (business_date, employee_id, amount_minor, transfer_id)
    select business_date, account_id, -amount_minor, id from accounting.transfers where business_date = p_day and kind = 'payout' and account_id between p_first and p_last;
end $$;
create procedure bench.settle_all(p_day date) language plpgsql as $$
begin
  call bench.settle(p_day, '00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff');
end $$;
create procedure bench.settle_in_chunks(p_day date, p_size integer) language plpgsql as $$
declare firsts uuid[]; lasts uuid[];
begin
  select array_agg(first order by first), array_agg(last order by first) into firsts, lasts
    from (select min(account_id::text)::uuid as first, max(account_id::text)::uuid as last from bench.payouts group by (n - 1) / p_size) chunk;
  for c in 1 .. cardinality(firsts) loop call bench.settle(p_day, firsts[c], lasts[c]); commit; end loop;
end $$;
