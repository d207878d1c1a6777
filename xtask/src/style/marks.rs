//! The marks of prose that reads like a translation.

/// A habit that plain English does not have, and the number of times it may occur.
pub(crate) struct Mark {
    pub(crate) name: &'static str,
    /// The most occurrences in 1,000 sentences.
    pub(crate) limit: f64,
    pub(crate) hits: fn(&[&str]) -> bool,
}

/// Every mark. The limits are the highest values of well-written libraries of the ecosystem
/// (object_store, jiff, tower, rustls and sqlx), rounded up. `cargo xtask style --of FOLDER`
/// measures one of them.
pub(crate) const MARKS: [Mark; 6] = [
    Mark {
        name: "begins with \"What\"",
        limit: 2.0,
        hits: |words| begins(words, &["what", "whatever"]),
    },
    Mark {
        name: "begins with \"That\", \"How\", \"Who\", \"Until when\", \"For what\" or \"By what\"",
        limit: 15.0,
        hits: |words| {
            begins(words, &["that", "how", "who", "whose", "whom"])
                || matches!(
                    words,
                    ["until", "when", ..]
                        | ["for" | "by" | "from" | "to" | "at", "what" | "whom", ..]
                )
        },
    },
    Mark {
        name: "\"where\" for \"if\"",
        limit: 9.0,
        hits: |words| {
            words
                .windows(2)
                .any(|pair| matches!(pair, ["where", next] if AFTER_WHERE.contains(next)))
        },
    },
    Mark {
        name: "\"whoever\", \"nobody\", \"somebody\" or \"anybody\"",
        limit: 1.0,
        hits: |words| {
            words.iter().any(|word| {
                let word = word.strip_suffix("'s").unwrap_or(word);
                matches!(word, "whoever" | "nobody" | "somebody" | "anybody")
            })
        },
    },
    Mark {
        name: "\"so long\", \"so many\", \"so much\" or \"so often\" without \"that\"",
        limit: 1.0,
        hits: |words| {
            words
                .windows(2)
                .any(|pair| matches!(pair, ["so", "long" | "many" | "much" | "often"]))
                && !words.contains(&"that")
        },
    },
    Mark {
        name: "\"is told\", \"is looked at\", \"is worked off\" and the like",
        limit: 1.0,
        hits: |words| {
            words.windows(2).any(|pair| {
                matches!(
                    pair,
                    ["is" | "are" | "be" | "been" | "was" | "were", "told"]
                )
            }) || words.windows(3).any(|triple| {
                matches!(
                    triple,
                    [_, "worked", "off"] | ["is" | "are" | "be" | "was" | "were", "looked", "at"]
                )
            })
        },
    },
];

/// The words behind "where" by which it stands for "if" more often than for a place.
const AFTER_WHERE: [&str; 16] = [
    "a", "an", "any", "each", "it", "its", "neither", "no", "none", "nothing", "one", "several",
    "such", "that", "there", "they",
];

/// The most summaries with several sentences, in 1,000. There are 28 to 114 in the libraries above;
/// lower the limit as summaries become shorter.
pub(crate) const LONG_SUMMARIES: f64 = 175.0;

/// The longest name of a test, in characters.
pub(crate) const LONGEST_TEST: usize = 60;
/// The largest median of the lengths of tests' names. It is 20 to 31 in the libraries above; lower
/// it as names become shorter.
pub(crate) const TEST_MEDIAN: usize = 42;

fn begins(words: &[&str], with: &[&str]) -> bool {
    words.first().is_some_and(|first| with.contains(first))
}

/// Splits a sentence into lower-case words without punctuation, and returns none of a question's.
pub(crate) fn words(sentence: &str) -> Vec<String> {
    if sentence.trim_end_matches(['"', ')']).ends_with('?') {
        return Vec::new();
    }
    sentence
        .split_whitespace()
        .map(|word| {
            let word = word.trim_matches(|c: char| !c.is_alphanumeric());
            word.to_lowercase().replace('\u{2019}', "'")
        })
        .filter(|word| !word.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the names of the marks that a sentence has.
    fn found(sentence: &str) -> Vec<&'static str> {
        let words = words(sentence);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        MARKS
            .iter()
            .filter(|mark| (mark.hits)(&words))
            .map(|mark| mark.name)
            .collect()
    }

    #[test]
    fn marked_sentences_hit_their_mark() {
        for (sentence, mark) in [
            ("What the vendor said.", 0),
            ("*Whatever* comes is kept.", 0),
            ("How the vendor's callbacks are authenticated.", 1),
            ("Until when the person can act.", 1),
            ("For what it needs a person.", 1),
            ("Sent once, where there is no key.", 2),
            ("The reference, where it is known.", 2),
            ("Nobody is created twice.", 3),
            ("A message that is nobody's.", 3),
            ("Waits so long as the vendor does.", 4),
            ("The worker is told of each event.", 5),
            ("What is due can be worked off later.", 0),
            ("The rest can be worked off later.", 5),
        ] {
            let name = MARKS.get(mark).map(|mark| mark.name);
            assert_eq!(found(sentence).first().copied(), name, "{sentence}");
        }
    }

    #[test]
    fn plain_sentences_hit_no_mark() {
        for sentence in [
            "Returns the vendor's identifier for a verification.",
            "The folder where evidence is written.",
            "The file in which the key is stored, as long as it exists.",
            "What is a flow?",
            "So long a name that it does not fit is refused.",
            "If the vendor does not answer, the effect is unknown.",
            "Retries as often as `max_attempts` allows.",
            "An unauthenticated sender cannot change the outcome.",
        ] {
            assert_eq!(found(sentence), [""; 0], "{sentence}");
        }
    }
}
