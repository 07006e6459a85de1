-- Guesses are counted in auth.throttles now, as everything else is that may be asked for so often.
comment on table auth.source_limits is 'no longer used; goes when no process of a release before this one runs any more';
