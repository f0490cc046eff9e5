#!/bin/sh
# shellcheck disable=SC2012 # `find` of busybox cannot sort by time, and the names are our own
# Fills the cache from which poison-fountain serves: fetches FETCH_COUNT documents and keeps the newest MAX_CACHE_FILES.
set -u

: "${CACHE_DIR:=/data/cache}"
: "${POISON_URL:=https://rnsaffn.com/poison2/}"
: "${FETCH_COUNT:=50}"
: "${MAX_CACHE_FILES:=100}"

mkdir -p "$CACHE_DIR" || exit 1
run=$(date +%Y%m%d%H%M%S)
part="$CACHE_DIR/.part"   # the server does not look at hidden files
trap 'rm -f "$part"' EXIT

fetched=0
i=1
while [ "$i" -le "$FETCH_COUNT" ]; do
    if curl --silent --show-error --fail --location --compressed --max-time 30 --output "$part" "$POISON_URL" &&
        [ -s "$part" ]; then
        mv "$part" "$CACHE_DIR/$run-$(printf %04d "$i").txt"
        fetched=$((fetched + 1))
    fi
    i=$((i + 1))
    sleep 2
done
echo "fetched $fetched of $FETCH_COUNT documents"

ls -1t "$CACHE_DIR" | tail -n "+$((MAX_CACHE_FILES + 1))" | while IFS= read -r file; do
    rm -f "$CACHE_DIR/$file"
done
echo "$(ls -1 "$CACHE_DIR" | wc -l) documents in the cache"

# A source that gives nothing at all is worth a failed job; the cache stays as it is.
[ "$fetched" -gt 0 ]
