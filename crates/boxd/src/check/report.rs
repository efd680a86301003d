//! Lines for people, with the faults among them counted.

use std::fmt::{self, Display};

/// What a check found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    lines: Vec<String>,
    faults: usize,
    indent: bool,
}

impl Report {
    /// How many things a person must put right.
    pub fn faults(&self) -> usize {
        self.faults
    }

    /// What follows belongs to this.
    pub(super) fn section(&mut self, key: &str, value: impl Display) {
        self.indent = false;
        self.line(key, value);
        self.indent = true;
    }

    pub(super) fn line(&mut self, key: &str, value: impl Display) {
        let indent = if self.indent { "  " } else { "" };
        // A path or a message may hold anything; a terminal gets printable text.
        let value: String = value.to_string().chars().map(|c| if c.is_control() { '?' } else { c }).collect();
        self.lines.push(format!("{indent}{key:<10} {value}"));
    }

    /// Something that a person must put right.
    pub(super) fn fault(&mut self, what: impl Display) {
        self.faults += 1;
        self.line("FAULT", what);
    }

    /// Something to know.
    pub(super) fn remark(&mut self, what: impl Display) {
        self.line("note", what);
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}
