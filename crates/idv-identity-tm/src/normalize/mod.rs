//! What Identity.TM says, in the model's words: pure functions from [`wire`](crate::wire) to [`Observation`] and
//! [`Report`](idv_core::Report).
//!
//! The tables they go by are data, each row a row of the document's: [`KINDS`], [`SUB_KINDS`].

mod attribute;
mod codes;
mod evidence;
mod report;
mod status;

use idv_core::{Channel, Error, Observation, Page, ProviderId, Result, ResultState, Subject, Text, Timestamp, time_in_zone};

pub use codes::{KINDS, KindRow, SUB_KINDS, SubKindRow, find_kind, find_sub_kind};
pub use evidence::{find_image, images};
pub use report::{REPORT_FIELDS, report};
pub use status::{Flow, explain, status, status_of_code};

use crate::wire::{IdentResult, StatusList};

/// The provider's id, which reports carry.
pub(crate) const PROVIDER: ProviderId = ProviderId::new("identity-tm");

/// What the result of an identification says. It is a claim: whoever got it as an answer adds the proof.
///
/// The vendor's result names no order, so that the subject is empty: who asked knows. It has no state either: a result is there because
/// the order is over, and how it ended stands in its history ([`status`](fn@status)). The time is when the person was identified.
#[must_use]
pub fn result(result: &IdentResult<'_>, channel: Channel) -> Observation {
    let report = report(result);
    let mut observation = Observation::claimed(Subject::default(), channel);
    observation.at = report.completed_at;
    observation.result = ResultState::Inline(report);
    observation
}

/// What a payload of a kind says: `result` is an answer of `getIdentData`, `status` one of `getStatus`, `callback` what the
/// placeholders of a webhook's address became: a query, a form or JSON. `flow` decides which codes of a history are final.
///
/// # Errors
///
/// [`Malformed`](idv_core::ErrorKind::Malformed) where it cannot be read; [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest)
/// naming `kind`, where there is no such kind.
pub fn kind(bytes: &[u8], kind: &str, flow: Flow) -> Result<Page> {
    let channel = kind_channel(kind).ok_or_else(|| Error::invalid("kind", "it is result, status or callback"))?;
    Ok(Page::new(payload(bytes, channel, flow)?, 0, None))
}

/// What a payload that came by a channel says: a result by [`Fetch`](Channel::Fetch), a history by [`Poll`](Channel::Poll), the
/// placeholders of a webhook by [`Callback`](Channel::Callback).
///
/// # Errors
///
/// [`Malformed`](idv_core::ErrorKind::Malformed) where it cannot be read; [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest)
/// naming `channel`, where nothing comes from this vendor by that channel.
pub fn payload(bytes: &[u8], channel: Channel, flow: Flow) -> Result<Vec<Observation>> {
    match channel {
        Channel::Fetch => Ok(vec![result(&IdentResult::read(bytes)?, channel)]),
        Channel::Poll => Ok(vec![status(&StatusList::read(bytes)?, flow, channel)]),
        Channel::Callback => crate::callback::claims(bytes, flow),
        _ => Err(Error::invalid("channel", "it is fetch, poll or callback")),
    }
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

/// The text, where there is any: an empty one is none, and so is the vendor's word for none.
fn filled<'t>(text: Option<&'t Text<'_>>) -> Option<&'t str> {
    text.map(|text| text.expose().trim()).filter(|text| !text.is_empty() && !text.eq_ignore_ascii_case("N/A"))
}

/// A time by ISO 8601, with an offset in every sample. One without is taken as Berlin's, where the vendor is at home. The first day of
/// Unix is no time.
fn time(text: &str) -> Option<Timestamp> {
    if text.starts_with("1970-01-01") {
        return None;
    }
    time_in_zone(text, "Europe/Berlin")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_its_offset_or_the_vendors() {
        let at = |text: &str| time(text).map(|time| time.to_string());
        assert_eq!(at("2018-09-05T11:06:21+02:00").as_deref(), Some("2018-09-05T09:06:21Z"));
        assert_eq!(at("2018-09-05T11:06:21Z").as_deref(), Some("2018-09-05T11:06:21Z"));
        assert_eq!(at("2018-09-05 11:06:21").as_deref(), Some("2018-09-05T09:06:21Z"));
        assert_eq!(at("2018-01-05T11:06:21").as_deref(), Some("2018-01-05T10:06:21Z"));
        for text in ["", "yesterday", "2018-13-05T11:06:21Z", "1970-01-01T01:00:00+01:00", "05.09.2018 11:06"] {
            assert_eq!(at(text), None, "{text}");
        }
    }
}
