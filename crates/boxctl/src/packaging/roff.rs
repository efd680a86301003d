//! Text as man(7) wants it.

/// A page being written.
#[derive(Debug, Default)]
pub(super) struct Page(String);

impl Page {
    /// Begins a page: its name in capitals, its section, and its version.
    pub(super) fn titled(name: &str, section: u8) -> Self {
        let mut page = Self::default();
        let version = env!("CARGO_PKG_VERSION");
        page.line(&format!(".TH \"{}\" {section} \"\" \"boxd {version}\" \"boxd\"", name.to_uppercase()));
        // Neither hyphenated nor stretched: commands stand in it.
        page.line(".nh");
        page.line(".ad l");
        page
    }

    pub(super) fn section(&mut self, title: &str) {
        self.line(&format!(".SH {title}"));
    }

    /// Paragraphs, with an empty line between two.
    pub(super) fn text(&mut self, text: &str) {
        for (index, paragraph) in text.split("\n\n").enumerate() {
            if index > 0 {
                self.line(".PP");
            }
            for line in paragraph.lines() {
                self.line(&escaped(line.trim_start()));
            }
        }
    }

    /// Something and what it means; `term` is roff already.
    pub(super) fn term(&mut self, term: &str, meaning: &str) {
        self.line(".TP");
        self.line(term);
        self.text(meaning);
    }

    /// Lines as they are.
    pub(super) fn verbatim(&mut self, text: &str) {
        self.line(".PP");
        self.line(".nf");
        self.line(".RS 2");
        for line in text.lines() {
            self.line(&escaped(line));
        }
        self.line(".RE");
        self.line(".fi");
    }

    /// A line of roff.
    pub(super) fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}

/// Text that is no request, with hyphens that can be copied into a shell.
pub(super) fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}

pub(super) fn bold(text: &str) -> String {
    format!("\\fB{}\\fR", escaped(text))
}

pub(super) fn italic(text: &str) -> String {
    format!("\\fI{}\\fR", escaped(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_a_request() {
        assert_eq!(escaped(".so /etc/shadow"), "\\&.so /etc/shadow");
        assert_eq!(escaped("'tis -a\\b"), "\\&'tis \\-a\\eb");
        let mut page = Page::default();
        page.text("one\n\n.two");
        assert_eq!(page.finish(), "one\n.PP\n\\&.two\n");
    }
}
