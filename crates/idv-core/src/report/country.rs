//! Countries by ISO 3166-1, with the codes of ICAO 9303 that travel documents use beyond it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::country_table::{COUNTRIES, ICAO, ICAO_ALIASES};
use crate::error::{Error, Result};

/// A country by ISO 3166-1, or one of the further codes on travel documents.
///
/// It is written with two letters, Kosovo as `XK`. People without a nationality have the
/// three-letter codes of ICAO 9303 (part 3, section 5): `XXA` (stateless), `XXB` and `XXC`
/// (refugees), `XXX` (unspecified).
///
/// ```
/// use idv_core::report::Country;
///
/// assert_eq!(Country::from_word("ESP"), Country::from_alpha2("ES"));
/// assert_eq!(Country::from_word("D"), Country::from_alpha2("DE"));
/// assert_eq!(Country::from_word("RKS"), Country::from_alpha2("XK"));
/// assert_eq!(Country::from_word("Netherlands").map(|country| country.to_string()).as_deref(), Some("NL"));
/// assert_eq!(Country::from_word("XXA").map(|country| country.name()), Some("Stateless person"));
/// assert_eq!(Country::from_alpha2("XX"), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Country {
    /// Two letters and a zero byte, or three letters.
    code: [u8; 3],
}

impl Country {
    /// Returns the country with this code of two upper-case letters.
    ///
    /// ```
    /// # use idv_core::report::Country;
    /// assert_eq!(Country::from_alpha2("ES").map(|country| country.name()), Some("Spain"));
    /// assert_eq!(Country::from_alpha2("es"), None);
    /// ```
    #[must_use]
    pub fn from_alpha2(letters: &str) -> Option<Self> {
        let letters: [u8; 2] = letters.as_bytes().try_into().ok()?;
        COUNTRIES
            .binary_search_by_key(&letters, |row| row.0)
            .ok()
            .map(|_| Self::of(letters))
    }

    /// Returns the country with this code of three upper-case letters, by ISO 3166-1 or ICAO 9303.
    ///
    /// ```
    /// # use idv_core::report::Country;
    /// assert_eq!(Country::from_alpha3("ESP"), Country::from_alpha2("ES"));
    /// ```
    #[must_use]
    pub fn from_alpha3(letters: &str) -> Option<Self> {
        let code: [u8; 3] = letters.as_bytes().try_into().ok()?;
        // Both codes of a country nearly always begin with the same letter.
        let alike = COUNTRIES.partition_point(|row| row.0[0] < code[0]);
        let country = COUNTRIES
            .get(alike..)
            .unwrap_or_default()
            .iter()
            .chain(&COUNTRIES)
            .find(|row| row.1 == code)
            .map(|row| Self::of(row.0));
        country
            .or_else(|| ICAO.iter().find(|row| row.0 == code).map(|_| Self { code }))
            .or_else(|| alias(letters))
    }

