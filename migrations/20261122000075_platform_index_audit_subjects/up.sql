-- What was done to somebody, for the page about them and for the audit of one person.
-- safe: a moment on a young installation; on a large one it is made beforehand, `concurrently`, and is found here (docs/OPERATIONS.md)
create index if not exists audit_log_subject_id_idx on platform.audit_log (subject_id, occurred_at desc, id desc) where subject_id is not null;
