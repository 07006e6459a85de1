drop view report_v1.corrections;
drop table accounting.corrections;
drop function accounting.guard_corrections();
