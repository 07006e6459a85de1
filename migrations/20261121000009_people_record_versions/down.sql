alter table accounting.employees drop column record_version;
alter table tasks.employees drop column record_version;
