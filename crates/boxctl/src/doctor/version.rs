//! Check `version`: whether client and daemon are of the same version.

use super::{finding::Finding, scene::Scene};

const NAME: &str = "version";

pub(super) fn check(scene: &Scene) -> Vec<Finding> {
    let daemon = scene.answering().map(|answering| answering.info.version.as_str());
    vec![judge(env!("CARGO_PKG_VERSION"), daemon, scene.system)]
}

fn judge(own: &str, daemon: Option<&str>, system: bool) -> Finding {
    let option = if system { " --system" } else { "" };
    match daemon {
        None => Finding::skipped(NAME, format!("boxctl {own}; no boxd answers")),
        Some(daemon) if daemon == own => Finding::ok(NAME, format!("boxctl and boxd are both {own}")),
        Some(daemon) => Finding::warn(
            NAME,
            format!("boxctl is {own}, but the boxd that runs is {daemon}"),
            format!(
                "after an upgrade: boxctl service restart{option}; else install both of the same version"
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::finding::State, *};

    #[test]
    fn versions_are_compared() {
        assert_eq!(judge("1", Some("1"), false).state, State::Ok);
        assert_eq!(judge("1", None, false).state, State::Skipped);
        let differ = judge("2", Some("1"), true);
        assert_eq!(differ.state, State::Warn);
        assert!(differ.remedy.unwrap().contains("restart --system"));
    }
}
