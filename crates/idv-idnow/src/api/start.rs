//! The request that starts an identification.

use std::collections::BTreeMap;

use idv_core::report::{Country, Gender as ModelGender};
use idv_core::{Error, Locale, NewVerification, Pii, Result, pii};
use jiff::civil::Date;
use serde::{Serialize, Serializer};

/// The body of the start call: every parameter of the table of chapter 3.2.8, all of them optional.
///
/// Absent and empty values are not sent. It serializes to the flat JSON of the call, with personal
/// data in clear text. It has no free-form members, because IDnow refuses unknown keys
/// (`UNRECOGNIZED_FIELD`).
///
/// ```
/// use idv_idnow::api::{Answer, StartRequest};
///
/// let mut request = StartRequest::default();
/// request.firstname = Some("Michael".into());
/// request.questions.insert("contract".into(), Answer::YesNo(true.into()));
/// let body = serde_json::to_string(&request)?;
/// assert_eq!(body, r#"{"firstname":"Michael","questions":{"contract":{"value":1}}}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StartRequest {
    /// The person's birthday, sent as `YYYY-MM-DD`.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "pii::exposed"
    )]
    pub birthday: Option<Pii<Date>>,
    /// The person's name at birth, without a prefix such as "Geb.".
    #[serde(skip_serializing_if = "is_empty_text", serialize_with = "pii::exposed")]
    pub birthname: Option<Pii<String>>,
    /// The person's place of birth.
    #[serde(skip_serializing_if = "is_empty_text", serialize_with = "pii::exposed")]
    pub birthplace: Option<Pii<String>>,
    /// The person's city.
    #[serde(skip_serializing_if = "is_empty_text", serialize_with = "pii::exposed")]
    pub city: Option<Pii<String>>,
    /// The person's country, sent as ISO 3166 alpha-2.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "pii::exposed"
    )]
    pub country: Option<Pii<Country>>,
    /// A text that the result returns.
    #[serde(skip_serializing_if = "is_empty_text", serialize_with = "pii::exposed")]
    pub custom1: Option<Pii<String>>,
    /// A text that the result returns.
    #[serde(skip_serializing_if = "is_empty_text", serialize_with = "pii::exposed")]
    pub custom2: Option<Pii<String>>,
    /// A text that the result returns.
    #[serde(skip_serializing_if = "is_empty_text", serialize_with = "pii::exposed")]
    pub custom3: Option<Pii<String>>,
    /// A text that the result returns.
    #[serde(skip_serializing_if = "is_empty_text", serialize_with = "pii::exposed")]
    pub custom4: Option<Pii<String>>,
    /// A text that the result returns.
    #[serde(skip_serializing_if = "is_empty_text", serialize_with = "pii::exposed")]
    pub custom5: Option<Pii<String>>,
    /// The person's e-mail address.
    #[serde(skip_serializing_if = "is_empty_text", serialize_with = "pii::exposed")]
    pub email: Option<Pii<String>>,
    /// The person's given names.
    #[serde(skip_serializing_if = "is_empty_text", serialize_with = "pii::exposed")]
    pub firstname: Option<Pii<String>>,
    /// The person's gender.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "pii::exposed"
    )]
    pub gender: Option<Pii<Gender>>,
    /// The person's family name.
    #[serde(skip_serializing_if = "is_empty_text", serialize_with = "pii::exposed")]
    pub lastname: Option<Pii<String>>,
    /// The person's mobile number. IDnow treats a number without a country code as German.
    #[serde(skip_serializing_if = "is_empty_text", serialize_with = "pii::exposed")]
    pub mobilephone: Option<Pii<String>>,
    /// The person's nationality, sent as ISO 3166 alpha-2.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "pii::exposed"
    )]
    pub nationality: Option<Pii<Country>>,
    /// The language of the call with the agent, sent as ISO 639-1. Ask IDnow for the available
    /// languages.
    #[serde(
        rename = "preferredLang",
        skip_serializing_if = "Option::is_none",
        serialize_with = "language"
    )]
    pub preferred_lang: Option<Locale>,
    /// Predefined answers to the account's questions, by the question's key (chapter 3.2.9).
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub questions: BTreeMap<String, Answer>,
    /// The person's street. Some accounts are configured to include the number.
    #[serde(skip_serializing_if = "is_empty_text", serialize_with = "pii::exposed")]
    pub street: Option<Pii<String>>,
    /// The person's street number.
    #[serde(skip_serializing_if = "is_empty_text", serialize_with = "pii::exposed")]
    pub streetnumber: Option<Pii<String>>,
    /// The person's academic title, only if it is in official documents.
    #[serde(skip_serializing_if = "is_empty_text", serialize_with = "pii::exposed")]
    pub title: Option<Pii<String>>,
    /// A tracking text that the result returns. The link's `tid` sets it, too.
    #[serde(skip_serializing_if = "is_empty_text", serialize_with = "pii::exposed")]
    pub trackingid: Option<Pii<String>>,
    /// The person's postal code.
    #[serde(skip_serializing_if = "is_empty_text", serialize_with = "pii::exposed")]
    pub zipcode: Option<Pii<String>>,
}

