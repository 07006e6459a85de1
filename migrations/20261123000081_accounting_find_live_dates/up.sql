-- Balances and statements begin with the first date that is not closed. Without it every closed date is read to find that one.
create index business_days_live_idx on accounting.business_days (business_date) where state <> 'closed';
