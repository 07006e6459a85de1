drop table auth.beaks;
