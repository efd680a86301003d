//! The `ssh -L` line that leads a browser on the person's own machine to the listener on this one.

use boxd_client::LoginPage;

/// The line to run on the other machine, where this program runs at the far end of ssh.
pub(super) fn line(page: &LoginPage) -> Option<String> {
    let variable = |name: &str| std::env::var(name).ok();
    of(page, &variable("SSH_CONNECTION")?, variable("USER").or_else(|| variable("LOGNAME")).as_deref())
}

/// `SSH_CONNECTION` is client address and port, then server address and port (ssh(1)).
fn of(page: &LoginPage, connection: &str, user: Option<&str>) -> Option<String> {
    let mut words = connection.split_ascii_whitespace().skip(2);
    let host: std::net::IpAddr = words.next()?.split('%').next()?.parse().ok()?;
    let ssh_port: u16 = words.next()?.parse().ok()?;
    let option = if ssh_port == 22 { String::new() } else { format!(" -p {ssh_port}") };
    // What goes into a command line has no need of quotes.
    let plain = |user: &&str| {
        !user.is_empty()
            && !user.starts_with('-')
            && user.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    let user = user.filter(plain).map(|user| format!("{user}@")).unwrap_or_default();
    let listener = if page.redirect_uri.starts_with("http://[") { "[::1]" } else { "127.0.0.1" };
    let port = page.port;
    Some(format!("ssh -L {port}:{listener}:{port}{option} {user}{host}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_exact() {
        let page = |redirect_uri: &str| LoginPage {
            login: "id".into(),
            account: "work".into(),
            authorize_url: "https://x/".into(),
            redirect_uri: redirect_uri.into(),
            registered_uri: "http://127.0.0.1/callback".into(),
            port: 4711,
            expires_in_seconds: 300,
        };
        let v4 = page("http://127.0.0.1:4711/callback");
        let v6 = page("http://[::1]:4711/callback");
        for (page, connection, user, expected) in [
            (
                &v4,
                "192.0.2.9 5000 192.0.2.1 22",
                Some("ada"),
                Some("ssh -L 4711:127.0.0.1:4711 ada@192.0.2.1"),
            ),
            (
                &v4,
                "192.0.2.9 5000 192.0.2.1 2222",
                None,
                Some("ssh -L 4711:127.0.0.1:4711 -p 2222 192.0.2.1"),
            ),
            (
                &v6,
                "2001:db8::9 5 2001:db8::1 22",
                Some("ada"),
                Some("ssh -L 4711:[::1]:4711 ada@2001:db8::1"),
            ),
            (&v4, "192.0.2.9 5000 192.0.2.1 22", Some("a;b"), Some("ssh -L 4711:127.0.0.1:4711 192.0.2.1")),
            (&v4, "192.0.2.9 5000 $(x) 22", Some("ada"), None),
            (&v4, "192.0.2.9 5000", Some("ada"), None),
            (&v4, "", None, None),
        ] {
            assert_eq!(of(page, connection, user).as_deref(), expected, "{connection}");
        }
    }
}
