#!/usr/bin/env bash
# The database of compose.yaml: makes its password at the first start, so that nobody has to, and lets a standby follow.
#
# The password lies in the volume "secrets", which only the database, its standby and aTES mount, and nowhere else: not in the
# environment of a container, not in a file of the repository. Set POSTGRES_PASSWORD before the first start to choose it.
set -euo pipefail
umask 077

if [ ! -s /secrets/password ]; then
    if [ -n "${POSTGRES_PASSWORD:-}" ]; then
        printf '%s' "$POSTGRES_PASSWORD" >/secrets/password.new
    else
        head -c 32 /dev/urandom | base64 | tr -d '\n=' | tr '+/' '-_' >/secrets/password.new
    fi
    mv /secrets/password.new /secrets/password
fi
# In the form that libpq reads, for aTES (user 10001 of its image).
printf '*:*:*:ates:%s\n' "$(sed 's/[\\:]/\\&/g' /secrets/password)" >/secrets/pgpass.new
chown 10001 /secrets/pgpass.new
mv /secrets/pgpass.new /secrets/pgpass
chown postgres /secrets/password
chmod 755 /secrets

unset POSTGRES_PASSWORD
export POSTGRES_PASSWORD_FILE=/secrets/password
# The image lets everybody with the password connect, but nobody replicate: said when the data are made, or to those that are there.
rule='host replication ates all scram-sha-256'
# shellcheck disable=SC2016 # the image expands it
printf 'echo "%s" >>"$PGDATA/pg_hba.conf"\n' "$rule" >/docker-entrypoint-initdb.d/replication.sh
chmod 644 /docker-entrypoint-initdb.d/replication.sh
hba=${PGDATA:-/var/lib/postgresql/data}/pg_hba.conf
if [ -f "$hba" ] && ! grep -qxF "$rule" "$hba"; then echo "$rule" >>"$hba"; fi
exec docker-entrypoint.sh postgres -c wal_keep_size=1GB -c client_connection_check_interval=1000
