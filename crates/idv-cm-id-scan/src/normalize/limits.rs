//! Compares dates with the limits of an account: pure arithmetic on days and years.

use idv_core::PartialDate;
use idv_core::adapter::{FromVendor as _, last_day};
use jiff::civil::Date;

/// The relation of a date or an age to a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Certainly within the limit.
    Within,
    /// Depends on an unknown day.
    Open,
    /// Certainly beyond the limit.
    Beyond,
}

/// The days that a text may mean: a whole year if only the year is known, or both readings of a
/// text such as `03/04/2031`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Days {
    first: Date,
    last: Date,
}

impl Days {
    /// Returns the days that a text may mean, or `None` if it is not a date.
    pub(super) fn of(word: &str) -> Option<Self> {
        if let Some(date) = PartialDate::parse(word) {
            return Self::of_date(date);
        }
        let mut parts = word.split(['/', '-']).map(str::parse::<i16>);
        let (Some(Ok(one)), Some(Ok(other)), Some(Ok(year)), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return None;
        };
        let small = |part: i16| i8::try_from(part).ok();
        let date = |month, day| Date::new(year, small(month)?, small(day)?).ok();
        let (one, other) = (date(one, other)?, date(other, one)?);
        Some(Self {
            first: one.min(other),
            last: one.max(other),
        })
    }

    fn of_date(date: PartialDate) -> Option<Self> {
        let first = Date::new(
            date.year(),
            date.month().unwrap_or(1),
            date.day().unwrap_or(1),
        )
        .ok()?;
        Some(Self {
            first,
            last: last_day(date)?,
        })
    }

    /// Compares an expiry date with an allowance: the number of days by which a document may be
    /// expired, or, if negative, for which it must still be valid. A document is valid on its
    /// expiry date.
    pub(super) fn expiry(self, on: Date, allowance: i32) -> Standing {
        let expired_for = |day: Date| days_between(day, on);
        let is_within = |day: Date| expired_for(day) <= i64::from(allowance);
        match (is_within(self.first), is_within(self.last)) {
            (true, _) => Standing::Within,
            (false, true) => Standing::Open,
            (false, false) => Standing::Beyond,
        }
    }

    /// Returns the minimum and maximum age of a person born on one of these days.
    pub(super) fn ages(self, on: Date) -> Ages {
        Ages {
            least: age(self.last, on),
            most: age(self.first, on),
        }
    }
}

/// The possible ages of a person, in whole years. Before birth the age is negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ages {
    least: i32,
    most: i32,
}

impl Ages {
    /// Parses an age such as `45`.
    pub(super) fn of(word: &str) -> Option<Self> {
        let age = word.parse::<u16>().ok()?.into();
        Some(Self {
            least: age,
            most: age,
        })
    }

    pub(super) fn minimum(self, minimum: u16) -> Standing {
        match (self.least >= minimum.into(), self.most >= minimum.into()) {
            (true, _) => Standing::Within,
            (false, true) => Standing::Open,
            (false, false) => Standing::Beyond,
        }
    }

    pub(super) fn maximum(self, maximum: u16) -> Standing {
        match (self.most <= maximum.into(), self.least <= maximum.into()) {
            (true, _) => Standing::Within,
            (false, true) => Standing::Open,
            (false, false) => Standing::Beyond,
        }
    }
}

/// Returns the whole years from a birthday to a day. A birthday on 29 February falls on 1 March in
/// common years.
fn age(birth: Date, on: Date) -> i32 {
    let years = i32::from(on.year()) - i32::from(birth.year());
    if (on.month(), on.day()) < (birth.month(), birth.day()) {
        years - 1
    } else {
        years
    }
}

