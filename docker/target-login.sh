#!/bin/sh
# Run by the image when the target is first created: the worker's login. It creates the ledger's schemas; what it needs on
# the tables of the target is granted with them (docs/privileges.md).
set -eu
psql --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --set ON_ERROR_STOP=1 <<SQL
CREATE ROLE carryover_worker LOGIN PASSWORD '$TARGET_WORKER_PASSWORD';
GRANT CONNECT, CREATE, TEMPORARY ON DATABASE "$POSTGRES_DB" TO carryover_worker;
SQL
