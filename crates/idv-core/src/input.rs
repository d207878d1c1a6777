//! The inputs of a create request: one table of paths, formats and builder methods.

use jiff::civil::Date;
use serde::Deserialize;
use serde::de::IntoDeserializer as _;
use url::Url;

use crate::error::{Error, Result};
use crate::id::Reference;
use crate::new::{Locale, NewVerification};
use crate::pii::Pii;
use crate::report::{Country, DocumentKind, Gender};

/// One input of a create request, such as the family name.
///
/// Every input can be set from a string. Errors, capabilities, the builder and the options of the
/// program `idv` are all derived from the table [`Input::ALL`].
///
/// ```
/// use idv_core::Input;
///
/// let input = Input::at("person.birth_date").expect("a known path");
/// assert_eq!((input.name, input.form), ("birth_date", "YYYY-MM-DD"));
/// ```
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Input {
    /// The path in [`NewVerification`] and in its JSON, such as `person.birth_date`.
    pub path: &'static str,
    /// The name of the builder method, such as `birth_date`.
    pub name: &'static str,
    /// The format of the string, such as `YYYY-MM-DD`.
    pub form: &'static str,
    /// A description in one sentence.
    pub description: &'static str,
    is_given: fn(&NewVerification) -> bool,
    set: fn(&mut NewVerification, &str) -> Option<()>,
    clear: fn(&mut NewVerification),
}

impl Input {
    /// Returns the input with this path.
    #[must_use]
    pub fn at(path: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|input| input.path == path)
    }

    /// Returns whether a request contains the input.
    #[must_use]
    pub fn is_given(&self, new: &NewVerification) -> bool {
        (self.is_given)(new)
    }

    /// Sets the input from a string.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) naming the path and the expected
    /// format.
    pub fn set(&self, new: &mut NewVerification, text: &str) -> Result<()> {
        (self.set)(new, text).ok_or_else(|| {
            Error::invalid(self.path, format!("expected {}", expectation(self.form)))
        })
    }

    /// Removes the input from a request.
    pub fn clear(&self, new: &mut NewVerification) {
        (self.clear)(new);
    }
}

/// Describes a format in words.
fn expectation(form: &str) -> &str {
    match form {
        "YYYY-MM-DD" => "a date as YYYY-MM-DD",
        "COUNTRY" => "a country of ISO 3166, such as DE",
        "LOCALE" => "a language and optionally a country, such as de or en-GB",
        "PHONE" => "a number with + and the country code, such as +491701234567",
        "URL" => "a URL with its scheme",
        "TEXT" => "a text that is not empty",
        words => words,
    }
}

macro_rules! inputs {
    ($($path:literal $($field:ident).+ = $read:expr, $name:ident, $form:literal, $description:literal;)*) => {
        impl Input {
            /// Every input except the custom data, in the order of [`NewVerification`].
            pub const ALL: &'static [Self] = &[
                $(Self {
                    path: $path,
                    name: stringify!($name),
                    form: $form,
                    description: $description,
                    is_given: |new| new.$($field).+.is_some(),
                    set: |new, text| {
                        new.$($field).+ = Some($read(text)?);
                        Some(())
                    },
                    clear: |new| new.$($field).+ = None,
                },)*
            ];
        }

        impl NewVerificationBuilder {
            $(
                #[doc = concat!("Sets `", $path, "` from a string of the form `", $form, "`.")]
                #[doc = ""]
                #[doc = $description]
                pub fn $name(self, value: impl ToString) -> Self {
                    self.input($path, &value.to_string())
                }
            )*
        }
    };
}

inputs! {
    "person.given_names" person.given_names = pii(text), given_names, "TEXT", "All given names, as on the document.";
    "person.family_name" person.family_name = pii(text), family_name, "TEXT", "The family name, as on the document.";
    "person.birth_name" person.birth_name = pii(text), birth_name, "TEXT", "The family name at birth, without a prefix such as née.";
    "person.birth_date" person.birth_date = pii(date), birth_date, "YYYY-MM-DD", "The date of birth.";
    "person.birth_place" person.birth_place = pii(text), birth_place, "TEXT", "The place of birth.";
    "person.nationality" person.nationality = pii(country), nationality, "COUNTRY", "The nationality.";
    "person.gender" person.gender = pii(word::<Gender>), gender, "female, male or diverse", "The gender.";
    "person.title" person.title = pii(text), title, "TEXT", "The academic title, if documents have it as part of the name.";
    "person.address.street" person.address.street = pii(text), street, "TEXT", "The street, without the house number.";
    "person.address.house_number" person.address.house_number = pii(text), house_number, "TEXT",
        "The house number with any suffix.";
    "person.address.postal_code" person.address.postal_code = pii(text), postal_code, "TEXT", "The postal code.";
    "person.address.city" person.address.city = pii(text), city, "TEXT", "The city.";
    "person.address.country" person.address.country = pii(country), country, "COUNTRY", "The country of the address.";
    "contact.email" contact.email = pii(text), email, "TEXT", "The e-mail address.";
    "contact.phone" contact.phone = pii(phone), phone, "PHONE", "The mobile phone number.";
    "document.kind" document.kind = pii(word::<DocumentKind>), document_kind,
        "id_card, passport, residence_permit, driving_licence or other", "The kind of the expected document.";
    "document.number" document.number = pii(text), document_number, "TEXT", "The number of the expected document.";
    "document.issuing_country" document.issuing_country = pii(country), issuing_country, "COUNTRY",
        "The country that issued the document.";
    "document.issuer" document.issuer = pii(text), issuer, "TEXT", "The authority that issued the document.";
    "document.issued_on" document.issued_on = pii(date), issued_on, "YYYY-MM-DD", "The date on which the document was issued.";
    "document.expires_on" document.expires_on = pii(date), expires_on, "YYYY-MM-DD", "The date on which the document expires.";
    "locale" locale = locale, locale, "LOCALE", "The language of the session.";
    "return_urls.success" return_urls.success = url, success_url, "URL", "The URL to which the person's browser returns after success.";
    "return_urls.failure" return_urls.failure = url, failure_url, "URL", "The URL to which the person's browser returns after a failure.";
    "callback_url" callback_url = url, callback_url, "URL", "The URL for the vendor's callbacks.";
    "purpose" purpose = text, purpose, "TEXT", "The purpose of the verification, shown to the person.";
}

