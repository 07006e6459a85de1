drop view report_v1.company_earnings;
create view report_v1.company_earnings as
  select d.business_date, d.starts_at as start_at, d.ends_at as finish_at, d.fees_minor, d.rewards_minor,
    d.fees_minor - d.rewards_minor as total_minor
  from accounting.business_days d where d.state = 'closed';
grant select on report_v1.company_earnings to ates_reader;
drop trigger business_days_guard_closed on accounting.business_days;
drop function accounting.guard_closed_dates();