    /// Returns the country with this code or short English name, in any case.
    ///
    /// ```
    /// # use idv_core::report::Country;
    /// for word in ["es", "ESP", "Spain"] {
    ///     assert_eq!(Country::from_word(word), Country::from_alpha2("ES"));
    /// }
    /// assert_eq!(Country::from_word("Atlantis"), None);
    /// ```
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        match word.len() {
            1 => alias(&word.to_ascii_uppercase()),
            2 => Self::from_alpha2(word).or_else(|| Self::from_alpha2(&word.to_ascii_uppercase())),
            3 => Self::from_alpha3(&word.to_ascii_uppercase()),
            _ => COUNTRIES
                .iter()
                .find(|row| row.2.eq_ignore_ascii_case(word))
                .map(|row| Self::of(row.0)),
        }
    }

    /// Returns the code: two letters, or three of ICAO 9303 if ISO 3166-1 has none.
    ///
    /// ```
    /// # use idv_core::report::Country;
    /// let spain = Country::from_word("Spain").expect("a known country");
    /// assert_eq!(spain.code(), "ES");
    /// ```
    #[must_use]
    pub fn code(&self) -> &str {
        let letters = match &self.code {
            [letters @ .., 0] => letters.as_slice(),
            letters => letters.as_slice(),
        };
        std::str::from_utf8(letters).unwrap_or_default()
    }

    /// Returns the code of three letters.
    ///
    /// ```
    /// # use idv_core::report::Country;
    /// let spain = Country::from_alpha2("ES").expect("a known country");
    /// assert_eq!(spain.alpha3(), "ESP");
    /// ```
    #[must_use]
    pub fn alpha3(&self) -> &str {
        let letters = self
            .row()
            .map_or(self.code.as_slice(), |row| row.1.as_slice());
        std::str::from_utf8(letters).unwrap_or_default()
    }

    /// Returns the short English name.
    ///
    /// ```
    /// # use idv_core::report::Country;
    /// let germany = Country::from_word("D").expect("the code of travel documents");
    /// assert_eq!(germany.name(), "Germany");
    /// ```
    #[must_use]
    pub fn name(&self) -> &'static str {
        let special = || ICAO.iter().find(|row| row.0 == self.code).map(|row| row.1);
        self.row()
            .map(|row| row.2)
            .or_else(special)
            .unwrap_or_default()
    }

    const fn of([first, second]: [u8; 2]) -> Self {
        Self {
            code: [first, second, 0],
        }
    }

    fn row(&self) -> Option<&'static ([u8; 2], [u8; 3], &'static str)> {
        let [first, second, 0] = self.code else {
            return None;
        };
        COUNTRIES
            .binary_search_by_key(&[first, second], |row| row.0)
            .ok()
            .and_then(|index| COUNTRIES.get(index))
    }
}

fn alias(letters: &str) -> Option<Country> {
    ICAO_ALIASES
        .iter()
        .find(|row| row.0 == letters)
        .map(|row| Country::of(row.1))
}

impl FromStr for Country {
    type Err = Error;

    /// Parses a country as [`Country::from_word`] does.
    fn from_str(word: &str) -> Result<Self> {
        Self::from_word(word)
            .ok_or_else(|| Error::invalid("country", "expected a country of ISO 3166, such as DE"))
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Country {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Country {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'_, str>::deserialize(deserializer)?;
        let country = Self::from_alpha2(&text)
            .or_else(|| Self::from_alpha3(&text).filter(|country| country.code() == text));
        country.ok_or_else(|| {
            serde::de::Error::custom(
                "expected a country code of ISO 3166-1 in two upper-case letters",
            )
        })
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Country {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Country".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[A-Z]{2,3}$", "description": "ISO 3166-1 alpha-2; XK; XXA, XXB, XXC, XXX of ICAO 9303" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn country_is_found_by_each_of_its_names() {
        assert!(COUNTRIES.is_sorted_by(|a, b| a.0 < b.0));
        for (alpha2, alpha3, name) in COUNTRIES {
            let country = Country::of(alpha2);
            assert_eq!(Country::from_alpha2(country.code()), Some(country));
            assert_eq!(
                Country::from_alpha3(std::str::from_utf8(&alpha3).unwrap()),
                Some(country)
            );
            assert_eq!(Country::from_word(name), Some(country));
            assert_eq!(
                Country::from_word(&country.code().to_lowercase()),
                Some(country)
            );
            assert_eq!(
                (country.name(), country.alpha3().as_bytes()),
                (name, alpha3.as_slice())
            );
        }
    }

    #[test]
    fn codes_beyond_iso_are_stored_and_read_back() {
        for (code, name) in [
            ("XXA", "Stateless person"),
            ("XXX", "Unspecified nationality"),
            ("XK", "Kosovo"),
        ] {
            let country = Country::from_word(&code.to_lowercase()).unwrap();
            assert_eq!((country.code(), country.name()), (code, name));
            let json = serde_json::to_string(&country).unwrap();
            assert_eq!(json, format!("\"{code}\""));
            assert_eq!(serde_json::from_str::<Country>(&json).unwrap(), country);
        }
        assert_eq!(Country::from_word("GBN"), Country::from_alpha2("GB"));
        for text in ["\"DEU\"", "\"D\"", "\"de\"", "\"XX\""] {
            assert!(serde_json::from_str::<Country>(text).is_err(), "{text}");
        }
    }
}
