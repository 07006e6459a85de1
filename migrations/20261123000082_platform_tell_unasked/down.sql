alter table platform.reconciler drop column unasked;
