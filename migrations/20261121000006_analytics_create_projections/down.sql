drop schema analytics cascade;
