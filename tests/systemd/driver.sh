#!/bin/bash
# Runs as root in the booted container: driver.sh first|second
# shellcheck disable=SC1091,SC2034
set -euo pipefail
test=/opt/test
name=boxtest
uid=4321
home=/home/$name
runtime=/run/user/$uid
config=$home/.config/boxd/config.toml
dropin=$home/.config/systemd/user/boxd.service.d
sandbox=$(python3 -c 'import json; print(json.load(open("/opt/test/grant.json"))["url"])')

. "$test/lib.sh"
. "$test/user.sh"
. "$test/service.sh"
. "$test/system.sh"

"$1"
