//! The attributes of a new ident.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use idv_core::report::Country;
use idv_core::{Error, Pii, Result, Url, pii};
use jiff::civil::Date;
use serde::{Serialize, Serializer};

/// The body of `ident/create`: every attribute of the document's table ("Create ident") and the
/// seven company attributes of newer versions.
///
/// It serializes to the flat JSON of the call, with personal data in clear text. Absent and empty
/// values are not sent. Attributes that the table marks "all uppercase" are sent in upper case by
/// the rules of Unicode ("Groß" becomes "GROSS"), in whatever case they are set here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct NewIdent {
    /// The project's number. Required. Sent as text, as in the document's sample.
    #[serde(serialize_with = "as_text")]
    pub project_id: u64,
    /// The company's name.
    #[serde(skip_serializing_if = "is_empty_text", serialize_with = "pii::exposed")]
    pub company_name: Option<Pii<String>>,
    /// The company's number in the commercial register (newer versions).
    #[serde(skip_serializing_if = "is_empty_text", serialize_with = "pii::exposed")]
    pub company_hrb_number: Option<Pii<String>>,
    /// The city of the commercial register (newer versions).
    #[serde(skip_serializing_if = "is_empty_text", serialize_with = "pii::exposed")]
    pub company_hrb_city: Option<Pii<String>>,
    /// The company's street (newer versions).
    #[serde(skip_serializing_if = "is_empty_text", serialize_with = "pii::exposed")]
    pub company_street: Option<Pii<String>>,
    /// The company's house number (newer versions).
    #[serde(skip_serializing_if = "is_empty_text", serialize_with = "pii::exposed")]
    pub company_house_no: Option<Pii<String>>,
    /// The company's postal code (newer versions).
    #[serde(skip_serializing_if = "is_empty_text", serialize_with = "pii::exposed")]
    pub company_zip_code: Option<Pii<String>>,
    /// The company's city (newer versions).
    #[serde(skip_serializing_if = "is_empty_text", serialize_with = "pii::exposed")]
    pub company_city: Option<Pii<String>>,
    /// The company's country (newer versions, in no documented format).
    #[serde(skip_serializing_if = "is_empty_text", serialize_with = "pii::exposed")]
    pub company_country: Option<Pii<String>>,
    /// The store's name.
    #[serde(skip_serializing_if = "is_empty_text", serialize_with = "pii::exposed")]
    pub store_name: Option<Pii<String>>,
    /// The line of business.
    #[serde(skip_serializing_if = "is_empty_text", serialize_with = "pii::exposed")]
    pub branche: Option<Pii<String>>,
    /// The academic title, if it is part of the name in official documents.
    #[serde(skip_serializing_if = "is_empty_text", serialize_with = "pii::exposed")]
    pub person_title: Option<Pii<String>>,
    /// The gender. Required.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "pii::exposed"
    )]
    pub gender: Option<Pii<Gender>>,
    /// The given names. Required. Sent in upper case.
    #[serde(skip_serializing_if = "is_empty_text", serialize_with = "capitals")]
    pub person_first_name: Option<Pii<String>>,
    /// The family name. Required. Sent in upper case.
    #[serde(skip_serializing_if = "is_empty_text", serialize_with = "capitals")]
    pub person_last_name: Option<Pii<String>>,
    /// The person's position in the company.
    #[serde(skip_serializing_if = "is_empty_text", serialize_with = "pii::exposed")]
    pub person_position: Option<Pii<String>>,
    /// The e-mail address. Required.
    #[serde(skip_serializing_if = "is_empty_text", serialize_with = "pii::exposed")]
    pub email: Option<Pii<String>>,
    /// The street, sent in upper case. It is a sibling of the other attributes, as in the sample,
    /// although the table describes an object `address`.
    #[serde(skip_serializing_if = "is_empty_text", serialize_with = "capitals")]
    pub street: Option<Pii<String>>,
    /// The house number.
    #[serde(skip_serializing_if = "is_empty_text", serialize_with = "pii::exposed")]
    pub house_no: Option<Pii<String>>,
    /// The postal code. Required.
    #[serde(skip_serializing_if = "is_empty_text", serialize_with = "pii::exposed")]
    pub zip_code: Option<Pii<String>>,
    /// The city. Required. Sent in upper case.
    #[serde(skip_serializing_if = "is_empty_text", serialize_with = "capitals")]
    pub city: Option<Pii<String>>,
    /// The country. Required. Sent as ISO 3166 alpha-2.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "pii::exposed"
    )]
    pub country: Option<Pii<Country>>,
    /// The mobile phone number. Required.
    ///
    /// A number with a country code begins with `+` or `00` and is sent with `00`. The vendor
    /// treats other numbers as German, with or without the leading `0`. White space, hyphens,
    /// slashes, dots, brackets and a `(0)` after the country code are removed.
    #[serde(skip_serializing_if = "is_empty_text", serialize_with = "dialled")]
    pub mobile_phone: Option<Pii<String>>,
    /// A country, not a dialling code: the sample has `DE`. The document does not define it
    /// further.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "pii::exposed"
    )]
    pub international_code: Option<Pii<Country>>,
    /// The date of birth. Required. Sent as `YYYY-MM-DD`.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "pii::exposed"
    )]
    pub birthday: Option<Pii<Date>>,
    /// The place of birth. Required. Sent in upper case.
    #[serde(skip_serializing_if = "is_empty_text", serialize_with = "capitals")]
    pub birth_place: Option<Pii<String>>,
    /// The nationality. Required. Sent as ISO 3166 alpha-2.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "pii::exposed"
    )]
    pub nationality: Option<Pii<Country>>,
    /// The kind of document to be shown.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "pii::exposed"
    )]
    pub type_of_id: Option<Pii<TypeOfId>>,
    /// The document's number.
    #[serde(skip_serializing_if = "is_empty_text", serialize_with = "pii::exposed")]
    pub id_number: Option<Pii<String>>,
    /// The country that issued the document. Sent as ISO 3166 alpha-2.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "pii::exposed"
    )]
    pub id_country: Option<Pii<Country>>,
    /// The date of issue of the document. Sent as `YYYY-MM-DD`.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "pii::exposed"
    )]
    pub id_issue_date: Option<Pii<Date>>,
    /// The last day of the document's validity. Sent as `YYYY-MM-DD`.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "pii::exposed"
    )]
    pub id_end_date: Option<Pii<Date>>,
    /// The authority that issued the document.
    #[serde(skip_serializing_if = "is_empty_text", serialize_with = "pii::exposed")]
    pub issuing_authority: Option<Pii<String>>,
    /// A PDF to be signed, sent as `pdf_url` or `pdf_content`.
    #[serde(flatten)]
    pub pdf: Option<Pdf>,
    /// The application's reference, which the vendor returns with the result. It must be unique and
    /// not guessable.
    #[serde(skip_serializing_if = "is_empty_text", serialize_with = "pii::exposed")]
    pub custom_id: Option<Pii<String>>,
    /// A text that the vendor returns.
    #[serde(skip_serializing_if = "is_empty_text", serialize_with = "pii::exposed")]
    pub custom1: Option<Pii<String>>,
    /// A text that the vendor returns.
    #[serde(skip_serializing_if = "is_empty_text", serialize_with = "pii::exposed")]
    pub custom2: Option<Pii<String>>,
    /// A text that the vendor returns.
    #[serde(skip_serializing_if = "is_empty_text", serialize_with = "pii::exposed")]
    pub custom3: Option<Pii<String>>,
    /// A text that the vendor returns.
    #[serde(skip_serializing_if = "is_empty_text", serialize_with = "pii::exposed")]
    pub custom4: Option<Pii<String>>,
}

