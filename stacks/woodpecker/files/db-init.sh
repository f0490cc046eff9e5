# The role and the database of Woodpecker, each made only where it is missing.
psql -h postgresql.dbaas.svc.cluster.local -U root -d postgres -v ON_ERROR_STOP=1 -v password="$WOODPECKER_PASSWORD" <<'SQL'
SELECT format('CREATE ROLE woodpecker LOGIN PASSWORD %L', :'password')
  WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'woodpecker') \gexec
SELECT 'CREATE DATABASE woodpecker OWNER woodpecker'
  WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'woodpecker') \gexec
SQL
