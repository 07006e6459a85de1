-- The shape of a beak as a credential (A02): no two people have the same.
create table auth.beaks (
  user_id uuid constraint beaks_pkey primary key constraint beaks_user_id_fkey references auth.users (id),
  shape_hash bytea not null constraint beaks_shape_hash_key unique constraint beaks_shape_hash_check check (length(shape_hash) = 32),
  created_at timestamptz not null,
  last_used_at timestamptz
);
comment on table auth.beaks is 'the shape of each beak, as an HMAC with a key of auth.secrets';
grant select, insert, update, delete on auth.beaks to ates_auth;
