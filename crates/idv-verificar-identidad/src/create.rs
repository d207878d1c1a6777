//! From a verification of the model to a request of the vendor.

use idv_core::report::{Country, DocumentKind};
use idv_core::{Error, NewVerification, Pii, Result};

use crate::api::SendRequest;
use crate::config::{PURPOSE, VerificarIdentidadConfig};
use crate::dni::Dni;

/// What a creation takes, as [`NewVerification::given`] names it, where every text says the purpose.
pub(crate) const ACCEPTS: &[&str] = &["contact.phone", "document.number", "locale", "purpose"];

/// The same, where a text does not.
pub(crate) const ACCEPTS_WITHOUT_PURPOSE: &[&str] = &["contact.phone", "document.number", "locale"];

/// What the model calls the parameters of a request.
pub(crate) const NAMES: &[(&str, &str)] = &[("Telefono", "contact.phone"), ("Dni", "document.number")];

/// The request for a verification.
pub(crate) fn request(new: &NewVerification, config: &VerificarIdentidadConfig) -> Result<SendRequest> {
    let phone = new.contact.phone.as_ref().ok_or_else(|| {
        Error::invalid(
            "contact.phone",
            "the vendor texts the person, and has no other way to reach them: a mobile phone is needed",
        )
    })?;
    let mut request = SendRequest::new(digits(phone.expose())?);
    request.message = Some(Pii::new(message(new, config)?));
    request.sender.clone_from(&config.sender);
    if let Some(number) = new.document.number.as_ref().filter(|_| is_spanish(new)) {
        // A passport has a number of its own kind; every other document of Spain carries the DNI or NIE.
        let number = Dni::parse(number.expose()).map_err(|error| error.with_field_named(NAMES))?;
        request.number = Some(Pii::from(number.expose()));
    }
    Ok(request)
}

/// Whether the number of the document is a DNI or NIE. A document that nobody says more of is taken for a Spanish one, as the vendor
/// does.
fn is_spanish(new: &NewVerification) -> bool {
    let document = &new.document;
    let country = document.issuing_country.as_ref().map(|country| *country.expose());
    let kind = document.kind.as_ref().map(|kind| *kind.expose());
    country.is_none_or(|country| Country::from_alpha2("ES") == Some(country)) && kind != Some(DocumentKind::Passport)
}

/// The number as the vendor takes it: with the country code, in digits alone.
fn digits(phone: &str) -> Result<String> {
    let plain: String = phone.chars().filter(|character| !matches!(character, ' ' | '-' | '.' | '/' | '(' | ')')).collect();
    // Without a sign for the country, the first digits may be a country's by chance.
    plain
        .strip_prefix('+')
        .or_else(|| plain.strip_prefix("00"))
        .map(str::to_owned)
        .ok_or_else(|| Error::invalid("contact.phone", "it must begin with + and the country code, such as +34600000001"))
}

/// What the person reads: the text of their language, or of the configuration's.
fn message(new: &NewVerification, config: &VerificarIdentidadConfig) -> Result<String> {
    let own = new.locale.as_ref().and_then(|locale| config.template(locale.language()));
    let template = own
        .or_else(|| config.template(&config.language))
        .ok_or_else(|| Error::config("language has no text in messages, and none is built in"))?;
    let purpose = new.purpose.as_deref().unwrap_or_default().trim();
    if purpose.contains(['[', ']']) || purpose.chars().any(char::is_control) {
        return Err(Error::invalid(
            "purpose",
            "it stands in a text message: no brackets, which the vendor replaces, and no control character",
        ));
    }
    let message = template.replace(PURPOSE, purpose);
    // Where there is no purpose, nothing is left of its place.
    Ok(if purpose.is_empty() { message.split_whitespace().collect::<Vec<_>>().join(" ") } else { message })
}
