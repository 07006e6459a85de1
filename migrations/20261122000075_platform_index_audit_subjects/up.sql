-- What was done to somebody, for the page about them and for the audit of one person.
create index audit_log_subject_id_idx on platform.audit_log (subject_id, occurred_at desc, id desc) where subject_id is not null;
