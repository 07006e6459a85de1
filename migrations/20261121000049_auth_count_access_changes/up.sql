-- While auth's own tables are away, processes go on with those whom they recognised a short while ago (A25). That somebody's log-in or
-- rights have ended since is told here, outside of them (D10).
create table platform.access_changes (
  user_id uuid constraint access_changes_pkey primary key,
  changes bigint not null constraint access_changes_changes_check check (changes > 0)
);
comment on table platform.access_changes is 'how often a log-in or a right of a user has ended or changed; kept by triggers of auth''s tables';
grant select on platform.access_changes to ates_auth;

create function auth.note_access_change() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into platform.access_changes as c (user_id, changes)
    values ((to_jsonb(case tg_op when 'INSERT' then new else old end) ->> tg_argv[0])::uuid, 1)
    on conflict (user_id) do update set changes = c.changes + 1;
  return null;
end $$;
comment on function auth.note_access_change() is 'counts a change of access of the user whom the column of this name tells';
revoke all on function auth.note_access_change() from public;

create trigger users_note_access_change after update of session_version, deactivated_at on auth.users for each row
  when (old.session_version <> new.session_version or old.deactivated_at is distinct from new.deactivated_at)
  execute function auth.note_access_change('id');
create trigger user_roles_note_access_change after insert or update or delete on auth.user_roles for each row
  execute function auth.note_access_change('user_id');
create trigger user_permissions_note_access_change after insert or update or delete on auth.user_permissions for each row
  execute function auth.note_access_change('user_id');
create trigger sessions_note_end after delete on auth.sessions for each row
  when (old.expires_at > now()) execute function auth.note_access_change('user_id');
create trigger sessions_note_new_id after update of id_hash on auth.sessions for each row
  when (old.id_hash <> new.id_hash) execute function auth.note_access_change('user_id');
create trigger token_families_note_revocation after update of revoked_at on auth.token_families for each row
  when (old.revoked_at is null and new.revoked_at is not null) execute function auth.note_access_change('user_id');
create trigger token_families_note_end after delete on auth.token_families for each row
  when (old.revoked_at is null and old.expires_at > now()) execute function auth.note_access_change('user_id');
create trigger api_tokens_note_revocation after update of revoked_at on auth.api_tokens for each row
  when (old.revoked_at is null and new.revoked_at is not null) execute function auth.note_access_change('user_id');
