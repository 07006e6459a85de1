-- Balances and statements begin with the first date of which anything may still move. Without the index every closed date is read to
-- find it. As a function it is known before a statement begins, which then opens no month before it.
-- safe: the table has a row for each date, so nobody waits for long
create index business_days_live_idx on accounting.business_days (business_date) where state <> 'closed';

create function accounting.first_live_date() returns date language plpgsql stable parallel safe as $$
begin
  return coalesce((select min(business_date) from accounting.business_days where state <> 'closed'),
    (select max(business_date) + 1 from accounting.business_days), '-infinity');
end $$;
comment on function accounting.first_live_date is 'the first date that is not closed, else the one after the last; what lies before is told by statements and stored totals alone';
-- safe: the release before does not know the function
revoke all on function accounting.first_live_date from public;
grant execute on function accounting.first_live_date to ates_accounting;
