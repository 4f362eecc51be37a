#!/bin/sh
# One login a role of the product, in a database of its own; the migration gives each role its grants. Run by the PostgreSQL image of
# compose.yaml at its first start, or by hand against a server of yours, as its administrator: a superuser, or the one of a managed
# PostgreSQL 16 or newer (CREATEROLE, CREATEDB, owner of the database). A second run is harmless.
#   PGHOST=... PGSSLMODE=verify-full POSTGRES_USER=postgres POSTGRES_DB=pennyprotect ROLE_PASSWORDS="owner=... app=..." sh docker/postgres-roles.sh
set -eu
for pair in $ROLE_PASSWORDS; do
  # Who is no superuser may not even say NOSUPERUSER of a role that exists: rights are taken away where there are any to take.
  psql -q -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d "$POSTGRES_DB" \
    -v role="pennyprotect_${pair%%=*}" -v password="${pair#*=}" <<'SQL'
SELECT format('CREATE ROLE %I LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION', :'role')
  WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
SELECT format('ALTER ROLE %I NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION', rolname) FROM pg_roles
  WHERE rolname = :'role' AND (rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole OR rolreplication) \gexec
SELECT format('ALTER ROLE %I LOGIN PASSWORD %L', :'role', :'password') \gexec
SQL
done
# An administrator who is no superuser gives things to roles that it is a member of, and to no others; it is one for these lines.
psql -q -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d "$POSTGRES_DB" -v database="$POSTGRES_DB" <<'SQL'
GRANT pennyprotect_owner TO CURRENT_USER;
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
# Its own connection afterwards, for the next run: CONNECT is no longer everybody's.
psql -q -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d "$POSTGRES_DB" -v database="$POSTGRES_DB" <<'SQL'
GRANT CONNECT ON DATABASE :"database" TO CURRENT_USER;
REVOKE pennyprotect_owner FROM CURRENT_USER;
SQL