/// Builds a [`NewVerification`] from strings, or from values that print as one: a date, a country,
/// a URL.
///
/// ```
/// use idv_core::{NewVerification, OsRandom, Reference};
///
/// let new = NewVerification::builder(Reference::random(&OsRandom))
///     .given_names("Erika")
///     .family_name("Mustermann")
///     .birth_date("1964-08-12")
///     .country("DE")
///     .phone("+49 170 1234567")
///     .build()?;
/// assert_eq!(new.given().len(), 5);
///
/// let error = NewVerification::builder(Reference::random(&OsRandom)).birth_date("12.8.1964").build().unwrap_err();
/// assert_eq!(error.to_string(), "`person.birth_date` is not valid: expected a date as YYYY-MM-DD");
/// # Ok::<(), idv_core::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct NewVerificationBuilder {
    new: NewVerification,
    error: Option<String>,
    path: &'static str,
}

impl NewVerificationBuilder {
    pub(crate) const fn new(new: NewVerification) -> Self {
        Self {
            new,
            error: None,
            path: "",
        }
    }

    /// Adds data that the vendor returns with the report.
    ///
    /// Every vendor that supports such data accepts the names `custom1` to `custom4`.
    pub fn custom(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.new.custom.insert(name.into(), Pii::new(value.into()));
        self
    }

    /// Builds the request.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) naming the first input whose string
    /// does not have the expected format.
    pub fn build(self) -> Result<NewVerification> {
        match self.error {
            Some(detail) => Err(Error::invalid(self.path, detail)),
            None => Ok(self.new),
        }
    }

    fn input(mut self, path: &'static str, text: &str) -> Self {
        // Every path here is in the table.
        if let Some(input) = Input::at(path)
            && (input.set)(&mut self.new, text).is_none()
            && self.error.is_none()
        {
            (self.error, self.path) = (Some(format!("expected {}", expectation(input.form))), path);
        }
        self
    }
}

impl NewVerification {
    /// Returns a builder that accepts strings.
    pub fn builder(reference: Reference) -> NewVerificationBuilder {
        NewVerificationBuilder::new(Self::new(reference))
    }

    /// Sets an input by its path, such as `person.birth_date` or `custom.custom1`, from a string.
    ///
    /// ```
    /// use idv_core::{NewVerification, OsRandom, Reference};
    ///
    /// let mut new = NewVerification::new(Reference::random(&OsRandom));
    /// new.set("person.birth_date", "1964-08-12")?;
    /// new.set("custom.custom1", "branch 7")?;
    /// assert_eq!(new.given(), ["person.birth_date", "custom"]);
    /// assert!(new.set("person.shoe_size", "42").is_err());
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) naming the path, if it is unknown or
    /// the string does not have the expected format.
    pub fn set(&mut self, path: &str, text: &str) -> Result<()> {
        if let Some(name) = path.strip_prefix("custom.") {
            self.custom
                .insert(name.to_owned(), Pii::new(text.to_owned()));
            return Ok(());
        }
        match Input::at(path) {
            Some(input) => input.set(self, text),
            None => Err(Error::invalid(path.to_owned(), "unknown input")),
        }
    }

    /// Returns the paths of all inputs that the request contains.
    ///
    /// Errors, [`VendorInfo::accepts`](crate::VendorInfo::accepts),
    /// [`VendorInfo::requires`](crate::VendorInfo::requires) and
    /// [`CreateResponse::unsupported_fields`](crate::CreateResponse::unsupported_fields) use the
    /// same paths. All custom data are one input, `custom`.
    #[must_use]
    pub fn given(&self) -> Vec<&'static str> {
        let custom = (!self.custom.is_empty()).then_some("custom");
        Input::ALL
            .iter()
            .filter(|input| input.is_given(self))
            .map(|input| input.path)
            .chain(custom)
            .collect()
    }
}

