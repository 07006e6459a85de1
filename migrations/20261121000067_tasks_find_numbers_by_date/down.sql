drop function tasks.first_number_since(timestamptz);
