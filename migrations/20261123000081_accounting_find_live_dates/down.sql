drop index accounting.business_days_live_idx;