fn pii<T>(read: impl Fn(&str) -> Option<T>) -> impl Fn(&str) -> Option<Pii<T>> {
    move |text| read(text).map(Pii::new)
}

fn text(text: &str) -> Option<String> {
    (!text.trim().is_empty()).then(|| text.to_owned())
}

fn date(text: &str) -> Option<Date> {
    // jiff accepts other formats as well.
    text.trim()
        .parse()
        .ok()
        .filter(|date: &Date| date.to_string() == text.trim())
}

fn country(text: &str) -> Option<Country> {
    Country::from_word(text.trim())
}

fn locale(text: &str) -> Option<Locale> {
    text.trim().parse().ok()
}

fn url(text: &str) -> Option<Url> {
    text.trim().parse().ok()
}

fn word<T: for<'de> Deserialize<'de>>(text: &str) -> Option<T> {
    let deserializer: serde::de::value::StrDeserializer<'_, serde::de::value::Error> =
        text.trim().into_deserializer();
    T::deserialize(deserializer).ok()
}

/// Parses a phone number, without spaces, hyphens and brackets, and with `+` in place of `00`.
///
/// A national number is kept as it is, because some vendors accept it.
fn phone(text: &str) -> Option<String> {
    let plain: String = text
        .chars()
        .filter(|character| !matches!(character, ' ' | '-' | '/' | '(' | ')' | '.' | '\u{a0}'))
        .collect();
    let plain = plain
        .strip_prefix("00")
        .map_or(plain.clone(), |rest| format!("+{rest}"));
    let digits = plain.strip_prefix('+').unwrap_or(&plain);
    (digits.len() >= 5 && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blank() -> NewVerification {
        NewVerification::new(Reference::parse("0123456789abcdef").unwrap())
    }

    /// Returns a valid string for an input.
    fn example(input: &Input) -> &'static str {
        match input.form {
            "YYYY-MM-DD" => "1964-08-12",
            "COUNTRY" => "DE",
            "LOCALE" => "en-GB",
            "PHONE" => "+491701234567",
            "URL" => "https://example.com/a",
            "TEXT" => "text",
            words => words.split([',', ' ']).next().unwrap(),
        }
    }

    /// Returns the paths of the leaves of a JSON object.
    fn leaves(json: &serde_json::Value, path: &str, into: &mut Vec<String>) {
        match json.as_object() {
            Some(members) => {
                for (name, value) in members {
                    leaves(
                        value,
                        &if path.is_empty() {
                            name.clone()
                        } else {
                            format!("{path}.{name}")
                        },
                        into,
                    );
                }
            }
            None => into.push(path.to_owned()),
        }
    }

    #[test]
    fn input_is_a_leaf_of_the_json_and_can_be_cleared() {
        let mut new = blank();
        for input in Input::ALL {
            assert!(!input.is_given(&new));
            input.set(&mut new, example(input)).unwrap();
            assert!(input.is_given(&new), "{}", input.path);
        }
        new.set("custom.custom1", "x").unwrap();
        let mut paths = Vec::new();
        leaves(&serde_json::to_value(&new).unwrap(), "", &mut paths);
        paths.retain(|path| path != "reference" && path != "custom.custom1");
        let mut known: Vec<&str> = Input::ALL.iter().map(|input| input.path).collect();
        paths.sort_unstable();
        known.sort_unstable();
        assert_eq!(paths, known);
        assert_eq!(new.given().len(), Input::ALL.len() + 1);
        for input in Input::ALL {
            input.clear(&mut new);
            assert!(!input.is_given(&new), "{}", input.path);
        }
        assert_eq!(new.given(), ["custom"]);
    }

    #[test]
    fn invalid_string_is_refused_without_its_value() {
        for (path, text) in [
            ("person.birth_date", "12.8.1964"),
            ("person.birth_date", "1964-08-12T00:00"),
            ("person.nationality", "Germania"),
            ("person.gender", "Female"),
            ("document.kind", "ausweis"),
            ("locale", "german"),
            ("contact.phone", "secret-number"),
            ("callback_url", "example.com"),
            ("person.family_name", " "),
            ("person.fist_name", "secret"),
        ] {
            let error = blank().set(path, text).unwrap_err().to_string();
            assert!(
                error.contains(path) && (text.trim().is_empty() || !error.contains(text)),
                "{error}"
            );
        }
    }

    #[test]
    fn phone_number_is_parsed_in_usual_notations() {
        for (text, read) in [
            ("+49 (170) 123-4567", Some("+491701234567")),
            ("0049 170 1234567", Some("+491701234567")),
            ("0170 / 1234567", Some("01701234567")),
            ("+49", None),
            ("+49 170 CALL-ME", None),
        ] {
            assert_eq!(phone(text).as_deref(), read, "{text}");
        }
    }
}
