drop index platform.audit_log_subject_id_idx;
