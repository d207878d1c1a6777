//! Formats usage errors in one line that repeats no value.
//!
//! The command line may contain personal data, and standard error often ends in a log. The line
//! therefore names the option and its expected form, and an unknown word by its position.

use std::error::Error as _;
use std::ffi::OsString;
use std::fmt;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory as _, Error};

use crate::args::Cli;

/// A refused value, described by its expected form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expected(String);

impl Expected {
    /// Describes the expected form, such as `a number of days`.
    pub(crate) fn new(form: impl Into<String>) -> Self {
        Self(form.into())
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}", self.0)
    }
}

impl std::error::Error for Expected {}

/// Formats a usage error in one line. `arguments` are the program's, without its own name.
pub(crate) fn describe(error: &Error, arguments: &[OsString]) -> String {
    let fault = match error.kind() {
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => invalid_value(error),
        ErrorKind::UnknownArgument => unknown(error, ContextKind::InvalidArg, arguments),
        ErrorKind::InvalidSubcommand => unknown(error, ContextKind::InvalidSubcommand, arguments),
        ErrorKind::MissingRequiredArgument => format!(
            "missing {}",
            strings(error, ContextKind::InvalidArg).join(", ")
        ),
        ErrorKind::MissingSubcommand => {
            format!(
                "missing command: expected one of {}",
                strings(error, ContextKind::ValidSubcommand).join(", ")
            )
        }
        ErrorKind::ArgumentConflict => conflict(error),
        ErrorKind::InvalidUtf8 => "an argument is not UTF-8".to_owned(),
        ErrorKind::TooManyValues
        | ErrorKind::TooFewValues
        | ErrorKind::WrongNumberOfValues
        | ErrorKind::NoEquals => {
            format!("{} has the wrong number of values", quoted(error))
        }
        _ => "invalid arguments".to_owned(),
    };
    format!("{fault}; see `{} --help`", command_of(arguments))
}

fn invalid_value(error: &Error) -> String {
    let name = quoted(error);
    if strings(error, ContextKind::InvalidValue)
        .iter()
        .all(String::is_empty)
    {
        return format!("{name} needs a value");
    }
    let words = strings(error, ContextKind::ValidValue);
    if !words.is_empty() {
        return format!(
            "invalid value for {name}: expected one of {}",
            words.join(", ")
        );
    }
    // Other errors may quote the value.
    match error
        .source()
        .and_then(|source| source.downcast_ref::<Expected>())
    {
        Some(expected) => format!("invalid value for {name}: {expected}"),
        None => format!("invalid value for {name}: expected {}", form(error)),
    }
}

/// Returns the expected form, from the value's name in the help.
fn form(error: &Error) -> String {
    let argument = strings(error, ContextKind::InvalidArg)
        .pop()
        .unwrap_or_default();
    let name = argument
        .rsplit(' ')
        .next()
        .unwrap_or_default()
        .trim_matches(['<', '>', '[', ']', '.']);
    match name {
        "YYYY-MM-DD" => "a date as YYYY-MM-DD".to_owned(),
        "URL" => "a URL with its scheme".to_owned(),
        "TIME" => "a time as 2026-03-01T09:00:00Z".to_owned(),
        "N" | "S" | "MS" | "BYTES" | "DAYS" => "a number in digits".to_owned(),
        name => name.to_owned(),
    }
}

/// Names an unknown option or command by its position, since the word itself may be personal data.
fn unknown(error: &Error, kind: ContextKind, arguments: &[OsString]) -> String {
    let word = strings(error, kind).pop().unwrap_or_default();
    let what = if kind == ContextKind::InvalidArg {
        "argument"
    } else {
        "command"
    };
    let position = arguments.iter().position(|argument| {
        argument.to_str().is_some_and(|argument| {
            argument == word
                || argument
                    .strip_prefix(word.as_str())
                    .is_some_and(|rest| rest.starts_with('='))
        })
    });
    let place = position.map_or_else(String::new, |position| {
        format!(" at position {}", position + 1)
    });
    // The last suggestion is the nearest.
    let similar = strings(error, ContextKind::SuggestedArg).pop();
    match similar.or_else(|| strings(error, ContextKind::SuggestedSubcommand).pop()) {
        Some(similar) => format!(
            "unknown {what}{place}; did you mean `{}`?",
            first_word(&similar)
        ),
        None => format!("unknown {what}{place}"),
    }
}

fn conflict(error: &Error) -> String {
    let first = strings(error, ContextKind::InvalidArg);
    let prior = strings(error, ContextKind::PriorArg);
    let names = |arguments: &[String]| {
        arguments
            .iter()
            .map(|argument| format!("`{}`", first_word(argument)))
            .collect::<Vec<_>>()
            .join(", ")
    };
    if prior.is_empty() || prior == first {
        return format!("{} is given twice", names(&first));
    }
    format!(
        "{} cannot be combined with {}",
        names(&first),
        names(&prior)
    )
}

/// Returns the quoted name of the argument with the error.
fn quoted(error: &Error) -> String {
    let argument = strings(error, ContextKind::InvalidArg)
        .pop()
        .unwrap_or_default();
    format!("`{}`", first_word(&argument))
}

