#!/bin/sh
# [notify] command = ["notify-desktop.sh"]: shows each event on the desktop, with the command to run.
# Needs jq and notify-send (libnotify). Urgent ones stay until they are dismissed.
set -eu
event=$(cat)
field() {
    printf '%s' "$event" | jq -r --arg name "$1" '.[$name] // empty'
}
exec notify-send --app-name=boxd --icon=dialog-password --urgency="$(field urgency)" \
    "$(field title)" "$(field next_step)"
