//! The attributes of an ident ("Ident Attributes").

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::rules;
use crate::failure::Failure;
use crate::iso::{is_country, is_date};
use crate::rule::Rule;

/// The prefix of a PDF's Base64 text in the document's sample.
const PDF_PREFIX: &str = "data:@file/pdf;base64,";

/// The format of an attribute's value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Text,
    /// Documented as upper case. The samples are not, so that a deviation is recorded rather than
    /// refused.
    UpperCase,
    Date,
    Gender,
    Email,
    Phone,
    Country,
    TypeOfId,
    Url,
    Pdf,
}

/// The attributes: name, whether it is required, and format. The last seven come from later
/// versions of the document.
const ATTRIBUTES: [(&str, bool, Format); 40] = [
    ("project_id", true, Format::Text),
    ("company_name", false, Format::Text),
    ("store_name", false, Format::Text),
    ("branche", false, Format::Text),
    ("birthday", true, Format::Date),
    ("birth_place", true, Format::UpperCase),
    ("email", true, Format::Email),
    ("gender", true, Format::Gender),
    ("person_title", false, Format::Text),
    ("person_first_name", true, Format::UpperCase),
    ("person_last_name", true, Format::UpperCase),
    ("person_position", false, Format::Text),
    ("mobile_phone", true, Format::Phone),
    ("international_code", false, Format::Text),
    ("nationality", true, Format::Country),
    ("street", false, Format::UpperCase),
    ("house_no", false, Format::Text),
    ("zip_code", true, Format::Text),
    ("city", true, Format::UpperCase),
    ("country", true, Format::Country),
    ("type_of_id", false, Format::TypeOfId),
    ("id_number", false, Format::Text),
    ("id_country", false, Format::Country),
    ("id_issue_date", false, Format::Date),
    ("id_end_date", false, Format::Date),
    ("issuing_authority", false, Format::Text),
    ("pdf_url", false, Format::Url),
    ("pdf_content", false, Format::Pdf),
    ("custom_id", false, Format::Text),
    ("custom1", false, Format::Text),
    ("custom2", false, Format::Text),
    ("custom3", false, Format::Text),
    ("custom4", false, Format::Text),
    ("company_hrb_number", false, Format::Text),
    ("company_hrb_city", false, Format::Text),
    ("company_street", false, Format::Text),
    ("company_house_no", false, Format::Text),
    ("company_zip_code", false, Format::Text),
    ("company_city", false, Format::Text),
    ("company_country", false, Format::Text),
];

/// The checked attributes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Submitted {
    fields: BTreeMap<String, String>,
    /// Attributes that should be in upper case and are not.
    pub(crate) not_uppercase: Vec<&'static str>,
    /// Attributes that are not in the table.
    pub(crate) unknown: Vec<String>,
}

impl Submitted {
    /// Parses and checks the body of ident/create.
    pub(crate) fn parse(body: &Map<String, Value>) -> Result<Self, Failure> {
        let mut submitted = Self::default();
        for (name, value) in body {
            if value.is_object() || value.is_array() {
                return Err(Failure::by(
                    &rules::FLAT,
                    format!("{name}: the expected JSON structure is flat"),
                ));
            }
            if !ATTRIBUTES.iter().any(|(known, ..)| known == name) {
                submitted.unknown.push(name.clone());
            }
        }
        for (name, required, format) in ATTRIBUTES {
            let text = match body.get(name) {
                None | Some(Value::Null) => None,
                Some(Value::String(text)) => Some(text.clone()),
                // A number in the sample of project/get, a string in that of ident/create.
                Some(Value::Number(number)) if name == "project_id" && number.is_u64() => {
                    Some(number.to_string())
                }
                Some(_) => {
                    return Err(Failure::by(&rules::TEXT, format!("{name} must be a text")));
                }
            };
            let Some(text) = text.filter(|text| !text.trim().is_empty()) else {
                if required {
                    return Err(Failure::by(&rules::REQUIRED, format!("{name} is required")));
                }
                continue;
            };
            format
                .check(&text)
                .map_err(|(rule, form)| Failure::by(rule, format!("{name} must be {form}")))?;
            if format == Format::UpperCase && text.chars().any(char::is_lowercase) {
                submitted.not_uppercase.push(name);
            }
            submitted.fields.insert(name.to_owned(), text);
        }
        Ok(submitted)
    }

