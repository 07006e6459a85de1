-- Whether single keys do something on the pages: people who work by voice, or who hit keys unawares, switch them off (WCAG 2.1.4).
alter table auth.users add column shortcuts boolean not null default true;
comment on column auth.users.shortcuts is 'whether keyboard shortcuts work on the pages of this user';