/// A gender (chapter 3.2.8). The document defines no other values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Gender {
    /// `MALE`.
    Male,
    /// `FEMALE`.
    Female,
}

/// A predefined answer, by the type of its question (table of chapter 3.2.9).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// `RADIO_STRING`, `DROPDOWN` and `INPUT`.
    Text(Pii<String>),
    /// `NUMERIC`.
    Number(Pii<i64>),
    /// `RADIO_BOOLEAN`, sent as 1 or 0.
    YesNo(Pii<bool>),
    /// `DATE`, sent as `YYYY-MM-DD`.
    Date(Pii<Date>),
    /// `DROPDOWN_COUNTRIES`, sent as ISO 3166 alpha-2.
    Country(Pii<Country>),
}

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut object = serializer.serialize_struct("Answer", 1)?;
        match self {
            Self::Text(text) => object.serialize_field("value", text.expose())?,
            Self::Number(number) => object.serialize_field("value", number.expose())?,
            Self::YesNo(yes) => object.serialize_field("value", &u8::from(*yes.expose()))?,
            Self::Date(date) => object.serialize_field("value", date.expose())?,
            Self::Country(country) => object.serialize_field("value", country.expose())?,
        }
        object.end()
    }
}

/// The inputs that [`StartRequest::of`] accepts, by their names in [`NewVerification::given`].
pub(crate) const ACCEPTS: &[&str] = &[
    "person.given_names",
    "person.family_name",
    "person.birth_name",
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
    "locale",
    "custom",
];

impl StartRequest {
    /// Builds the request of a verification (chapter 3.2.8).
    ///
    /// Fields that the vendor lacks are omitted.
    ///
    /// Custom data are `custom1` to `custom5` and `trackingid`. IDnow configures other documents
    /// and other return URLs per account.
    ///
    /// ```
    /// use idv_core::{ErrorKind, NewVerification, Reference};
    /// use idv_idnow::api::StartRequest;
    ///
    /// let mut new = NewVerification::new(Reference::parse("6f1c2a9e1c1f4a6b")?);
    /// new.person.given_names = Some("Michael".into());
    /// new.person.address.postal_code = Some("80127".into());
    /// new.custom.insert("custom1".into(), "287492_23552".into());
    /// let request = StartRequest::of(&new)?;
    /// assert_eq!(request.firstname, new.person.given_names);
    /// assert_eq!(request.zipcode, new.person.address.postal_code);
    ///
    /// new.person.gender = Some(idv_core::report::Gender::Diverse.into());
    /// let error = StartRequest::of(&new).expect_err("IDnow has only MALE and FEMALE");
    /// assert_eq!(error.kind(), &ErrorKind::InvalidRequest { field: "person.gender".into() });
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) naming the model's field if the
    /// document does not allow its value.
    pub fn of(new: &NewVerification) -> Result<Self> {
        let (person, address) = (&new.person, &new.person.address);
        let mut request = Self {
            birthday: person.birth_date.as_ref().map(sendable).transpose()?,
            birthname: person.birth_name.clone(),
            birthplace: person.birth_place.clone(),
            city: address.city.clone(),
            country: address
                .country
                .as_ref()
                .map(|it| country(it, "person.address.country"))
                .transpose()?,
            email: new.contact.email.clone(),
            firstname: person.given_names.clone(),
            gender: person.gender.as_ref().map(gender).transpose()?,
            lastname: person.family_name.clone(),
            mobilephone: new.contact.phone.clone(),
            nationality: person
                .nationality
                .as_ref()
                .map(|it| country(it, "person.nationality"))
                .transpose()?,
            preferred_lang: new.locale.clone(),
            street: address.street.clone(),
            streetnumber: address.house_number.clone(),
            title: person.title.clone(),
            zipcode: address.postal_code.clone(),
            ..Self::default()
        };
        for (name, value) in &new.custom {
            let field = match name.as_str() {
                "custom1" => &mut request.custom1,
                "custom2" => &mut request.custom2,
                "custom3" => &mut request.custom3,
                "custom4" => &mut request.custom4,
                "custom5" => &mut request.custom5,
                "trackingid" => &mut request.trackingid,
                _ => {
                    return Err(Error::invalid(
                        "custom",
                        "IDnow accepts only custom1 to custom5 and trackingid",
                    ));
                }
            };
            *field = Some(value.clone());
        }
        Ok(request)
    }
}

