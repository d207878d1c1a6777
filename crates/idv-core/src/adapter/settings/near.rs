//! Suggestions for misspelled words.

/// Returns the candidate of which `word` is probably a misspelling.
///
/// At most two letters, and fewer than a third of them, may be wrong; or the word lacks its last
/// part, such as a unit.
///
/// ```
/// use idv_core::adapter::settings::near_miss;
///
/// assert_eq!(near_miss("compny", ["api_key", "company"]), Some("company"));
/// assert_eq!(near_miss("deadline", ["backoff_ms", "deadline_ms"]), Some("deadline_ms"));
/// assert_eq!(near_miss("retries", ["api_key", "company"]), None);
/// ```
pub fn near_miss<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lacks_part = |candidate: &str| {
        candidate
            .strip_prefix(word)
            .is_some_and(|rest| rest.starts_with('_'))
    };
    let rate = |candidate: &str| {
        if lacks_part(candidate) {
            1
        } else {
            distance(word, candidate)
        }
    };
    let near = candidates
        .into_iter()
        .map(|candidate| (rate(candidate), candidate));
    let (distance, candidate) = near.min_by_key(|(distance, _)| *distance)?;
    let longest = word.chars().count().max(candidate.chars().count());
    (distance <= 2 && distance * 3 < longest).then_some(candidate)
}

/// Counts the letters to insert, remove, replace or swap with their neighbour, ignoring case.
fn distance(left: &str, right: &str) -> usize {
    let lower = |text: &str| {
        text.chars()
            .map(|letter| letter.to_ascii_lowercase())
            .collect::<Vec<_>>()
    };
    let (left, right) = (lower(left), lower(right));
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    let mut last: Option<char> = None;
    for (above, letter) in left.iter().enumerate() {
        let mut next = vec![above + 1];
        for (column, other) in right.iter().enumerate() {
            let at =
                |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX - 1);
            let mut best = (at(&row, column + 1) + 1)
                .min(at(&next, column) + 1)
                .min(at(&row, column) + usize::from(letter != other));
            let is_swap =
                column > 0 && last == Some(*other) && right.get(column - 1) == Some(letter);
            if is_swap {
                best = best.min(at(&before, column - 1) + 1);
            }
            next.push(best);
        }
        before = std::mem::replace(&mut row, next);
        last = Some(*letter);
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_edits_and_swaps() {
        for (left, right, expected) in [
            ("", "", 0),
            ("abc", "abc", 0),
            ("abc", "", 3),
            ("", "ab", 2),
            ("ab", "ba", 1),
            ("kitten", "sitting", 3),
            ("A", "a", 0),
        ] {
            assert_eq!(distance(left, right), expected, "{left} {right}");
            assert_eq!(distance(right, left), expected, "{right} {left}");
        }
    }

    #[test]
    fn short_word_is_not_near_every_other() {
        assert_eq!(near_miss("de", ["ch", "test"]), None);
        assert_eq!(near_miss("tset", ["de", "ch", "test"]), Some("test"));
        assert_eq!(near_miss("x", []), None);
    }
}
