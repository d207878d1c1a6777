//! What Identify24 says, in the model's words: pure functions from [`wire`](crate::wire) to [`Observation`] and
//! [`Report`](idv_core::Report).

mod report;
mod statuses;

use idv_core::{
    Channel, Error, Observation, Page, ProviderId, Result, ResultState, Status, Subject, Text, Timestamp, VendorId, time_in_zone,
};

pub use report::{REPORT_FIELDS, ident_report, webhook_report};
pub use statuses::{STATUSES, StatusRow, Statuses};

use crate::wire::{Ident, IdentAnswer, Webhook, filled};

/// The provider's id, which reports carry.
pub(crate) const PROVIDER: ProviderId = ProviderId::new("identify24");

/// The vendor's times have no zone. It is at home in Berlin.
const ZONE: &str = "Europe/Berlin";

/// What an ident of `ident/get` says of the state. It is a claim: whoever got it as an answer adds the proof.
///
/// The time is when the ident was created, as long as the person has not begun: that is the only time there is, and it says nothing of
/// later states.
#[must_use]
pub fn ident(ident: &Ident<'_>, statuses: &Statuses, channel: Channel) -> Observation {
    let mut observation = observed(ident.custom_id.as_ref(), ident.id.as_ref(), channel);
    observation.code = filled(ident.status.as_ref()).map(str::to_owned);
    observation.status = observation.code.as_deref().and_then(|word| statuses.find(word));
    if observation.status == Some(Status::AwaitingPerson) {
        observation.at = filled(ident.created_at.as_ref()).and_then(creation);
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
        Channel::Fetch => match IdentAnswer::read(bytes)? {
            answer if answer.result.is_none() && answer.data.is_empty() => webhook(&Webhook::read(bytes)?, statuses, channel),
            answer => ident_with_report(answer.ident()?, statuses, channel),
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

/// When an ident was created: `DD-MM-YYYY HH:MM:SS`, in Berlin. A time by ISO 8601 is taken too.
#[must_use]
pub fn creation(text: &str) -> Option<Timestamp> {
    let turned = || {
        let (date, time) = text.split_once(' ')?;
        let mut parts = date.split('-');
        let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
        (day.len() == 2 && month.len() == 2 && year.len() == 4 && parts.next().is_none())
            .then(|| format!("{year}-{month}-{day}T{}", time.trim()))
    };
    // The year has four digits, at the one end or the other, so that neither form can be taken for the other.
    turned().map_or_else(|| in_zone(text), |turned| in_zone(&turned))
}

/// When a person has an appointment: `YYYY-MM-DD HH:MM`, in Berlin.
#[must_use]
pub fn appointment(text: &str) -> Option<Timestamp> {
    in_zone(text)
}

fn in_zone(text: &str) -> Option<Timestamp> {
    // A day alone is no time: its midnight would be made up.
    text.contains(':').then(|| time_in_zone(text, ZONE)).flatten()
}

fn observed(reference: Option<&Text<'_>>, vendor_id: Option<&Text<'_>>, channel: Channel) -> Observation {
    let subject = Subject::new(filled(reference).map(str::to_owned), filled(vendor_id).map(VendorId::new));
    Observation::claimed(subject, channel)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_creation_is_berlins_by_its_rules() {
        let at = |text: &str| creation(text).map(|time| time.to_string());
        assert_eq!(at("21-10-2019 09:57:51").as_deref(), Some("2019-10-21T07:57:51Z"));
        assert_eq!(at("21-12-2019 09:57:51").as_deref(), Some("2019-12-21T08:57:51Z"));
        // The night in which clocks go forward.
        assert_eq!(at("31-03-2024 01:59:59").as_deref(), Some("2024-03-31T00:59:59Z"));
        assert_eq!(at("31-03-2024 03:00:00").as_deref(), Some("2024-03-31T01:00:00Z"));
        assert_eq!(at("2019-10-21T09:57:51Z").as_deref(), Some("2019-10-21T09:57:51Z"));
        assert_eq!(at("2019-10-21 09:57:51").as_deref(), Some("2019-10-21T07:57:51Z"));
        for text in ["", "yesterday", "31-02-2019 09:57:51", "10-21-2019 09:57:51", "21-10-19 09:57:51", "21.10.2019 09:57:51"] {
            assert_eq!(at(text), None, "{text}");
        }
    }

    #[test]
    fn an_appointment_has_no_seconds() {
        let at = |text: &str| appointment(text).map(|time| time.to_string());
        assert_eq!(at("2019-10-24 11:11").as_deref(), Some("2019-10-24T09:11:00Z"));
        assert_eq!(at("2024-01-03 10:30").as_deref(), Some("2024-01-03T09:30:00Z"));
        for text in ["YYYY-mm-dd H:i", "2019-10-24", "24-10-2019 11:11"] {
            assert_eq!(at(text), None, "{text}");
        }
    }
}
