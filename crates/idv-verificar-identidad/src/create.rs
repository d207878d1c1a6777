//! Maps a verification of the model to a request of the vendor.

use idv_core::report::{Country, DocumentKind};
use idv_core::{Error, NewVerification, Pii, Result};

use crate::api::SendRequest;
use crate::config::{LINK, PURPOSE, VerificarIdentidadConfig, has_control};
use crate::dni;

/// The inputs that `create` accepts if every text contains the purpose, by their names in
/// [`NewVerification::given`].
pub(crate) const ACCEPTS: &[&str] = &["contact.phone", "document.number", "locale", "purpose"];

/// The inputs that `create` accepts if a text lacks the purpose.
pub(crate) const ACCEPTS_WITHOUT_PURPOSE: &[&str] = &["contact.phone", "document.number", "locale"];

/// The model's names of the parameters of a request.
pub(crate) const NAMES: &[(&str, &str)] =
    &[("Telefono", "contact.phone"), ("Dni", "document.number")];

/// Builds the request of a verification.
pub(crate) fn request(
    new: &NewVerification,
    config: &VerificarIdentidadConfig,
) -> Result<SendRequest> {
    let phone = new.contact.phone.as_ref().ok_or_else(|| {
        Error::invalid(
            "contact.phone",
            "a mobile number is required, because the vendor reaches the person only by text \
             message",
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

/// Returns the document's number as it is sent: in upper case and without separators.
///
/// The document does not restrict the parameter to Spanish numbers, so numbers of every country and
/// kind are sent. The check letter of a DNI or NIE must be right.
fn number(text: &str, new: &NewVerification) -> Result<Pii<String>> {
    let plain = dni::plain(text);
    if plain.is_empty() {
        return Err(Error::invalid(
            "document.number",
            "expected letters or digits",
        ));
    }
    if is_spanish(new) && dni::letter_holds(&plain) == Some(false) {
        return Err(Error::invalid(
            "document.number",
            "wrong check letter for a DNI or NIE; for a foreign number, set \
             document.issuing_country",
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

/// Returns whether the document's number may be a DNI or NIE. A passport has another number; a
/// document without a country is assumed to be Spanish.
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

/// Returns the number in the vendor's format: the country code and the number, digits only.
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
    // Without an international prefix, the first digits may equal a country code by chance.
    plain
        .strip_prefix('+')
        .or_else(|| plain.strip_prefix("00"))
        .map(str::to_owned)
        .ok_or_else(|| {
            Error::invalid(
                "contact.phone",
                "expected + and the country code, such as +34600000001",
            )
        })
}

/// Returns the text message in the person's language, or in the configured one.
fn message(new: &NewVerification, config: &VerificarIdentidadConfig) -> Result<String> {
    let own = new
        .locale
        .as_ref()
        .and_then(|locale| config.template(locale.language()));
    let template = own
        .or_else(|| config.template(&config.language))
        .ok_or_else(|| Error::config("language has no text in messages and no built-in text"))?;
    let purpose = new.purpose.as_deref().unwrap_or_default().trim();
    if purpose.contains(LINK) || has_control(purpose) {
        return Err(Error::invalid(
            "purpose",
            "remove [LINK], which the vendor replaces, and control characters: the purpose \
             is part of a text message",
        ));
    }
    if !purpose.is_empty() {
        return Ok(template.replace(PURPOSE, purpose));
    }
    // Without a purpose, the spaces around its placeholder are removed, too.
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
