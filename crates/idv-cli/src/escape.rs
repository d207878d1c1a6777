//! Escapes text from people and vendors for terminals and logs.
//!
//! A name may contain an escape sequence that sets the window's title, a line break that forges a
//! row, or a character that reverses the reading direction. All of them are printed as `\u001b` and
//! the like.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Escapes every control character, including line breaks and tabs.
pub(crate) fn in_one_line(text: &str) -> Cow<'_, str> {
    escaped(text, |_| false)
}

/// Escapes every control character except line feeds and [marks](crate::output::Mark), for text
/// that is already laid out in lines.
pub(crate) fn in_lines(text: &str) -> Cow<'_, str> {
    escaped(text, |character| character == '\n' || is_mark(character))
}

/// Escapes the control characters that JSON allows in its strings. Outside strings, JSON contains
/// no control character except line feeds.
pub(crate) fn in_json(json: &str) -> Cow<'_, str> {
    escaped(json, |character| character == '\n')
}

fn escaped(text: &str, kept: impl Fn(char) -> bool) -> Cow<'_, str> {
    let is_escaped = |character: char| acts_on_terminal(character) && !kept(character);
    if !text.contains(is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_escaped(character) {
            // All of them are in the basic plane, so four digits suffice. Writing to a string does
            // not fail.
            let _ = write!(safe, "\\u{:04x}", u32::from(character));
        } else {
            safe.push(character);
        }
    }
    Cow::Owned(safe)
}

/// Returns whether a character begins or ends a coloured part of the output. Marks are invisible
/// mathematical operators without a width.
pub(crate) const fn is_mark(character: char) -> bool {
    matches!(character, '\u{2061}'..='\u{2064}')
}

/// Returns whether a terminal may act on a character instead of showing it: C0, DEL and C1, line
/// and paragraph separators, and the characters that change the reading direction; also marks, so
/// that no value sets a colour.
fn acts_on_terminal(character: char) -> bool {
    character.is_control()
        || is_mark(character)
        || matches!(
            character,
            '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_control_character_is_escaped() {
        let codes = (0..0x20)
            .chain(0x7f..0xa0)
            .chain(0x2028..0x202f)
            .chain(0x2061..0x2065)
            .chain(0x2066..0x206a)
            .chain([0x61c, 0x200e, 0x200f]);
        for code in codes {
            let character = char::from_u32(code).unwrap();
            let escaped = format!("a\\u{code:04x}b");
            assert_eq!(in_one_line(&format!("a{character}b")), escaped);
            assert_eq!(
                in_json(&format!("a{character}b")) == escaped,
                character != '\n'
            );
            if character != '\n' && !is_mark(character) {
                assert_eq!(in_lines(&format!("a{character}b")), escaped);
            }
        }
        assert_eq!(in_lines("a\nb"), "a\nb");
    }

    #[test]
    fn letters_of_every_script_are_kept() {
        let text = "Müller-Lüdenscheidt 李小龍 محمد می‌خواهم Ирина 👩‍⚕️ \\u";
        assert!(matches!(in_one_line(text), Cow::Borrowed(same) if same == text));
    }

    #[test]
    fn escaped_json_parses_to_the_same_value() {
        let value = serde_json::json!({ "a\u{9b}": ["\u{1b}]0;x\u{7}", "\u{7f}\u{85}\u{2028}\u{202e}\u{2061}", "\n\t\r"] });
        for text in [
            serde_json::to_string(&value).unwrap(),
            serde_json::to_string_pretty(&value).unwrap(),
        ] {
            let safe = in_json(&text);
            assert!(
                !safe.contains(|character| acts_on_terminal(character) && character != '\n'),
                "{safe}"
            );
            assert_eq!(
                serde_json::from_str::<serde_json::Value>(&safe).unwrap(),
                value
            );
        }
    }
}
