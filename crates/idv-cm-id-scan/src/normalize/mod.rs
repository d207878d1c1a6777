//! CM.com's payloads in the model's words: pure functions from [`wire`](crate::wire) to [`Observation`] and
//! [`Report`](idv_core::Report).
//!
//! The tables they go by are data: [`STATES`], [`FIELDS`], [`DOCUMENT_KINDS`], [`COUNTRY_WORDS`], and what is left out of a report with a
//! reason for each in [`IGNORED_IN_RESULTS`], [`IGNORED_IN_STATES`] and [`IGNORED_IN_CALLBACKS`]. Whether a result is good enough is judged
//! by [`Acceptance`], since the vendor measures and does not decide.

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

/// The provider's id, which reports carry.
pub(crate) const PROVIDER: ProviderId = ProviderId::new("cm-id-scan");

/// Reads a payload of a kind: `result` is the answer to a question for a result, `status` one for details (or the answer to a
/// creation), `callback` the body of an event, or the address that a person came back to. A result is judged by `acceptance`.
///
/// Dates are compared with the time of completion alone; a program that has a clock uses [`kind_at`].
///
/// # Errors
///
/// [`Malformed`](idv_core::ErrorKind::Malformed) if it cannot be read; [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest)
/// naming `kind`, if there is no such kind.
pub fn kind(bytes: &[u8], kind: &str, acceptance: &Acceptance) -> Result<Page> {
    Ok(Page::new(
        observations(bytes, payload_channel(kind)?, acceptance, None)?,
        0,
        None,
    ))
}

/// Reads a payload of a kind as [`kind`] does. The dates of a result that does not say when it was completed are compared with `now`.
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

/// Reads a payload that came by a channel: a result by [`Fetch`](Channel::Fetch), details by [`Poll`](Channel::Poll), an event by
/// [`Callback`](Channel::Callback).
///
/// Dates are compared with the time of completion alone; a program that has a clock uses [`payload_at`].
///
/// # Errors
///
/// [`Malformed`](idv_core::ErrorKind::Malformed) if it cannot be read; [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest)
/// naming `channel`, if nothing comes from this vendor by that channel.
pub fn payload(
    bytes: &[u8],
    channel: Channel,
    acceptance: &Acceptance,
) -> Result<Vec<Observation>> {
    observations(bytes, channel, acceptance, None)
}

/// Reads a payload as [`payload`] does. The dates of a result that does not say when it was completed are compared with `now`.
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
        _ => Err(Error::invalid("channel", "it is fetch, poll or callback")),
    }
}

/// The vendor, as the type by which the core finds its words.
struct Vendor;

/// Whether the text is this word, in any case: the vendor writes `passport` and `DRIVING_LICENSE`.
fn is<W: MaybeText>(part: Option<&W>, word: &str) -> bool {
    non_empty(part).is_some_and(|text| text.eq_ignore_ascii_case(word))
}

/// The tasks that scan a document.
fn scans<'t>(transaction: &'t Transaction<'t>) -> impl Iterator<Item = &'t Task<'t>> + Clone {
    transaction
        .tasks
        .iter()
        .filter(|task| is(task.kind.as_ref(), DOCUMENT_SCAN))
}

/// The fields of the document. A field of another task says something of that task.
fn data_fields<'t>(
    transaction: &'t Transaction<'t>,
) -> impl Iterator<Item = &'t ResultField<'t>> + Clone {
    scans(transaction).flat_map(Task::fields)
}

/// Every word that was read for a field.
fn words<'t>(field: &'t ResultField<'t>) -> impl Iterator<Item = &'t str> {
    field
        .values
        .iter()
        .filter_map(|value| non_empty(value.value.as_ref()))
}
