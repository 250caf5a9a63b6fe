#!/bin/sh
# Runs once, when the postgres container makes its cluster: the owner of our schemas, who may create roles but is no
# superuser. `python -m shared.db.migrate` makes the roles of the services.
set -eu

# \getenv, so that no password is seen in a process list.
psql --no-psqlrc --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\getenv password OWNER_PASSWORD
CREATE ROLE lectern LOGIN CREATEROLE PASSWORD :'password';
CREATE DATABASE lectern OWNER lectern;
SQL
