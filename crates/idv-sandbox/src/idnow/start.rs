//! The fields that a client can submit about a person: tables 3.2.8 and 5.4.2, enforced.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::failure::Failure;
use super::rules;
use crate::iso::{is_country, is_date, is_language};

/// The text parameters of table 3.2.8.
const PARAMETERS: [&str; 24] = [
    "birthday",
    "birthplace",
    "birthname",
    "city",
    "country",
    "custom1",
    "custom2",
    "custom3",
    "custom4",
    "custom5",
    "trackingid",
    "email",
    "firstname",
    "gender",
    "lastname",
    "mobilephone",
    "nationality",
    "preferredLang",
    "street",
    "streetnumber",
    "title",
    "zipcode",
    // Two further parameters of links (5.4.2).
    "timestamp",
    "transactionnumber",
];

/// The checked fields of a request.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Submitted {
    pub(crate) fields: BTreeMap<String, String>,
    pub(crate) questions: Map<String, Value>,
}

/// Parses the body of a start request.
pub(crate) fn read(body: &[u8]) -> Result<Submitted, Failure> {
    let Ok(Value::Object(object)) = serde_json::from_slice(body) else {
        return Err(Failure::unparseable_json());
    };
    let mut submitted = Submitted::default();
    for (key, value) in object {
        match (key.as_str(), value) {
            ("questions", Value::Object(questions)) => {
                for (key, question) in &questions {
                    if !is_question_key(key) {
                        let failure = Failure::bad_value(&rules::QUESTION_KEY, "questions");
                        return Err(failure.at(format!("questions.{key}")));
                    }
                    if !is_question(question) {
                        let failure = Failure::bad_value(&rules::QUESTION_VALUE, "questions");
                        return Err(failure.at(format!("questions.{key}")));
                    }
                }
                submitted.questions = questions;
            }
            ("questions", _) => return Err(Failure::bad_value(&rules::QUESTIONS, "questions")),
            (key, _) if !is_parameter(key) => {
                return Err(Failure::unrecognized_field(&rules::START_FIELDS, key));
            }
            // A null counts as omitted.
            (_, Value::Null) => {}
            (key, Value::String(text)) => {
                check(key, &text)?;
                submitted.fields.insert(key.to_owned(), text);
            }
            (key, _) => return Err(Failure::bad_value(&rules::START_TEXT, key)),
        }
    }
    Ok(submitted)
}

/// Returns whether a name is a parameter of a start request.
fn is_parameter(key: &str) -> bool {
    PARAMETERS
        .iter()
        .take(PARAMETERS.len() - 2)
        .any(|known| *known == key)
}

/// Returns whether a name is a parameter of a signed link.
pub(crate) fn is_link_parameter(key: &str) -> bool {
    PARAMETERS.contains(&key)
}

/// Checks the format of a value (3.2.8).
pub(crate) fn check(key: &str, text: &str) -> Result<(), Failure> {
    let (right, rule) = match key {
        "birthday" => (is_date(text), &rules::BIRTHDAY),
        "country" | "nationality" => (is_country(text, 2), &rules::COUNTRY_CODE),
        "gender" => (matches!(text, "MALE" | "FEMALE"), &rules::GENDER),
        "email" => (
            text.split_once('@')
                .is_some_and(|(name, domain)| !name.is_empty() && domain.contains('.')),
            &rules::EMAIL,
        ),
        "preferredLang" => (is_language(text), &rules::LANGUAGE),
        "mobilephone" => (
            text.bytes().any(|byte| byte.is_ascii_digit())
                && text
                    .chars()
                    .all(|letter| letter.is_ascii_digit() || " +-/()".contains(letter)),
            &rules::PHONE_NUMBER,
        ),
        _ => return Ok(()),
    };
    if right {
        Ok(())
    } else {
        Err(Failure::bad_value(rule, key))
    }
}

/// Returns whether a transaction number has the documented alphabet and length (3.2.6).
pub(crate) fn is_transaction_number(text: &str) -> bool {
    (1..=255).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

/// Returns whether a question can have this key, which becomes the name of an element in the XML
/// result (13.3).
fn is_question_key(key: &str) -> bool {
    let mut letters = key.chars();
    letters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || "_-.".contains(letter))
}

fn is_question(question: &Value) -> bool {
    question.as_object().is_some_and(|question| {
        question.len() == 1
            && question
                .get("value")
                .is_some_and(|value| value.is_string() || value.is_i64() || value.is_u64())
    })
}
