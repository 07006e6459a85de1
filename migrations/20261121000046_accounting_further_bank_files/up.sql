-- Who was held and is paid later gets a payment file of their own: a date has one file for each time that somebody was paid.
alter table accounting.bank_file_lines drop constraint bank_file_lines_business_date_fkey;
alter table accounting.bank_files
  drop constraint bank_files_pkey,
  add column number smallint not null default 1 constraint bank_files_number_check check (number > 0),
  add column left_out_people uuid[],
  add constraint bank_files_pkey primary key (business_date, number);
alter table accounting.bank_file_lines
  add column file_number smallint not null default 1,
  add constraint bank_file_lines_file_fkey foreign key (business_date, file_number)
    references accounting.bank_files (business_date, number) deferrable initially deferred;
comment on table accounting.bank_files is 'the payment files of a settled date, the first for all who were paid by then, further ones for those who were held: head, sums, and the SHA-256 of the bytes; append-only';
comment on column accounting.bank_files.left_out_people is 'who had been paid and had no bank account when the file was made: no later file pays them; none in files from before there were further ones';
