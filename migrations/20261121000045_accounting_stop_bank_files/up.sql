-- Where money goes and what is ordered of the bank stands still like the money itself while the emergency stop is set.
create trigger bank_accounts_guard_stop before insert or update or delete on accounting.bank_accounts
  for each statement execute function platform.guard_stop();
create trigger bank_files_guard_stop before insert on accounting.bank_files
  for each statement execute function platform.guard_stop();
create trigger bank_file_lines_guard_stop before insert on accounting.bank_file_lines
  for each statement execute function platform.guard_stop();
