//! Normalizes CM.com's payloads: pure functions from [`wire`](crate::wire) to [`Observation`] and
//! [`Report`](idv_core::Report).
//!
//! Its tables are public: [`STATES`], [`FIELDS`], [`DOCUMENT_KINDS`], [`COUNTRY_WORDS`], and the
//! members that a report omits, each with the reason, in [`IGNORED_IN_RESULTS`],
//! [`IGNORED_IN_STATES`] and [`IGNORED_IN_CALLBACKS`]. The vendor measures and does not decide;
//! [`Acceptance`] decides whether a result verifies the person.

mod acceptance;
mod attribute;
mod country;
mod custom;
mod evidence;
mod fields;
mod ignored;
mod judge;
mod limits;
mod report;
mod status;

use idv_core::adapter::{MaybeText, non_empty, payload_channel};
use idv_core::{Channel, Error, Observation, Page, ProviderId, Result, Timestamp};

pub use acceptance::{Acceptance, Judgement};
pub use country::COUNTRY_WORDS;
pub(crate) use custom::Custom;
pub use evidence::{Wanted, audit_reports, find_file, images, wanted};
pub(crate) use fields::same_field;
pub use fields::{DOCUMENT_KINDS, FIELDS, FieldRow, Target};
pub use ignored::{IGNORED_IN_CALLBACKS, IGNORED_IN_RESULTS, IGNORED_IN_STATES};
pub use report::{REPORT_FIELDS, report};
pub use status::{STATES, StateRow, find_state, result, status};
pub(crate) use status::{beside, handle};

use crate::api::DOCUMENT_SCAN;
use crate::wire::{ResultField, Task, Transaction};

/// The provider's id in reports.
pub(crate) const PROVIDER: ProviderId = ProviderId::new("cm-id-scan");

/// Normalizes a payload of the given kind.
///
/// `result` is the response to a request for a result, `status` the response to a request for
/// details or to a creation, `callback` the body of an event or the URL of a person's return.
/// `acceptance` judges a result. Dates are compared only with the time of completion; with a clock,
/// use [`kind_at`].
///
/// # Errors
///
/// [`Malformed`](idv_core::ErrorKind::Malformed) if the payload cannot be parsed;
/// [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) naming `kind` if `kind` is not one of
/// these.
pub fn kind(bytes: &[u8], kind: &str, acceptance: &Acceptance) -> Result<Page> {
    Ok(Page::new(
        observations(bytes, payload_channel(kind)?, acceptance, None)?,
        0,
        None,
    ))
}

/// Normalizes a payload as [`kind`] does. If a result has no time of completion, its dates are
/// compared with `now`.
///
/// # Errors
///
/// As [`kind`].
pub fn kind_at(bytes: &[u8], kind: &str, acceptance: &Acceptance, now: Timestamp) -> Result<Page> {
    Ok(Page::new(
        observations(bytes, payload_channel(kind)?, acceptance, Some(now))?,
        0,
        None,
    ))
}

/// Normalizes a payload that arrived by `channel`: a result by [`Fetch`](Channel::Fetch), details
/// by [`Poll`](Channel::Poll), an event by [`Callback`](Channel::Callback).
///
/// Dates are compared only with the time of completion; with a clock, use [`payload_at`].
///
/// # Errors
///
/// [`Malformed`](idv_core::ErrorKind::Malformed) if the payload cannot be parsed;
/// [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) naming `channel` if this vendor does not
/// use that channel.
pub fn payload(
    bytes: &[u8],
    channel: Channel,
    acceptance: &Acceptance,
) -> Result<Vec<Observation>> {
    observations(bytes, channel, acceptance, None)
}

/// Normalizes a payload as [`payload`] does. If a result has no time of completion, its dates are
/// compared with `now`.
///
/// # Errors
///
/// As [`payload`].
pub fn payload_at(
    bytes: &[u8],
    channel: Channel,
    acceptance: &Acceptance,
    now: Timestamp,
) -> Result<Vec<Observation>> {
    observations(bytes, channel, acceptance, Some(now))
}

fn observations(
    bytes: &[u8],
    channel: Channel,
    acceptance: &Acceptance,
    now: Option<Timestamp>,
) -> Result<Vec<Observation>> {
    match channel {
        Channel::Fetch => Ok(vec![result(
            &Transaction::read(bytes)?,
            None,
            acceptance,
            now,
            channel,
        )]),
        Channel::Poll => Ok(vec![status(&Transaction::read(bytes)?, channel)]),
        Channel::Callback => crate::callback::claims(bytes),
        _ => Err(Error::invalid(
            "channel",
            "expected fetch, poll or callback",
        )),
    }
}

/// Selects this vendor's conversions ([`FromVendor`](idv_core::adapter::FromVendor)).
struct Vendor;

/// Compares a text with a word, ignoring case: the vendor writes `passport` and `DRIVING_LICENSE`.
fn is<W: MaybeText>(part: Option<&W>, word: &str) -> bool {
    non_empty(part).is_some_and(|text| text.eq_ignore_ascii_case(word))
}

/// Returns the tasks that scan a document.
fn scans<'t>(transaction: &'t Transaction<'t>) -> impl Iterator<Item = &'t Task<'t>> + Clone {
    transaction
        .tasks
        .iter()
        .filter(|task| is(task.kind.as_ref(), DOCUMENT_SCAN))
}

/// Returns the fields of the document. The fields of other tasks describe those tasks.
fn data_fields<'t>(
    transaction: &'t Transaction<'t>,
) -> impl Iterator<Item = &'t ResultField<'t>> + Clone {
    scans(transaction).flat_map(Task::fields)
}

/// Returns every reading of a field.
fn words<'t>(field: &'t ResultField<'t>) -> impl Iterator<Item = &'t str> {
    field
        .values
        .iter()
        .filter_map(|value| non_empty(value.value.as_ref()))
}
