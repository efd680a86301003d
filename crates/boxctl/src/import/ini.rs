//! The dialect of ini in which rclone keeps its remotes.
//!
//! Read as rclone's own library (goconfig) does: the first `=` or `:` ends a key; nothing ends a value but its
//! line, so `;` and `#` belong to it; only `"""` and a backtick quote a value; of equal keys the last counts,
//! and equal sections are one. A general reader of ini differs in one or the other.

/// A file of sections.
pub(super) struct Ini<'t> {
    sections: Vec<Section<'t>>,
}

/// One section.
pub(super) struct Section<'t> {
    /// Its name.
    pub(super) name: &'t str,
    values: Vec<(&'t str, &'t str)>,
}

/// The number of a line that cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadLine(pub(super) usize);

/// The name of a section, where the line begins one.
pub(super) fn section_name(line: &str) -> Option<&str> {
    line.trim().strip_prefix('[')?.strip_suffix(']').map(str::trim)
}

/// The lines that say something, with their numbers.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let silent = |line: &str| line.is_empty() || line.starts_with(['#', ';']);
    (1..).zip(text.lines().map(str::trim)).filter(move |(_number, line)| !silent(line))
}

impl<'t> Ini<'t> {
    /// Reads a file. Values before the first section belong to none, and are dropped.
    pub(super) fn read(text: &'t str) -> Result<Self, BadLine> {
        let mut sections: Vec<Section<'t>> = Vec::new();
        let mut current = None;
        for (number, line) in lines(text) {
            if let Some(name) = section_name(line) {
                let known = sections.iter().position(|section| section.name == name);
                current = Some(known.unwrap_or(sections.len()));
                if known.is_none() {
                    sections.push(Section { name, values: Vec::new() });
                }
                continue;
            }
            let (key, value) = line.split_once(['=', ':']).ok_or(BadLine(number))?;
            let value = unquoted(value.trim()).ok_or(BadLine(number))?;
            if let Some(section) = current.and_then(|index: usize| sections.get_mut(index)) {
                section.values.push((key.trim(), value));
            }
        }
        Ok(Self { sections })
    }

    /// Its sections, in order.
    pub(super) fn sections(&self) -> &[Section<'t>] {
        &self.sections
    }
}

impl<'t> Section<'t> {
    /// The value of a key; `None` where it is absent or blank.
    pub(super) fn get(&self, key: &str) -> Option<&'t str> {
        let (_key, value) = self.values.iter().rev().find(|(name, _value)| *name == key)?;
        Some(*value).filter(|value| !value.is_empty())
    }
}

/// A value without its quotes; `None` where they do not end.
fn unquoted(value: &str) -> Option<&str> {
    let inside = if value.len() >= 2 && value.starts_with('`') {
        value.strip_prefix('`').and_then(|rest| rest.rsplit_once('`'))
    } else if value.len() >= 6 && value.starts_with("\"\"\"") {
        value.strip_prefix("\"\"\"").and_then(|rest| rest.rsplit_once("\"\"\""))
    } else {
        return Some(value);
    };
    inside.map(|(quoted, _after)| quoted)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each value of `client_secret` was given to rclone 1.60.1, and the line is what it wrote.
    #[test]
    fn values_are_read_as_rclone_reads_them() {
        let table = [
            ("client_secret = se;c#r=t", "se;c#r=t"),
            ("client_secret = \"q\"", "\"q\""),
            ("client_secret = \"\"\"\"ba`ck\"\"\"\"", "\"ba`ck\""),
            ("client_secret = \"\"\"ba`c\"k\"\"\"", "ba`c\"k"),
            ("client_secret: colon", "colon"),
            ("client_secret=`quoted` rest", "quoted"),
            ("client_secret = first\nclient_secret = last", "last"),
        ];
        for (line, expected) in table {
            let text = format!("# comment\n\n[a]\n{line}\n[b]\nclient_secret = other\n");
            let ini = Ini::read(&text).unwrap();
            assert_eq!(ini.sections()[0].get("client_secret"), Some(expected), "{line}");
        }
    }

    #[test]
    fn equal_sections_are_one_and_blank_values_are_none() {
        let ini = Ini::read("stray = 1\n[a]\nx = 1\r\n[ b c ]\ny =\n[a]\nz = 2").unwrap();
        let names: Vec<_> = ini.sections().iter().map(|section| section.name).collect();
        assert_eq!(names, ["a", "b c"]);
        assert_eq!((ini.sections()[0].get("x"), ini.sections()[0].get("z")), (Some("1"), Some("2")));
        assert_eq!((ini.sections()[1].get("y"), ini.sections()[1].get("stray")), (None, None));
    }

    #[test]
    fn a_line_that_is_nothing_is_named_by_its_number() {
        assert_eq!(Ini::read("[a]\n\nnonsense").err(), Some(BadLine(3)));
        assert_eq!(Ini::read("[a]\nkey = `open").err(), Some(BadLine(2)));
    }
}
