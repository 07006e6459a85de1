drop index tasks.tasks_done_idx;
