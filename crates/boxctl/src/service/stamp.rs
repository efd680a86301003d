//! The last line of a file that boxctl installed: by it an older version is known from one that a person edited.

/// Between the words and the sum.
const WORDS: &str = "Installed by `boxctl service install`";

/// How a file says that a line is none of its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comment {
    Hash,
    Xml,
}

/// What the last line of a file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// boxctl wrote it, and nobody has changed it since.
    Untouched,
    /// boxctl wrote it, and somebody has changed it since.
    Edited,
    /// boxctl never wrote it.
    Foreign,
}

/// `text` with its stamp.
pub(crate) fn stamp(text: &str, comment: Comment) -> String {
    let words = format!("{WORDS} {}, {:016x}", env!("CARGO_PKG_VERSION"), sum(text));
    match comment {
        Comment::Hash => format!("{text}# {words}\n"),
        Comment::Xml => format!("{text}<!-- {words} -->\n"),
    }
}

/// Whose text it is.
pub(crate) fn origin(text: &str) -> Origin {
    let Some(at) = text.rfind(WORDS) else { return Origin::Foreign };
    let (before, line) = text.split_at(at);
    // The comment's mark stands before the words, on the same line.
    let body = before.rfind('\n').and_then(|end| before.get(..=end)).unwrap_or_default();
    let said = line.lines().next().and_then(|line| line.split_once(", ")).map(|(_, rest)| rest);
    let said = said.and_then(|rest| u64::from_str_radix(rest.get(..16)?, 16).ok());
    let is_last = line.trim_end().lines().count() == 1;
    if is_last && said == Some(sum(body)) { Origin::Untouched } else { Origin::Edited }
}

/// Whether it is a stamp and nothing else.
pub(crate) fn is_stamp(text: &str) -> bool {
    text.lines().count() == 1 && text.contains(WORDS)
}

/// FNV-1a, 64 bits: it has to notice an edit, not to withstand anybody; whoever can write here can do as he likes.
pub(crate) fn sum(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_is_noticed_wherever_it_is() {
        for comment in [Comment::Hash, Comment::Xml] {
            let stamped = stamp("[Service]\nType=notify\n", comment);
            assert_eq!(origin(&stamped), Origin::Untouched);
            assert_eq!(origin(&stamped.replace("notify", "simple")), Origin::Edited);
            assert_eq!(origin(&format!("{stamped}Nice=5\n")), Origin::Edited);
            assert_eq!(origin(&format!("# mine\n{stamped}")), Origin::Edited);
            assert_eq!(origin(stamped.trim_end()), Origin::Untouched);
            let shorter = stamped.trim_end().get(..stamped.len() - 6).unwrap();
            assert_eq!(origin(shorter), Origin::Edited);
        }
        assert_eq!(origin("[Service]\n"), Origin::Foreign);
        assert_eq!(origin(""), Origin::Foreign);
    }

    #[test]
    fn the_sum_is_the_published_one() {
        // Test vectors of the FNV authors.
        assert_eq!(
            (sum(""), sum("a"), sum("foobar")),
            (0xcbf2_9ce4_8422_2325, 0xaf63_dc4c_8601_ec8c, 0x8594_4171_f739_67e8)
        );
    }
}
