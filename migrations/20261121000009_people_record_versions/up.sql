-- The version of the record that the names are of; version itself also counts the departure, which may be heard first.
alter table tasks.employees add column record_version bigint not null default 0;
update tasks.employees set record_version = version;
alter table accounting.employees add column record_version bigint not null default 0;
update accounting.employees set record_version = version;
