//! Identify24's statements in the model's words: pure functions from [`wire`](crate::wire) to [`Observation`] and
//! [`Report`](idv_core::Report).

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

/// The provider's id, which reports carry.
pub(crate) const PROVIDER: ProviderId = ProviderId::new("identify24");

/// The vendor's times have no zone. It is at home in Berlin.
const ZONE: &str = "Europe/Berlin";

/// Returns the observation of an ident's state, without a report. It is a claim: the caller of the API adds the proof.
///
/// The time is that of the ident's creation while it is in the state in which it was created (`Unidentified`): there is no other time,
/// and it says nothing of later states.
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

/// Returns the observation of an answer of `ident/get`, with its data about the person as a report.
///
/// # Errors
///
/// [`Malformed`](idv_core::ErrorKind::Malformed) if the answer says that the request failed, or has no ident or several.
pub fn answer(
    answer: &IdentAnswer<'_>,
    statuses: &Statuses,
    channel: Channel,
) -> Result<Observation> {
    let about = answer.ident()?;
    let mut observation = ident(about, statuses, channel);
    let mut report = ident_report(about, observation.status);
    report::add_envelope(&mut report, answer);
    observation.result = ResultState::Inline(report);
    Ok(observation)
}

/// Returns the observation of a webhook, with its report. It is a claim: the receiver adds the proof, if there is one.
///
/// The code is the state's word, or its number if there is no word. There is no time and no number of the event, so a repetition looks
/// like the first one. The report does not depend on the meaning of the word.
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

/// Returns the observations of a payload of a kind: `status` is an answer of `ident/get`, `callback` the body of a webhook, and `result`
/// either of them, told apart by their members: the vendor has no call for a result, and these are all that carries one.
///
/// # Errors
///
/// [`Malformed`](idv_core::ErrorKind::Malformed) if it cannot be read; [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) naming
/// `kind` if there is no such kind.
pub fn kind(bytes: &[u8], kind: &str, statuses: &Statuses) -> Result<Page> {
    let channel = payload_channel(kind)?;
    Ok(Page::new(payload(bytes, channel, statuses)?, 0, None))
}

/// Returns the observations of a payload that came by a channel: an ident by [`Poll`](Channel::Poll), a webhook by
/// [`Callback`](Channel::Callback), either by [`Fetch`](Channel::Fetch). Each has its report.
///
/// # Errors
///
/// [`Malformed`](idv_core::ErrorKind::Malformed) if it cannot be read; [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) naming
/// `channel` if nothing comes from this vendor by that channel.
pub fn payload(bytes: &[u8], channel: Channel, statuses: &Statuses) -> Result<Vec<Observation>> {
    let observation = match channel {
        Channel::Poll => answer(&IdentAnswer::read(bytes)?, statuses, channel)?,
        Channel::Callback => webhook(&Webhook::read(bytes)?, statuses, channel),
        Channel::Fetch => {
            let read = IdentAnswer::read(bytes)?;
            // An answer has the ident's id and its state elsewhere.
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

/// Reads a time of the vendor's, which has no zone and is Berlin's: `DD-MM-YYYY HH:MM:SS` of an ident's creation, `YYYY-MM-DD HH:MM` of an
/// appointment. The place of the year tells the two apart. A time by ISO 8601 is read too.
#[must_use]
pub fn time(text: &str) -> Option<Timestamp> {
    let Some(local) = local(text.as_bytes()) else {
        // A day alone is no time: its midnight would be made up.
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
            assert_eq!(
                time(text).map(|time| time.to_string()).as_deref(),
                Some(expected),
                "{text}"
            );
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
