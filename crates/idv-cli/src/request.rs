//! The request of `idv create` and `idv flow start`: a file, options, or both.

use std::path::PathBuf;

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};
use idv::{Input, NewVerification, Reference};
use serde::Deserialize;
use serde_json::Value;

use crate::commands::read_input;
use crate::failure::Failure;
use crate::output::note;
use crate::usage::Expected;

/// The maximum length of a request, in bytes. Personal data takes some hundred bytes.
const LIMIT: u64 = 1024 * 1024;

/// Stands in until the reference is known.
const PLACEHOLDER: &str = "0000000000000000";

/// The requested verification: a file, options, or both.
#[derive(Args)]
pub(crate) struct RequestArgs {
    /// Read the request from this JSON file; - for standard input
    #[arg(long, value_name = "FILE.json")]
    from: Option<PathBuf>,

    /// Your reference: 16 to 100 characters of a-z, 0-9 and -, hard to guess. Without it, a new one
    /// is printed on standard error before the call
    #[arg(long)]
    reference: Option<String>,

    #[command(flatten)]
    inputs: InputArgs,

    /// A value that comes back with the report; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = name_and_value)]
    custom: Vec<(String, String)>,
}

/// The option of each input of the model, and its value.
struct InputArgs(Vec<(&'static Input, String)>);

impl Args for InputArgs {
    fn augment_args(command: Command) -> Command {
        Input::ALL.iter().fold(command, |command, input| {
            let form = if input.form.contains(' ') {
                "WORD"
            } else {
                input.form
            };
            let mut help = input.description.trim_end_matches('.').to_owned();
            if form == "WORD" {
                help = format!("{help}: {}", input.form);
            }
            let parser = move |text: &str| check(input, text);
            command.arg(
                Arg::new(input.path)
                    .long(input.name.replace('_', "-"))
                    .value_name(form)
                    .help(help)
                    .value_parser(parser),
            )
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for InputArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given =
            |input: &'static Input| Some((input, matches.get_one::<String>(input.path)?.clone()));
        Ok(Self(Input::ALL.iter().filter_map(given).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl RequestArgs {
    /// Returns the requested verification. Without a reference, uses `fresh` and prints it.
    pub(crate) fn verification(
        self,
        fresh: impl FnOnce() -> Reference,
    ) -> Result<NewVerification, Failure> {
        let mut new = NewVerification::new(Reference::parse(PLACEHOLDER)?);
        let mut reference = None;
        if let Some(path) = &self.from {
            reference = read(&mut new, &read_input(path, LIMIT)?)?;
        }
        for (input, text) in &self.inputs.0 {
            input.set(&mut new, text)?;
        }
        for (name, value) in self.custom {
            new.set(&format!("custom.{name}"), &value)?;
        }
        new.reference = match self.reference.or(reference) {
            Some(reference) => Reference::parse(reference)?,
            None => {
                // Printed before the call, so that a script can store it even if the call fails.
                let reference = fresh();
                note(&format!("reference: {}", reference.as_str()));
                reference
            }
        };
        Ok(new)
    }
}

/// Parses a JSON request and returns its reference, if it has one.
///
/// The names are those of [`NewVerification`]; an unknown one is refused. The values are personal
/// data, so a failure contains only names and positions.
fn read(new: &mut NewVerification, json: &[u8]) -> Result<Option<String>, Failure> {
    let value: Value = serde_json::from_slice(json).map_err(|error| {
        Failure::usage(format!(
            "the request is not JSON, at line {} column {}",
            error.line(),
            error.column()
        ))
    })?;
    let Value::Object(mut members) = value else {
        return Err(Failure::usage(
            "expected a JSON object with the names of the model",
        ));
    };
    let reference = match members.remove("reference") {
        None | Some(Value::Null) => None,
        Some(Value::String(reference)) => Some(reference),
        Some(_) => return Err(Failure::usage("`reference`: expected a string")),
    };
    members
        .into_iter()
        .try_for_each(|(name, value)| take(new, &name, value))?;
    Ok(reference)
}

/// Applies a member of the JSON: a value, or an object of further members.
fn take(new: &mut NewVerification, path: &str, value: Value) -> Result<(), Failure> {
    let is_group = path == "custom"
        || Input::ALL
            .iter()
            .any(|input| input.path.starts_with(&format!("{path}.")));
    let is_known = Input::at(path).is_some() || path.starts_with("custom.");
    match value {
        Value::Object(members) if is_group => members
            .into_iter()
            .try_for_each(|(name, value)| take(new, &format!("{path}.{name}"), value)),
        Value::Null if is_group || is_known => Ok(()),
        _ if is_group => Err(Failure::usage(format!("`{path}`: expected an object"))),
        _ if !is_known => Err(unknown(path)),
        Value::String(text) => new
            .set(path, &text)
            .map_err(|error| Failure::usage(format!("`{path}`: expected {}", form(&error)))),
        _ => Err(Failure::usage(format!("`{path}`: expected a string"))),
    }
}

fn unknown(path: &str) -> Failure {
    let known: Vec<&str> = Input::ALL.iter().map(|input| input.path).collect();
    Failure::usage(format!(
        "unknown field `{path}`, expected one of reference, {}, custom",
        known.join(", ")
    ))
}

/// Checks the value of an input and returns it.
fn check(input: &Input, text: &str) -> Result<String, Expected> {
    let mut scratch = NewVerification::new(
        Reference::parse(PLACEHOLDER).map_err(|_| Expected::new("a reference"))?,
    );
    input
        .set(&mut scratch, text)
        .map_err(|error| Expected::new(form(&error)))?;
    Ok(text.to_owned())
}

/// Returns the expected form from an input's error.
fn form(error: &idv::Error) -> String {
    let text = error.to_string();
    text.split_once("expected ")
        .map_or_else(|| text.clone(), |(_, form)| form.to_owned())
}

/// Parses `NAME=VALUE`; the value may contain equals signs.
pub(crate) fn name_and_value(text: &str) -> Result<(String, String), Expected> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(Expected::new("NAME=VALUE")),
    }
}

/// Parses a word of the model's JSON from the command line: `female`, `id_card`, `DE`.
pub(crate) fn from_word<T: for<'de> Deserialize<'de>>(word: &str) -> Result<T, Expected> {
    let deserializer = serde::de::value::StrDeserializer::<serde_json::Error>::new(word);
    T::deserialize(deserializer).map_err(|error| {
        // The error quotes the word; the expected form follows it.
        let text = error.to_string();
        Expected::new(
            text.rsplit_once("expected ")
                .map_or("a word of the model", |(_, form)| form),
        )
    })
}

#[cfg(test)]
mod tests {
    use idv::report::{Country, DocumentKind, Gender};

    use super::*;

    fn blank() -> NewVerification {
        NewVerification::new(Reference::parse("0123456789abcdef").unwrap())
    }

    #[test]
    fn json_request_covers_the_whole_model() {
        let json = br#"{
            "reference": "0123456789abcdef",
            "person": {
                "given_names": "Erika", "family_name": "Mustermann", "birth_name": "Gabler", "birth_date": "1983-05-22",
                "birth_place": "Berlin", "nationality": "DE", "gender": "female", "title": "Dr.",
                "address": {
                    "street": "Heidestrasse", "house_number": "17", "postal_code": "51147", "city": "Berlin", "country": "DE"
                }
            },
            "contact": { "email": "erika@example.com", "phone": "+491520000000" },
            "document": {
                "kind": "id_card", "number": "T22000129", "issuing_country": "DE", "issuer": "Berlin",
                "issued_on": "2020-01-01", "expires_on": "2030-01-01"
            },
            "locale": "de",
            "return_urls": { "success": "https://example.com/a", "failure": "https://example.com/b" },
            "callback_url": "https://example.com/c", "purpose": "to open an account", "custom": { "custom1": "x" }
        }"#;
        let mut new = blank();
        assert_eq!(
            read(&mut new, json).unwrap().as_deref(),
            Some("0123456789abcdef")
        );
        assert_eq!(new.given().len(), Input::ALL.len() + 1, "{:?}", new.given());
    }

    #[test]
    fn invalid_member_is_named_without_its_value() {
        for (json, expected) in [
            (
                &br#"{"person":{"fist_name":"Mustermann"}}"#[..],
                "unknown field `person.fist_name`, expected one of reference",
            ),
            (
                br#"{"person":{"fist_name":{"a":"Mustermann"}}}"#,
                "unknown field `person.fist_name`",
            ),
            (
                br#"{"person":{"birth_date":"Mustermann"}}"#,
                "`person.birth_date`: expected a date as YYYY-MM-DD",
            ),
            (
                br#"{"person":{"gender":"Mustermann"}}"#,
                "`person.gender`: expected female, male or diverse",
            ),
            (
                br#"{"person":{"family_name":["Mustermann"]}}"#,
                "`person.family_name`: expected a string",
            ),
            (
                br#"{"person":"Mustermann"}"#,
                "`person`: expected an object",
            ),
            (br#"{"reference":7}"#, "`reference`: expected a string"),
            (b"Mustermann", "the request is not JSON, at line 1 column 1"),
            (br#"["Mustermann"]"#, "expected a JSON object"),
        ] {
            let error = read(&mut blank(), json).unwrap_err();
            assert!(
                error.text().starts_with(expected) && !error.text().contains("Mustermann"),
                "{}",
                error.text()
            );
        }
    }

    #[test]
    fn words_come_from_the_model() {
        assert_eq!(from_word::<Gender>("female"), Ok(Gender::Female));
        assert!(from_word::<Country>("Germany").is_err());
        assert!(
            from_word::<DocumentKind>("pass")
                .unwrap_err()
                .to_string()
                .contains("passport")
        );
    }
}