    /// Returns the person of the document's sample, with the required attributes.
    pub(crate) fn sample(project_id: &str) -> Result<Self, Failure> {
        let body = sample(project_id, "sample");
        Self::parse(body.as_object().unwrap_or(&Map::new()))
    }

    /// Returns an attribute.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }

    /// Replaces a value by the agent's reading of the document.
    pub(crate) fn correct(&mut self, name: &str, value: &str) {
        self.fields.insert(name.to_owned(), value.to_owned());
    }

    /// Deletes the person's data.
    pub(crate) fn forget(&mut self) {
        let kept = ["project_id", "custom_id"];
        self.fields.retain(|name, _| kept.contains(&name.as_str()));
    }
}

/// Returns the body of a request with the person of the document's samples.
pub(super) fn sample(project_id: &str, custom_id: &str) -> Value {
    json!({
        "project_id": project_id, "custom_id": custom_id, "gender": "MALE",
        "person_first_name": "JOHN", "person_last_name": "DOE", "nationality": "DE",
        "birthday": "1981-09-05", "birth_place": "BERLIN", "email": "johndoe@identify24.de",
        "mobile_phone": "01511111111", "zip_code": "94670", "city": "NÜRNBERG",
        "country": "DE",
    })
}

impl Format {
    /// Checks a value. A violation has the rule and the expected form.
    fn check(self, text: &str) -> Result<(), (&'static Rule, &'static str)> {
        let (fits, rule, form) = match self {
            Self::Text | Self::UpperCase => return Ok(()),
            Self::Date => (is_date(text), &rules::DATE, "a date: YYYY-MM-DD"),
            Self::Gender => (
                matches!(text, "MALE" | "FEMALE"),
                &rules::GENDER,
                "either MALE or FEMALE",
            ),
            Self::Email => (is_email(text), &rules::EMAIL, "an e-mail address"),
            Self::Phone => (is_phone(text), &rules::PHONE, "a phone number"),
            Self::Country => (
                is_country(text, 2),
                &rules::COUNTRY,
                "an uppercase two-letter code of ISO 3166",
            ),
            Self::TypeOfId => (
                matches!(text, "Personalausweis" | "Reisepass"),
                &rules::TYPE_OF_ID,
                "Personalausweis or Reisepass",
            ),
            Self::Url => (is_url(text), &rules::PDF_URL, "a URL"),
            Self::Pdf => (is_pdf(text), &rules::PDF_CONTENT, "a PDF in Base64"),
        };
        if fits { Ok(()) } else { Err((rule, form)) }
    }
}

fn is_email(text: &str) -> bool {
    let parts = text.rsplit_once('@');
    let is_clean = !text
        .chars()
        .any(|letter| letter.is_whitespace() || letter.is_control());
    is_clean
        && parts
            .is_some_and(|(person, host)| !person.is_empty() && !host.trim_matches('.').is_empty())
}

/// Returns whether a text is a phone number, with or without a country code, in any grouping.
fn is_phone(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let rest = text.strip_prefix('+').unwrap_or(text);
    (5..=20).contains(&digits)
        && rest
            .chars()
            .all(|letter| letter.is_ascii_digit() || matches!(letter, ' ' | '-' | '/' | '(' | ')'))
}

fn is_url(text: &str) -> bool {
    url::Url::parse(text)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

fn is_pdf(text: &str) -> bool {
    let content = text.strip_prefix(PDF_PREFIX).unwrap_or(text);
    STANDARD
        .decode(content)
        .is_ok_and(|bytes| bytes.starts_with(b"%PDF-"))
}
