//! What Identify24 says, in the model's words: pure functions from [`wire`](crate::wire) to [`Observation`] and
//! [`Report`](idv_core::Report).

mod report;
mod statuses;

use std::sync::OnceLock;

use idv_core::{
    Channel, Error, Observation, Page, ProviderId, Result, ResultState, Status, Subject, Text, Timestamp, VendorId, time_in_zone,
};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

pub use report::{REPORT_FIELDS, ident_report, webhook_report};
pub use statuses::{STATUSES, StatusRow, Statuses};

use crate::wire::{Ident, IdentAnswer, Webhook, filled};

/// The provider's id, which reports carry.
pub(crate) const PROVIDER: ProviderId = ProviderId::new("identify24");

/// The vendor's times have no zone. It is at home in Berlin.
const ZONE: &str = "Europe/Berlin";

/// What an ident of `ident/get` says of the state. It is a claim: whoever got it as an answer adds the proof.
///
/// The time is when the ident was created, as long as it is in the state that it was created in (`Unidentified`): that is the only time
/// there is, and it says nothing of later states.
#[must_use]
pub fn ident(ident: &Ident<'_>, statuses: &Statuses, channel: Channel) -> Observation {
    let mut observation = observed(ident.custom_id.as_ref(), ident.id.as_ref(), channel);
    observation.code = filled(ident.status.as_ref()).map(str::to_owned);
    observation.status = observation.code.as_deref().and_then(|word| statuses.find(word));
    let begins = |word| STATUSES.iter().any(|row| row.word.eq_ignore_ascii_case(word));
    if observation.status == Some(Status::AwaitingPerson) && observation.code.as_deref().is_some_and(begins) {
        observation.at = filled(ident.created_at.as_ref()).and_then(time);
    }
    observation
}

/// The same with what it tells of the person as a report.
#[must_use]
pub fn ident_with_report(wire: &Ident<'_>, statuses: &Statuses, channel: Channel) -> Observation {
    let mut observation = ident(wire, statuses, channel);
    observation.result = ResultState::Inline(ident_report(wire, observation.status));
    observation
}

/// What a webhook says, with its report. It is a claim: whoever received it adds the proof, where there is one.
///
/// The code is the state's word; its number stands in where there is no word. There is no time and no number of the event, so that a
/// repetition looks like the first one.
#[must_use]
pub fn webhook(webhook: &Webhook<'_>, statuses: &Statuses, channel: Channel) -> Observation {
    let mut observation = observed(webhook.custom_id.as_ref(), webhook.ident_id.as_ref(), channel);
    let code = filled(webhook.status.as_ref()).or_else(|| filled(webhook.status_id.as_ref()));
    observation.code = code.map(str::to_owned);
    observation.status = code.and_then(|code| statuses.find(code));
    observation.result = ResultState::Inline(webhook_report(webhook, observation.status));
    observation
}

/// What a payload of a kind says: `status` is an answer of `ident/get`, `callback` the body of a webhook, and `result` either of them,
/// told apart by what is in it: the vendor has no call for a result, and these are all that carries one.
///
/// # Errors
///
/// [`Malformed`](idv_core::ErrorKind::Malformed) where it cannot be read; [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest)
/// naming `kind`, where there is no such kind.
pub fn kind(bytes: &[u8], kind: &str, statuses: &Statuses) -> Result<Page> {
    let channel = kind_channel(kind).ok_or_else(|| Error::invalid("kind", "it is result, status or callback"))?;
    Ok(Page::new(payload(bytes, channel, statuses)?, 0, None))
}

/// What a payload that came by a channel says: an ident by [`Poll`](Channel::Poll), a webhook by [`Callback`](Channel::Callback), either
/// by [`Fetch`](Channel::Fetch). Each has its report.
///
/// # Errors
///
/// [`Malformed`](idv_core::ErrorKind::Malformed) where it cannot be read; [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest)
/// naming `channel`, where nothing comes from this vendor by that channel.
pub fn payload(bytes: &[u8], channel: Channel, statuses: &Statuses) -> Result<Vec<Observation>> {
    let observation = match channel {
        Channel::Poll => ident_with_report(IdentAnswer::read(bytes)?.ident()?, statuses, channel),
        Channel::Callback => webhook(&Webhook::read(bytes)?, statuses, channel),
        Channel::Fetch => match Webhook::sniffed(bytes)? {
            Some(told) => webhook(&told, statuses, channel),
            None => ident_with_report(IdentAnswer::read(bytes)?.ident()?, statuses, channel),
        },
        _ => return Err(Error::invalid("channel", "it is fetch, poll or callback")),
    };
    Ok(vec![observation])
}

