drop view report_v1.day_seals;
drop view report_v1.ledger;
drop function accounting.seal_digest;
drop table accounting.day_seals;
