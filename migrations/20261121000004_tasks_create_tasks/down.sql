drop schema tasks cascade;
