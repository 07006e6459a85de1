alter table bus.subscribers
  add column money boolean not null default false,
  add column repeatable boolean not null default false,
  add column rebuildable boolean not null default false,
  add column rewound_until bigint not null default 0,
  add column retired_at timestamptz;
comment on column bus.subscribers.money is 'whether a lost event of it is lost money; told by the program at its start, as the next two are';
comment on column bus.subscribers.repeatable is 'whether an event that comes twice changes nothing the second time';
comment on column bus.subscribers.rebuildable is 'whether all it keeps can be thrown away and built again from the log';
comment on column bus.subscribers.rewound_until is 'where it stood before it was rewound: up to there what was skipped stays skipped';
comment on column bus.subscribers.retired_at is 'since when nobody hears for it any more';

create table bus.pauses (
  subscriber text not null constraint pauses_subscriber_fkey references bus.subscribers (name),
  holder text not null,
  reason text not null,
  actor_id uuid,
  paused_at timestamptz not null,
  constraint pauses_pkey primary key (subscriber, holder)
);
comment on table bus.pauses is 'who holds which subscriber; subscribers.paused is true exactly while there is a row, and changes with it under the cursor''s lock';

insert into bus.pauses (subscriber, holder, reason, paused_at)
  select s.name, 'operator:unknown', 'paused before holders were written down', now() from bus.subscribers s where s.paused;

create table bus.attempts (
  subscriber text constraint attempts_pkey primary key,
  seq bigint not null,
  attempts integer not null,
  tried_at timestamptz not null
);
comment on table bus.attempts is 'what a subscriber was about to try, written in a transaction of its own before: a row that stays tells of a crash. No foreign key: its check would wait for the cursor, which the subscriber has locked';

create index parked_items_failed_idx on bus.parked_items (subscriber, first_failed_at) where error_class is not null;
create index parked_items_class_idx on bus.parked_items (error_class, subscriber) where state in ('retrying', 'blocked', 'dead');

grant select, insert, update, delete on bus.pauses to ates_bus;
grant select, insert, update, delete on bus.attempts to ates_bus;
grant select on bus.pauses to ates_platform, ates_accounting;

create or replace view report_v1.consumers as
  select s.name, case when s.retired_at is not null then 'retired' when s.paused then 'paused' else 'running' end as state, s.position,
    coalesce((select max(e.seq) from bus.events e), 0) - s.position as lag
  from bus.subscribers s;
