//! Check `linger`: whether a user's boxd goes on after the last session has ended (systemd).

use std::path::Path;

use super::{finding::Finding, path_safety::own_uid, scene::Scene, unit};

const NAME: &str = "linger";

/// Where logind notes who lingers (loginctl(1)).
const NOTES: &str = "/var/lib/systemd/linger";

pub(super) fn check(scene: &Scene) -> Vec<Finding> {
    if scene.system {
        return vec![Finding::skipped(NAME, "the system's boxd runs whoever is logged on")];
    }
    if !unit::show("boxd.service", false).is_some_and(|unit| unit.is_there()) {
        return vec![Finding::skipped(NAME, "boxd is no service of your session")];
    }
    let user = std::fs::read_to_string("/etc/passwd").ok().and_then(|file| user_name(&file, own_uid()));
    let Some(user) = user.or_else(|| std::env::var("USER").ok()).filter(|user| !user.contains('/')) else {
        return vec![Finding::skipped(NAME, "your user has no name here")];
    };
    vec![judge(Path::new(NOTES).join(&user).exists())]
}

/// The name of a user in passwd(5).
fn user_name(passwd: &str, uid: u32) -> Option<String> {
    let uid = uid.to_string();
    let fields = passwd.lines().map(|line| line.split(':').collect::<Vec<_>>());
    fields
        .into_iter()
        .find(|fields| fields.get(2).is_some_and(|field| *field == uid))
        .and_then(|fields| fields.first().map(|name| (*name).to_owned()))
}

fn judge(lingers: bool) -> Finding {
    if lingers {
        return Finding::ok(NAME, "boxd runs while you are not logged on");
    }
    Finding::warn(
        NAME,
        "boxd ends with your last session: then nothing is renewed, and cron jobs find no boxd",
        "loginctl enable-linger",
    )
}

#[cfg(test)]
mod tests {
    use super::{super::finding::State, *};

    #[test]
    fn users_are_found_by_number() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\nada:x:1000:1000::/home/ada:/bin/sh\n";
        assert_eq!(user_name(passwd, 1000).as_deref(), Some("ada"));
        assert_eq!(user_name(passwd, 100), None);
    }

    #[test]
    fn a_session_that_takes_boxd_along_is_told() {
        assert_eq!(judge(true).state, State::Ok);
        assert_eq!(judge(false).remedy.as_deref(), Some("loginctl enable-linger"));
    }
}
