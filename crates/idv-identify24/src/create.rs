//! Maps a verification of the model to an ident.

use idv_core::report::{DocumentKind, Gender};
use idv_core::{Error, NewVerification, Pii, Result};

use crate::api::{self, NewIdent, TypeOfId};

/// The inputs that every ident requires ("Create ident", required attributes).
pub(crate) const REQUIRES: [&str; 11] = [
    "person.given_names",
    "person.family_name",
    "person.gender",
    "person.birth_date",
    "person.birth_place",
    "person.nationality",
    "person.address.postal_code",
    "person.address.city",
    "person.address.country",
    "contact.email",
    "contact.phone",
];

/// The inputs that `create` accepts, by their names in [`NewVerification::given`].
pub(crate) const ACCEPTS: &[&str] = &[
    "person.given_names",
    "person.family_name",
    "person.birth_date",
    "person.birth_place",
    "person.nationality",
    "person.gender",
    "person.title",
    "person.address.street",
    "person.address.house_number",
    "person.address.postal_code",
    "person.address.city",
    "person.address.country",
    "contact.email",
    "contact.phone",
    "document.kind",
    "document.number",
    "document.issuing_country",
    "document.issuer",
    "document.issued_on",
    "document.expires_on",
    "custom",
];

/// The model's names of the attributes of an ident.
pub(crate) const NAMES: &[(&str, &str)] = &[
    ("person_first_name", "person.given_names"),
    ("person_last_name", "person.family_name"),
    ("birthday", "person.birth_date"),
    ("birth_place", "person.birth_place"),
    ("nationality", "person.nationality"),
    ("gender", "person.gender"),
    ("person_title", "person.title"),
    ("street", "person.address.street"),
    ("house_no", "person.address.house_number"),
    ("zip_code", "person.address.postal_code"),
    ("city", "person.address.city"),
    ("country", "person.address.country"),
    ("email", "contact.email"),
    ("mobile_phone", "contact.phone"),
    ("type_of_id", "document.kind"),
    ("id_number", "document.number"),
    ("id_country", "document.issuing_country"),
    ("issuing_authority", "document.issuer"),
    ("id_issue_date", "document.issued_on"),
    ("id_end_date", "document.expires_on"),
    ("custom_id", "reference"),
    ("custom1", "custom"),
    ("custom2", "custom"),
    ("custom3", "custom"),
    ("custom4", "custom"),
];

/// Builds the ident of a verification without checking it.
pub(crate) fn ident(new: &NewVerification, project_id: u64) -> Result<NewIdent> {
    let (person, address, document) = (&new.person, &new.person.address, &new.document);
    let mut ident = NewIdent::new(project_id);
    ident.custom_id = Some(new.reference.as_str().into());
    ident.person_first_name.clone_from(&person.given_names);
    ident.person_last_name.clone_from(&person.family_name);
    ident.birthday.clone_from(&person.birth_date);
    ident.birth_place.clone_from(&person.birth_place);
    ident.nationality.clone_from(&person.nationality);
    ident.gender = person.gender.as_ref().map(gender).transpose()?;
    ident.person_title.clone_from(&person.title);
    ident.street.clone_from(&address.street);
    ident.house_no.clone_from(&address.house_number);
    ident.zip_code.clone_from(&address.postal_code);
    ident.city.clone_from(&address.city);
    ident.country.clone_from(&address.country);
    ident.email.clone_from(&new.contact.email);
    ident.mobile_phone.clone_from(&new.contact.phone);
    ident.type_of_id = document.kind.as_ref().map(type_of_id).transpose()?;
    ident.id_number.clone_from(&document.number);
    ident.id_country.clone_from(&document.issuing_country);
    ident.issuing_authority.clone_from(&document.issuer);
    ident.id_issue_date.clone_from(&document.issued_on);
    ident.id_end_date.clone_from(&document.expires_on);
    for (name, value) in &new.custom {
        let place = match name.as_str() {
            "custom1" => &mut ident.custom1,
            "custom2" => &mut ident.custom2,
            "custom3" => &mut ident.custom3,
            "custom4" => &mut ident.custom4,
            _ => {
                return Err(Error::invalid(
                    "custom",
                    "Identify24 accepts only custom1 to custom4",
                ));
            }
        };
        *place = Some(value.clone());
    }
    Ok(ident)
}

fn gender(gender: &Pii<Gender>) -> Result<Pii<api::Gender>> {
    match gender.expose() {
        Gender::Male => Ok(Pii::new(api::Gender::Male)),
        Gender::Female => Ok(Pii::new(api::Gender::Female)),
        _ => Err(Error::invalid(
            "person.gender",
            "Identify24 accepts only male and female",
        )),
    }
}

fn type_of_id(kind: &Pii<DocumentKind>) -> Result<Pii<TypeOfId>> {
    match kind.expose() {
        DocumentKind::IdCard => Ok(Pii::new(TypeOfId::Personalausweis)),
        DocumentKind::Passport => Ok(Pii::new(TypeOfId::Reisepass)),
        _ => Err(Error::invalid(
            "document.kind",
            "Identify24 accepts only identity cards and passports",
        )),
    }
}
