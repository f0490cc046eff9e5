#!/bin/bash
# Puts a backup back: restore.sh 2026-02-01_03-00-00
# Run by hand in a pod like that of the backup, with Nextcloud scaled to 0.
set -euo pipefail

BACKUPS=/backup
TARGET=/nextcloud-data

list() {
  echo "backups:"
  ls -1 "$BACKUPS"
}

if [ $# -ne 1 ]; then
  echo "usage: $0 BACKUP" >&2
  list >&2
  exit 2
fi

SOURCE="$BACKUPS/$(basename "$1")"
if [ ! -d "$SOURCE" ]; then
  echo "there is no backup $1" >&2
  list >&2
  exit 1
fi

echo "copying $SOURCE over $TARGET"
# --delete: what came after the backup goes away, or the database would not know its files
rsync -a --delete "$SOURCE/" "$TARGET/"
echo "done"
