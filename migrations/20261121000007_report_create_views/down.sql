drop schema report_v1 cascade;
