-- Mails of three kinds; a mail that was given up says why, and one that was sent can be sent again.
alter table accounting.mails drop constraint mails_kind_check;
alter table accounting.mails add constraint mails_kind_check check (kind in ('payout', 'statement', 'day_digest'));
alter table accounting.mails drop constraint mails_sent_check;
alter table accounting.mails add constraint mails_sent_check check (state <> 'sent' or sent_at is not null);
alter table accounting.mails add column failure text constraint mails_failure_check check (failure in ('refused', 'expired'));
alter table accounting.mails add column retry_since timestamptz;
comment on column accounting.mails.sent_at is 'when the mail server took it last; stays while it is sent once more';
comment on column accounting.mails.failure is 'why it was given up: the address is refused for good, or the time for retries is over';
comment on column accounting.mails.retry_since is 'since when the time for retries counts, when that is not since it was written';
comment on table accounting.mails is 'mails about payouts and days, sent by a worker of its own; the Message-ID stays the same (D09)';
update accounting.mails set failure = case when last_error like 'refused for good:%' then 'refused' else 'expired' end where state = 'failed';
create index mails_unsent_idx on accounting.mails (employee_id) where state <> 'sent';

-- Who gets the digest of a day follows from the roles.
alter table accounting.employees add column roles text[] not null default '{}';
comment on column accounting.employees.roles is 'the role set, by name';
update accounting.employees e set roles = r.roles
from (select user_id, array_agg(role order by role) as roles from auth.user_roles group by user_id) r where r.user_id = e.id;