/// A gender. The document defines no other values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Gender {
    /// `MALE`.
    Male,
    /// `FEMALE`.
    Female,
}

/// The kind of an identity document. The document of the API defines no other values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum TypeOfId {
    /// An identity card.
    Personalausweis,
    /// A passport.
    Reisepass,
}

/// A PDF to be signed. `Debug` prints neither its URL nor its content.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum Pdf {
    /// The URL from which the vendor downloads the PDF.
    #[serde(rename = "pdf_url", serialize_with = "pii::exposed")]
    Url(Pii<Url>),
    /// The PDF itself. It is sent in Base64 after the prefix of the sample,
    /// `data:@file/pdf;base64,`.
    #[serde(rename = "pdf_content", serialize_with = "embedded")]
    Content(Bytes),
}

impl fmt::Debug for Pdf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Url(_) => "Url(…)",
            Self::Content(_) => "Content(…)",
        })
    }
}

impl NewIdent {
    /// Creates an ident with only its project set.
    ///
    /// ```
    /// use idv_identify24::api::NewIdent;
    ///
    /// let mut ident = NewIdent::new(6);
    /// ident.person_last_name = Some("Groß".into());
    /// let json = serde_json::to_string(&ident).unwrap();
    /// assert_eq!(json, r#"{"project_id":"6","person_last_name":"GROSS"}"#);
    /// ```
    #[must_use]
    pub fn new(project_id: u64) -> Self {
        Self {
            project_id,
            ..Self::default()
        }
    }

