#!/bin/sh
set -e
psql --username "$POSTGRES_USER" -c "SELECT 1"
