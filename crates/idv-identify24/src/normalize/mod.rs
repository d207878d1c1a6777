//! Normalizes Identify24's payloads: pure functions from [`wire`](crate::wire) to [`Observation`]
//! and [`Report`](idv_core::Report).

mod ignored;
mod report;
mod statuses;

use idv_core::adapter::{non_empty, payload_channel};
use idv_core::{
    Channel, Error, Observation, Page, ProviderId, Result, ResultState, Status, Subject, Timestamp,
    VendorId, time_in_zone, time_zone,
};
use jiff::civil::DateTime;

pub use ignored::IGNORED;
pub use report::{REPORT_FIELDS, ident_report, webhook_report};
pub use statuses::{STATUSES, StatusRow, Statuses};

use crate::wire::{Field, Ident, IdentAnswer, Webhook};

/// The provider's id in reports.
pub(crate) const PROVIDER: ProviderId = ProviderId::new("identify24");

/// The vendor's times have no zone; the vendor is based in Berlin.
const ZONE: &str = "Europe/Berlin";

/// Normalizes the state of an ident, without a report. The observation is a claim: the caller adds
/// the proof.
///
/// Its time is the ident's creation while the ident is in its first state (`Unidentified`). The
/// vendor gives no time of later states.
#[must_use]
pub fn ident(ident: &Ident<'_>, statuses: &Statuses, channel: Channel) -> Observation {
    let mut observation = observed(&ident.custom_id, &ident.id, channel);
    observation.code = non_empty(ident.status.as_ref()).map(str::to_owned);
    let has_agent = report::has_agent(ident.others.iter());
    observation.status = observation
        .code
        .as_deref()
        .and_then(|word| statuses.meaning(word, has_agent));
    let begins = |word| {
        STATUSES
            .iter()
            .any(|row| row.word.eq_ignore_ascii_case(word))
    };
    if observation.status == Some(Status::AwaitingPerson)
        && observation.code.as_deref().is_some_and(begins)
    {
        observation.at = non_empty(ident.created_at.as_ref()).and_then(time);
    }
    observation
}

/// Normalizes a response of `ident/get`, with its personal data as a report.
///
/// # Errors
///
/// [`Malformed`](idv_core::ErrorKind::Malformed) if the response reports a failure, or has no ident
/// or several.
pub fn answer(
    answer: &IdentAnswer<'_>,
    statuses: &Statuses,
    channel: Channel,
) -> Result<Observation> {
    let about = answer.ident()?;
    let mut observation = ident(about, statuses, channel);
    // The time of the observation is the ident's creation.
    let mut report = report::report_since(about, observation.status, observation.at);
    report::add_envelope(&mut report, answer);
    observation.result = ResultState::Inline(report);
    Ok(observation)
}

/// Normalizes a webhook, with its report. The observation is a claim: the receiver adds the proof
/// if there is one.
///
/// The code is the state's word, or its number if the word is missing. The event has neither a time
/// nor a number, so a redelivery looks like the first delivery. The report does not depend on the
/// meaning of the word.
#[must_use]
pub fn webhook(webhook: &Webhook<'_>, statuses: &Statuses, channel: Channel) -> Observation {
    let mut observation = observed(&webhook.custom_id, &webhook.ident_id, channel);
    let code = non_empty(webhook.status.as_ref()).or_else(|| non_empty(webhook.status_id.as_ref()));
    observation.code = code.map(str::to_owned);
    let has_agent = [
        &webhook.agent_name,
        &webhook.agent_notes,
        &webhook.reject_reason,
    ]
    .into_iter()
    .any(report::is_filled);
    observation.status = code.and_then(|code| statuses.meaning(code, has_agent));
    observation.result = ResultState::Inline(webhook_report(webhook));
    observation
}

/// Normalizes a payload of the given kind.
///
/// `status` is a response of `ident/get`, `callback` the body of a webhook. `result` is either of
/// them, distinguished by their members: the vendor has no call for results, and only these
/// payloads carry one.
///
/// # Errors
///
/// [`Malformed`](idv_core::ErrorKind::Malformed) if the payload cannot be parsed;
/// [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) naming `kind` if `kind` is not one of
/// these.
pub fn kind(bytes: &[u8], kind: &str, statuses: &Statuses) -> Result<Page> {
    let channel = payload_channel(kind)?;
    Ok(Page::new(payload(bytes, channel, statuses)?, 0, None))
}