/// Checks that a date has a year of four digits.
fn sendable(date: &Pii<Date>) -> Result<Pii<Date>> {
    if date.expose().year() < 1000 {
        return Err(Error::invalid(
            "person.birth_date",
            "expected a year of four digits",
        ));
    }
    Ok(date.clone())
}

/// Checks that a country is ISO 3166 alpha-2: the codes of ICAO 9303 for people without a
/// nationality have three letters.
fn country(country: &Pii<Country>, field: &'static str) -> Result<Pii<Country>> {
    if country.expose().code().len() != 2 {
        return Err(Error::invalid(
            field,
            "IDnow accepts only countries of two letters (ISO 3166): omit the field, and the \
             agent reads it from the document",
        ));
    }
    Ok(country.clone())
}

fn gender(gender: &Pii<ModelGender>) -> Result<Pii<Gender>> {
    match gender.expose() {
        ModelGender::Male => Ok(Pii::new(Gender::Male)),
        ModelGender::Female => Ok(Pii::new(Gender::Female)),
        _ => Err(Error::invalid(
            "person.gender",
            "IDnow accepts only male and female: omit the field, and the agent reads it from \
             the document",
        )),
    }
}

fn is_empty_text(text: &Option<Pii<String>>) -> bool {
    text.as_ref().is_none_or(|text| text.expose().is_empty())
}

fn language<S: Serializer>(locale: &Option<Locale>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_some(locale.as_ref().map_or("", Locale::language))
}

#[cfg(test)]
mod tests {
    use idv_core::Reference;

    use super::*;

    fn new() -> NewVerification {
        NewVerification::new(Reference::parse("0123456789abcdef").unwrap())
    }

    #[test]
    fn empty_values_are_not_sent() {
        assert_eq!(
            serde_json::to_string(&StartRequest::default()).unwrap(),
            "{}"
        );
        let empty = StartRequest {
            firstname: Some("".into()),
            custom3: Some("".into()),
            ..StartRequest::default()
        };
        assert_eq!(serde_json::to_string(&empty).unwrap(), "{}");
    }

