-- The same guards, as a probe of an index for each new row. Statistics of the morning know no payout of the date and no statement, so as
-- joins they compared every new row with every payout, or read all statements of the date for every chunk of a close.
create or replace function accounting.guard_payouts() returns trigger language plpgsql as $$
declare
  date date;
begin
  for date in select distinct f.business_date from fresh f loop
    if exists (select from fresh f where f.business_date = date and (
        select t.kind = 'payout' and t.account_id = f.employee_id and t.amount_minor = -f.amount_minor
        from accounting.transfers t where t.business_date = date and t.id = f.transfer_id) is not true) then
      raise exception 'a payout of % has no transfer', date
        using errcode = 'foreign_key_violation', constraint = 'payouts_transfer_id_fkey';
    end if;
  end loop;
  return null;
end $$;

create or replace function accounting.guard_closed_days() returns trigger language plpgsql as $$
declare
  touched record;
begin
  for touched in
    select d.business_date, d.state from (select distinct business_date from fresh) as f
      join accounting.business_days d on d.business_date = f.business_date and d.state <> 'open'
  loop
    if touched.state = 'closed' then
      raise exception 'business date % is closed', touched.business_date
        using errcode = 'check_violation', constraint = 'transfers_open_day';
    end if;
    if exists (
      select from fresh f
        cross join lateral (
          select (select true from accounting.held_accounts h where h.business_date = f.business_date and h.account_id = f.account_id
              and h.released_at is null) is true as held,
            (select true from accounting.statements s where s.account_id = f.account_id and s.business_date = f.business_date) is true as settled
        ) own
      where f.business_date = touched.business_date and (own.settled or (f.kind = 'payout') = own.held)
    ) then
      raise exception 'business date % is closing and takes nothing more of this account', touched.business_date
        using errcode = 'check_violation', constraint = 'transfers_open_day';
    end if;
  end loop;
  return null;
end $$;
