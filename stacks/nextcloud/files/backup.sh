#!/bin/bash
# shellcheck disable=SC2012 # `find` of busybox cannot sort by time, and the names are our own
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
touch "$BACKUPS/$NAME" # rsync gave the folder the time of its source; its age is to be that of the backup

ls -1dt "$BACKUPS"/*/ | tail -n "+$((KEEP + 1))" | while read -r old; do
  echo "removing $old"
  rm -rf "$old"
done

echo "done, kept:"
ls -1 "$BACKUPS"
