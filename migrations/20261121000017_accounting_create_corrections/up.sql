create table accounting.corrections (
  id uuid constraint corrections_pkey primary key,
  kind text not null constraint corrections_kind_check check (kind in ('adjustment', 'assignment_fee', 'completion_reward', 'none')),
  employee_id uuid,
  amount_minor bigint,
  reason text not null constraint corrections_reason_check check (char_length(btrim(reason)) between 10 and 500),
  task_id uuid,
  assignment_seq integer,
  corrected_transfer_id uuid,
  corrected_date date,
  subscriber text,
  item_id uuid,
  reason_event_id uuid,
  state text not null default 'requested' constraint corrections_state_check
    check (state in ('requested', 'confirmed', 'rejected', 'withdrawn')),
  requested_by uuid not null,
  requested_at timestamptz not null,
  decided_by uuid,
  decided_at timestamptz,
  transfer_id uuid,
  business_date date,
  constraint corrections_shape_check check (case kind
    when 'adjustment' then employee_id is not null and amount_minor is not null and amount_minor <> 0
      and abs(amount_minor) <= 100000000 and assignment_seq is null and item_id is null
    when 'assignment_fee' then employee_id is not null and task_id is not null and assignment_seq is not null
      and reason_event_id is not null and coalesce(amount_minor, -1) < 0
    when 'completion_reward' then employee_id is not null and task_id is not null and assignment_seq is null
      and reason_event_id is not null and coalesce(amount_minor, 1) > 0
    else employee_id is null and amount_minor is null and item_id is not null end),
  constraint corrections_item_check check ((subscriber is null) = (item_id is null)),
  constraint corrections_decided_check check ((state = 'requested') = (decided_at is null) and (state = 'requested') = (decided_by is null)),
  constraint corrections_second_person_check check (case state
    when 'confirmed' then decided_by <> requested_by
    when 'rejected' then decided_by <> requested_by
    when 'withdrawn' then decided_by = requested_by
    else true end),
  constraint corrections_booked_check check
    ((state = 'confirmed' and kind <> 'none') = (transfer_id is not null) and (transfer_id is null) = (business_date is null))
);
comment on table accounting.corrections is 'asked for by one person, decided by another: a confirmed one is a new transfer; nothing that is booked is ever changed';
comment on column accounting.corrections.kind is 'adjustment, or the transfer that an event should have brought and did not; none: an event is skipped that brings nothing';
comment on column accounting.corrections.item_id is 'the dead item of the subscriber that is skipped together with the booking';
comment on column accounting.corrections.reason_event_id is 'reason of the transfer: the event that should have brought it, or the confirmation';
create index corrections_state_idx on accounting.corrections (state, id desc);
create unique index corrections_transfer_key on accounting.corrections (transfer_id) where transfer_id is not null;
create unique index corrections_open_item_key on accounting.corrections (subscriber, item_id) where state = 'requested' and item_id is not null;
create unique index corrections_open_missing_key on accounting.corrections (task_id, kind, coalesce(assignment_seq, 0))
  where state = 'requested' and kind in ('assignment_fee', 'completion_reward');
create unique index corrections_open_reversal_key on accounting.corrections (corrected_transfer_id)
  where state = 'requested' and corrected_transfer_id is not null;

create function accounting.guard_corrections() returns trigger
  language plpgsql as $$
begin
  if old.state <> 'requested'
    or (new.id, new.kind, new.employee_id, new.amount_minor, new.reason, new.task_id, new.assignment_seq, new.corrected_transfer_id,
        new.corrected_date, new.subscriber, new.item_id, new.requested_by, new.requested_at)
      is distinct from
       (old.id, old.kind, old.employee_id, old.amount_minor, old.reason, old.task_id, old.assignment_seq, old.corrected_transfer_id,
        old.corrected_date, old.subscriber, old.item_id, old.requested_by, old.requested_at) then
    raise exception 'a correction is decided once and never changed' using errcode = 'insufficient_privilege';
  end if;
  return new;
end $$;
comment on function accounting.guard_corrections() is 'trigger: what was asked for stays, and a decision is final';
create trigger corrections_decided_once before update on accounting.corrections
  for each row execute function accounting.guard_corrections();
create trigger corrections_append_only before delete or truncate on accounting.corrections
  for each statement execute function platform.refuse_change();

grant select, insert on accounting.corrections to ates_accounting;
grant update (state, decided_by, decided_at, reason_event_id, transfer_id, business_date) on accounting.corrections to ates_accounting;

create view report_v1.corrections as
  select c.id as correction_id, c.kind, c.employee_id, c.amount_minor, c.reason, c.task_id, c.assignment_seq,
    c.corrected_transfer_id, c.corrected_date, c.subscriber as consumer, c.item_id, c.state, c.requested_by, c.requested_at,
    c.decided_by, c.decided_at, c.transfer_id, c.business_date
  from accounting.corrections c;
grant select on report_v1.corrections to ates_reader;
