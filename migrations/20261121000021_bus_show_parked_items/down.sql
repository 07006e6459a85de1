drop view report_v1.parked_items;
