//! Which of several entries of a file is meant.

use crate::failure::Failure;

/// The entry of the wanted name, or the only one. `what` is what they are, as in "remote of type box".
pub(super) fn choose<'n, T>(
    mut entries: Vec<(&'n str, T)>,
    wanted: Option<&str>,
    (what, file): (&str, &str),
) -> Result<(&'n str, T), Failure> {
    let chosen = match wanted {
        Some(wanted) => entries.iter().position(|(name, _entry)| *name == wanted),
        None => (entries.len() == 1).then_some(0),
    };
    if let Some(index) = chosen {
        return Ok(entries.swap_remove(index));
    }
    let names = entries.iter().map(|(name, _entry)| *name).collect::<Vec<_>>().join(", ");
    Err(match wanted {
        _ if entries.is_empty() => {
            Failure::usage(format!("{file} has no {what}"), "name another file, or log in: boxctl login")
        }
        Some(wanted) => {
            let detail = format!("{file} has no {what} named {wanted}; it has: {names}");
            Failure::usage(detail, "name one of these with --entry")
        }
        None => {
            let detail = format!("{file} has more than one {what}: {names}");
            Failure::usage(detail, "name one: --entry NAME")
        }
    })
}

/// A name as one word of a shell's command line.
pub(crate) fn shell_word(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    if !name.is_empty() && name.chars().all(plain) {
        name.to_owned()
    } else {
        format!("'{}'", name.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(names: &[&'static str], wanted: Option<&str>) -> Result<&'static str, String> {
        let entries = names.iter().map(|name| (*name, ())).collect();
        choose(entries, wanted, ("remote", "rclone.conf"))
            .map(|(name, ())| name)
            .map_err(|failure| failure.problem.detail)
    }

    #[test]
    fn the_only_one_or_the_one_that_is_named() {
        assert_eq!(chosen(&["a"], None), Ok("a"));
        assert_eq!(chosen(&["a", "b"], Some("b")), Ok("b"));
        assert_eq!(chosen(&[], None).unwrap_err(), "rclone.conf has no remote");
        assert_eq!(chosen(&["a", "b"], None).unwrap_err(), "rclone.conf has more than one remote: a, b");
        assert_eq!(
            chosen(&["a", "b"], Some("c")).unwrap_err(),
            "rclone.conf has no remote named c; it has: a, b"
        );
    }

    #[test]
    fn names_are_quoted_for_a_shell() {
        assert_eq!(shell_word("my-box"), "my-box");
        assert_eq!(shell_word("my box"), "'my box'");
        assert_eq!(shell_word("it's;rm"), r"'it'\''s;rm'");
    }
}
