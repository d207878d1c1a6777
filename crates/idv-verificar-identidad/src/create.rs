//! From a verification of the model to a request of the vendor.

use idv_core::report::{Country, DocumentKind};
use idv_core::{Error, NewVerification, Pii, Result};

use crate::api::SendRequest;
use crate::config::{LINK, PURPOSE, VerificarIdentidadConfig, has_control};
use crate::dni;

/// The inputs of a creation if every text has a place for the purpose, by their names in [`NewVerification::given`].
pub(crate) const ACCEPTS: &[&str] = &["contact.phone", "document.number", "locale", "purpose"];

/// The same if a text has none.
pub(crate) const ACCEPTS_WITHOUT_PURPOSE: &[&str] = &["contact.phone", "document.number", "locale"];

/// The model's names for the parameters of a request.
pub(crate) const NAMES: &[(&str, &str)] =
    &[("Telefono", "contact.phone"), ("Dni", "document.number")];

/// The request for a verification.
pub(crate) fn request(
    new: &NewVerification,
    config: &VerificarIdentidadConfig,
) -> Result<SendRequest> {
    let phone = new.contact.phone.as_ref().ok_or_else(|| {
        Error::invalid(
            "contact.phone",
            "the vendor texts the person, and has no other way to reach them: a mobile phone is needed",
        )
    })?;
    let mut request = SendRequest::new(digits(phone.expose())?);
    request.message = Some(Pii::new(message(new, config)?));
    request.sender.clone_from(&config.sender);
    request.number = new
        .document
        .number
        .as_ref()
        .map(|text| number(text.expose(), new))
        .transpose()?;
    Ok(request)
}

/// Returns the number of the document as it is sent: in capitals and without what divides it. Numbers of every country and kind are sent,
/// since the document does not say whose it takes; a DNI or NIE has to have its letter.
fn number(text: &str, new: &NewVerification) -> Result<Pii<String>> {
    let plain = dni::plain(text);
    if plain.is_empty() {
        return Err(Error::invalid(
            "document.number",
            "it has no letters or digits",
        ));
    }
    if is_spanish(new) && dni::letter_holds(&plain) == Some(false) {
        return Err(Error::invalid(
            "document.number",
            "the letter at its end is not the one that a DNI or NIE with these digits has; if it is a foreign number, set document.issuing_country",
        ));
    }
    let divided = |character: char| {
        character.is_alphanumeric() || character.is_whitespace() || matches!(character, '.' | '-')
    };
    Ok(Pii::new(if text.chars().all(divided) {
        plain
    } else {
        text.trim().to_owned()
    }))
}

/// Whether the number of the document may be a DNI or NIE. A passport has a number of its own; a document without a country is taken for a
/// Spanish one.
fn is_spanish(new: &NewVerification) -> bool {
    let document = &new.document;
    let country = document
        .issuing_country
        .as_ref()
        .map(|country| *country.expose());
    let kind = document.kind.as_ref().map(|kind| *kind.expose());
    country.is_none_or(|country| Country::from_alpha2("ES") == Some(country))
        && kind != Some(DocumentKind::Passport)
}

/// The number as the vendor takes it: with the country code, in digits alone.
fn digits(phone: &str) -> Result<String> {
    let divides = |character: char| {
        character.is_whitespace()
            || matches!(
                character,
                '-' | '.' | '/' | '(' | ')' | '\u{2010}'..='\u{2013}'
            )
    };
    let plain: String = phone
        .chars()
        .filter(|character| !divides(*character))
        .collect();
    // Without a sign for the country, the first digits may be a country's by chance.
    plain
        .strip_prefix('+')
        .or_else(|| plain.strip_prefix("00"))
        .map(str::to_owned)
        .ok_or_else(|| {
            Error::invalid(
                "contact.phone",
                "it must begin with + and the country code, such as +34600000001",
            )
        })
}

/// Returns the text message: in the person's language, or in the configuration's.
fn message(new: &NewVerification, config: &VerificarIdentidadConfig) -> Result<String> {
    let own = new
        .locale
        .as_ref()
        .and_then(|locale| config.template(locale.language()));
    let template = own
        .or_else(|| config.template(&config.language))
        .ok_or_else(|| Error::config("language has no text in messages, and none is built in"))?;
    let purpose = new.purpose.as_deref().unwrap_or_default().trim();
    if purpose.contains(LINK) || has_control(purpose) {
        return Err(Error::invalid(
            "purpose",
            "it stands in a text message: remove [LINK], which the vendor replaces, and control characters",
        ));
    }
    if !purpose.is_empty() {
        return Ok(template.replace(PURPOSE, purpose));
    }
    // Without a purpose, nothing is left of its place.
    let places = [
        format!("{PURPOSE} "),
        format!(" {PURPOSE}"),
        PURPOSE.to_owned(),
    ];
    Ok(places
        .iter()
        .fold(template.to_owned(), |message, place| {
            message.replace(place, "")
        })
        .trim()
        .to_owned())
}
