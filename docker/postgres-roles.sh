#!/bin/sh
# One login a role of the product, in a database of its own; the migration gives each role its grants. Run as a superuser, by the
# PostgreSQL image of compose.yaml at its first start, or by hand against a server of yours:
#   PGHOST=... POSTGRES_USER=postgres POSTGRES_DB=pennyprotect ROLE_PASSWORDS="owner=... app=..." sh docker/postgres-roles.sh
set -eu
for pair in $ROLE_PASSWORDS; do
  psql -q -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d "$POSTGRES_DB" \
    -v role="pennyprotect_${pair%%=*}" -v password="${pair#*=}" <<'SQL'
SELECT format(
  '%s ROLE %I LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD %L',
  CASE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') THEN 'ALTER' ELSE 'CREATE' END, :'role', :'password') \gexec
SQL
done
psql -q -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d "$POSTGRES_DB" -v database="$POSTGRES_DB" <<'SQL'
ALTER DATABASE :"database" OWNER TO pennyprotect_owner;
ALTER SCHEMA public OWNER TO pennyprotect_owner;
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
CREATE EXTENSION IF NOT EXISTS vector;
SQL
for pair in $ROLE_PASSWORDS; do
  psql -q -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d "$POSTGRES_DB" -v database="$POSTGRES_DB" -v role="pennyprotect_${pair%%=*}" <<'SQL'
GRANT CONNECT ON DATABASE :"database" TO :"role";
SQL
done
