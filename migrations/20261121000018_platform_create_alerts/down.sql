revoke all on all tables in schema report_v1 from ates_platform;
-- What an earlier migration gave stays.
grant select on report_v1.events, report_v1.transfers, report_v1.consumers, report_v1.shuffles to ates_platform;
drop table platform.scenario_marks;
drop table platform.alerts;
