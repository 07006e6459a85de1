alter table accounting.bank_file_lines drop constraint bank_file_lines_file_fkey, drop column file_number;
alter table accounting.bank_files
  drop constraint bank_files_pkey,
  drop column number,
  drop column left_out_people,
  add constraint bank_files_pkey primary key (business_date);
comment on table accounting.bank_files is 'the payment file of a settled date: its head, its sums, and the SHA-256 of its bytes; made once; append-only';
alter table accounting.bank_file_lines add constraint bank_file_lines_business_date_fkey foreign key (business_date)
  references accounting.bank_files (business_date) deferrable initially deferred;
