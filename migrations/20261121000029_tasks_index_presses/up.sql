-- Who pressed how often today, for the limit of presses and for the report by presser.
create index shuffles_requested_by_idx on tasks.shuffles (requested_by, number desc);
