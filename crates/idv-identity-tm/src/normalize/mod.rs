//! Normalizes the vendor's payloads: pure functions from [`wire`](crate::wire) to [`Observation`]
//! and [`Report`](idv_core::Report).
//!
//! [`KINDS`] and [`SUB_KINDS`] are the document's tables. [`IGNORED`] lists the members that no
//! report has.

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

/// The provider's id in reports.
pub(crate) const PROVIDER: ProviderId = ProviderId::new("identity-tm");

/// The vendor's time zone.
const TIME_ZONE: &str = "Europe/Berlin";

/// Normalizes the result of an identification.
///
/// The observation is a claim: a caller that received it as a response adds the proof.
///
/// The vendor's result names no order, so the subject is empty; the caller knows it. The result has
/// no state either: its presence means that the order is over, and the history tells how it ended
/// ([`status`](fn@status)). Only if a flag of the result suspects fraud, the status is disputed and
/// the code is that flag: such a result never verifies a person. The time is that of the
/// identification.
///
/// A fetch also has the history. It additionally disputes a positive end if the document had
/// expired or its number differs from the submitted one; in this function both are only failed
/// checks.
///
/// ```
/// use idv_core::{Channel, Outcome, Status};
/// use idv_identity_tm::normalize;
/// use idv_identity_tm::wire::IdentResult;
///
/// let json = br#"{"Identitfied":"2018-09-05T11:06:21+02:00","FraudAttempt":true,
///     "IdentData":[{"Type":1,"Firstname":"Erika","Surname":"Mustermann"}]}"#;
/// let observation = normalize::result(&IdentResult::read(json)?, Channel::Fetch);
/// assert_eq!(observation.status, Some(Status::Finished(Outcome::Disputed)));
/// assert_eq!(observation.code.as_deref(), Some("FraudAttempt"));
/// assert_eq!(observation.at.map(|at| at.to_string()).as_deref(), Some("2018-09-05T09:06:21Z"));
/// # Ok::<(), idv_core::Error>(())
/// ```
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

/// Normalizes a payload of the given kind.
///
/// `result` is a response of `getIdentData`, `status` a response of `getStatus`, `callback` the URL
/// of a webhook with replaced placeholders, as a query, a form or JSON. `flow` determines the final
/// codes of a history.
///
/// ```
/// use idv_core::{Outcome, Status};
/// use idv_identity_tm::normalize::{self, Flow};
///
/// let history = br#"{"OrderID":"99921269855041","Status":[
///     {"Kind":25,"Time":"2018-09-05T10:53:59+02:00"},
///     {"Kind":6,"Time":"2018-09-05T11:06:21+02:00"}]}"#;
/// let page = normalize::kind(history, "status", Flow::Identification)?;
/// assert_eq!(page.observations[0].status, Some(Status::Finished(Outcome::Verified)));
/// assert!(normalize::kind(history, "invoice", Flow::Identification).is_err());
/// # Ok::<(), idv_core::Error>(())
/// ```
///
/// # Errors
///
/// [`Malformed`](idv_core::ErrorKind::Malformed) if the payload cannot be parsed;
/// [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) naming `kind` if `kind` is not one of
/// these.
pub fn kind(bytes: &[u8], kind: &str, flow: Flow) -> Result<Page> {
    let channel = payload_channel(kind)?;
    Ok(Page::new(payload(bytes, channel, flow)?, 0, None))
}

/// Normalizes a payload that arrived by `channel`: a result by [`Fetch`](Channel::Fetch), a history
/// by [`Poll`](Channel::Poll), the parameters of a webhook by [`Callback`](Channel::Callback).
///
/// ```
/// use idv_core::{Channel, Outcome, Status};
/// use idv_identity_tm::normalize::{self, Flow};
///
/// let url = b"/callback?event=OnStatusChange&orderId=99921269855041&statusCode=17";
/// let observations = normalize::payload(url, Channel::Callback, Flow::Identification)?;
/// assert_eq!(observations[0].status, Some(Status::Finished(Outcome::Rejected)));
/// assert!(!observations[0].trust.is_proven());
/// # Ok::<(), idv_core::Error>(())
/// ```
///
/// # Errors
///
/// [`Malformed`](idv_core::ErrorKind::Malformed) if the payload cannot be parsed;
/// [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) naming `channel` if this vendor does not
/// use that channel.
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

/// Selects this vendor's conversions ([`FromVendor`](idv_core::adapter::FromVendor)).
struct Vendor;

/// Parses a time in ISO 8601. Every sample has an offset; a time without one is in Berlin's zone,
/// where the vendor is based.
fn time(text: &str) -> Option<Timestamp> {
    time_in_zone(text, TIME_ZONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_without_offset_is_in_the_vendors_zone() {
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
