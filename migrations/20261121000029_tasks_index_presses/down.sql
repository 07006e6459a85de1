drop index tasks.shuffles_requested_by_idx;
