drop table platform.job_turns;
