//! One line of a screen, never wider than it.

use crate::terminal::{Terminal, Tone};

/// A line that is being put together. Characters count as one cell each; where some are wider, the terminal, which
/// does not wrap then, cuts the rest off.
#[derive(Debug)]
pub(super) struct Row {
    text: String,
    width: usize,
    columns: usize,
    terminal: Terminal,
}

impl Row {
    pub(super) fn new(columns: usize, terminal: Terminal) -> Self {
        Self { text: String::new(), width: 0, columns, terminal }
    }

    /// Cells that are left.
    pub(super) fn room(&self) -> usize {
        self.columns - self.width
    }

    /// Adds text, or as much of it as fits.
    pub(super) fn put(mut self, tone: impl Into<Option<Tone>>, text: &str) -> Self {
        let text = cut(text, self.room());
        self.width += text.chars().count();
        match tone.into() {
            Some(tone) => self.text += &self.terminal.paint(tone, &text),
            None => self.text += &text,
        }
        self
    }

    /// Adds text and then blanks up to so many cells.
    pub(super) fn column(self, tone: impl Into<Option<Tone>>, text: &str, cells: usize) -> Self {
        let blanks = cells.saturating_sub(text.chars().count());
        let row = self.put(tone, &cut(text, cells));
        let blanks = " ".repeat(blanks.min(row.room()));
        row.put(None, &blanks)
    }

    /// Adds text behind two blanks, if all of it fits.
    pub(super) fn put_if_it_fits(self, tone: impl Into<Option<Tone>>, text: &str) -> Self {
        if text.chars().count() + 2 > self.room() { self } else { self.gap().put(tone, text) }
    }

    /// Two blanks, as far as they fit.
    pub(super) fn gap(self) -> Self {
        let blanks = " ".repeat(self.room().min(2));
        self.put(None, &blanks)
    }

    /// Adds text at the right edge, if there is room between.
    pub(super) fn right(self, tone: impl Into<Option<Tone>>, text: &str) -> Self {
        let width = text.chars().count();
        if width + 2 > self.room() {
            return self;
        }
        let gap = " ".repeat(self.room() - width);
        self.put(None, &gap).put(tone, text)
    }

    pub(super) fn finish(self) -> String {
        self.text
    }
}

/// As much of a text as fits, with a mark where something is missing.
fn cut(text: &str, cells: usize) -> String {
    if text.chars().count() <= cells {
        return text.to_owned();
    }
    let kept: String = text.chars().take(cells.saturating_sub(1)).collect();
    if cells == 0 { kept } else { kept + "…" }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Terminal = Terminal { colours: false };

    #[test]
    fn a_row_is_never_wider_than_the_screen() {
        for columns in 0..30 {
            let row = Row::new(columns, PLAIN)
                .column(Tone::Strong, "a-long-name", 6)
                .put(None, "and more")
                .put_if_it_fits(None, "this if it fits")
                .right(Tone::Faint, "q quits");
            assert!(row.finish().chars().count() <= columns, "{columns}");
        }
    }

    #[test]
    fn what_is_cut_shows_that_it_is() {
        assert_eq!(Row::new(20, PLAIN).column(None, "abcdef", 4).put(None, "|").finish(), "abc…|");
        assert_eq!(Row::new(20, PLAIN).column(None, "ab", 4).put(None, "|").finish(), "ab  |");
        assert_eq!(Row::new(3, PLAIN).put(None, "abcdef").finish(), "ab…");
        assert_eq!(Row::new(10, PLAIN).put(None, "ab").right(None, "cd").finish(), "ab      cd");
        assert_eq!(Row::new(5, PLAIN).put(None, "ab").right(None, "cd").finish(), "ab");
    }
}
