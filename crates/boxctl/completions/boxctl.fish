# fish completion of boxctl: boxctl itself says what may come next.
function __boxctl_complete
    set -l before (commandline -opc)
    set -l current (commandline -ct)
    set -l found ($before[1] __complete -- "cur=$current" $before[2..-1] 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\n' $found
    else
        __fish_complete_path "$current"
    end
end
complete -c boxctl -f -a '(__boxctl_complete)'
