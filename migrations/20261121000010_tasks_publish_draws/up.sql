-- What a stranger needs to recompute the draw of a run: the seed's digest from the press on, and who could be drawn in each chunk.
alter table tasks.shuffles add column commitment bytea generated always as (sha256(seed)) stored;
comment on column tasks.shuffles.commitment is 'SHA-256 of the seed: shown at the press, so that the seed shown at the end is the one that was meant';

create function tasks.guard_seed() returns trigger
  language plpgsql as $$
begin
  if new.seed is distinct from old.seed then
    raise exception 'the seed of a run is never changed' using errcode = 'check_violation', constraint = 'shuffles_seed_is_final';
  end if;
  return new;
end $$;
create trigger shuffles_guard_seed before update on tasks.shuffles for each row execute function tasks.guard_seed();

create table tasks.draw_candidates (
  digest bytea constraint draw_candidates_pkey primary key
    constraint draw_candidates_digest_check check (length(digest) = 32),
  people uuid[] not null constraint draw_candidates_people_check check (cardinality(people) > 0)
);
comment on table tasks.draw_candidates is 'who could be drawn, sorted, kept once for all chunks that drew from the same people; the digest is SHA-256 of the ids; append-only';
create trigger draw_candidates_append_only before update or delete or truncate on tasks.draw_candidates
  for each statement execute function platform.refuse_change();

create table tasks.shuffle_chunks (
  run_id uuid not null constraint shuffle_chunks_run_id_fkey references tasks.shuffles (id),
  chunk integer not null constraint shuffle_chunks_chunk_check check (chunk > 0),
  after_task_id uuid not null,
  last_task_id uuid not null,
  tasks integer not null,
  candidates bytea not null constraint shuffle_chunks_candidates_fkey references tasks.draw_candidates (digest),
  drawn_at timestamptz not null,
  constraint shuffle_chunks_pkey primary key (run_id, chunk),
  constraint shuffle_chunks_range_check check (after_task_id < last_task_id)
);
comment on table tasks.shuffle_chunks is 'which tasks a run drew among which people; append-only';
create trigger shuffle_chunks_append_only before update or delete or truncate on tasks.shuffle_chunks
  for each statement execute function platform.refuse_change();

grant select, insert on tasks.draw_candidates, tasks.shuffle_chunks to ates_tasks;
