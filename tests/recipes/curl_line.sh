config=$(boxctl token -o curl) &&
    printf '%s\n' "$config" | curl -K - -sSf "${BOX_API_URL:-https://api.box.com}/2.0/users/me"
