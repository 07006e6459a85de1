-- The last event is looked for at each append, under the log's lock, and at each step of a subscriber. While the log was small Postgres read
-- it from end to end for that, and sessions kept that plan when it had grown: the first bulk after an installation made everybody wait.
alter function bus.append set enable_seqscan = off;
alter function bus.append set jit = off;

create function bus.head() returns bigint language plpgsql stable set enable_seqscan = off set jit = off as $$
begin
  return coalesce((select max(seq) from bus.events), 0);
end $$;
comment on function bus.head is 'the number of the last event that is committed; 0 when there is none';
