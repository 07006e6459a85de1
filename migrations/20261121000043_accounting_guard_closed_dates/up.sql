-- The totals of a closed date are served as they stand (M41): nobody changes them, and the reconciler counts them again.
create function accounting.guard_closed_dates() returns trigger
  language plpgsql as $$
begin
  raise exception 'business date % is closed and is never changed', old.business_date using errcode = 'insufficient_privilege';
end $$;
comment on function accounting.guard_closed_dates() is 'trigger: a closed date stays as it is';
create trigger business_days_guard_closed before update or delete on accounting.business_days
  for each row when (old.state = 'closed') execute function accounting.guard_closed_dates();

create or replace view report_v1.company_earnings as
  select d.business_date, d.starts_at as start_at, d.ends_at as finish_at, d.fees_minor, d.rewards_minor,
    d.fees_minor - d.rewards_minor as total_minor, d.negative_balances
  from accounting.business_days d where d.state = 'closed';
