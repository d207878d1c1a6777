//! The person in a report.

use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Deserializer, Serialize};

use super::{Attribute, Country, Gender};
use crate::date::PartialDate;

/// The findings about a person.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct Person {
    /// All given names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_names: Option<Attribute<String>>,
    /// The family name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_name: Option<Attribute<String>>,
    /// The family name at birth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birth_name: Option<Attribute<String>>,
    /// The date of birth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birth_date: Option<Attribute<PartialDate>>,
    /// The place of birth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birth_place: Option<BirthPlace>,
    /// The nationalities. Vendors that report a single nationality have one entry.
    #[serde(
        alias = "nationality",
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "one_or_several"
    )]
    pub nationalities: Vec<Attribute<Country>>,
    /// The gender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<Attribute<Gender>>,
    /// The academic title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<Attribute<String>>,
    /// The address.
    #[serde(skip_serializing_if = "Address::is_empty")]
    pub address: Address,
    /// The e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<Attribute<String>>,
    /// The phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<Attribute<String>>,
    /// A personal number assigned by a state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub personal_number: Option<PersonalNumber>,
}

impl Person {
    /// Returns whether the report has no data of the person.
    ///
    /// ```
    /// use idv_core::report::{Attribute, Person, Source, Verdict};
    ///
    /// let mut person = Person::default();
    /// assert!(person.is_empty());
    /// person.title = Some(Attribute::new(Source::Visual, Verdict::New).with_value("Dr.".to_owned()));
    /// assert!(!person.is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Deserializes one or several nationalities: earlier formats have a single one.
fn one_or_several<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<Attribute<Country>>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrSeveral {
        One(Attribute<Country>),
        Several(Vec<Attribute<Country>>),
    }

    Ok(match OneOrSeveral::deserialize(deserializer)? {
        OneOrSeveral::One(nationality) => vec![nationality],
        OneOrSeveral::Several(nationalities) => nationalities,
    })
}

macro_rules! detailed {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[non_exhaustive]
        pub struct $name {
            /// The text, as an attribute.
            #[serde(flatten)]
            pub text: Attribute<String>,
            $($(#[$field_doc])* #[serde(default, skip_serializing_if = "Option::is_none")] pub $field: Option<$type>,)*
        }

        impl From<Attribute<String>> for $name {
            fn from(text: Attribute<String>) -> Self {
                Self { text, $($field: None,)* }
            }
        }

        impl Deref for $name {
            type Target = Attribute<String>;

            fn deref(&self) -> &Attribute<String> {
                &self.text
            }
        }

        impl DerefMut for $name {
            fn deref_mut(&mut self) -> &mut Attribute<String> {
                &mut self.text
            }
        }
    };
}

detailed! {
    /// A place of birth: an attribute, with its region and country if the vendor reports them
    /// separately.
    BirthPlace {
        /// The region.
        region: Attribute<String>,
        /// The country.
        country: Attribute<Country>,
    }
}

detailed! {
    /// A personal number assigned by a state: an attribute, with its kind and country if they are
    /// known.
    PersonalNumber {
        /// The kind of the number.
        kind: PersonalNumberKind,
        /// The state that assigned the number.
        country: Country,
    }
}

/// The kind of a personal number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PersonalNumberKind {
    /// A general number for all citizens, such as the Spanish DNI or the Dutch BSN.
    NationalId,
    /// A tax number.
    Tax,
    /// A social insurance number.
    SocialSecurity,
    /// A number for foreign residents, such as the Spanish NIE.
    ForeignResident,
}

/// The findings about an address.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct Address {
    /// The street, with the house number if the vendor does not separate them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub street: Option<Attribute<String>>,
    /// The house number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub house_number: Option<Attribute<String>>,
    /// The postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<Attribute<String>>,
    /// The city.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<Attribute<String>>,
    /// The country.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<Attribute<Country>>,
}

impl Address {
    /// Returns whether the report has no data of the address.
    ///
    /// ```
    /// use idv_core::report::Address;
    ///
    /// assert!(Address::default().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn single_nationality_of_an_earlier_format_is_read() {
        let nationality = json!({"value": "DE", "source": "agent", "verdict": "match"});
        for json in [
            json!({"nationality": nationality}),
            json!({"nationalities": [nationality]}),
        ] {
            let person: Person = serde_json::from_value(json).unwrap();
            assert_eq!(person.nationalities[0].expose().unwrap().code(), "DE");
            assert_eq!(
                serde_json::to_value(&person).unwrap()["nationalities"],
                json!([nationality])
            );
        }
    }

    #[test]
    fn details_are_serialized_beside_the_attribute() {
        let json = json!({
            "birth_place": {"value": "Berlin", "source": "mrz", "verdict": "valid",
                "country": {"value": "DE", "source": "mrz", "verdict": "valid"}},
            "personal_number": {"value": "00000000T", "source": "visual", "verdict": "valid", "kind": "national_id", "country": "ES"},
        });
        let person: Person = serde_json::from_value(json.clone()).unwrap();
        let place = person.birth_place.as_ref().unwrap();
        assert_eq!(
            (place.expose().map(String::as_str), place.region.is_none()),
            (Some("Berlin"), true)
        );
        assert_eq!(
            person.personal_number.as_ref().unwrap().kind,
            Some(PersonalNumberKind::NationalId)
        );
        assert_eq!(serde_json::to_value(&person).unwrap(), json);
    }
}
