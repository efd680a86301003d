//! Colours where they help, and text that cannot play tricks on a terminal.

use std::io::IsTerminal as _;

/// Whether to paint.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    pub(crate) colours: bool,
}

/// What a colour means here.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tone {
    Good,
    Busy,
    Bad,
    Faint,
    Strong,
}

impl Terminal {
    /// Colours only on a terminal, and not where `NO_COLOR` is set (no-color.org).
    pub(crate) fn of_stdout() -> Self {
        let forbidden = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self { colours: !forbidden && std::io::stdout().is_terminal() }
    }

    /// `text` in a tone.
    pub(crate) fn paint(self, tone: Tone, text: &str) -> String {
        if !self.colours {
            return text.to_owned();
        }
        let code = match tone {
            Tone::Good => "32",
            Tone::Busy => "33",
            Tone::Bad => "31",
            Tone::Faint => "2",
            Tone::Strong => "1",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// Text from outside without control characters, so that it cannot move a cursor, forge a line, or turn the
/// direction of what follows it.
pub(crate) fn tame(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || turns(c) || hides(c) { '\u{FFFD}' } else { c }).collect()
}

/// Unicode's controls of direction (`Bidi_Control`; UAX #9), which let one text look like another.
fn turns(c: char) -> bool {
    matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// What shows nothing, or begins a line (`Default_Ignorable_Code_Point` and line separators): two texts that differ look
/// the same. Joiners (U+200C, U+200D) stay: names in Persian and in Indic scripts need them.
fn hides(c: char) -> bool {
    matches!(
        c,
        '\u{AD}'
            | '\u{034F}'
            | '\u{115F}'
            | '\u{1160}'
            | '\u{180E}'
            | '\u{200B}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{2060}'..='\u{2065}'
            | '\u{206A}'..='\u{206F}'
            | '\u{3164}'
            | '\u{FEFF}'
            | '\u{FFA0}'
            | '\u{E0000}'..='\u{E0FFF}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_plays_tricks_is_tamed_and_other_text_is_not() {
        assert_eq!(tame("a\u{1b}[2J\nb\u{202E}c\u{2066}d"), "a\u{FFFD}[2J\u{FFFD}b\u{FFFD}c\u{FFFD}d");
        assert_eq!(tame("a\u{200B}b\u{FEFF}c\u{2028}d\u{E0041}"), "a\u{FFFD}b\u{FFFD}c\u{FFFD}d\u{FFFD}");
        assert_eq!(tame("نامه\u{200C}ای"), "نامه\u{200C}ای", "Persian needs it");
        assert_eq!(tame("Zoë 山田 שלום"), "Zoë 山田 שלום");
    }
}
