drop schema archive cascade;
drop function platform.store_archived, platform.archive_partition, platform.archivable_partitions, platform.partitions_ahead,
  platform.make_partitions, platform.make_months, platform.make_partition;
drop view platform.partitions, platform.partitioned_tables;
