-- A signing key that is gone ends every token it has signed; nobody who is remembered goes on with one while auth is away. Keys go rarely:
-- after a rotation, or at once when somebody else may have them.
create function auth.note_key_gone() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into platform.access_changes as c (user_id, changes) select u.id, 1 from auth.users u order by u.id
    on conflict (user_id) do update set changes = c.changes + 1;
  return null;
end $$;
comment on function auth.note_key_gone() is 'counts a change of access of everybody';
revoke all on function auth.note_key_gone() from public;
create trigger signing_keys_note_gone after delete on auth.signing_keys for each row execute function auth.note_key_gone();
