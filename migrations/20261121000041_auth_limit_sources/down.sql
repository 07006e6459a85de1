drop table auth.source_limits;
