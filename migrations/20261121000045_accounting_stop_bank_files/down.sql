drop trigger bank_file_lines_guard_stop on accounting.bank_file_lines;
drop trigger bank_files_guard_stop on accounting.bank_files;
drop trigger bank_accounts_guard_stop on accounting.bank_accounts;
