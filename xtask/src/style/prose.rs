//! Splits Markdown into sentences.

/// A line of text and its number in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) number: usize,
    pub(crate) text: String,
}

impl Line {
    pub(crate) fn new(number: usize, text: &str) -> Self {
        Self {
            number,
            text: text.to_owned(),
        }
    }
}

/// Splits lines of Markdown into sentences, each with the number of the line that it begins in.
///
/// A heading, an element of a list and a cell of a table are sentences of their own. Code is left
/// out: blocks as a whole, and code in a line as a placeholder.
pub(crate) fn sentences(lines: &[Line]) -> Vec<Line> {
    let mut sentences = Sentences::default();
    let mut in_code = false;
    for line in lines {
        let text = line.text.trim();
        if text.starts_with("```") {
            in_code = !in_code;
            sentences.end();
        } else if in_code || text.is_empty() || text.starts_with("<!--") {
            sentences.end();
        } else if text.starts_with('|') {
            sentences.end();
            for cell in text.split('|') {
                sentences.add(line.number, &without_code(cell));
                sentences.end();
            }
        } else if let Some(heading) = text.strip_prefix('#') {
            sentences.end();
            sentences.add(line.number, &without_code(heading.trim_start_matches('#')));
            sentences.end();
        } else {
            let item = ["- ", "* ", "> "]
                .iter()
                .find_map(|marker| text.strip_prefix(marker));
            let numbered = text
                .split_once(". ")
                .filter(|(number, _)| number.chars().all(|digit| digit.is_ascii_digit()));
            if let Some(text) = item.or(numbered.map(|(_, text)| text)) {
                sentences.end();
                sentences.add(line.number, &without_code(text));
            } else {
                sentences.add(line.number, &without_code(text));
            }
        }
    }
    sentences.end();
    sentences.done
}

#[derive(Default)]
struct Sentences {
    done: Vec<Line>,
    current: Option<Line>,
}

impl Sentences {
    /// Adds a line of text to the current sentence, and ends it where the text does.
    fn add(&mut self, number: usize, text: &str) {
        for word in text.split_whitespace() {
            let ended = self.current.as_ref().is_some_and(|sentence| {
                ends(&sentence.text)
                    && word
                        .chars()
                        .find(|c| c.is_alphanumeric())
                        .is_some_and(char::is_uppercase)
            });
            if ended {
                self.end();
            }
            let sentence = self.current.get_or_insert_with(|| Line::new(number, ""));
            if !sentence.text.is_empty() {
                sentence.text.push(' ');
            }
            sentence.text.push_str(word);
        }
    }

    fn end(&mut self) {
        let letters = |line: &Line| line.text.chars().any(char::is_alphabetic);
        self.done.extend(self.current.take().filter(letters));
    }
}

/// Returns whether a text ends like a sentence.
fn ends(text: &str) -> bool {
    let bare = text.trim_end_matches([')', '"', '*', '_', '`', ']']);
    bare.ends_with(['.', '!', '?', ':'])
        && !["e.g.", "i.e.", "etc.", "vs.", "cf."]
            .iter()
            .any(|short| bare.ends_with(short))
}

/// Replaces code between backticks with a placeholder, and drops the targets of links.
fn without_code(text: &str) -> String {
    let mut kept = String::new();
    for (number, part) in text.split('`').enumerate() {
        kept.push_str(if number % 2 == 0 { part } else { "X" });
    }
    let mut parts = kept.split("](");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push_str(part.split_once(')').map_or("", |(_, after)| after));
    }
    text.replace(['[', ']', '*'], "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<String> {
        let lines: Vec<Line> = (1..)
            .zip(text.lines())
            .map(|(number, text)| Line::new(number, text))
            .collect();
        sentences(&lines)
            .into_iter()
            .map(|line| format!("{} {}", line.number, line.text))
            .collect()
    }

    #[test]
    fn paragraph_is_split_at_full_stops() {
        let text =
            "One, e.g. two `a. B` words.\nA [second](https://a.example/x.y)\none? **Third**.";
        assert_eq!(
            split(text),
            ["1 One, e.g. two X words.", "2 A second one?", "3 Third."]
        );
    }

    #[test]
    fn headings_items_and_cells_stand_alone() {
        let text = "# A title\n\n- first\n  goes on\n- second\n1. third\n\n| a | b |\n|---|---|\n| c | `d` |";
        assert_eq!(
            split(text),
            [
                "1 A title",
                "3 first goes on",
                "5 second",
                "6 third",
                "8 a",
                "8 b",
                "10 c",
                "10 X"
            ]
        );
    }

    #[test]
    fn code_blocks_are_left_out() {
        assert_eq!(
            split("Before:\n```rust\nWhat is this?\n```\nAfter."),
            ["1 Before:", "5 After."]
        );
    }
}
