#!/bin/bash
# Copies /nextcloud-data to /backup/<date_time> and keeps the newest $KEEP copies.
# A copy is written under a hidden name first, so that a broken one never counts as a backup.
set -euo pipefail

KEEP=${KEEP:-7}
SOURCE=/nextcloud-data
BACKUPS=/backup
NAME=$(date +%Y-%m-%d_%H-%M-%S)

rm -rf "$BACKUPS"/.unfinished-*
echo "copying $SOURCE to $BACKUPS/$NAME"
# 24: files that vanish while a live instance is copied are no failure
rsync -a --delete "$SOURCE/" "$BACKUPS/.unfinished-$NAME/" || { code=$?; [ "$code" -eq 24 ] || exit "$code"; }
mv "$BACKUPS/.unfinished-$NAME" "$BACKUPS/$NAME"

# the names sort by time
ls -1 "$BACKUPS" | grep -E '^[0-9]{4}-[0-9]{2}-[0-9]{2}_' | sort | head -n "-$KEEP" | while read -r old; do
  echo "removing $BACKUPS/$old"
  rm -rf "${BACKUPS:?}/$old"
done

echo "done, kept:"
ls -1 "$BACKUPS"
