//! What differs between two texts, line by line, as `diff -u` shows it.

/// Lines around a change that are shown too.
const CONTEXT: usize = 2;

/// One line of the comparison.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line<'a> {
    Both(&'a str),
    Old(&'a str),
    New(&'a str),
}

/// Empty where nothing differs. Unit files are short: this takes the product of both lengths.
pub(crate) fn diff(old: &str, new: &str) -> String {
    let lines = compare(&old.lines().collect::<Vec<_>>(), &new.lines().collect::<Vec<_>>());
    let changed: Vec<usize> = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| !matches!(line, Line::Both(_)))
        .map(|(at, _)| at)
        .collect();
    let mut text = String::new();
    let mut skipped = false;
    for (at, line) in lines.iter().enumerate() {
        if !changed.iter().any(|change| change.abs_diff(at) <= CONTEXT) {
            skipped = true;
            continue;
        }
        if std::mem::take(&mut skipped) {
            text.push_str("@@\n");
        }
        let (mark, line) = match line {
            Line::Both(line) => (' ', line),
            Line::Old(line) => ('-', line),
            Line::New(line) => ('+', line),
        };
        text.push(mark);
        text.push_str(line);
        text.push('\n');
    }
    text
}

/// By the longest common subsequence.
fn compare<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Line<'a>> {
    // common[i][j]: the length of what old[i..] and new[j..] have in common.
    let mut common = vec![vec![0_u32; new.len() + 1]; old.len() + 1];
    let at = |common: &[Vec<u32>], i: usize, j: usize| {
        common.get(i).and_then(|row| row.get(j)).copied().unwrap_or_default()
    };
    for (i, old) in old.iter().enumerate().rev() {
        for (j, new) in new.iter().enumerate().rev() {
            let best = if old == new {
                at(&common, i + 1, j + 1) + 1
            } else {
                at(&common, i + 1, j).max(at(&common, i, j + 1))
            };
            if let Some(cell) = common.get_mut(i).and_then(|row| row.get_mut(j)) {
                *cell = best;
            }
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut lines = Vec::new();
    loop {
        let line = match (old.get(i), new.get(j)) {
            (None, None) => return lines,
            (Some(a), Some(b)) if a == b => Line::Both(a),
            (Some(a), Some(_)) if at(&common, i + 1, j) >= at(&common, i, j + 1) => Line::Old(a),
            (_, Some(b)) => Line::New(b),
            (Some(a), None) => Line::Old(a),
        };
        i += usize::from(!matches!(line, Line::New(_)));
        j += usize::from(!matches!(line, Line::Old(_)));
        lines.push(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_shown_with_what_is_around_them() {
        assert_eq!(diff("a\nb\n", "a\nb\n"), "");
        assert_eq!(diff("", "a\n"), "+a\n");
        assert_eq!(diff("a\n", ""), "-a\n");
        let old = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        assert_eq!(diff(old, &old.replace("5\n", "five\n")), "@@\n 3\n 4\n-5\n+five\n 6\n 7\n");
        assert_eq!(diff(old, &old.replace("5\n", "")), "@@\n 3\n 4\n-5\n 6\n 7\n");
        assert_eq!(diff("a\nx\nb\n", "a\ny\nz\nb\n"), " a\n-x\n+y\n+z\n b\n");
    }
}
