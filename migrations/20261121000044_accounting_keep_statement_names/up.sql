-- A statement says whose it was and when it was settled in the words of that moment (M33). Rows from before have neither: they show
-- the present name and the time at which the close of their date began.
alter table accounting.statements
  add column employee_name text,
  add column settled_at timestamptz;
comment on column accounting.statements.employee_name is 'what the employee was called when it was written';
comment on column accounting.statements.settled_at is 'when it was written: later than the close began, for an account that was held';
