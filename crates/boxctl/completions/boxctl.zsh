#compdef boxctl
# zsh completion of boxctl: boxctl itself says what may come next.
_boxctl() {
    local line
    local -a lines shown
    lines=("${(@f)$("${words[1]}" __complete -- "cur=${words[CURRENT]}" "${(@)words[2,CURRENT-1]}" 2>/dev/null)}")
    for line in "${lines[@]}"; do
        [[ -n $line ]] && shown+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
    done
    if (( $#shown )); then
        _describe boxctl shown
    else
        _files
    fi
}
if [[ ${funcstack[1]} == _boxctl ]]; then
    _boxctl "$@"
else
    compdef _boxctl boxctl
fi
