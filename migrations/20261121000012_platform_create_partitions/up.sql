-- Partitions: made ahead, and moved to the archive when their time online is over. The functions run with the rights of who
-- migrates, because the roles of the modules cannot make tables; only ates_platform may call them.
create schema archive;
comment on schema archive is 'what is past its time online: the same rows under the same names, read-only';
grant usage on schema archive to ates_platform;

create view platform.partitioned_tables as
  select * from (values
    ('transfers', 'accounting', 'business_date'),
    ('journal', 'tasks', 'occurred_at'),
    ('events', 'bus', 'seq')
  ) as t(name, module, key);
comment on view platform.partitioned_tables is 'what is partitioned: by month of a date, by month in UTC, by number';

create view platform.partitions as
  select t.name as parent, n.nspname as schema, c.relname::text as name, n.nspname = 'archive' as archived,
    case when t.key <> 'seq' then to_date(right(c.relname, 7), 'YYYY_MM') end as month,
    case when t.key = 'seq' then right(c.relname, 4)::bigint end as number,
    pg_total_relation_size(c.oid) as bytes, coalesce(s.spcname, 'default')::text as tablespace
  from platform.partitioned_tables t
    join pg_namespace n on n.nspname in (t.module, 'archive')
    join pg_class p on p.relnamespace = n.oid and p.relname = t.name
    join pg_inherits i on i.inhparent = p.oid and not i.inhdetachpending
    join pg_class c on c.oid = i.inhrelid
    left join pg_tablespace s on s.oid = c.reltablespace;
comment on view platform.partitions is 'every partition there is: its month in UTC or its number (ten million rows each), and where it lies';

-- One partition: a table of its own with the bounds as a check, so that attaching it neither looks at rows nor keeps anybody from
-- writing. Its unique indexes lack the partition's key, so they hold for the whole month and not only for one date.
create function platform.make_partition(p_parent text, p_name text, p_from text, p_to text) returns boolean
  language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  home text;
  by_key text;
