#!/usr/bin/env bash
# The hot standby of compose.yaml: copies the primary at the first start and follows it from then on. To let it take over:
#   docker compose stop db && docker compose exec --user postgres standby pg_ctl promote
set -euo pipefail

data=${PGDATA:-/var/lib/postgresql/data}
install -d -o postgres -g postgres -m 700 "$data"
install -o postgres -g postgres -m 600 /dev/null /tmp/pgpass
printf '*:*:*:ates:%s\n' "$(sed 's/[\\:]/\\&/g' /secrets/password)" >/tmp/pgpass
export PGPASSFILE=/tmp/pgpass
if [ ! -s "$data/PG_VERSION" ]; then
    gosu postgres pg_basebackup --host="$ATES_PRIMARY" --username=ates --pgdata="$data" \
        --wal-method=stream --write-recovery-conf --checkpoint=fast
fi
exec gosu postgres postgres -c "primary_conninfo=host=$ATES_PRIMARY user=ates passfile=/tmp/pgpass application_name=standby"
