//! Countries by ISO 3166-1.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::country_table::COUNTRIES;

/// A country by ISO 3166-1. It is written with two letters; the word that a vendor used is kept beside it.
///
/// ```
/// use idv_core::report::Country;
///
/// assert_eq!(Country::from_word("ESP"), Country::from_alpha2("ES"));
/// assert_eq!(Country::from_word("Netherlands").map(|country| country.to_string()).as_deref(), Some("NL"));
/// assert_eq!(Country::from_alpha2("XX"), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Country([u8; 2]);

impl Country {
    /// The country with these two upper-case letters.
    #[must_use]
    pub fn from_alpha2(letters: &str) -> Option<Self> {
        let letters: [u8; 2] = letters.as_bytes().try_into().ok()?;
        COUNTRIES.binary_search_by_key(&letters, |row| row.0).ok().map(|_| Self(letters))
    }

    /// The country with these three upper-case letters.
    #[must_use]
    pub fn from_alpha3(letters: &str) -> Option<Self> {
        let letters: [u8; 3] = letters.as_bytes().try_into().ok()?;
        COUNTRIES.iter().find(|row| row.1 == letters).map(|row| Self(row.0))
    }

    /// The country that a vendor means: by two or three letters, or by its short English name, in any case.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        match word.len() {
            2 => Self::from_alpha2(word).or_else(|| Self::from_alpha2(&word.to_ascii_uppercase())),
            3 => Self::from_alpha3(&word.to_ascii_uppercase()),
            _ => COUNTRIES.iter().find(|row| row.2.eq_ignore_ascii_case(word)).map(|row| Self(row.0)),
        }
    }

    /// The two letters.
    #[must_use]
    pub fn alpha2(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The three letters.
    #[must_use]
    pub fn alpha3(&self) -> &'static str {
        self.row().and_then(|row| std::str::from_utf8(&row.1).ok()).unwrap_or_default()
    }

    /// The short English name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.row().map(|row| row.2).unwrap_or_default()
    }

    fn row(self) -> Option<&'static ([u8; 2], [u8; 3], &'static str)> {
        COUNTRIES.binary_search_by_key(&self.0, |row| row.0).ok().and_then(|index| COUNTRIES.get(index))
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.alpha2())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.alpha2())
    }
}

impl Serialize for Country {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.alpha2())
    }
}

impl<'de> Deserialize<'de> for Country {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'_, str>::deserialize(deserializer)?;
        Self::from_alpha2(&text).ok_or_else(|| serde::de::Error::custom("a country is two upper-case letters of ISO 3166-1"))
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Country {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Country".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[A-Z]{2}$", "description": "ISO 3166-1 alpha-2" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_each_code_names_one_country() {
        assert!(COUNTRIES.is_sorted_by(|a, b| a.0 < b.0));
        for (alpha2, alpha3, name) in COUNTRIES {
            let country = Country(alpha2);
            assert_eq!(Country::from_alpha2(country.alpha2()), Some(country));
            assert_eq!(Country::from_alpha3(std::str::from_utf8(&alpha3).unwrap()), Some(country));
            assert_eq!(Country::from_word(name), Some(country));
            assert_eq!(Country::from_word(&country.alpha2().to_lowercase()), Some(country));
        }
    }
}