/// The channel that payloads of a kind come by: `result`, `status`, `callback`.
#[must_use]
pub fn kind_channel(kind: &str) -> Option<Channel> {
    match kind {
        "result" => Some(Channel::Fetch),
        "status" => Some(Channel::Poll),
        "callback" => Some(Channel::Callback),
        _ => None,
    }
}

/// A time of the vendor's, which has no zone and is Berlin's: `DD-MM-YYYY HH:MM:SS` where an ident was created, `YYYY-MM-DD HH:MM` where
/// the person has an appointment. Where the year stands tells the two apart. A time by ISO 8601 is taken too.
#[must_use]
pub fn time(text: &str) -> Option<Timestamp> {
    let Some(local) = local(text.as_bytes()) else {
        // A day alone is no time: its midnight would be made up.
        return text.contains('T').then(|| time_in_zone(text, ZONE)).flatten();
    };
    berlin()?.to_timestamp(local).ok()
}

/// The zone's rules, looked up once: the database asks what time it is at each look.
fn berlin() -> Option<&'static TimeZone> {
    static BERLIN: OnceLock<TimeZone> = OnceLock::new();
    if let Some(zone) = BERLIN.get() {
        return Some(zone);
    }
    let zone = TimeZone::get(ZONE).ok()?;
    Some(BERLIN.get_or_init(|| zone))
}

fn local(text: &[u8]) -> Option<DateTime> {
    let (date, time) = text.split_at_checked("DD-MM-YYYY".len())?;
    let (year, month, day) = match *date {
        [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] | [d1, d2, b'-', m1, m2, b'-', y1, y2, y3, y4] => {
            (number(&[y1, y2, y3, y4])?, number(&[m1, m2])?, number(&[d1, d2])?)
        }
        _ => return None,
    };
    let (hour, minute, second) = match *time {
        [b' ', h1, h2, b':', m1, m2] => (number(&[h1, h2])?, number(&[m1, m2])?, 0),
        [b' ', h1, h2, b':', m1, m2, b':', s1, s2] => (number(&[h1, h2])?, number(&[m1, m2])?, number(&[s1, s2])?),
        _ => return None,
    };
    let narrow = |number: i16| i8::try_from(number).ok();
    DateTime::new(year, narrow(month)?, narrow(day)?, narrow(hour)?, narrow(minute)?, narrow(second)?, 0).ok()
}

fn number(digits: &[u8]) -> Option<i16> {
    digits.iter().try_fold(0_i16, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + i16::from(digit - b'0')))
}

fn observed(reference: Option<&Text<'_>>, vendor_id: Option<&Text<'_>>, channel: Channel) -> Observation {
    let subject = Subject::new(filled(reference).map(str::to_owned), filled(vendor_id).map(VendorId::new));
    Observation::claimed(subject, channel)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_berlins_by_its_rules() {
        for (text, expected) in [
            ("21-10-2019 09:57:51", "2019-10-21T07:57:51Z"),
            ("21-12-2019 09:57:51", "2019-12-21T08:57:51Z"),
            // The night in which clocks go forward.
            ("31-03-2024 01:59:59", "2024-03-31T00:59:59Z"),
            ("31-03-2024 03:00:00", "2024-03-31T01:00:00Z"),
            ("2019-10-24 11:11", "2019-10-24T09:11:00Z"),
            ("2024-01-03 10:30", "2024-01-03T09:30:00Z"),
            ("2019-10-21 09:57:51", "2019-10-21T07:57:51Z"),
            ("2019-10-21T09:57:51", "2019-10-21T07:57:51Z"),
            ("2019-10-21T09:57:51Z", "2019-10-21T09:57:51Z"),
        ] {
            assert_eq!(time(text).map(|time| time.to_string()).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "yesterday",
            "TOMORROW",
            "YYYY-mm-dd H:i",
            "2019-10-24",
            "24-10-2019",
            "31-02-2019 09:57:51",
            "10-21-2019 09:57:51",
            "21-10-19 09:57:51",
            "21.10.2019 09:57:51",
            "21-10-2019 24:00:00",
            "21-10-2019 09:57:5",
            "21-10-2019 09:57:51 ",
            "0000-00-00 00:00",
            "２１-10-2019 09:57",
        ] {
            assert_eq!(time(text), None, "{text}");
        }
    }
}