/// Normalizes a payload that arrived by `channel`: an ident by [`Poll`](Channel::Poll), a webhook
/// by [`Callback`](Channel::Callback), either by [`Fetch`](Channel::Fetch). Each observation has
/// its report.
///
/// # Errors
///
/// [`Malformed`](idv_core::ErrorKind::Malformed) if the payload cannot be parsed;
/// [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) naming `channel` if this vendor does not
/// use that channel.
pub fn payload(bytes: &[u8], channel: Channel, statuses: &Statuses) -> Result<Vec<Observation>> {
    let observation = match channel {
        Channel::Poll => answer(&IdentAnswer::read(bytes)?, statuses, channel)?,
        Channel::Callback => webhook(&Webhook::read(bytes)?, statuses, channel),
        Channel::Fetch => {
            let read = IdentAnswer::read(bytes)?;
            // A response has the ident's id and its state in other members.
            let is_likely = ["ident_id", "custom_id"]
                .iter()
                .any(|name| read.others.get(name).is_some());
            match if is_likely {
                Webhook::sniffed(bytes)?
            } else {
                None
            } {
                Some(told) => webhook(&told, statuses, channel),
                None => answer(&read, statuses, channel)?,
            }
        }
        _ => {
            return Err(Error::invalid(
                "channel",
                "expected fetch, poll or callback",
            ));
        }
    };
    Ok(vec![observation])
}

/// Parses a time of the vendor, in the zone of Berlin.
///
/// The formats are `DD-MM-YYYY HH:MM:SS` for an ident's creation and `YYYY-MM-DD HH:MM` for an
/// appointment; the position of the year distinguishes them. ISO 8601 is accepted, too.
#[must_use]
pub fn time(text: &str) -> Option<Timestamp> {
    let Some(local) = local(text.as_bytes()) else {
        // A date alone is not a time; the adapter does not invent midnight.
        return text
            .contains('T')
            .then(|| time_in_zone(text, ZONE))
            .flatten();
    };
    time_zone(ZONE)?.to_timestamp(local).ok()
}

fn local(text: &[u8]) -> Option<DateTime> {
    let (date, time) = text.split_at_checked("DD-MM-YYYY".len())?;
    let (year, month, day) = match *date {
        [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2]
        | [d1, d2, b'-', m1, m2, b'-', y1, y2, y3, y4] => (
            number(&[y1, y2, y3, y4])?,
            number(&[m1, m2])?,
            number(&[d1, d2])?,
        ),
        _ => return None,
    };
    let (hour, minute, second) = match *time {
        [b' ', h1, h2, b':', m1, m2] => (number(&[h1, h2])?, number(&[m1, m2])?, 0),
        [b' ', h1, h2, b':', m1, m2, b':', s1, s2] => {
            (number(&[h1, h2])?, number(&[m1, m2])?, number(&[s1, s2])?)
        }
        _ => return None,
    };
    let narrow = |number: i16| i8::try_from(number).ok();
    DateTime::new(
        year,
        narrow(month)?,
        narrow(day)?,
        narrow(hour)?,
        narrow(minute)?,
        narrow(second)?,
        0,
    )
    .ok()
}

fn number(digits: &[u8]) -> Option<i16> {
    digits.iter().try_fold(0_i16, |sum, digit| {
        digit
            .is_ascii_digit()
            .then(|| sum * 10 + i16::from(digit - b'0'))
    })
}

fn observed(reference: &Field<'_>, vendor_id: &Field<'_>, channel: Channel) -> Observation {
    let subject = Subject::new(
        non_empty(reference.as_ref()).map(str::to_owned),
        non_empty(vendor_id.as_ref()).map(VendorId::new),
    );
    Observation::claimed(subject, channel)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_in_berlins_zone() {
        for (text, expected) in [
            ("21-10-2019 09:57:51", "2019-10-21T07:57:51Z"),
            ("21-12-2019 09:57:51", "2019-12-21T08:57:51Z"),
            // The night in which daylight saving time begins.
            ("31-03-2024 01:59:59", "2024-03-31T00:59:59Z"),
            ("31-03-2024 03:00:00", "2024-03-31T01:00:00Z"),
            ("2019-10-24 11:11", "2019-10-24T09:11:00Z"),
            ("2024-01-03 10:30", "2024-01-03T09:30:00Z"),
            ("2019-10-21 09:57:51", "2019-10-21T07:57:51Z"),
            ("2019-10-21T09:57:51", "2019-10-21T07:57:51Z"),
            ("2019-10-21T09:57:51Z", "2019-10-21T09:57:51Z"),
        ] {
            assert_eq!(
                time(text).map(|time| time.to_string()).as_deref(),
                Some(expected),
                "{text}"
            );
        }
    }

    #[test]
    fn invalid_time_is_not_parsed() {
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
