//! What CM.com says, in the model's words: pure functions from [`wire`](crate::wire) to [`Observation`] and
//! [`Report`](idv_core::Report).
//!
//! The tables they go by are data: [`STATES`], [`FIELDS`], [`DOCUMENT_KINDS`], [`COUNTRY_WORDS`]. Whether a result is good enough is judged
//! by [`Acceptance`], since the vendor measures and does not decide.

mod acceptance;
mod attribute;
mod country;
mod evidence;
mod fields;
mod report;
mod status;

use idv_core::{Channel, Error, Observation, Page, ProviderId, Result, Text};

pub use acceptance::{Acceptance, Judgement};
pub use country::COUNTRY_WORDS;
pub use evidence::{Wanted, audit_reports, find_file, images, wanted};
pub use fields::{DOCUMENT_KINDS, FIELDS, FieldRow, Target};
pub use report::{REPORT_FIELDS, report};
pub(crate) use status::handle;
pub use status::{STATES, StateRow, find_state, result, status};

use crate::wire::Transaction;

/// The provider's id, which reports carry.
pub(crate) const PROVIDER: ProviderId = ProviderId::new("cm-id-scan");

/// What a payload of a kind says: `result` is the answer to a question for a result, `status` one for details (or the answer to a
/// creation), `callback` the body of an event, or the address that a person came back to. A result is judged by `acceptance`.
///
/// # Errors
///
/// [`Malformed`](idv_core::ErrorKind::Malformed) where it cannot be read; [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest)
/// naming `kind`, where there is no such kind.
pub fn kind(bytes: &[u8], kind: &str, acceptance: &Acceptance) -> Result<Page> {
    let channel = kind_channel(kind).ok_or_else(|| Error::invalid("kind", "it is result, status or callback"))?;
    Ok(Page::new(payload(bytes, channel, acceptance)?, 0, None))
}

/// What a payload that came by a channel says: a result by [`Fetch`](Channel::Fetch), details by [`Poll`](Channel::Poll), an event by
/// [`Callback`](Channel::Callback).
///
/// # Errors
///
/// [`Malformed`](idv_core::ErrorKind::Malformed) where it cannot be read; [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest)
/// naming `channel`, where nothing comes from this vendor by that channel.
pub fn payload(bytes: &[u8], channel: Channel, acceptance: &Acceptance) -> Result<Vec<Observation>> {
    match channel {
        Channel::Fetch => Ok(vec![result(&Transaction::read(bytes)?, None, acceptance, channel)]),
        Channel::Poll => Ok(vec![status(&Transaction::read(bytes)?, channel)]),
        Channel::Callback => crate::callback::claims(bytes),
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

/// The text, where there is any: an empty one is none, and so is the usual word for none.
pub(crate) fn filled<'t>(text: Option<&'t Text<'_>>) -> Option<&'t str> {
    text.map(|text| text.expose().trim()).filter(|text| !text.is_empty() && !text.eq_ignore_ascii_case("N/A"))
}

/// Whether the text is this word, in any case: the vendor writes `passport` and `DRIVING_LICENSE`.
fn is(text: Option<&Text<'_>>, word: &str) -> bool {
    text.is_some_and(|text| text.expose().eq_ignore_ascii_case(word))
}
