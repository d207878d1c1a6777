//! What IDnow says, in the model's words: pure functions from [`wire`] to [`Observation`] and [`Report`](idv_core::Report).
//!
//! The tables they go by are data, each row with its source: [`RESULTS`], [`REASONS`], [`ATTACHMENTS`].

mod attachments;
mod attribute;
mod reasons;
mod report;
mod results;

use std::borrow::Cow;

use idv_core::{
    Channel, Error, Observation, Page, Result, ResultHandle, ResultState, Subject, Text, Timestamp, VendorId, time_in_zone,
};

pub use attachments::{ATTACHMENTS, AttachmentRow};
pub use reasons::{REASONS, ReasonRow};
pub use results::{RESULTS, ResultRow};

use crate::wire::{self, Identification, archive};

/// How an observation carries its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Inline {
    /// The report comes along.
    Report,
    /// The report stays behind, and can be fetched: for lists.
    Handle,
}

/// What an identification says. It is a claim: whoever got it as an answer adds the proof.
///
/// - The status is read off `result` by [`RESULTS`]. A code that is not in it has no status; the code is kept verbatim.
/// - The subject is the transaction number and the Ident-ID, verbatim.
/// - The time is `identificationtime`. The document's samples all have a zone; a time without one is taken as Berlin's, where the
///   vendor is at home.
#[must_use]
pub fn observation(identification: &Identification<'_>, channel: Channel, inline: Inline) -> Observation {
    let process = &identification.identificationprocess;
    let reference = filled(process.transactionnumber.as_ref());
    let vendor_id = filled(process.id.as_ref());
    let code = filled(process.result.as_ref());
    let result = code.and_then(results::find);
    let mut observation = Observation::claimed(Subject::new(reference.map(Into::into), vendor_id.map(VendorId::new)), channel);
    observation.status = result.map(|row| row.status);
    observation.code = code.map(Into::into);
    observation.at = filled(process.identificationtime.as_ref()).and_then(time);
    observation.result = match inline {
        Inline::Report => ResultState::Inline(report::report(identification, result, observation.at)),
        // The call for a single result finds it by either name (chapter 8.3.3.2); IDnow does not tell cases apart.
        Inline::Handle => reference
            .or(vendor_id)
            .map_or(ResultState::Absent, |name| ResultState::Fetchable(ResultHandle::new(name.to_ascii_lowercase()))),
    };
    observation
}

/// What a payload of any format says, ZIP included: one observation for each identification, each with its report.
///
/// # Errors
///
/// [`Malformed`](idv_core::ErrorKind::Malformed) where it cannot be read; those of [`archive::result`] for archives.
pub fn payload(bytes: &[u8], channel: Channel) -> Result<Vec<Observation>> {
    let bytes = unpacked(bytes)?;
    Ok(observations(&wire::read(&bytes)?, channel))
}

/// What a payload of a kind says: `result` is what a fetch brings, `status` what a list or a poll brings, `callback` the body of a
/// webhook. The formats are the same. Entries of a list that cannot be read are counted.
///
/// # Errors
///
/// Those of [`payload`]; [`Malformed`](idv_core::ErrorKind::Malformed) too for a list of which no entry can be read;
/// [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) naming `kind`, where there is no such kind.
pub fn kind(bytes: &[u8], kind: &str) -> Result<Page> {
    let bytes = unpacked(bytes)?;
    let payload = wire::read(&bytes)?;
    let channel = kind_channel(kind, payload.listed).ok_or_else(|| Error::invalid("kind", "it is result, status or callback"))?;
    if payload.identifications.is_empty() && payload.unreadable > 0 {
        return Err(Error::malformed("no entry of the list names an identification"));
    }
    Ok(Page::new(observations(&payload, channel), payload.unreadable, None))
}

/// The channel that payloads of a kind come by: `result`, `status` (of one identification, or [listed](wire::Payload::listed)),
/// `callback`.
#[must_use]
pub fn kind_channel(kind: &str, listed: bool) -> Option<Channel> {
    match kind {
        "result" => Some(Channel::Fetch),
        "status" if listed => Some(Channel::List),
        "status" => Some(Channel::Poll),
        "callback" => Some(Channel::Callback),
        _ => None,
    }
}

fn observations(payload: &wire::Payload<'_>, channel: Channel) -> Vec<Observation> {
    payload.identifications.iter().map(|identification| observation(identification, channel, Inline::Report)).collect()
}

fn unpacked(bytes: &[u8]) -> Result<Cow<'_, [u8]>> {
    if archive::is_archive(bytes) {
        return archive::result(bytes, &archive::Limits::default()).map(Cow::Owned);
    }
    Ok(Cow::Borrowed(bytes))
}

/// The text, where there is any: an empty one is none.
fn filled<'t>(text: Option<&'t Text<'_>>) -> Option<&'t str> {
    text.map(|text| text.expose().trim()).filter(|text| !text.is_empty())
}

/// A time by ISO 8601 (chapter 13.1.1).
fn time(text: &str) -> Option<Timestamp> {
    time_in_zone(text, "Europe/Berlin")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_its_zone_or_the_vendors() {
        let at = |text: &str| time(text).map(|time| time.to_string());
        assert_eq!(at("2014-06-02T05:03:54Z").as_deref(), Some("2014-06-02T05:03:54Z"));
        assert_eq!(at("2015-10-20T17:40:37+02:00").as_deref(), Some("2015-10-20T15:40:37Z"));
        assert_eq!(at("2016-02-25T13:51:20.5+0100").as_deref(), Some("2016-02-25T12:51:20.5Z"));
        assert_eq!(at("2014-06-02T05:03:54").as_deref(), Some("2014-06-02T03:03:54Z"));
        assert_eq!(at("2014-01-02T05:03:54").as_deref(), Some("2014-01-02T04:03:54Z"));
        for text in ["", "yesterday", "2014-13-02T05:03:54Z", "02.06.2014 05:03"] {
            assert_eq!(at(text), None, "{text}");
        }
    }

    #[test]
    fn each_kind_has_its_channel() {
        assert_eq!(kind_channel("result", true), Some(Channel::Fetch));
        assert_eq!(kind_channel("status", true), Some(Channel::List));
        assert_eq!(kind_channel("status", false), Some(Channel::Poll));
        assert_eq!(kind_channel("callback", false), Some(Channel::Callback));
        assert_eq!(kind_channel("other", false), None);
    }
}
