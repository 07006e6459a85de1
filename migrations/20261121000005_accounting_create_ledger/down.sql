drop schema accounting cascade;
