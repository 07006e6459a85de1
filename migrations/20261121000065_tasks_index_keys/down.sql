drop index tasks.tasks_jira_id_idx;
