drop table auth.links, auth.mails, auth.reset_requests, auth.throttles;
