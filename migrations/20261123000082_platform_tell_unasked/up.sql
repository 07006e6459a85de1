-- While everything is stopped a round does not ask whether something waits; whoever reads its outcome is told so.
alter table platform.reconciler add column unasked smallint[] not null default '{}';
comment on column platform.reconciler.unasked is 'numbers of the invariants that the last round left out, since everything was stopped';
