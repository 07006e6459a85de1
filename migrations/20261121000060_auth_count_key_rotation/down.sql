drop trigger signing_keys_note_gone on auth.signing_keys;
drop function auth.note_key_gone();
