//! What the seals of the closed dates must be, as SQL.

/// The digests of the dates from one to another, computed from the ledger, against the seals. The form of what is sealed is told in
/// docs/TAMPER.md; it is written here once more, apart from the function that seals.
///
/// Dates that were closed before there was any seal may lack theirs behind the end of the chain: they are sealed at the next bell.
macro_rules! seals {
    ($from:literal, $to:literal) => {
        concat!(
            "
    with numbered as (
      select (row_number() over (partition by l.business_date order by l.account_id, l.version) - 1) / 10000 as block, l.*
      from report_v1.ledger l where l.business_date between ",
            $from,
            " and ",
            $to,
            "
        and l.business_date in (select business_date from report_v1.day_seals)
    ), blocks as (
      select n.business_date, n.block, count(*) as transfers, sum(n.amount_minor) as amount_minor,
        encode(sha256(convert_to(string_agg(concat_ws('|', n.transfer_id, n.kind, n.account_id, n.contra_id, n.amount_minor,
          n.version, n.balance_minor, coalesce(n.task_id::text, ''), coalesce(n.assignment_seq::text, ''), n.reason_event_id,
          (extract(epoch from n.created_at) * 1000000)::bigint) || chr(10), '' order by n.account_id, n.version), 'UTF8')), 'hex') as hex
      from numbered n group by n.business_date, n.block
    ), days as (
      select b.business_date, sum(b.transfers) as transfers, sum(b.amount_minor) as amount_minor,
        string_agg(b.hex || chr(10), '' order by b.block) as blocks
      from blocks b group by b.business_date
    ), chain as (
      select s.*, lag(s.digest) over (order by s.business_date) as before, min(s.sealed_at) over () as first_sealed_at,
        max(s.business_date) over () as head
      from report_v1.day_seals s
    ), sealed as (
      select c.*, coalesce(d.transfers, 0) as found, coalesce(d.amount_minor, 0) as found_minor,
        sha256(convert_to(concat('aTES seal 1', chr(10), to_char(c.business_date::timestamp, 'YYYY-MM-DD'), chr(10),
          encode(c.previous, 'hex'), chr(10), coalesce(d.transfers, 0), chr(10), coalesce(d.amount_minor, 0), chr(10), d.blocks),
          'UTF8')) as computed
      from chain c left join days d on d.business_date = c.business_date where c.business_date between ",
            $from,
            " and ",
            $to,
            "
    ), closed as (
      select r.business_date, r.finished_at from report_v1.payout_runs r where r.status = 'closed' and r.business_date between ",
            $from,
            " and ",
            $to,
            "
    )
    select case when s.transfers <> s.found or s.amount_minor <> s.found_minor
        then format('%s: sealed with %s transfers of the sum %s, the ledger has %s of the sum %s', s.business_date, s.transfers,
          s.amount_minor, s.found, s.found_minor)
        else format('%s: its transfers are not those that were sealed', s.business_date) end as offender
    from sealed s where s.digest <> s.computed or s.transfers <> s.found or s.amount_minor <> s.found_minor
    union all
    select format('%s: its seal does not follow from the one before', s.business_date)
    from sealed s where s.previous is distinct from s.before
    union all
    select format('%s: sealed, but not closed', s.business_date)
    from sealed s left join closed c on c.business_date = s.business_date where c.business_date is null
    union all
    select format('%s: closed, but not sealed', c.business_date)
    from closed c cross join (select max(head) as head, min(first_sealed_at) as since from chain) f
    where not exists (select from chain s where s.business_date = c.business_date)
      and (c.business_date < f.head or c.finished_at > f.since)"
        )
    };
}

/// From `$1` to `$2`, both included.
pub(super) const SEALS: &str = seals!("$1", "$2");

/// Those of the dates in question, as the invariants are asked.
pub(super) const SEALS_IN_QUESTION: &str = seals!("$2", "$3");
