//! From the vendor's payloads to the model: pure functions from [`wire`](crate::wire) to [`Observation`] and
//! [`Report`](idv_core::Report).
//!
//! Their tables are data, each row a row of the document's: [`KINDS`], [`SUB_KINDS`]. [`IGNORED`] has the members that reach no report.

mod attribute;
mod codes;
mod custom;
mod evidence;
mod history;
mod ignored;
mod judgement;
mod report;
mod status;

use idv_core::adapter::payload_channel;
use idv_core::{
    Channel, Error, Observation, Page, ProviderId, Result, ResultState, Subject, Timestamp,
    time_in_zone,
};

pub use codes::{KINDS, KindRow, SUB_KINDS, SubKindRow, find_kind, find_sub_kind};
pub use evidence::{find_image, images};
pub use ignored::IGNORED;
pub use report::{REPORT_FIELDS, report};
pub use status::{Flow, explain, status, status_of_code};

pub(crate) use judgement::{AGAINST, FLAGS, judge};
pub(crate) use report::report_of;
pub(crate) use status::Course;

use crate::wire::{IdentResult, StatusList};

/// The provider's id, which reports carry.
pub(crate) const PROVIDER: ProviderId = ProviderId::new("identity-tm");

/// The time zone of the vendor.
const TIME_ZONE: &str = "Europe/Berlin";

/// Returns the observation that the result of an identification is. It is a claim: a caller that got it as an answer adds the proof.
///
/// The vendor's result names no order, so that the subject is empty: the caller knows it. It has no state either: a result is there
/// because the order is over, and how it ended stands in its history ([`status`](fn@status)). Only if a flag of the result suspects fraud,
/// the status is disputed and the code is that flag: such a result never leads to a verified person. The time is when the person was
/// identified.
///
/// A fetch has the history, too. By it, a positive end is also disputed if the document had expired or has another number than the
/// submitted one; here both are failed checks.
#[must_use]
pub fn result(result: &IdentResult<'_>, channel: Channel) -> Observation {
    result_of(result, Flow::Identification, channel)
}

fn result_of(result: &IdentResult<'_>, flow: Flow, channel: Channel) -> Observation {
    let report = report_of(result, flow);
    let mut observation = Observation::claimed(Subject::default(), channel);
    observation.at = report.completed_at;
    judge(&mut observation, &report, FLAGS);
    observation.result = ResultState::Inline(report);
    observation
}

/// Returns the observations of a payload of a kind: `result` is an answer of `getIdentData`, `status` one of `getStatus`, `callback` the
/// address of a webhook with its placeholders replaced: a query, a form or JSON. `flow` decides which codes of a history are final.
///
/// # Errors
///
/// [`Malformed`](idv_core::ErrorKind::Malformed) if it cannot be read; [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest)
/// naming `kind` if there is no such kind.
pub fn kind(bytes: &[u8], kind: &str, flow: Flow) -> Result<Page> {
    let channel = payload_channel(kind)?;
    Ok(Page::new(payload(bytes, channel, flow)?, 0, None))
}

/// Returns the observations of a payload that came by a channel: a result by [`Fetch`](Channel::Fetch), a history by
/// [`Poll`](Channel::Poll), the placeholders of a webhook by [`Callback`](Channel::Callback).
///
/// # Errors
///
/// [`Malformed`](idv_core::ErrorKind::Malformed) if it cannot be read; [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest)
/// naming `channel` if nothing comes from this vendor by that channel.
pub fn payload(bytes: &[u8], channel: Channel, flow: Flow) -> Result<Vec<Observation>> {
    match channel {
        Channel::Fetch => Ok(vec![result_of(&IdentResult::read(bytes)?, flow, channel)]),
        Channel::Poll => Ok(vec![status(&StatusList::read(bytes)?, flow, channel)]),
        Channel::Callback => crate::callback::claims(bytes, flow),
        _ => Err(Error::invalid(
            "channel",
            "expected fetch, poll or callback",
        )),
    }
}

/// The vendor, as the type by which the core finds its words.
struct Vendor;

/// Returns a time by ISO 8601, with an offset in every sample. One without is taken as Berlin's, the vendor's home.
fn time(text: &str) -> Option<Timestamp> {
    time_in_zone(text, TIME_ZONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_has_its_offset_or_the_vendors() {
        let at = |text: &str| time(text).map(|time| time.to_string());
        assert_eq!(
            at("2018-09-05T11:06:21+02:00").as_deref(),
            Some("2018-09-05T09:06:21Z")
        );
        assert_eq!(
            at("2018-09-05T11:06:21Z").as_deref(),
            Some("2018-09-05T11:06:21Z")
        );
        assert_eq!(
            at("2018-09-05 11:06:21").as_deref(),
            Some("2018-09-05T09:06:21Z")
        );
        assert_eq!(
            at("2018-01-05T11:06:21").as_deref(),
            Some("2018-01-05T10:06:21Z")
        );
        assert_eq!(
            at("1970-01-01T01:00:00+01:00").as_deref(),
            Some("1970-01-01T00:00:00Z")
        );
        for text in ["", "yesterday", "2018-13-05T11:06:21Z", "05.09.2018 11:06"] {
            assert_eq!(at(text), None, "{text}");
        }
    }
}
