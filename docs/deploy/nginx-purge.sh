#!/bin/sh
# Takes every picture out of nginx' caches that was stored under a Surrogate-Key:   nginx-purge.sh photo-0123456789abcdef
# or those of all signed URLs:   nginx-purge.sh signed
# nginx writes an answer's headers in front of its body and forgets an entry whose file is gone. Run it as nginx' user.
set -eu
case "${1:-}" in
    signed | photo-[0-9a-f]*) ;;
    *) echo "usage: $0 photo-KEY | signed   (MFMC_CACHES: the folders, if they are others)" >&2; exit 2 ;;
esac
for folder in ${MFMC_CACHES:-/var/cache/nginx/mfmc-base /dev/shm/mfmc-signed}; do
    grep --recursive --files-with-matches --null --binary-files=text --extended-regexp \
        "^Surrogate-Key: (.* )?$1( |$(printf '\r'))" "$folder" | xargs --null --no-run-if-empty rm -f
done
