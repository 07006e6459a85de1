drop table auth.login_challenges;
drop table auth.recovery_codes;
drop table auth.totp;
