alter table analytics.employees reset (fillfactor);
create index employees_negative_idx on analytics.employees (balance_minor) where balance_minor < 0;
create index balances_negative_idx on accounting.balances (account_id) where amount_minor < 0;