/// Returns `--birth-date` for `--birth-date <YYYY-MM-DD>`.
fn first_word(argument: &str) -> &str {
    argument.split(' ').next().unwrap_or_default()
}

fn strings(error: &Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        _ => Vec::new(),
    }
}

/// Returns the intended command in the form of its help: `idv flow start`.
fn command_of(arguments: &[OsString]) -> String {
    let root = Cli::command();
    let (mut command, mut names) = (&root, vec!["idv"]);
    for argument in arguments.iter().filter_map(|argument| argument.to_str()) {
        if let Some(found) = command.find_subcommand(argument) {
            names.push(found.get_name());
            command = found;
        }
    }
    names.join(" ")
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    fn described(arguments: &[&str]) -> String {
        let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        let all = std::iter::once(OsString::from("idv")).chain(arguments.iter().cloned());
        describe(
            &Cli::try_parse_from(all)
                .err()
                .expect("the arguments are wrong"),
            &arguments,
        )
    }

    #[test]
    fn usage_errors_of_create_repeat_no_value() {
        let command = Cli::command();
        for name in ["create", "flow"] {
            let mut command = command.find_subcommand(name).unwrap();
            let mut words = vec![name];
            if name == "flow" {
                command = command.find_subcommand("start").unwrap();
                words.push("start");
            }
            for option in command.get_arguments().filter_map(clap::Arg::get_long) {
                for value in ["=Mustermann 31.12.1980", "=\u{1b}[31mMustermann"] {
                    let option = format!("--{option}{value}");
                    let arguments = [&words[..], &[option.as_str(), "--no-such-thing"]].concat();
                    let line = described(&arguments);
                    assert!(
                        !line.contains("Mustermann") && !line.contains("1980"),
                        "{line}"
                    );
                    assert_eq!(line.lines().count(), 1, "{line}");
                }
            }
        }
    }

    #[test]
    fn invalid_value_is_answered_with_expected_form() {
        for (arguments, expected) in [
            (
                &["create", "--birth-date", "31.12.1980"][..],
                "invalid value for `--birth-date`: expected a date as YYYY-MM-DD",
            ),
            (
                &["create", "--gender", "Mustermann"],
                "invalid value for `--gender`: expected female, male or diverse",
            ),
            (
                &["create", "--nationality", "Mustermann"],
                "invalid value for `--nationality`: expected a country of ISO 3166",
            ),
            (
                &["create", "--success-url", "Mustermann"],
                "invalid value for `--success-url`: expected a URL",
            ),
            (
                &["create", "--custom", "Mustermann"],
                "invalid value for `--custom`: expected NAME=VALUE",
            ),
            (&["create", "--email"], "`--email` needs a value"),
            (
                &["normalize", "idnow", "Mustermann"],
                "invalid value for `<KIND>`: expected one of result, status, callback",
            ),
            (
                &["watch", "r", "--every", "Mustermann"],
                "invalid value for `--every`: expected a number of seconds",
            ),
            (
                &["watch", "r", "--expires-at", "Mustermann"],
                "invalid value for `--expires-at`: expected a time",
            ),
            (
                &["evidence", "r", "e", "--out", "f", "--limit", "Mustermann"],
                "invalid value for `--limit`: expected a number",
            ),
            (
                &["flow", "status", "Mustermann"],
                "invalid value for `[ID]`: expected 32 hexadecimal digits",
            ),
        ] {
            let line = described(arguments);
            assert!(line.starts_with(expected), "{line}");
            assert!(!line.contains("Mustermann"), "{line}");
        }
    }

    #[test]
    fn unknown_words_are_named_by_position() {
        for (arguments, expected) in [
            (
                &["create", "Mustermann"][..],
                "unknown argument at position 2; see `idv create --help`",
            ),
            (
                &["create", "--reference", "x", "--Mustermann=1980"],
                "unknown argument at position 4; see `idv create --help`",
            ),
            (
                &["Mustermann"],
                "unknown command at position 1; see `idv --help`",
            ),
            (
                &["create", "--brith-date", "1980-12-31"],
                "unknown argument at position 2; did you mean `--birth-date`?",
            ),
            (
                &["create", "--birth-date-31.12.1980"],
                "unknown argument at position 2; did you mean `--birth-date`?",
            ),
            (
                &["pol"],
                "unknown command at position 1; did you mean `poll`?",
            ),
            (
                &["flow", "opeartor"],
                "unknown command at position 2; did you mean `operator`?; see `idv flow --help`",
            ),
        ] {
            let line = described(arguments);
            assert!(line.starts_with(expected), "{line}");
        }
    }

    #[test]
    fn missing_and_conflicting_arguments_are_named() {
        assert_eq!(
            described(&["poll"]),
            "missing <REFERENCE>; see `idv poll --help`"
        );
        assert_eq!(
            described(&["create", "--email", "a", "--email", "b"]),
            "`--email` is given twice; see `idv create --help`"
        );
        let line = described(&["flow", "operator", "x", "--retry", "--dismiss"]);
        assert_eq!(
            line,
            "`--retry` cannot be combined with `--dismiss`; see `idv flow operator --help`"
        );
    }
}
