-- People look for a task by its key in the issue tracker, which must not read the whole table.
create index tasks_jira_id_idx on tasks.tasks (jira_id) where jira_id is not null;
