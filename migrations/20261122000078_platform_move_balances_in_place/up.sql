-- An index whose condition names a balance gets a new entry whenever the balance moves, and so do all other indexes of the row. Without it
-- the row is changed in its place. Nobody read the first; the second saved a look at one small row a person.
drop index accounting.balances_negative_idx;
drop index analytics.employees_negative_idx;
alter table analytics.employees set (fillfactor = 70);
