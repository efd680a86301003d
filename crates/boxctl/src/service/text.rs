//! Paths put into unit files and XML: what each takes, and how it is quoted there.

use std::{fmt, path::Path};

/// A path that a service manager's file cannot hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unfit(String);

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the service manager takes no such path: {}", self.0)
    }
}

/// Every `Exec…=` line of a unit with the programs of this installation.
///
/// The shipped units name boxd and boxctl where packages or `cargo install` put them; only that word is replaced.
pub(crate) fn with_programs(unit: &str, boxd: &Path, boxctl: &Path) -> Result<String, Unfit> {
    let (boxd, boxctl) = (systemd_program(boxd)?, systemd_program(boxctl)?);
    let line = |line: &str| {
        let Some((key, command)) = line.split_once('=') else { return line.to_owned() };
        if !key.starts_with("Exec") {
            return line.to_owned();
        }
        // Prefixes such as `-` for a failure that does not count (systemd.service(5), "Command lines").
        let start = command.find(|c| !"-@:+!".contains(c)).unwrap_or(command.len());
        let (prefix, command) = command.split_at(start);
        let (program, rest) = command.find(' ').map_or((command, ""), |end| command.split_at(end));
        let own = match program.rsplit_once('/').map(|(_, name)| name) {
            Some("boxd") => &boxd,
            Some("boxctl") => &boxctl,
            _ => program,
        };
        format!("{key}={prefix}{own}{rest}")
    };
    Ok(unit.lines().map(|text| line(text) + "\n").collect())
}

/// The program of a command line in a unit. Specifiers (`%`) are expanded in it, variables (`$`) are not, and systemd
/// refuses quotes and backslashes in its name (`string_is_safe` in `load-fragment.c`).
fn systemd_program(path: &Path) -> Result<String, Unfit> {
    let text = fitting(path)?;
    if text.contains(['"', '\'', '\\']) {
        return Err(Unfit(text.to_owned()));
    }
    let escaped = text.replace('%', "%%");
    Ok(if escaped.contains(char::is_whitespace) { format!("\"{escaped}\"") } else { escaped })
}

/// Text between the tags of an XML file.
pub(crate) fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A path between the tags of an XML file.
pub(crate) fn xml_path(path: &Path) -> Result<String, Unfit> {
    fitting(path).map(xml)
}

/// Readable, and on one line.
fn fitting(path: &Path) -> Result<&str, Unfit> {
    match path.to_str() {
        Some(text) if !text.contains(char::is_control) => Ok(text),
        _ => Err(Unfit(path.to_string_lossy().into_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: &str = "[Service]\n# ExecStart=/usr/bin/boxd\nExecStart=-%h/.cargo/bin/boxd --log info\n\
                        ExecReload=/usr/bin/boxctl reload\nExecReload=/bin/kill -HUP $MAINPID\nUser=boxd\n";

    #[test]
    fn only_the_programs_are_replaced() {
        let unit = with_programs(UNIT, Path::new("/opt/a b%c$d/boxd"), Path::new("/opt/x/boxctl")).unwrap();
        assert_eq!(
            unit,
            "[Service]\n# ExecStart=/usr/bin/boxd\nExecStart=-\"/opt/a b%%c$d/boxd\" --log info\n\
             ExecReload=/opt/x/boxctl reload\nExecReload=/bin/kill -HUP $MAINPID\nUser=boxd\n"
        );
    }

    #[test]
    fn a_path_that_would_break_a_unit_is_refused() {
        for path in ["/a\nExecStart=/bin/sh/boxd", "/a\"b/boxd", "/it's/boxd", "/a\\b/boxd"] {
            assert!(with_programs(UNIT, Path::new(path), Path::new("/boxctl")).is_err(), "{path}");
        }
        assert_eq!(xml_path(Path::new("/a&b/<c>")), Ok("/a&amp;b/&lt;c&gt;".to_owned()));
        assert!(xml_path(Path::new("/a\u{1}")).is_err());
    }
}
