//! Examples of the man pages, for commands whose `--help` has none.

pub(super) fn of(command: &str) -> &'static str {
    match command {
        "token" => {
            "config=$(boxctl token -o curl) && echo \"$config\" | curl -K - https://api.box.com/2.0/users/me\n\
             boxctl token -t 30m work               one that lives at least half an hour\n\
             boxctl token --rejected 17             Box answered 401 to the token of generation 17\n\
             boxctl token --scope item_download --resource folder:123\n\
             eval \"$(boxctl token -o env)\"          sets BOX_ACCESS_TOKEN"
        }
        "status" => {
            "boxctl status\n\
             boxctl status work --json | jq -r '.accounts[0].state'\n\
             boxctl status >/dev/null || echo 'some account has no token'"
        }
        "refresh" => "boxctl refresh work",
        "accounts" => "for account in $(boxctl accounts); do boxctl status \"$account\"; done",
        "login" => {
            "boxctl login work\n\
             boxctl login --no-browser --port 8765 work      over ssh"
        }
        "logout" => "boxctl logout work\nboxctl logout --local work             where Box need not be told",
        "rename" => "boxctl rename default work",
        "adopt" => "boxctl adopt work",
        "reload" => "boxctl reload && boxctl status",
        "paths" => {
            "curl --unix-socket \"$(boxctl paths socket)\" http://boxd/v1/token\n\
             boxctl paths"
        }
        "completions" => {
            "boxctl completions bash >~/.local/share/bash-completion/completions/boxctl\n\
             boxctl completions fish >~/.config/fish/completions/boxctl.fish"
        }
        "man" => "boxctl man token | man -l -\nboxctl man --output-dir /usr/local/share/man/man1",
        _ => {
            "boxctl login work                      log in, once\n\
             boxctl token work                      a token that works, from now on\n\
             boxctl                                 where things stand, and what to do next\n\
             boxctl doctor                          what is wrong on this machine"
        }
    }
}
