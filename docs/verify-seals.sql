-- Computes the digest of every sealed date again, from the rows of the ledger alone, and compares it with the seal.
--
--   psql "$DATABASE_URL" -X -v ON_ERROR_STOP=1 -v head=DIGEST -f docs/verify-seals.sql
--
-- DIGEST is the newest one that you know from elsewhere: a mail, the log. Without it the chain is compared with itself alone. Reads two
-- views as the role ates_reader. Prints a line a date; ends with status 3 when anything differs. What this proves: docs/TAMPER.md.
\set QUIET on
\if :{?head}
\else
\set head ''
\endif
\pset footer off
set role ates_reader;
begin isolation level repeatable read read only;

with lines as (
  -- A transfer is one line of text; 10,000 of them, in the order of account and version, are a block.
  select business_date, account_id, version, amount_minor,
    (row_number() over (partition by business_date order by account_id, version) - 1) / 10000 as block,
    transfer_id || '|' || kind || '|' || account_id || '|' || contra_id || '|' || amount_minor || '|' || version || '|'
      || balance_minor || '|' || coalesce(task_id::text, '') || '|' || coalesce(assignment_seq::text, '') || '|'
      || reason_event_id || '|' || (extract(epoch from created_at) * 1000000)::bigint || chr(10) as line
  from report_v1.ledger
  where business_date in (select business_date from report_v1.day_seals)
), blocks as (
  select business_date, block, count(*) as transfers, sum(amount_minor) as amount_minor,
    encode(sha256(convert_to(string_agg(line, '' order by account_id, version), 'UTF8')), 'hex') as hash
  from lines group by business_date, block
), dates as (
  select business_date, sum(transfers) as transfers, sum(amount_minor) as amount_minor,
    string_agg(hash || chr(10), '' order by block) as hashes
  from blocks group by business_date
), computed as (
  -- The digest of a date is over a header, which holds the digest of the date before, and the hashes of its blocks.
  select s.business_date, s.digest, coalesce(d.transfers, 0) as transfers,
    sha256(convert_to('aTES seal 1' || chr(10) || to_char(s.business_date::timestamp, 'YYYY-MM-DD') || chr(10)
      || coalesce(encode(lag(s.digest) over (order by s.business_date), 'hex'), '') || chr(10)
      || coalesce(d.transfers, 0) || chr(10) || coalesce(d.amount_minor, 0) || chr(10) || coalesce(d.hashes, ''), 'UTF8')) as found
  from report_v1.day_seals s left join dates d on d.business_date = s.business_date
)
select coalesce(string_agg(concat_ws(' ', to_char(business_date::timestamp, 'YYYY-MM-DD'), transfers, encode(found, 'hex'),
    case when found = digest then 'agrees' else 'DIFFERS' end), chr(10) order by business_date), 'no seals') as report,
  coalesce(bool_or(found <> digest), false) as differ,
  (select count(*) from report_v1.payout_runs r
    where r.status = 'closed' and r.business_date not in (select business_date from report_v1.day_seals)) as unsealed,
  :'head' <> '' and coalesce(bool_and(encode(digest, 'hex') <> :'head'), true) as unknown_head
from computed \gset

\echo :report
\if :unknown_head
do $$ begin raise exception 'the digest that you know is not in the chain: it was made anew, or its end was cut off'; end $$;
\endif
\if :differ
do $$ begin raise exception 'the ledger is not what was sealed'; end $$;
\endif
\echo closed dates without a seal: :unsealed
rollback;
