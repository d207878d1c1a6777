//! Locales.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, Result};
use crate::report::Country;

/// A language with an optional country for its regional variety, such as `de` or `en-GB`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Locale {
    language: String,
    region: Option<Country>,
}

impl Locale {
    /// Returns the language: two lower-case letters of ISO 639-1.
    #[must_use]
    pub fn language(&self) -> &str {
        &self.language
    }

    /// Returns the country.
    #[must_use]
    pub const fn region(&self) -> Option<Country> {
        self.region
    }
}

impl FromStr for Locale {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (language, region) = text
            .split_once(['-', '_'])
            .map_or((text, None), |(language, region)| (language, Some(region)));
        let region = region
            .map(|region| Country::from_alpha2(&region.to_ascii_uppercase()).ok_or(()))
            .transpose();
        match region {
            Ok(region)
                if language.len() == 2
                    && language.bytes().all(|byte| byte.is_ascii_alphabetic()) =>
            {
                Ok(Self {
                    language: language.to_ascii_lowercase(),
                    region,
                })
            }
            _ => Err(Error::invalid(
                "locale",
                "expected a language of ISO 639-1 and optionally a country of ISO 3166, such as de or en-GB",
            )),
        }
    }
}

impl Serialize for Locale {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Locale {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.language)?;
        self.region
            .map_or(Ok(()), |region| write!(f, "-{}", region.code()))
    }
}
