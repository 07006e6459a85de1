revoke all on all tables in schema report_v1 from ates_platform;
revoke usage on schema report_v1 from ates_platform;
drop table platform.scenario_marks;
drop table platform.alerts;