    /// Checks the ident against the document. [`Api::create_ident`](super::Api::create_ident) calls
    /// this before it sends anything.
    ///
    /// ```
    /// use idv_identify24::api::NewIdent;
    ///
    /// let mut ident = NewIdent::new(6);
    /// let error = ident.check().unwrap_err();
    /// assert!(error.to_string().contains("person_first_name"));
    ///
    /// ident.person_first_name = Some("John".into());
    /// let error = ident.check().unwrap_err(); // the next required attribute
    /// assert!(error.to_string().contains("person_last_name"));
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) naming the attribute.
    pub fn check(&self) -> Result<()> {
        if self.project_id == 0 {
            return Err(Error::invalid("project_id", "expected a number above 0"));
        }
        let required = [
            ("person_first_name", !is_empty_text(&self.person_first_name)),
            ("person_last_name", !is_empty_text(&self.person_last_name)),
            ("gender", self.gender.is_some()),
            ("birthday", self.birthday.is_some()),
            ("birth_place", !is_empty_text(&self.birth_place)),
            ("nationality", self.nationality.is_some()),
            ("zip_code", !is_empty_text(&self.zip_code)),
            ("city", !is_empty_text(&self.city)),
            ("country", self.country.is_some()),
            ("email", !is_empty_text(&self.email)),
            ("mobile_phone", !is_empty_text(&self.mobile_phone)),
        ];
        if let Some((field, _)) = required.into_iter().find(|(_, given)| !given) {
            return Err(Error::invalid(
                field,
                "Identify24 requires this attribute for every ident",
            ));
        }
        let has_control = |text: &Option<Pii<String>>| {
            text.as_ref()
                .is_some_and(|it| it.expose().chars().any(char::is_control))
        };
        if let Some((field, _)) = self.texts().into_iter().find(|(_, text)| has_control(text)) {
            return Err(Error::invalid(
                field,
                "control characters, such as line breaks, are not allowed",
            ));
        }
        let dates = [
            ("birthday", &self.birthday),
            ("id_issue_date", &self.id_issue_date),
            ("id_end_date", &self.id_end_date),
        ];
        let unwritable =
            |date: &Option<Pii<Date>>| date.as_ref().is_some_and(|date| date.expose().year() < 1);
        if let Some((field, _)) = dates.into_iter().find(|(_, date)| unwritable(date)) {
            return Err(Error::invalid(
                field,
                "expected a date from year 1 on, which can be sent as YYYY-MM-DD",
            ));
        }
        if !self
            .email
            .as_ref()
            .is_some_and(|email| is_address(email.expose()))
        {
            return Err(Error::invalid("email", "expected an e-mail address"));
        }
        if self
            .mobile_phone
            .as_ref()
            .and_then(|phone| dialling(phone.expose()))
            .is_none()
        {
            return Err(Error::invalid(
                "mobile_phone",
                "expected 5 to 15 digits, after + or 00 and the country code unless the \
                 number is German",
            ));
        }
        match &self.pdf {
            Some(Pdf::Url(url)) if !matches!(url.expose().scheme(), "http" | "https") => {
                Err(Error::invalid("pdf_url", "expected an http or https URL"))
            }
            Some(Pdf::Content(bytes)) if !bytes.starts_with(b"%PDF-") => {
                Err(Error::invalid("pdf_content", "expected a PDF"))
            }
            _ => Ok(()),
        }
    }

    fn texts(&self) -> impl IntoIterator<Item = (&'static str, &Option<Pii<String>>)> {
        [
            ("company_name", &self.company_name),
            ("company_hrb_number", &self.company_hrb_number),
            ("company_hrb_city", &self.company_hrb_city),
            ("company_street", &self.company_street),
            ("company_house_no", &self.company_house_no),
            ("company_zip_code", &self.company_zip_code),
            ("company_city", &self.company_city),
            ("company_country", &self.company_country),
            ("store_name", &self.store_name),
            ("branche", &self.branche),
            ("person_title", &self.person_title),
            ("person_first_name", &self.person_first_name),
            ("person_last_name", &self.person_last_name),
            ("person_position", &self.person_position),
            ("email", &self.email),
            ("street", &self.street),
            ("house_no", &self.house_no),
            ("zip_code", &self.zip_code),
            ("city", &self.city),
            ("mobile_phone", &self.mobile_phone),
            ("birth_place", &self.birth_place),
            ("id_number", &self.id_number),
            ("issuing_authority", &self.issuing_authority),
            ("custom_id", &self.custom_id),
            ("custom1", &self.custom1),
            ("custom2", &self.custom2),
            ("custom3", &self.custom3),
            ("custom4", &self.custom4),
        ]
    }
}

