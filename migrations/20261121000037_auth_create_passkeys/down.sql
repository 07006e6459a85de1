drop table auth.passkey_ceremonies;
drop table auth.passkeys;
