#!/bin/sh
# Calls Box's API:  sh curl.sh /2.0/users/me
# The token goes from boxctl to curl through pipes (printf is part of the shell), so `ps` never shows it.
set -eu
get() {
    printf 'header = "Authorization: Bearer %s"\n' "$token" |
        curl -K - -sS -w '\n%{http_code}' "${BOX_API_URL:-https://api.box.com}$1"
}
token=$(boxctl token)
answer=$(get "$1")
if [ "${answer##*[!0-9]}" = 401 ]; then
    token=$(printf %s "$token" | boxctl token --rejected -)
    answer=$(get "$1")
fi
printf '%s\n' "${answer%???}"
[ "${answer##*[!0-9]}" -lt 400 ]
