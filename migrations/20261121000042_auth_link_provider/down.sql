drop table auth.provider_visits;
drop table auth.provider_links;
