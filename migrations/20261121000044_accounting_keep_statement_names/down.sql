alter table accounting.statements drop column employee_name, drop column settled_at;
