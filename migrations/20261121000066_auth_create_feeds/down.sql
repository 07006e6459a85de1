drop table auth.feeds;
