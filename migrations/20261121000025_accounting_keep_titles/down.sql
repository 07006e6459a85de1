drop index accounting.statements_adjusted_idx;
drop table accounting.former_titles;
