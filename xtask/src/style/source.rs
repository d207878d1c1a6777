//! Extracts comments, messages and test names from Rust source text.

use std::iter::Peekable;
use std::str::Chars;

use super::prose::Line;

/// The texts of one file that a person reads.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    /// Comments and rustdoc, as blocks of consecutive lines without their markers.
    pub(crate) comments: Vec<Vec<Line>>,
    /// The first paragraph of each item's rustdoc.
    pub(crate) summaries: Vec<Vec<Line>>,
    /// String literals outside of tests, and the rustdoc of a program's command line.
    pub(crate) messages: Vec<Line>,
    /// The names of test functions.
    pub(crate) tests: Vec<Line>,
}

impl Texts {
    /// Adds a block of comments, whose last line and marker are `last`.
    fn add(&mut self, last: Option<(usize, &str)>, block: Vec<Line>) {
        if block.is_empty() {
            return;
        }
        if last.is_some_and(|(_, marker)| marker == "///") {
            let summary = block.iter().take_while(|line| !line.text.trim().is_empty());
            self.summaries.push(summary.cloned().collect());
        }
        self.comments.push(block);
    }
}

/// A part of the source text that matters here.
#[derive(Debug)]
enum Token {
    /// A line comment: its marker, such as `///`, and the text behind it.
    Comment(&'static str, String),
    Literal(String),
    Word(String),
    Symbol(char),
}

/// Reads the texts of a file.
///
/// String literals behind `#[cfg(test)] mod` are left out, since tests stand last in a file.
/// `is_test` leaves out all of them.
pub(crate) fn read(source: &str, is_test: bool) -> Texts {
    let tokens = tokens(source);
    let mut texts = Texts::default();
    let mut in_tests = is_test;
    let (mut last_comment, mut block) = (None, Vec::new());
    let mut is_test_function = false;
    let mut rest = tokens.iter().peekable();
    while let Some((line, token)) = rest.next() {
        if let Token::Comment(marker, text) = token {
            if last_comment != Some((line.saturating_sub(1), *marker)) {
                texts.add(last_comment, std::mem::take(&mut block));
            }
            block.push(Line::new(*line, text));
            last_comment = Some((*line, *marker));
            continue;
        }
        match token {
            Token::Symbol('#') => {
                let attribute = attribute(&mut rest);
                let words: Vec<&str> = attribute.iter().map(String::as_str).collect();
                match words.as_slice() {
                    ["cfg", "test"] => in_tests = true,
                    ["cfg", ..] => {}
                    words if words.contains(&"test") => is_test_function = true,
                    _ => {}
                }
                // Messages of errors and the help of options stand in attributes, too.
                if !in_tests {
                    texts.messages.extend(
                        attribute
                            .iter()
                            .filter(|word| word.contains(' '))
                            .map(|text| Line::new(*line, text)),
                    );
                }
            }
            Token::Word(word) if word == "fn" => {
                if let (true, Some((line, Token::Word(name)))) = (is_test_function, rest.peek()) {
                    texts.tests.push(Line::new(*line, name));
                }
                is_test_function = false;
            }
            Token::Literal(text) if !in_tests => texts.messages.push(Line::new(*line, text)),
            _ => {}
        }
    }
    texts.add(last_comment, block);
    texts.messages.retain(|message| is_message(&message.text));
    texts
}

/// Counts a word in the code of a file, outside of comments and literals.
pub(crate) fn count_word(source: &str, word: &str) -> usize {
    let is_it = |(_, token): &(usize, Token)| matches!(token, Token::Word(found) if found == word);
    tokens(source).iter().filter(|token| is_it(token)).count()
}

/// Reads the words and the literals of an attribute, up to its closing bracket.
fn attribute<'a>(rest: &mut Peekable<impl Iterator<Item = &'a (usize, Token)>>) -> Vec<String> {
    let mut words = Vec::new();
    let mut depth = 0;
    while let Some((_, token)) = rest.peek() {
        match token {
            Token::Symbol('!') if depth == 0 => {}
            Token::Symbol('[') => depth += 1,
            Token::Symbol(']') => depth -= 1,
            _ if depth == 0 => return words,
            Token::Word(word) | Token::Literal(word) => words.push(word.clone()),
            Token::Symbol(_) | Token::Comment(..) => {}
        }
        rest.next();
        if depth == 0 && !words.is_empty() {
            return words;
        }
    }
    words
}

