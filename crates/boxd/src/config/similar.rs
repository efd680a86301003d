//! The known word that a misspelt one most likely meant.

/// The candidate with the fewest edits, if these are at most a third of the word. In a short word two are
/// allowed: so many it takes to swap two letters.
pub(super) fn nearest<'c>(word: &str, candidates: &[&'c str]) -> Option<&'c str> {
    let word: Vec<char> = word.chars().take(64).collect();
    candidates
        .iter()
        .map(|candidate| (edits(&word, candidate), *candidate))
        .filter(|(edits, candidate)| *edits <= (word.len().max(candidate.len()) / 3).max(2))
        .min()
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance.
fn edits(word: &[char], other: &str) -> usize {
    let mut row: Vec<usize> = (0..=word.len()).collect();
    for (line, letter) in other.chars().enumerate() {
        let mut left = line + 1;
        let mut next = vec![left];
        for ((above_left, above), own) in row.iter().zip(row.iter().skip(1)).zip(word) {
            left = (above_left + usize::from(*own != letter)).min(above + 1).min(left + 1);
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_finds_its_word_and_nonsense_none() {
        let keys = ["client_id", "client_secret", "refresh", "auth"];
        assert_eq!(nearest("client-secret", &keys), Some("client_secret"));
        assert_eq!(nearest("clientid", &keys), Some("client_id"));
        assert_eq!(nearest("refersh", &keys), Some("refresh"));
        assert_eq!(nearest("auht", &keys), Some("auth"));
        assert_eq!(nearest("zzzzzz", &keys), None);
        assert_eq!(nearest("", &keys), None);
    }
}
