-- The list of all tasks can be narrowed to the dates they were created on. Numbers rise with time, so the dates are looked up in the index of
-- the numbers by halving: an index of created_at would be written anew for every task of every shuffle.
create function tasks.first_number_since(since timestamptz) returns bigint language plpgsql stable as $$
declare
  low bigint;
  high bigint;
  middle bigint;
  found bigint;
  created timestamptz;
begin
  select min(number), max(number) + 1 into low, high from tasks.tasks;
  while low < high loop
    middle := low + (high - low) / 2;
    select t.number, t.created_at into found, created from tasks.tasks t where t.number >= middle order by t.number limit 1;
    if created < since then
      low := found + 1;
    else
      high := middle;
    end if;
  end loop;
  return coalesce(low, 0);
end;
$$;
