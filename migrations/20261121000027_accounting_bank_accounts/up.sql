create table accounting.bank_accounts (
  employee_id uuid constraint bank_accounts_pkey primary key
    constraint bank_accounts_employee_id_fkey references accounting.accounts (id),
  iban text not null constraint bank_accounts_iban_check check (iban ~ '^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$'),
  bic text constraint bank_accounts_bic_check check (bic ~ '^[A-Z0-9]{8}([A-Z0-9]{3})?$'),
  changed_at timestamptz not null,
  changed_by uuid not null
);
comment on table accounting.bank_accounts is 'where payouts of an employee go; entered by the employee or by an accountant, each change in the audit';

-- What a bank file holds is stored when it is first made, so that it never changes, whatever happens to names and bank accounts.
create table accounting.bank_files (
  business_date date constraint bank_files_pkey primary key
    constraint bank_files_business_date_fkey references accounting.business_days (business_date),
  message_id text not null constraint bank_files_message_id_key unique
    constraint bank_files_message_id_check check (char_length(message_id) between 1 and 33),
  made_at timestamptz not null,
  made_by uuid,
  execute_on date not null,
  currency text not null,
  debtor_name text not null,
  debtor_iban text not null,
  debtor_bic text,
  payments integer not null constraint bank_files_payments_check check (payments > 0),
  amount_minor bigint not null constraint bank_files_amount_minor_check check (amount_minor > 0),
  left_out integer not null,
  left_out_minor bigint not null,
  sha256 bytea not null constraint bank_files_sha256_check check (length(sha256) = 32)
);
comment on table accounting.bank_files is 'the payment file of a settled date: its head, its sums, and the SHA-256 of its bytes; made once; append-only';
comment on column accounting.bank_files.left_out is 'people who were paid that day and had no bank account when the file was made';
create trigger bank_files_append_only before update or delete or truncate on accounting.bank_files
  for each statement execute function platform.refuse_change();

create table accounting.bank_file_lines (
  business_date date not null constraint bank_file_lines_business_date_fkey references accounting.bank_files (business_date)
    deferrable initially deferred,
  employee_id uuid not null,
  reference text not null constraint bank_file_lines_reference_key unique
    constraint bank_file_lines_reference_check check (char_length(reference) between 1 and 35),
  name text not null,
  iban text not null,
  bic text,
  amount_minor bigint not null,
  constraint bank_file_lines_pkey primary key (business_date, employee_id),
  constraint bank_file_lines_payout_fkey foreign key (business_date, employee_id)
    references accounting.payouts (business_date, employee_id)
);
comment on table accounting.bank_file_lines is 'the payments of a payment file with the account that each went to; append-only';
comment on column accounting.bank_file_lines.reference is 'the payout''s transfer, its id without hyphens: the end-to-end reference';
create trigger bank_file_lines_append_only before update or delete or truncate on accounting.bank_file_lines
  for each statement execute function platform.refuse_change();

grant select, insert, update, delete on accounting.bank_accounts to ates_accounting;
grant select, insert on accounting.bank_files, accounting.bank_file_lines to ates_accounting;
