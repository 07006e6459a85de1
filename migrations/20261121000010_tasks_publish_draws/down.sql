drop table tasks.shuffle_chunks;
drop table tasks.draw_candidates;
drop trigger shuffles_guard_seed on tasks.shuffles;
drop function tasks.guard_seed();
alter table tasks.shuffles drop column commitment;
