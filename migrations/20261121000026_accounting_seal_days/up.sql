-- The chain of seals: one row a closed date, made when the date closes, over every transfer of the date and the seal before.
create table accounting.day_seals (
  business_date date constraint day_seals_pkey primary key
    constraint day_seals_business_date_fkey references accounting.business_days (business_date),
  transfers bigint not null constraint day_seals_transfers_check check (transfers >= 0),
  amount_minor bigint not null,
  previous bytea constraint day_seals_previous_key unique,
  digest bytea not null constraint day_seals_digest_key unique,
  sealed_at timestamptz not null,
  constraint day_seals_previous_fkey foreign key (previous) references accounting.day_seals (digest),
  constraint day_seals_length_check check (length(digest) = 32 and length(previous) = 32)
);
comment on table accounting.day_seals is 'the chain of the closed dates: number, sum and SHA-256 of the transfers of each, together with the digest before; append-only';
comment on column accounting.day_seals.previous is 'digest of the date before; null only for the first one';
create trigger day_seals_append_only before update or delete or truncate on accounting.day_seals
  for each statement execute function platform.refuse_change();

-- What is sealed is text that no setting of a session changes: ids in lower case, whole numbers, dates as in ISO 8601, instants as
-- microseconds since 1970. Blocks of 10,000 rows keep the memory bounded whatever the size of a date.
create function accounting.seal_digest(p_date date, p_previous bytea,
    out transfers bigint, out amount_minor bigint, out digest bytea)
  language sql stable set search_path = pg_catalog, pg_temp set work_mem = '64MB' as $$
  with numbered as (
    select (row_number() over (order by t.account_id, t.version) - 1) / 10000 as block, t.*
    from accounting.all_transfers t where t.business_date = p_date
  ), blocks as (
    select n.block, count(*) as transfers, sum(n.amount_minor) as amount_minor,
      encode(sha256(convert_to(string_agg(concat_ws('|', n.id, n.kind, n.account_id, n.contra_id, n.amount_minor, n.version,
        n.balance_minor, coalesce(n.task_id::text, ''), coalesce(n.assignment_seq::text, ''), n.reason_event_id,
        (extract(epoch from n.created_at) * 1000000)::bigint) || chr(10), '' order by n.account_id, n.version), 'UTF8')), 'hex') as hex
    from numbered n group by n.block
  )
  select coalesce(sum(b.transfers), 0)::bigint, coalesce(sum(b.amount_minor), 0)::bigint,
    sha256(convert_to(concat('aTES seal 1', chr(10), to_char(p_date::timestamp, 'YYYY-MM-DD'), chr(10),
      encode(p_previous, 'hex'), chr(10), coalesce(sum(b.transfers), 0), chr(10), coalesce(sum(b.amount_minor), 0), chr(10),
      string_agg(b.hex || chr(10), '' order by b.block)), 'UTF8'))
  from blocks b
$$;
comment on function accounting.seal_digest is 'number, sum and digest of the transfers of a date, after the digest of the date before; docs/TAMPER.md has the form of the text';
revoke all on function accounting.seal_digest from public;

grant select, insert on accounting.day_seals to ates_accounting;
grant execute on function accounting.seal_digest to ates_accounting;

create view report_v1.ledger as
  select t.id as transfer_id, t.kind, t.account_id, t.contra_id, t.amount_minor, t.version, t.balance_minor, t.task_id,
    t.assignment_seq, t.reason_event_id, t.business_date, t.created_at
  from accounting.all_transfers t;
comment on view report_v1.ledger is 'every column of the ledger, as the seals of the dates cover them';

create view report_v1.day_seals as
  select s.business_date, s.transfers, s.amount_minor, s.previous, s.digest, s.sealed_at from accounting.day_seals s;
comment on view report_v1.day_seals is 'the chain of the closed dates; docs/TAMPER.md tells how to compute it again';
grant select on report_v1.ledger, report_v1.day_seals to ates_reader, ates_platform;
