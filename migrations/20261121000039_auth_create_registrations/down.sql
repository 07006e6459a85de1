drop table auth.setup_codes, auth.registrations;