    #[test]
    fn every_answer_has_the_type_of_its_question() {
        let answers = [
            (Answer::Text("value".into()), r#"{"value":"value"}"#),
            (Answer::Number(1.into()), r#"{"value":1}"#),
            (Answer::YesNo(false.into()), r#"{"value":0}"#),
            (
                Answer::Date(Date::constant(1975, 12, 20).into()),
                r#"{"value":"1975-12-20"}"#,
            ),
            (
                Answer::Country(Country::from_alpha2("DE").unwrap().into()),
                r#"{"value":"DE"}"#,
            ),
        ];
        for (answer, json) in answers {
            assert_eq!(serde_json::to_string(&answer).unwrap(), json);
        }
    }

    #[test]
    fn forbidden_values_are_refused_by_the_models_name() {
        let mut diverse = new();
        diverse.person.gender = Some(ModelGender::Diverse.into());
        let mut ancient = new();
        ancient.person.birth_date = Some(Date::constant(75, 12, 20).into());
        let mut unknown = new();
        unknown.custom.insert("custom6".into(), "x".into());
        let mut stateless = new();
        stateless.person.nationality = Country::from_alpha3("XXA").map(Into::into);
        let mut refugee = new();
        refugee.person.address.country = Country::from_alpha3("XXB").map(Into::into);
        for (new, field) in [
            (diverse, "person.gender"),
            (ancient, "person.birth_date"),
            (unknown, "custom"),
            (stateless, "person.nationality"),
            (refugee, "person.address.country"),
        ] {
            let error = StartRequest::of(&new).unwrap_err();
            assert!(
                matches!(error.kind(), idv_core::ErrorKind::InvalidRequest { field: named } if named == field),
                "{error}"
            );
        }
    }

    #[test]
    fn kosovo_is_sent_as_xk() {
        let mut new = new();
        new.person.nationality = Country::from_word("RKS").map(Into::into);
        assert_eq!(
            serde_json::to_string(&StartRequest::of(&new).unwrap()).unwrap(),
            r#"{"nationality":"XK"}"#
        );
    }

    #[test]
    fn language_is_sent_without_region() {
        let mut new = new();
        new.locale = Some("en-GB".parse().unwrap());
        assert_eq!(
            serde_json::to_string(&StartRequest::of(&new).unwrap()).unwrap(),
            r#"{"preferredLang":"en"}"#
        );
    }

    #[test]
    fn accepted_fields_are_sent() {
        let mut new = new();
        let (person, address) = (
            &mut new.person,
            &mut NewVerification::new(new.reference.clone()).person.address,
        );
        for text in [
            &mut person.given_names,
            &mut person.family_name,
            &mut person.birth_name,
            &mut person.birth_place,
            &mut person.title,
            &mut address.street,
            &mut address.house_number,
            &mut address.postal_code,
            &mut address.city,
            &mut new.contact.email,
            &mut new.contact.phone,
        ] {
            *text = Some("text".into());
        }
        address.country = Country::from_alpha2("DE").map(Into::into);
        person.address = address.clone();
        person.birth_date = Some(Date::constant(1975, 12, 20).into());
        person.nationality = Country::from_alpha2("DE").map(Into::into);
        person.gender = Some(ModelGender::Female.into());
        new.locale = Some("de".parse().unwrap());
        new.custom.insert("custom1".into(), "text".into());
        assert_eq!(new.given(), ACCEPTS);
        let sent = serde_json::to_value(StartRequest::of(&new).unwrap()).unwrap();
        assert_eq!(sent.as_object().unwrap().len(), ACCEPTS.len());
    }

    #[test]
    fn every_sent_key_is_in_the_table() {
        let mut request = StartRequest::default();
        for text in [
            &mut request.birthname,
            &mut request.birthplace,
            &mut request.city,
            &mut request.custom1,
            &mut request.custom2,
            &mut request.custom3,
            &mut request.custom4,
            &mut request.custom5,
            &mut request.email,
            &mut request.firstname,
            &mut request.lastname,
            &mut request.mobilephone,
            &mut request.street,
            &mut request.streetnumber,
            &mut request.title,
            &mut request.trackingid,
            &mut request.zipcode,
        ] {
            *text = Some("text".into());
        }
        request.birthday = Some(Date::constant(1975, 12, 20).into());
        request.country = Country::from_alpha2("DE").map(Into::into);
        request.nationality = Country::from_alpha2("DE").map(Into::into);
        request.gender = Some(Gender::Male.into());
        request.preferred_lang = Some("de".parse().unwrap());
        let sent = serde_json::to_value(request).unwrap();
        let sent = sent.as_object().unwrap();
        for (name, value) in sent {
            let parameter = super::super::parameter::Parameter::named(name).unwrap();
            parameter.check(value.as_str().unwrap()).unwrap();
        }
        // The transaction number is in the path.
        assert_eq!(sent.len(), super::super::parameter::PARAMETERS.len() - 1);
    }
}
