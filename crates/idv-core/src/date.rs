//! Partial dates of identity documents, and times in a vendor's zone.

use std::fmt;
use std::str::FromStr;
use std::sync::{PoisonError, RwLock};

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A calendar date of which the day, or the day and the month, may be unknown, as on some identity
/// documents.
///
/// The text form is `YYYY-MM-DD`, `YYYY-MM` or `YYYY`, in the Gregorian calendar; 30 February is
/// refused. A day or month of `00` means "unknown", as on travel documents (ICAO 9303, part 3).
///
/// ```
/// use idv_core::PartialDate;
///
/// let whole: PartialDate = "1983-05-22".parse()?;
/// let partial: PartialDate = "1983".parse()?;
/// assert_eq!(whole.day(), Some(22));
/// assert_eq!(partial.month(), None);
/// assert_eq!("1983-00-00".parse::<PartialDate>()?, partial);
/// assert!("1983-02-30".parse::<PartialDate>().is_err());
/// # Ok::<(), idv_core::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PartialDate {
    year: i16,
    // Zero if unknown.
    month: i8,
    day: i8,
}

impl PartialDate {
    /// Creates a date from its parts.
    ///
    /// The year is 0 to 9999.
    ///
    /// Returns `None` if the date does not exist, or if there is a day without a month.
    #[must_use]
    pub fn new(year: i16, month: Option<i8>, day: Option<i8>) -> Option<Self> {
        if !(0..=9999).contains(&year) || (month.is_none() && day.is_some()) {
            return None;
        }
        Date::new(year, month.unwrap_or(1), day.unwrap_or(1)).ok()?;
        Some(Self {
            year,
            month: month.unwrap_or(0),
            day: day.unwrap_or(0),
        })
    }

    /// Returns the year.
    #[must_use]
    pub const fn year(self) -> i16 {
        self.year
    }

    /// Returns the month, 1 to 12, if it is known.
    #[must_use]
    pub fn month(self) -> Option<i8> {
        (self.month != 0).then_some(self.month)
    }

    /// Returns the day of the month, 1 to 31, if it is known.
    #[must_use]
    pub fn day(self) -> Option<i8> {
        (self.day != 0).then_some(self.day)
    }

    /// Returns the whole date, if every part of it is known.
    #[must_use]
    pub fn whole(self) -> Option<Date> {
        Date::new(self.year, self.month()?, self.day()?).ok()
    }
}

impl From<Date> for PartialDate {
    fn from(date: Date) -> Self {
        Self {
            year: date.year(),
            month: date.month(),
            day: date.day(),
        }
    }
}

impl FromStr for PartialDate {
    type Err = crate::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text.as_bytes()).ok_or_else(|| {
            crate::Error::new(crate::ErrorKind::InvalidRequest {
                field: "date".into(),
            })
            .detail("expected a date of the calendar as YYYY-MM-DD, YYYY-MM or YYYY")
        })
    }
}

impl fmt::Display for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.year)?;
        if self.month != 0 {
            write!(f, "-{:02}", self.month)?;
        }
        if self.day != 0 {
            write!(f, "-{:02}", self.day)?;
        }
        Ok(())
    }
}

impl fmt::Debug for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for PartialDate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PartialDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'_, str>::deserialize(deserializer)?;
        parse(text.as_bytes()).ok_or_else(|| {
            serde::de::Error::custom("expected a date as YYYY-MM-DD, YYYY-MM or YYYY")
        })
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for PartialDate {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "PartialDate".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": r"^\d{4}(-\d{2}(-\d{2})?)?$" })
    }
}

/// Parses a date in its text form.
pub(crate) fn parse(text: &[u8]) -> Option<PartialDate> {
    let (year, month, day) = match text {
        [y @ .., b'-', m1, m2, b'-', d1, d2] if y.len() == 4 => {
            (y, Some([*m1, *m2]), Some([*d1, *d2]))
        }
        [y @ .., b'-', m1, m2] if y.len() == 4 => (y, Some([*m1, *m2]), None),
        y if y.len() == 4 => (y, None, None),
        _ => return None,
    };
    PartialDate::new(number(year)?, part(month)?, part(day)?)
}

/// Parses a month or a day; `Some(None)` if it is missing or `00`.
fn part(digits: Option<[u8; 2]>) -> Option<Option<i8>> {
    let Some(digits) = digits else {
        return Some(None);
    };
    let value = i8::try_from(number(&digits)?).ok()?;
    Some((value != 0).then_some(value))
}

fn number(digits: &[u8]) -> Option<i16> {
    digits.iter().try_fold(0_i16, |sum, digit| {
        digit
            .is_ascii_digit()
            .then(|| sum * 10 + i16::from(digit - b'0'))
    })
}

