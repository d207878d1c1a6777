//! Checks a JSON object against a table of elements: the columns Type, Len and Req of 3.1.4.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::failure::Failure;
use super::rules;
use crate::iso;

/// A row of a table.
pub(crate) struct Row {
    name: &'static str,
    is: Is,
    required: bool,
}

/// The type of an element. Lengths are in characters.
pub(crate) enum Is {
    /// S with a length.
    Text(usize),
    /// S without a length.
    AnyText,
    /// N, or I for a count.
    Number,
    /// A number without a fraction.
    Integer,
    /// A page number, from 1.
    Page,
    /// B.
    Boolean,
    /// DS.
    Date,
    /// PN.
    Phone(usize),
    /// A country code of two letters, or of up to three.
    Country(usize),
    /// A language code.
    Language,
    /// female, male, diverse.
    Gender,
    /// An e-mail address.
    Email(usize),
    /// An absolute URL that may contain placeholders.
    Address(usize),
    /// An absolute web URL that may contain placeholders.
    WebAddress(Option<usize>),
    /// A text with the placeholder `[TAN]`.
    Sms,
    /// A JPEG image as Base64.
    Jpeg,
    /// Any content as Base64.
    Base64,
    /// O.
    Object(&'static [Row]),
    /// O/A.
    OneOrMany(&'static [Row]),
    /// A of objects.
    Many(&'static [Row]),
    /// A of texts.
    Texts(usize),
    /// A of texts, or of objects with one text under this name.
    TextsOrObjects(&'static str, usize),
    /// S/O: a text, or one per language.
    TextByLanguage(usize),
    /// O with names chosen by the caller, which have a maximum length.
    Named(&'static [Row], usize),
}

/// Returns a row of an optional element.
pub(crate) const fn may(name: &'static str, is: Is) -> Row {
    Row {
        name,
        is,
        required: false,
    }
}

/// Returns a row of a required element.
pub(crate) const fn must(name: &'static str, is: Is) -> Row {
    Row {
        name,
        is,
        required: true,
    }
}

/// Checks an object. A null counts as omitted. The paths of elements without a row are added to
/// `unknown`.
pub(crate) fn object(
    rows: &[Row],
    object: &Map<String, Value>,
    path: &str,
    unknown: &mut Vec<String>,
) -> Result<(), Failure> {
    for row in rows {
        let path = join(path, row.name);
        match object.get(row.name) {
            None | Some(Value::Null) if row.required => {
                return Err(Failure::by(
                    &rules::REQUIRED_ELEMENT,
                    format!("{path} is required"),
                ));
            }
            None | Some(Value::Null) => {}
            Some(Value::String(text)) if row.required && text.trim().is_empty() => {
                return Err(Failure::by(
                    &rules::REQUIRED_ELEMENT,
                    format!("{path} is required"),
                ));
            }
            Some(found) => value(&row.is, found, &path, unknown)?,
        }
    }
    let strangers = object
        .keys()
        .filter(|name| !rows.iter().any(|row| row.name == *name));
    unknown.extend(strangers.map(|name| join(path, name)));
    Ok(())
}

/// Returns whether a text is a phone number in the document's form: international, with a plus,
/// without blanks.
pub(crate) fn is_phone(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or_default();
    digits.len() >= 4
        && !digits.starts_with('0')
        && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Decodes Base64.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

fn value(is: &Is, value: &Value, path: &str, unknown: &mut Vec<String>) -> Result<(), Failure> {
    let must_be = |rule, what: &str| Err(Failure::by(rule, format!("{path} must be {what}")));
    let wrong = |what: &str| must_be(&rules::ELEMENT_TYPE, what);
    match (is, value) {
        (Is::Number, Value::Number(_)) | (Is::Boolean, Value::Bool(_)) => Ok(()),
        (Is::Number, _) => wrong("a number"),
        (Is::Boolean, _) => wrong("true or false"),
        (Is::Integer, value) if value.is_i64() || value.is_u64() => Ok(()),
        (Is::Integer, _) => must_be(&rules::WHOLE_NUMBER, "a number without a fraction"),
        (Is::Page, value) if value.as_u64().is_some_and(|page| page > 0) => Ok(()),
        (Is::Page, _) => must_be(&rules::PAGE_NUMBER, "the number of a page"),
        (Is::Object(rows), Value::Object(fields)) => object(rows, fields, path, unknown),
        (Is::OneOrMany(rows), Value::Object(fields)) => object(rows, fields, path, unknown),
        (Is::OneOrMany(rows) | Is::Many(rows), Value::Array(items)) => items
            .iter()
            .enumerate()
            .try_for_each(|(index, item)| match item {
                Value::Object(fields) => object(rows, fields, &format!("{path}[{index}]"), unknown),
                _ => Err(Failure::by(
                    &rules::ELEMENT_TYPE,
                    format!("{path}[{index}] must be an object"),
                )),
            }),
        (Is::Named(rows, length), Value::Object(fields)) => {
            named(rows, *length, fields, path, unknown)
        }
        (Is::Object(_) | Is::Named(..), _) => wrong("an object"),
        (Is::OneOrMany(_), _) => wrong("an object or an array of objects"),
        (Is::Many(_), _) => wrong("an array of objects"),
        (Is::Texts(length), Value::Array(items)) => items
            .iter()
            .try_for_each(|item| within(item, *length, path)),
        (Is::TextsOrObjects(name, length), Value::Array(items)) => {
            items.iter().try_for_each(|item| {
                let item = item
                    .as_object()
                    .map_or(Some(item), |fields| fields.get(*name));
                within(item.unwrap_or(&Value::Null), *length, path)
            })
        }
        (Is::Texts(_) | Is::TextsOrObjects(..), _) => wrong("an array"),
        (Is::TextByLanguage(length), Value::Object(texts)) => {
            texts.iter().try_for_each(|(language, text)| {
                // "An ISO 3166-1 Alpha-2 language code": that standard is about countries. Both are
                // accepted.
                if !iso::is_language(&language.to_ascii_lowercase())
                    && !iso::is_country(&language.to_ascii_uppercase(), 2)
                {
                    return must_be(
                        &rules::PURPOSE_LANGUAGE,
                        "an object whose names are codes of languages",
                    );
                }
                within(text, *length, &join(path, language))
            })
        }
        (is, Value::String(found)) => text(is, found, path),
        (Is::TextByLanguage(_), _) => wrong("a text or an object"),
        _ => wrong("a text"),
    }
}

/// Checks the elements of a map whose names the caller chose.
fn named(
    rows: &[Row],
    length: usize,
    fields: &Map<String, Value>,
    path: &str,
    unknown: &mut Vec<String>,
) -> Result<(), Failure> {
    fields.iter().try_for_each(|(name, value)| {
        if name.is_empty() || name.chars().count() > length {
            return Err(Failure::by(
                &rules::ADDITIONAL_NAME,
                format!("{path}: a name must have 1 to {length} characters"),
            ));
        }
        let path = join(path, name);
        match value {
            Value::Object(fields) => object(rows, fields, &path, unknown),
            _ => Err(Failure::by(
                &rules::ELEMENT_TYPE,
                format!("{path} must be an object"),
            )),
        }
    })
}

fn text(is: &Is, text: &str, path: &str) -> Result<(), Failure> {
    let (length, right, rule, what) = match is {
        Is::Text(length) | Is::TextByLanguage(length) => {
            (Some(*length), true, &rules::ELEMENT_TYPE, "")
        }
        Is::AnyText => (None, true, &rules::ELEMENT_TYPE, ""),
        // An empty text is a field for the agent to fill in (3.1.4, IdentData).
        Is::Date => (
            None,
            text.is_empty() || iso::is_date(text),
            &rules::DATE,
            "a date, YYYY-MM-DD",
        ),
        Is::Phone(length) => (
            Some(*length),
            text.is_empty() || is_phone(text),
            &rules::PHONE_NUMBER,
            "a phone number such as +491701234567",
        ),
        Is::Country(length) => (
            Some(*length),
            text.is_empty() || iso::is_country(text, *length),
            &rules::COUNTRY_CODE,
            "a country's code of ISO 3166",
        ),
        Is::Language => (
            Some(2),
            iso::is_language(text),
            &rules::LANGUAGE_CODE,
            "a language's code of ISO 639-1",
        ),
        Is::Gender => (
            None,
            matches!(text, "" | "female" | "male" | "diverse"),
            &rules::GENDER,
            "female, male or diverse",
        ),
        Is::Email(length) => (
            Some(*length),
            text.is_empty() || is_email(text),
            &rules::EMAIL_ADDRESS,
            "an e-mail address",
        ),
        Is::Address(length) => (
            Some(*length),
            is_address(text, &[]),
            &rules::REDIRECT_URL,
            "an absolute URL",
        ),
        Is::WebAddress(length) => (
            *length,
            is_address(text, &["http", "https"]),
            &rules::WEBHOOK_URL,
            "an absolute URL",
        ),
        Is::Sms => (
            None,
            text.contains("[TAN]"),
            &rules::SMS_PLACEHOLDER,
            "a text with the placeholder [TAN]",
        ),
        Is::Base64 => (None, decode(text).is_some(), &rules::BASE64, "Base64"),
        Is::Jpeg => (
            None,
            decode(text).is_some_and(|image| image.starts_with(b"\xff\xd8\xff")),
            &rules::JPEG,
            "a JPEG image as Base64",
        ),
        _ => (
            None,
            false,
            &rules::ELEMENT_TYPE,
            "of another type than a text",
        ),
    };
    match length {
        Some(length) if text.chars().count() > length => Err(Failure::by(
            &rules::TEXT_LENGTH,
            format!("{path} must have at most {length} characters"),
        )),
        _ if !right => Err(Failure::by(rule, format!("{path} must be {what}"))),
        _ => Ok(()),
    }
}

fn within(value: &Value, length: usize, path: &str) -> Result<(), Failure> {
    match value {
        Value::String(found) => text(&Is::Text(length), found, path),
        _ => Err(Failure::by(
            &rules::ELEMENT_TYPE,
            format!("{path} must hold texts"),
        )),
    }
}

/// The document's own sample has a blank after the address.
fn is_email(text: &str) -> bool {
    let text = text.trim();
    !text.contains(char::is_whitespace)
        && text.split_once('@').is_some_and(|(name, domain)| {
            !name.is_empty() && !domain.is_empty() && !domain.contains('@')
        })
}

fn is_address(text: &str, schemes: &[&str]) -> bool {
    let filled = text
        .replace("[OrderID]", "1")
        .replace("[Ref]", "1")
        .replace("[statusCode]", "1");
    url::Url::parse(&filled).is_ok_and(|url| schemes.is_empty() || schemes.contains(&url.scheme()))
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}
