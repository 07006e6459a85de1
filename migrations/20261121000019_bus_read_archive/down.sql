drop view bus.all_events;
