-- The same digest, with the date as a plain value in the statement: as a parameter it let Postgres plan for every month that there is,
-- which took longer than the digest of a usual date as soon as there were some years.
create or replace function accounting.seal_digest(p_date date, p_previous bytea,
    out transfers bigint, out amount_minor bigint, out digest bytea)
  language plpgsql stable set search_path = pg_catalog, pg_temp set work_mem = '64MB' as $function$
begin
  execute format($$
    with numbered as (
      select (row_number() over (order by t.account_id, t.version) - 1) / 10000 as block, t.*
      from accounting.all_transfers t where t.business_date = %L
    ), blocks as (
      select n.block, count(*) as transfers, sum(n.amount_minor) as amount_minor,
        encode(sha256(convert_to(string_agg(concat_ws('|', n.id, n.kind, n.account_id, n.contra_id, n.amount_minor, n.version,
          n.balance_minor, coalesce(n.task_id::text, ''), coalesce(n.assignment_seq::text, ''), n.reason_event_id,
          (extract(epoch from n.created_at) * 1000000)::bigint) || chr(10), '' order by n.account_id, n.version), 'UTF8')), 'hex') as hex
      from numbered n group by n.block
    )
    select coalesce(sum(b.transfers), 0)::bigint, coalesce(sum(b.amount_minor), 0)::bigint,
      sha256(convert_to(concat('aTES seal 1', chr(10), to_char($1::timestamp, 'YYYY-MM-DD'), chr(10),
        encode($2, 'hex'), chr(10), coalesce(sum(b.transfers), 0), chr(10), coalesce(sum(b.amount_minor), 0), chr(10),
        string_agg(b.hex || chr(10), '' order by b.block)), 'UTF8'))
    from blocks b
  $$, p_date) into transfers, amount_minor, digest using p_date, p_previous;
end $function$;
