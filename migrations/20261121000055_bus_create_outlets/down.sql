drop table bus.outlets;
