drop table accounting.bank_file_lines;
drop table accounting.bank_files;
drop table accounting.bank_accounts;
