comment on table auth.source_limits is 'a bucket of tries for each source address (IPv6: its /64) and each kind of act';