/// Returns whether a literal reads like a sentence: four words or more, and neither SQL nor JSON.
fn is_message(text: &str) -> bool {
    const SQL: [&str; 12] = [
        "SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "CREATE", "ALTER", "PRAGMA", "DROP", "SET",
        "FROM", "WHERE",
    ];
    let is_code = text.contains(['{', '<']) && text.contains("\":")
        || text.contains("</")
        || text.contains('\\')
        || SQL.contains(&text.split_whitespace().next().unwrap_or_default());
    let words = text.split_whitespace().filter(|word| {
        let mut letters = word
            .trim_matches(|c: char| c.is_ascii_punctuation())
            .chars();
        letters.next().is_some_and(char::is_alphabetic) && letters.all(char::is_lowercase)
    });
    !is_code && words.count() >= 4
}

/// Splits source text into tokens, each with its line.
fn tokens(source: &str) -> Vec<(usize, Token)> {
    let mut scanner = Scanner {
        rest: source.chars().peekable(),
        line: 1,
    };
    let mut tokens = Vec::new();
    while let Some((line, token)) = scanner.token() {
        tokens.push((line, token));
    }
    tokens
}

struct Scanner<'a> {
    rest: Peekable<Chars<'a>>,
    line: usize,
}

impl Scanner<'_> {
    fn next(&mut self) -> Option<char> {
        let next = self.rest.next();
        self.line += usize::from(next == Some('\n'));
        next
    }

    fn token(&mut self) -> Option<(usize, Token)> {
        loop {
            let line = self.line;
            let first = self.next()?;
            let token = match first {
                '/' if self.rest.peek() == Some(&'/') => self.comment(),
                '/' if self.rest.peek() == Some(&'*') => {
                    self.block_comment();
                    continue;
                }
                '"' => self.literal(0),
                '\'' => {
                    self.character();
                    continue;
                }
                first if first.is_alphanumeric() || first == '_' => {
                    let word = self.word(first);
                    let raw = matches!(word.as_str(), "r" | "br" | "cr");
                    let prefix = raw || matches!(word.as_str(), "b" | "c");
                    match self.rest.peek() {
                        Some('"' | '#') if raw => self.raw_literal()?,
                        Some('"') if prefix => {
                            self.next();
                            self.literal(0)
                        }
                        _ => Token::Word(word),
                    }
                }
                first if first.is_whitespace() => continue,
                first => Token::Symbol(first),
            };
            return Some((line, token));
        }
    }

    fn word(&mut self, first: char) -> String {
        let mut word = String::from(first);
        while let Some(next) = self
            .rest
            .next_if(|next| next.is_alphanumeric() || *next == '_')
        {
            word.push(next);
        }
        word
    }

    fn comment(&mut self) -> Token {
        let mut text = String::from("/");
        while let Some(next) = self.rest.next_if(|next| *next != '\n') {
            text.push(next);
        }
        let markers = [("////", "//"), ("///", "///"), ("//!", "//!"), ("//", "//")];
        let found = markers
            .into_iter()
            .find_map(|(start, marker)| Some((marker, text.strip_prefix(start)?)));
        let (marker, text) = found.unwrap_or(("//", ""));
        Token::Comment(marker, text.strip_prefix(' ').unwrap_or(text).to_owned())
    }

    fn block_comment(&mut self) {
        let mut last = self.next();
        while let Some(next) = self.next() {
            if (last, next) == (Some('*'), '/') {
                return;
            }
            last = Some(next);
        }
    }

    /// Reads a literal behind its opening quote. `hashes` is the number of `#` that close it.
    fn literal(&mut self, hashes: usize) -> Token {
        let mut text = String::new();
        while let Some(next) = self.next() {
            match next {
                '"' if hashes == 0 => break,
                '"' => {
                    let mut seen = 0;
                    while seen < hashes && self.rest.next_if_eq(&'#').is_some() {
                        seen += 1;
                    }
                    if seen == hashes {
                        break;
                    }
                    text.push('"');
                }
                '\\' if hashes == 0 => match self.next() {
                    // A line that goes on: the white space at the beginning of the next one does
                    // not count.
                    Some('\n') => {
                        while self.rest.peek().is_some_and(|next| next.is_whitespace()) {
                            self.next();
                        }
                    }
                    Some('n' | 't' | 'r') => text.push('\n'),
                    Some('"') => text.push('"'),
                    Some(other) => text.extend(['\\', other]),
                    None => break,
                },
                next => text.push(next),
            }
        }
        Token::Literal(text)
    }

    /// Reads a raw literal, or the raw identifier that looked like one.
    fn raw_literal(&mut self) -> Option<Token> {
        let mut hashes = 0;
        while self.rest.next_if_eq(&'#').is_some() {
            hashes += 1;
        }
        if self.rest.next_if_eq(&'"').is_none() {
            let first = self.next()?;
            return Some(Token::Word(self.word(first)));
        }
        // Without hashes a backslash would be taken for an escape.
        if hashes == 0 {
            let mut text = String::new();
            while let Some(next) = self.next().filter(|next| *next != '"') {
                text.push(next);
            }
            return Some(Token::Literal(text));
        }
        Some(self.literal(hashes))
    }

    /// Passes over a character, or over the quote of a lifetime.
    fn character(&mut self) {
        match self.next() {
            Some('\\') => {
                self.next();
                while self.next().is_some_and(|next| next != '\'') {}
            }
            Some(_) if self.rest.peek() == Some(&'\'') => {
                self.next();
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(lines: &[Line]) -> Vec<&str> {
        lines.iter().map(|line| line.text.as_str()).collect()
    }

    #[test]
    fn comments_are_grouped_by_marker_and_line() {
        let source =
            "//! Of the file.\n\n/// First.\n/// Second.\nfn a() {} // Behind.\n// Alone.\n";
        let read = read(source, false);
        let blocks: Vec<_> = read.comments.iter().map(|block| texts(block)).collect();
        assert_eq!(
            blocks,
            [
                vec!["Of the file."],
                vec!["First.", "Second."],
                vec!["Behind.", "Alone."]
            ]
        );
    }

    #[test]
    fn summary_is_the_first_paragraph_of_an_items_rustdoc() {
        let source =
            "//! Of the file.\n/// First.\n/// Second.\n///\n/// Third.\nfn a() {}\n// Alone.\n";
        let read = read(source, false);
        let summaries: Vec<_> = read
            .summaries
            .iter()
            .map(|summary| texts(summary))
            .collect();
        assert_eq!(summaries, [["First.", "Second."]]);
    }

    #[test]
    fn literals_are_no_comments_and_no_code() {
        let source = r####"
            const A: &str = "https://a.example // is not a comment here";
            const B: &str = r#"a "quoted" word in text"#;
            const C: (char, &'static str) = ('"', "the failure of a call");
            const D: &str = "SELECT all of the rows from it";
            const E: &str = "two words";
            #[error("the answer could not be parsed")]
            struct F;
        "####;
        let read = read(source, false);
        assert!(read.comments.is_empty(), "{read:?}");
        assert_eq!(
            texts(&read.messages),
            [
                "https://a.example // is not a comment here",
                "a \"quoted\" word in text",
                "the failure of a call",
                "the answer could not be parsed"
            ]
        );
    }

    #[test]
    fn tests_are_found_and_their_literals_ignored() {
        let source = "
            fn not_a_test() { fail(\"the text of a message\") }
            #[cfg(test)]
            mod tests {
                #[test]
                fn first() { assert!(true, \"words in a failed test\") }
                #[tokio::test(start_paused = true)]
                async fn second() {}
                fn helper() {}
            }
        ";
        let read = read(source, false);
        assert_eq!(texts(&read.tests), ["first", "second"]);
        assert_eq!(texts(&read.messages), ["the text of a message"]);
        assert!(super::read(source, true).messages.is_empty());
    }
}
