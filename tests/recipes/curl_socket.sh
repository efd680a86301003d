#!/bin/sh
# Calls Box's API:  sh curl_socket.sh /2.0/users/me
# boxd is asked over its socket, with curl and jq alone.
set -eu
socket=$(boxctl paths socket)
ask_boxd() {
    curl -sS --unix-socket "$socket" --json "$1" http://boxd/v1/token
}
get() {
    printf %s "$grant" | jq -r '"header = \"Authorization: Bearer \(.access_token)\""' |
        curl -K - -sS -w '\n%{http_code}' "${BOX_API_URL:-https://api.box.com}$1"
}
check() {
    printf %s "$grant" | jq -e .access_token >/dev/null && return
    printf %s "$grant" | jq -r '"\(.detail); next step: \(.next_step)"' >&2
    exit 1
}
grant=$(ask_boxd '{}') && check
answer=$(get "$1")
if [ "${answer##*[!0-9]}" = 401 ]; then
    grant=$(ask_boxd "{\"rejected\": $(printf %s "$grant" | jq .generation)}") && check
    answer=$(get "$1")
fi
printf '%s\n' "${answer%???}"
[ "${answer##*[!0-9]}" -lt 400 ]