/// Returns the number in dialling form: digits only, with `00` before a country code.
fn dialling(phone: &str) -> Option<String> {
    let divides = |character: char| {
        character.is_whitespace() || matches!(character, '-' | '/' | '.' | '\u{2010}'..='\u{2013}')
    };
    let plain: String = phone
        .chars()
        .filter(|character| !divides(*character))
        .collect();
    // The trunk prefix 0 of a national number is not dialled after a country code.
    let is_international = plain.starts_with('+') || plain.starts_with("00");
    let plain = if is_international {
        plain.replacen("(0)", "", 1)
    } else {
        plain
    };
    let mut digits = plain.replace(['(', ')'], "");
    if let Some(rest) = digits.strip_prefix('+') {
        digits = format!("00{rest}");
    }
    let rest = digits
        .strip_prefix("00")
        .or_else(|| digits.strip_prefix('0'))
        .unwrap_or(&digits);
    // Neither a country code nor a national number without its trunk prefix begins with 0.
    let plausible = (5..=15).contains(&rest.len())
        && rest.bytes().all(|byte| byte.is_ascii_digit())
        && !rest.starts_with('0');
    plausible.then_some(digits)
}

fn is_address(email: &str) -> bool {
    let named = |part: &str| !part.is_empty() && !part.contains(char::is_whitespace);
    email
        .rsplit_once('@')
        .is_some_and(|(local, host)| named(local) && named(host) && !local.contains('@'))
}

/// Returns whether there is no text to send.
fn is_empty_text(text: &Option<Pii<String>>) -> bool {
    text.as_ref()
        .is_none_or(|text| text.expose().trim().is_empty())
}

fn as_text<S: Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(number)
}

fn capitals<S: Serializer>(text: &Option<Pii<String>>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(
        &text
            .as_ref()
            .map(|text| text.expose().to_uppercase())
            .unwrap_or_default(),
    )
}

fn dialled<S: Serializer>(phone: &Option<Pii<String>>, serializer: S) -> Result<S::Ok, S::Error> {
    let phone = phone.as_ref().and_then(|phone| dialling(phone.expose()));
    serializer.serialize_str(&phone.unwrap_or_default())
}

fn embedded<S: Serializer>(bytes: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
    let mut text = String::from("data:@file/pdf;base64,");
    STANDARD.encode_string(bytes, &mut text);
    serializer.serialize_str(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_is_dialled_with_its_country_code() {
        for (phone, dialled) in [
            ("+4915111111111", Some("004915111111111")),
            ("+49 151 111-11 111", Some("004915111111111")),
            ("004915111111111", Some("004915111111111")),
            ("+1.202.555.0143", Some("0012025550143")),
            ("01511111111", Some("01511111111")),
            ("0151/1111111", Some("01511111111")),
            ("15111111111", Some("15111111111")),
            ("(0151) 1111111", Some("01511111111")),
            ("+49 (0)151 1111111", Some("00491511111111")),
            ("0049 (0) 151/1111111", Some("00491511111111")),
            ("+49 (151) 1111111", Some("00491511111111")),
            ("+49\u{a0}151\u{202f}111‑1111", Some("00491511111111")),
            ("+0151111111", None),
            ("+49", None),
            ("+1234567890123456", None),
            ("call me", None),
            ("+49151１１１１１１", None),
            ("", None),
        ] {
            assert_eq!(dialling(phone).as_deref(), dialled, "{phone}");
        }
    }

    #[test]
    fn email_address_has_one_at_sign() {
        for (email, is) in [
            ("johndoe@identify24.de", true),
            ("a@b", true),
            ("", false),
            ("john", false),
            ("@identify24.de", false),
            ("john@", false),
            ("john doe@identify24.de", false),
            ("john@doe@identify24.de", false),
        ] {
            assert_eq!(is_address(email), is, "{email}");
        }
    }
}