fn days_between(from: Date, to: Date) -> i64 {
    from.duration_until(to).as_hours() / 24
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use jiff::civil::date;

    use super::*;

    #[test]
    fn text_gives_every_possible_day() {
        for (word, first, last) in [
            ("2031-08-30", date(2031, 8, 30), date(2031, 8, 30)),
            ("30.08.2031", date(2031, 8, 30), date(2031, 8, 30)),
            ("30/08/2031", date(2031, 8, 30), date(2031, 8, 30)),
            ("2032-02", date(2032, 2, 1), date(2032, 2, 29)),
            ("2032-00-00", date(2032, 1, 1), date(2032, 12, 31)),
            ("2032", date(2032, 1, 1), date(2032, 12, 31)),
            ("00.00.2032", date(2032, 1, 1), date(2032, 12, 31)),
            ("03/04/2031", date(2031, 3, 4), date(2031, 4, 3)),
            ("04-03-2031", date(2031, 3, 4), date(2031, 4, 3)),
            ("9999-12-31", date(9999, 12, 31), date(9999, 12, 31)),
        ] {
            assert_eq!(Days::of(word), Some(Days { first, last }), "{word}");
        }
        for word in [
            "",
            "never",
            "30 AUG 2031",
            "03/04",
            "03/04/2031/1",
            "00/04/2031",
            "310830",
            "1/1/99999",
            "300/1/2031",
        ] {
            assert_eq!(Days::of(word), None, "{word}");
        }
    }

    #[test]
    fn expiry_is_compared_with_the_allowance() {
        let on = date(2024, 6, 1);
        for (word, allowance, standing) in [
            ("2024-06-01", 0, Standing::Within),
            ("2024-05-31", 0, Standing::Beyond),
            ("2024-05-02", 30, Standing::Within),
            ("2024-05-01", 30, Standing::Beyond),
            ("2024-08-30", -90, Standing::Within),
            ("2024-08-29", -90, Standing::Beyond),
            ("2024", 0, Standing::Open),
            ("2024-05", 0, Standing::Beyond),
            ("2024-06", 0, Standing::Within),
            ("2024-06", -1, Standing::Open),
            ("2023", 0, Standing::Beyond),
            ("2023", 200, Standing::Open),
            ("2025", 0, Standing::Within),
            ("03/07/2024", 0, Standing::Open),
            ("0001-01-01", i32::MAX, Standing::Within),
            ("9999-12-31", i32::MIN, Standing::Beyond),
        ] {
            assert_eq!(
                Days::of(word).unwrap().expiry(on, allowance),
                standing,
                "{word} {allowance}"
            );
        }
    }

    #[test]
    fn age_is_exact_to_the_day() {
        let ages = |birth: &str, on: Date| {
            let Ages { least, most } = Days::of(birth).unwrap().ages(on);
            (least, most)
        };
        for (birth, on, expected) in [
            ("2006-06-01", date(2024, 6, 1), (18, 18)),
            ("2006-06-02", date(2024, 6, 1), (17, 17)),
            ("2006-07-01", date(2024, 6, 30), (17, 17)),
            ("2006-05-31", date(2024, 6, 1), (18, 18)),
            ("2006", date(2024, 6, 1), (17, 18)),
            ("2006-06", date(2024, 6, 1), (17, 18)),
            ("2004-02-29", date(2022, 2, 28), (17, 17)),
            ("2004-02-29", date(2022, 3, 1), (18, 18)),
            ("2030-01-01", date(2024, 6, 1), (-6, -6)),
        ] {
            assert_eq!(ages(birth, on), expected, "{birth} {on}");
        }
    }

    #[test]
    fn ages_are_compared_with_both_limits() {
        let ages = |least, most| Ages { least, most };
        for (ages, minimum, maximum) in [
            (ages(18, 18), Standing::Within, Standing::Within),
            (ages(17, 17), Standing::Beyond, Standing::Within),
            (ages(17, 18), Standing::Open, Standing::Within),
            (ages(80, 80), Standing::Within, Standing::Within),
            (ages(80, 81), Standing::Within, Standing::Open),
            (ages(81, 81), Standing::Within, Standing::Beyond),
        ] {
            assert_eq!(
                (ages.minimum(18), ages.maximum(80)),
                (minimum, maximum),
                "{ages:?}"
            );
        }
        assert_eq!(Ages::of("45"), Some(ages(45, 45)));
        for word in ["", "-1", "old", "45.5", "70000"] {
            assert_eq!(Ages::of(word), None, "{word}");
        }
    }
}