/// Parses a time in ISO 8601 format.
///
/// A time without an offset is a local time in `zone`, a name of the IANA time zone database, and
/// is converted by the rules of that zone. Returns `None` if `text` is not a time or the zone is
/// unknown.
///
/// ```
/// use idv_core::time_in_zone;
///
/// let at = |text| time_in_zone(text, "Europe/Berlin").map(|time| time.to_string());
/// assert_eq!(at("2018-09-05T11:06:21+02:00").as_deref(), Some("2018-09-05T09:06:21Z"));
/// assert_eq!(at("2018-09-05T11:06:21").as_deref(), Some("2018-09-05T09:06:21Z"));
/// assert_eq!(at("2018-01-05T11:06:21").as_deref(), Some("2018-01-05T10:06:21Z"));
/// assert_eq!(at("yesterday"), None);
/// ```
#[must_use]
pub fn time_in_zone(text: &str, zone: &'static str) -> Option<Timestamp> {
    if let Some(time) = usual_time(text.as_bytes()).or_else(|| text.parse().ok()) {
        return Some(time);
    }
    let local: DateTime = text.parse().ok()?;
    time_zone(zone)?.to_timestamp(local).ok()
}

/// Parses the usual form of a time with an offset, `2018-09-05T11:06:21+02:00` or with `Z`.
///
/// A history has many times, and this takes a fraction of the general parser's time.
fn usual_time(text: &[u8]) -> Option<Timestamp> {
    let two = |tens: u8, ones: u8| i8::try_from(number(&[tens, ones])?).ok();
    let (date, time) = text.split_at_checked("YYYY-MM-DD".len())?;
    let [b'T', h1, h2, b':', m1, m2, rest @ ..] = time else {
        return None;
    };
    let [b':', s1, s2, offset @ ..] = rest else {
        return None;
    };
    let time = Time::new(two(*h1, *h2)?, two(*m1, *m2)?, two(*s1, *s2)?, 0).ok()?;
    let local = parse(date)?.whole()?.to_datetime(time);
    let offset = match *offset {
        [b'Z'] => Offset::UTC,
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (two(h1, h2)?, two(m1, m2).filter(|minutes| *minutes < 60)?);
            let seconds = (i32::from(hours) * 60 + i32::from(minutes)) * 60;
            Offset::from_seconds(if sign == b'-' { -seconds } else { seconds }).ok()?
        }
        _ => return None,
    };
    offset.to_timestamp(local).ok()
}

/// Returns a zone of the IANA time zone database, or `None` if the name is unknown.
///
/// Each zone is looked up once per process, because the database reads the clock at each lookup.
#[must_use]
pub fn time_zone(name: &'static str) -> Option<TimeZone> {
    static ZONES: RwLock<Vec<(&str, TimeZone)>> = RwLock::new(Vec::new());
    let known = |zones: &[(&str, TimeZone)]| {
        zones
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, zone)| zone.clone())
    };
    if let Some(zone) = known(&ZONES.read().unwrap_or_else(PoisonError::into_inner)) {
        return Some(zone);
    }
    let zone = TimeZone::get(name).ok()?;
    ZONES
        .write()
        .unwrap_or_else(PoisonError::into_inner)
        .push((name, zone.clone()));
    Some(zone)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn usual_time_is_parsed_as_jiff_does(
            text in "[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](Z|[+-][0-2][0-9]:[0-6][0-9])"
        ) {
            if let Some(time) = usual_time(text.as_bytes()) {
                prop_assert_eq!(text.parse::<Timestamp>().ok(), Some(time));
            }
        }
    }

    #[test]
    fn usual_time_needs_no_general_parser() {
        for (text, time) in [
            ("2018-09-05T11:06:21+02:00", Some("2018-09-05T09:06:21Z")),
            ("2018-09-05T11:06:21-02:30", Some("2018-09-05T13:36:21Z")),
            ("2018-09-05T11:06:21Z", Some("2018-09-05T11:06:21Z")),
            ("2018-09-05T11:06:21", None),
            ("2018-09-05T11:06:60Z", None),
            ("2018-02-29T11:06:21Z", None),
            ("2018-09-05T11:06:21.5Z", None),
            ("2018-09-05T11:06:21+02:60", None),
        ] {
            let parsed = usual_time(text.as_bytes()).map(|time| time.to_string());
            assert_eq!(parsed.as_deref(), time, "{text}");
        }
    }

    #[test]
    fn date_is_written_as_it_was_read() {
        for text in ["1983-05-22", "1983-05", "1983", "0001-12-31", "2024-02-29"] {
            assert_eq!(text.parse::<PartialDate>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn zero_day_or_month_is_unknown() {
        for (text, date) in [
            ("1983-00", "1983"),
            ("1983-00-00", "1983"),
            ("1983-05-00", "1983-05"),
        ] {
            assert_eq!(text.parse::<PartialDate>().unwrap().to_string(), date);
        }
    }

    #[test]
    fn invalid_date_is_refused() {
        for text in [
            "",
            "1983-5-2",
            "22.05.1983",
            "1983-02-29",
            "1983-13",
            "1983-00-01",
            "19830522",
            "198３",
            "-983",
        ] {
            assert!(text.parse::<PartialDate>().is_err(), "{text}");
        }
    }
}
