//! The parameters with data of a person: of the start call (table of chapter 3.2.8) and of a link
//! (table of 5.4.2).

use idv_core::report::Country;
use idv_core::{Error, Result};
use jiff::civil::Date;

/// One parameter of both tables.
#[derive(Debug)]
pub(crate) struct Parameter {
    /// The vendor's name.
    pub(crate) name: &'static str,
    /// The path in the model, for errors.
    pub(crate) path: &'static str,
    rule: Rule,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    Text,
    Date,
    Country,
    Gender,
    Language,
    TransactionNumber,
}

/// Every parameter of the tables of chapters 3.2.8 and 5.4.2, in the alphabetical order that links
/// require. `questions` is only in the first table, `timestamp` and `signature` are only in links;
/// callers do not choose these three, so they are not listed here.
pub(crate) const PARAMETERS: &[Parameter] = &[
    parameter("birthday", "person.birth_date", Rule::Date),
    parameter("birthname", "person.birth_name", Rule::Text),
    parameter("birthplace", "person.birth_place", Rule::Text),
    parameter("city", "person.address.city", Rule::Text),
    parameter("country", "person.address.country", Rule::Country),
    parameter("custom1", "custom.custom1", Rule::Text),
    parameter("custom2", "custom.custom2", Rule::Text),
    parameter("custom3", "custom.custom3", Rule::Text),
    parameter("custom4", "custom.custom4", Rule::Text),
    parameter("custom5", "custom.custom5", Rule::Text),
    parameter("email", "contact.email", Rule::Text),
    parameter("firstname", "person.given_names", Rule::Text),
    parameter("gender", "person.gender", Rule::Gender),
    parameter("lastname", "person.family_name", Rule::Text),
    parameter("mobilephone", "contact.phone", Rule::Text),
    parameter("nationality", "person.nationality", Rule::Country),
    parameter("preferredLang", "locale", Rule::Language),
    parameter("street", "person.address.street", Rule::Text),
    parameter("streetnumber", "person.address.house_number", Rule::Text),
    parameter("title", "person.title", Rule::Text),
    parameter("trackingid", "custom.trackingid", Rule::Text),
    parameter("transactionnumber", "reference", Rule::TransactionNumber),
    parameter("zipcode", "person.address.postal_code", Rule::Text),
];

const fn parameter(name: &'static str, path: &'static str, rule: Rule) -> Parameter {
    Parameter { name, path, rule }
}

impl Parameter {
    /// Returns the parameter of this name, in the exact notation of the tables.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        PARAMETERS.iter().find(|parameter| parameter.name == name)
    }

    /// Checks a value against the tables. The error names the model's field and never the value.
    pub(crate) fn check(&self, value: &str) -> Result<()> {
        let (allowed, expected) = match self.rule {
            Rule::Text => (true, ""),
            Rule::Date => (is_date(value), "write YYYY-MM-DD"),
            Rule::Country => (
                Country::from_alpha2(value).is_some(),
                "expected two upper-case letters (ISO 3166)",
            ),
            Rule::Gender => (
                matches!(value, "MALE" | "FEMALE"),
                "expected MALE or FEMALE, the only values of IDnow",
            ),
            Rule::Language => (
                is_language(value),
                "expected two lower-case letters (ISO 639-1)",
            ),
            Rule::TransactionNumber => return super::TransactionNumber::parse(value).map(drop),
        };
        if allowed {
            Ok(())
        } else {
            Err(Error::invalid(self.path, expected))
        }
    }
}

/// Returns whether a text is an existing date in the form `YYYY-MM-DD`.
fn is_date(value: &str) -> bool {
    value.len() == 10
        && value
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-')
        && value.parse::<Date>().is_ok()
}

fn is_language(value: &str) -> bool {
    value.len() == 2 && value.bytes().all(|byte| byte.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_sorted_ignoring_case() {
        assert!(PARAMETERS.is_sorted_by(|a, b| a.name.to_lowercase() < b.name.to_lowercase()));
    }

    #[test]
    fn invalid_values_are_refused_by_the_models_name() {
        for (name, good, bad) in [
            (
                "birthday",
                "1975-12-20",
                &[
                    "1975-02-30",
                    "20.12.1975",
                    "+001975-12-20",
                    "1975-12-20T00",
                    "",
                ][..],
            ),
            ("country", "DE", &["de", "DEU", "XX", ""]),
            ("nationality", "CH", &["Schweiz"]),
            ("gender", "FEMALE", &["female", "DIVERSE", "X"]),
            ("preferredLang", "en", &["EN", "en-GB", "english"]),
            ("transactionnumber", "287492_23552", &["a b", "ü", ""]),
        ] {
            let parameter = Parameter::named(name).unwrap();
            assert!(parameter.check(good).is_ok(), "{name}");
            for bad in bad {
                let error = parameter.check(bad).unwrap_err().to_string();
                assert!(error.contains(parameter.path), "{error}");
                assert!(bad.len() < 3 || !error.contains(bad), "{error}");
            }
        }
        assert!(Parameter::named("preferredlang").is_none());
    }
}
