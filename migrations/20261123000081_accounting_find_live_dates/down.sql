drop function accounting.first_live_date;
drop index accounting.business_days_live_idx;
