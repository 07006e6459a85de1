-- The bare SQL for the rows that the close of a date writes: the same tables, indexes and triggers, one statement a table, one
-- transaction. What it leaves out is what the product is for: the barrier, the locks, resuming after a crash, schemas, digests.
-- Needs the variable day.
\set ON_ERROR_STOP on
begin;

create temporary table lines on commit drop as
  select account_id, coalesce(d.closing_minor, 0) as opening_minor, coalesce(m.fees_minor, 0) as fees_minor,
    coalesce(m.rewards_minor, 0) as rewards_minor, coalesce(m.adjustments_minor, 0) as adjustments_minor
  from (select account_id,
          coalesce(sum(amount_minor) filter (where kind = 'assignment_fee'), 0)::bigint as fees_minor,
          coalesce(sum(amount_minor) filter (where kind = 'completion_reward'), 0)::bigint as rewards_minor,
          coalesce(sum(amount_minor) filter (where kind = 'adjustment'), 0)::bigint as adjustments_minor
        from accounting.transfers where business_date = :'day' group by account_id) m
    full join (select account_id, closing_minor from accounting.statements
        where business_date = :'day'::date - 1 and closing_minor <> 0) d using (account_id);
analyze lines;

insert into accounting.statements (business_date, account_id, opening_minor, fees_minor, rewards_minor, adjustments_minor,
    payout_minor, closing_minor)
  select :'day', account_id, opening_minor, fees_minor, rewards_minor, adjustments_minor, greatest(balance, 0), least(balance, 0)
  from (select *, opening_minor + fees_minor + rewards_minor + adjustments_minor as balance from lines) l;

create temporary table paid on commit drop as
  select gen_random_uuid() as id, gen_random_uuid() as event_id, s.account_id, s.payout_minor, b.version + 1 as version,
    b.amount_minor - s.payout_minor as balance_minor
  from accounting.statements s join accounting.balances b using (account_id)
  where s.business_date = :'day' and s.payout_minor > 0;
analyze paid;

insert into accounting.transfers (id, kind, account_id, contra_id, amount_minor, version, balance_minor, reason_event_id,
    business_date, created_at)
  select id, 'payout', account_id, '00000000-0000-0000-0000-000000009a1d', -payout_minor, version, balance_minor, event_id,
    :'day', now() from paid;

update accounting.balances b set amount_minor = p.balance_minor, version = p.version
  from paid p where b.account_id = p.account_id;

insert into accounting.payouts (business_date, employee_id, amount_minor, transfer_id)
  select :'day', account_id, payout_minor, id from paid;

insert into accounting.mails (id, message_id, kind, employee_id, business_date, recipient, recipient_name, language,
    amount_minor, next_attempt_at, created_at)
  select gen_random_uuid(), format('<payout.%s.%s@localhost>', :'day'::date, p.account_id), 'payout', p.account_id, :'day',
    coalesce(e.email, ''), coalesce(e.name || ' ' || e.surname, ''), coalesce(e.language, 'en'), p.payout_minor, now(), now()
  from paid p left join accounting.employees e on e.id = p.account_id;

insert into bus.events (seq, event_id, event_type, type_version, topic, producer, subject_id, item_count, correlation_id,
    causation_id, actor_id, recorded_at, payload)
  select nextval('bus.events_seq'), gen_random_uuid(), 'audit_log_record.created', 1, 'money', 'accounting', account_id, 1, event_id,
    null, null, now(), jsonb_build_object('transfer', id, 'kind', 'payout', 'amount_minor', -payout_minor,
      'balance_minor', balance_minor, 'business_date', :'day'::date)
  from paid;
insert into bus.events (seq, event_id, event_type, type_version, topic, producer, subject_id, item_count, correlation_id,
    causation_id, actor_id, recorded_at, payload)
  select nextval('bus.events_seq'), event_id, 'payment_log_record.created', 1, 'money', 'accounting', account_id, 1, event_id, null,
    null, now(), jsonb_build_object('transfer', id, 'business_date', :'day'::date, 'amount_minor', payout_minor)
  from paid;

commit;
