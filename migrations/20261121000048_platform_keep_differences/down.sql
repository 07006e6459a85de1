alter table platform.reconciler drop column unsettled, drop column counters, drop column suspect_from, drop column suspect_until;