begin
  select module, key into strict home, by_key from platform.partitioned_tables where name = p_parent;
  perform pg_advisory_xact_lock(7781, 12);
  if to_regclass(format('%I.%I', home, p_name)) is not null or to_regclass(format('archive.%I', p_name)) is not null then
    return false;
  end if;
  execute format('create table %1$I.%2$I (like %1$I.%3$I including defaults including constraints,
      constraint %4$I check (%5$I >= %6$L and %5$I < %7$L))',
    home, p_name, p_parent, p_name || '_bounds_check', by_key, p_from, p_to);
  case p_parent
    when 'transfers' then
      execute format('create unique index %I on %I.%I (account_id, version)', p_name || '_version_key', home, p_name);
      execute format('create unique index %I on %I.%I
        (reason_event_id, kind, coalesce(task_id, ''00000000-0000-0000-0000-000000000000''))', p_name || '_reason_key', home, p_name);
      execute format('create unique index %I on %I.%I (task_id, assignment_seq) where kind = ''assignment_fee''',
        p_name || '_assignment_key', home, p_name);
      execute format('create unique index %I on %I.%I (task_id) where kind = ''completion_reward''',
        p_name || '_reward_key', home, p_name);
      execute format('create unique index %I on %I.%I (account_id, business_date) where kind = ''payout''',
        p_name || '_payout_key', home, p_name);
    when 'journal' then
      execute format('create unique index %I on %I.%I (task_id, assignment_seq) where kind = ''assign''',
        p_name || '_assignment_key', home, p_name);
      execute format('create unique index %I on %I.%I (task_id) where kind = ''complete''',
        p_name || '_completion_key', home, p_name);
      execute format('create unique index %I on %I.%I (task_id) where kind = ''create''',
        p_name || '_creation_key', home, p_name);
    when 'events' then
      execute format('create unique index %I on %I.%I (event_id)', p_name || '_event_id_key', home, p_name);
  end case;
  execute format('create trigger %I before update or delete or truncate on %I.%I
    for each statement execute function platform.refuse_change()', p_name || '_append_only', home, p_name);
  execute format('alter table %1$I.%2$I attach partition %1$I.%3$I for values from (%4$L) to (%5$L)',
    home, p_parent, p_name, p_from, p_to);
  return true;
end $$;
comment on function platform.make_partition is 'makes one partition unless it is there, online or in the archive';

-- Both months included.
create function platform.make_months(p_parent text, p_first date, p_last date) returns setof text
  language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  first date;
  name text;
  suffix text := case p_parent when 'journal' then ' 00:00:00+00' else '' end;
begin
  for first in select generate_series(date_trunc('month', p_first::timestamp), p_last::timestamp, interval '1 month')::date loop
    name := format('%s_%s', p_parent, to_char(first, 'YYYY_MM'));
    if not exists (select from platform.partitions p where p.parent = p_parent and p.month = first)
      and platform.make_partition(p_parent, name, first || suffix, (first + interval '1 month')::date || suffix)
    then
      return next name;
    end if;
  end loop;
end $$;
comment on function platform.make_months is 'makes the partitions of a span of months that are missing';

-- Downtime leaves no gap: the months since the last partition before p_now are made too.
create function platform.make_partitions(p_now timestamptz, p_ahead integer) returns setof text
  language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
declare
  present date := date_trunc('month', p_now at time zone 'UTC')::date;
  until date := (present + make_interval(months => p_ahead))::date;
  since date;
  head bigint;
  book text;
  n bigint;
begin
  foreach book in array array['transfers', 'journal'] loop
    select least(max(p.month), present - interval '1 month') into since
    from platform.partitions p where p.parent = book and p.month <= present;
    return query select platform.make_months(book, coalesce(since, (present - interval '1 month')::date), until);
  end loop;
  select last_value / 10000000 into head from bus.events_seq;
  for n in select x.n from generate_series(head, head + p_ahead) as x(n)
      where not exists (select from platform.partitions p where p.parent = 'events' and p.number = x.n) loop
    if platform.make_partition('events', 'events_' || lpad(n::text, 4, '0'), (n * 10000000)::text, ((n + 1) * 10000000)::text) then
      return next 'events_' || lpad(n::text, 4, '0');
    end if;
  end loop;
end $$;
comment on function platform.make_partitions is 'makes what is missing from the month before p_now to p_ahead months after it, and as many partitions of the log; gives the names of those it made';

create function platform.partitions_ahead(p_now timestamptz) returns table (parent text, ahead bigint)
  language sql stable security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
  select t.name, count(p.name) filter (where not p.archived and case
      when t.key = 'seq' then p.number > (select last_value / 10000000 from bus.events_seq)
      else p.month > date_trunc('month', p_now at time zone 'UTC') end)
  from platform.partitioned_tables t left join platform.partitions p on p.parent = t.name
  group by t.name
$$;
comment on function platform.partitions_ahead is 'how many partitions lie after the one that is written to; below two is an alarm';

-- A month may go when it is over for long enough and, for transfers, all its dates are settled. A part of the log may go when
-- moreover every subscriber has dealt with it and none of its events waits for repair.
create function platform.archivable_partitions(p_now timestamptz, p_months integer) returns table (parent text, name text)
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' as $$
declare
  before date := (date_trunc('month', p_now at time zone 'UTC') - make_interval(months => p_months))::date;
  open_since date := (select min(d.business_date) from accounting.business_days d where d.state = 'open');
  needed bigint;
  part record;
  newest timestamptz;
begin
  return query select p.parent, p.name from platform.partitions p
    where not p.archived and p.month + interval '1 month' <= before
      and (p.parent <> 'transfers' or p.month + interval '1 month' <= open_since)
    order by p.month, p.parent;
  -- Only a subscriber that was retired for good may lag behind; the column is read by name so that this holds without it too.
  select least(min(s.position) filter (where to_jsonb(s) ->> 'retired_at' is null),
      (select min(i.seq) - 1 from bus.parked_items i where i.state in ('retrying', 'blocked', 'dead')))
    into needed from bus.subscribers s;
  for part in select p.name, p.number from platform.partitions p where not p.archived and p.parent = 'events'
      and (p.number + 1) * 10000000 <= needed order by p.number loop
    execute format('select max(recorded_at) from bus.%I', part.name) into newest;
    exit when newest >= before::timestamp at time zone 'UTC';
    parent := 'events';
    name := part.name;
    return next;
  end loop;
end $$;
comment on function platform.archivable_partitions is 'the partitions that are older than p_months months and that nobody needs online any more';

-- One transaction, so that no reader ever misses the rows: `detach concurrently` would leave a moment in which they are in
-- neither place. It holds the parent for the time of three entries in the catalogue; who does not get it in two seconds gives up.
create function platform.archive_partition(p_name text, p_now timestamptz, p_months integer) returns boolean
  language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  home text;
  root text;
  bounds text;
begin
  perform pg_advisory_xact_lock(7781, 12);
  select t.module, t.name into home, root
  from platform.archivable_partitions(p_now, p_months) a join platform.partitioned_tables t on t.name = a.parent
  where a.name = p_name;
  if not found then
    return false;
  end if;
  select pg_get_expr(c.relpartbound, c.oid) into strict bounds
  from pg_class c where c.oid = to_regclass(format('%I.%I', home, p_name));
  execute format('alter table %1$I.%2$I detach partition %1$I.%3$I', home, root, p_name);
  execute format('alter table %I.%I set schema archive', home, p_name);
  execute format('alter table archive.%I attach partition archive.%I %s', root, p_name, bounds);
  return true;
end $$;
comment on function platform.archive_partition is 'moves one partition that may go to the archive; false when it may not';

-- After the move, on its own: the files are copied, and only readers of this partition wait for that.
create function platform.store_archived(p_tablespace text) returns setof text
  language plpgsql security definer set search_path = pg_catalog, pg_temp set lock_timeout = '2s' as $$
declare
  part record;
  index_name text;
begin
  for part in select p.name from platform.partitions p where p.archived and p.tablespace <> p_tablespace order by p.name limit 1 loop
    execute format('alter table archive.%I set tablespace %I', part.name, p_tablespace);
    for index_name in select c.relname from pg_index i join pg_class c on c.oid = i.indexrelid
        where i.indrelid = to_regclass(format('archive.%I', part.name)) loop
      execute format('alter index archive.%I set tablespace %I', index_name, p_tablespace);
    end loop;
    return next part.name;
  end loop;
end $$;
comment on function platform.store_archived is 'brings the files of one archived partition to a tablespace; gives its name, nothing when all are there';

revoke all on function platform.make_partition, platform.make_months, platform.make_partitions, platform.partitions_ahead,
  platform.archivable_partitions, platform.archive_partition, platform.store_archived from public;
grant execute on function platform.make_partitions, platform.partitions_ahead, platform.archivable_partitions,
  platform.archive_partition, platform.store_archived to ates_platform;
grant select on platform.partitions to ates_platform;
